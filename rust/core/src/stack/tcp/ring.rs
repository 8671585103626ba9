//! A ring of bytes of a stream, addressed by the stream's offsets.
//!
//! It holds the bytes from `start` to `end`; of a receiver some before `end` may be missing, which
//! the receiver knows. Memory comes by doubling as it is needed and goes back when asked. How much
//! may be put in is the caller's business.
use std::ops::Range;

/// The smallest buffer.
const SMALLEST: u64 = 2048;

/// Bytes between two offsets. The byte at an offset stands at the offset modulo the capacity, a
/// power of two.
#[derive(Debug, Default)]
pub(crate) struct Ring {
    bytes: Box<[u8]>,
    start: u64,
    end: u64,
}

impl Ring {
    /// An empty ring whose first byte will be that at `start`.
    pub(crate) fn new(start: u64) -> Self {
        Self {
            bytes: Box::default(),
            start,
            end: start,
        }
    }

    /// The offset of the first byte.
    pub(crate) fn start(&self) -> u64 {
        self.start
    }

    /// The offset behind the last byte.
    pub(crate) fn end(&self) -> u64 {
        self.end
    }

    /// How many bytes lie between start and end.
    pub(crate) fn len(&self) -> u64 {
        self.end - self.start
    }

    /// Bytes of memory.
    pub(crate) fn capacity(&self) -> usize {
        self.bytes.len()
    }

    /// Writes bytes at an offset that is not before the start.
    pub(crate) fn write(&mut self, at: u64, bytes: &[u8]) {
        debug_assert!(at >= self.start);
        let end = at + bytes.len() as u64;
        self.reserve(end);
        self.place(at, bytes);
        self.end = self.end.max(end);
    }

    /// Lends room for so many bytes behind the end: how many of them `fill` says that it wrote, from
    /// the front of the first piece on.
    pub(crate) fn append_with(
        &mut self,
        len: u64,
        fill: impl FnOnce(&mut [u8], &mut [u8]) -> usize,
    ) -> u64 {
        self.reserve(self.end + len);
        if self.bytes.is_empty() {
            return 0;
        }
        let (at, len) = (self.position(self.end), len as usize);
        let (wrapped, straight) = self.bytes.split_at_mut(at);
        let first = straight.len().min(len);
        let written = fill(&mut straight[..first], &mut wrapped[..len - first]);
        let written = written.min(len) as u64;
        self.end += written;
        written
    }

    /// The bytes of a range, in at most two pieces; what lies outside is left out.
    pub(crate) fn slices(&self, range: Range<u64>) -> (&[u8], &[u8]) {
        let (from, to) = (range.start.max(self.start), range.end.min(self.end));
        if from >= to {
            return (&[], &[]);
        }
        let (at, len) = (self.position(from), (to - from) as usize);
        let (wrapped, straight) = self.bytes.split_at(at);
        if len <= straight.len() {
            (&straight[..len], &[])
        } else {
            (straight, &wrapped[..len - straight.len()])
        }
    }

    /// Forgets the bytes before `to`.
    pub(crate) fn advance(&mut self, to: u64) {
        self.start = self.start.max(to);
        self.end = self.end.max(to);
    }

    /// Gives the memory back, where there are no bytes.
    pub(crate) fn release(&mut self) {
        if self.start == self.end {
            self.bytes = Box::default();
        }
    }

    fn position(&self, offset: u64) -> usize {
        // Truncation keeps the low bits, which are all that count.
        offset as usize & (self.bytes.len() - 1)
    }

    fn place(&mut self, at: u64, bytes: &[u8]) {
        if bytes.is_empty() {
            return;
        }
        let at = self.position(at);
        let straight = bytes.len().min(self.bytes.len() - at);
        let (first, second) = bytes.split_at(straight);
        self.bytes[at..at + straight].copy_from_slice(first);
        self.bytes[..second.len()].copy_from_slice(second);
    }

    /// Room for all from the start to `end`.
    fn reserve(&mut self, end: u64) {
        let needed = end - self.start;
        if needed <= self.bytes.len() as u64 {
            return;
        }
        let capacity = needed.next_power_of_two().max(SMALLEST) as usize;
        let mut larger = Self {
            bytes: vec![0; capacity].into_boxed_slice(),
            ..*self
        };
        let (first, second) = self.slices(self.start..self.end);
        larger.place(self.start, first);
        larger.place(self.start + first.len() as u64, second);
        *self = larger;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn all(ring: &Ring) -> Vec<u8> {
        let (first, second) = ring.slices(ring.start()..ring.end());
        [first, second].concat()
    }

    #[test]
    fn memory_comes_when_needed_and_goes_when_empty() {
        let mut ring = Ring::new(1);
        assert_eq!(ring.capacity(), 0);
        ring.write(1, &[7; 3000]);
        assert_eq!(ring.capacity(), 4096);
        ring.release();
        assert_eq!((ring.capacity(), ring.len()), (4096, 3000));
        ring.advance(3001);
        ring.release();
        assert_eq!((ring.capacity(), ring.len(), ring.start()), (0, 0, 3001));
    }

    #[test]
    fn a_hole_can_be_filled_later() {
        let mut ring = Ring::new(10);
        ring.write(13, b"def");
        ring.write(10, b"abc");
        assert_eq!(all(&ring), b"abcdef");
        assert_eq!(ring.slices(0..12).0, b"ab");
    }

    proptest! {
        #[test]
        fn it_is_a_queue(
            start in 0_u64..1 << 40,
            steps in prop::collection::vec((prop::collection::vec(any::<u8>(), 0..3000), 0_u64..3000), 0..20),
        ) {
            let (mut ring, mut model) = (Ring::new(start), std::collections::VecDeque::new());
            for (bytes, taken) in steps {
                if taken % 2 == 0 {
                    ring.write(ring.end(), &bytes);
                } else {
                    // Room for more than is written.
                    ring.append_with(bytes.len() as u64 + taken, |one, other| {
                        let first = one.len().min(bytes.len());
                        one[..first].copy_from_slice(&bytes[..first]);
                        other[..bytes.len() - first].copy_from_slice(&bytes[first..]);
                        bytes.len()
                    });
                }
                model.extend(bytes);
                let taken = taken.min(ring.len());
                ring.advance(ring.start() + taken);
                model.drain(..taken as usize);
                prop_assert_eq!(all(&ring), Vec::from(model.clone()));
            }
        }
    }
}
