//! A bounded queue of datagrams: their bytes in one ring, so that none is an allocation.
use std::collections::VecDeque;
use std::net::SocketAddr;

/// What a datagram costs beside its bytes: so that empty ones fill a queue too.
const OVERHEAD: usize = 64;
/// A ring larger than this is given back when it is empty.
const KEPT: usize = 64 << 10;

/// Where a datagram comes from or goes to, and how long it is.
#[derive(Clone, Copy, Debug)]
struct Entry {
    peer: SocketAddr,
    len: usize,
}

/// Datagrams, oldest first.
#[derive(Default)]
pub(crate) struct Datagrams {
    bytes: VecDeque<u8>,
    entries: VecDeque<Entry>,
}

impl Datagrams {
    /// What they count against a limit, in bytes.
    #[inline]
    pub(crate) fn charge(&self) -> usize {
        self.bytes.len() + self.entries.len() * OVERHEAD
    }

    /// Whether one more of this length fits a limit. One alone always does.
    #[inline]
    pub(crate) fn has_room(&self, len: usize, limit: usize) -> bool {
        self.entries.is_empty() || self.charge() + len + OVERHEAD <= limit
    }

    pub(crate) fn push(&mut self, peer: SocketAddr, bytes: &[u8]) {
        let len = bytes.len();
        self.entries.push_back(Entry { peer, len });
        self.bytes.extend(bytes);
    }

    /// The oldest: its length and its peer.
    #[inline]
    pub(crate) fn front(&self) -> Option<(usize, SocketAddr)> {
        let entry = self.entries.front()?;
        Some((entry.len, entry.peer))
    }

    /// Takes the oldest out, as much of it as fits: how much that is, and its peer.
    pub(crate) fn pop(&mut self, into: &mut [u8]) -> Option<(usize, SocketAddr)> {
        let Entry { peer, len } = self.entries.pop_front()?;
        let fits = len.min(into.len());
        copy_front(&self.bytes, &mut into[..fits]);
        self.bytes.drain(..len);
        if self.bytes.is_empty() && self.bytes.capacity() > KEPT {
            self.bytes = VecDeque::new();
        }
        Some((fits, peer))
    }

    /// Forgets the oldest.
    pub(crate) fn skip(&mut self) {
        self.pop(&mut []);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

/// Copies the first bytes of a ring.
fn copy_front(ring: &VecDeque<u8>, into: &mut [u8]) {
    let (first, second) = ring.as_slices();
    let split = first.len().min(into.len());
    let (head, tail) = into.split_at_mut(split);
    head.copy_from_slice(&first[..split]);
    let rest = tail.len().min(second.len());
    tail[..rest].copy_from_slice(&second[..rest]);
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn peer(port: u16) -> SocketAddr {
        SocketAddr::from(([10, 0, 0, 1], port))
    }

    #[test]
    fn empty_datagrams_count_and_one_alone_always_fits() {
        let mut queue = Datagrams::default();
        assert!(queue.has_room(60_000, 10));
        queue.push(peer(1), b"");
        assert!(!queue.has_room(0, 127) && queue.has_room(0, 128));
    }

    #[test]
    fn what_does_not_fit_the_buffer_is_cut() {
        let mut queue = Datagrams::default();
        queue.push(peer(1), b"hello");
        queue.push(peer(2), b"world");
        let mut buffer = [0; 3];
        assert_eq!(queue.pop(&mut buffer), Some((3, peer(1))));
        assert_eq!(&buffer, b"hel");
        assert_eq!(queue.front(), Some((5, peer(2))));
        queue.skip();
        assert_eq!((queue.pop(&mut buffer), queue.charge()), (None, 0));
    }

    proptest! {
        #[test]
        fn datagrams_come_out_as_they_went_in(
            steps in prop::collection::vec(prop::option::of(prop::collection::vec(any::<u8>(), 0..90)), 0..200),
        ) {
            let (mut queue, mut naive) = (Datagrams::default(), VecDeque::new());
            for (number, step) in steps.into_iter().enumerate() {
                let peer = peer(number as u16);
                if let Some(bytes) = step {
                    queue.push(peer, &bytes);
                    naive.push_back((peer, bytes));
                } else {
                    let mut buffer = [0; 100];
                    let popped = queue.pop(&mut buffer).map(|(len, peer)| (peer, buffer[..len].to_vec()));
                    prop_assert_eq!(popped, naive.pop_front());
                }
                prop_assert_eq!(queue.is_empty(), naive.is_empty());
            }
        }
    }
}
