//! The receiving half of a stream: bytes in any order go in, bytes in order come out.
use super::islands::Islands;
use super::ring::Ring;
use std::ops::Range;

/// What became of a segment's bytes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Arrival {
    /// They were the next ones, and nothing waits behind a hole.
    InOrder,
    /// They were the next ones, and filled a hole or part of it.
    FilledHole,
    /// They were not the next ones, and are kept.
    OutOfOrder,
    /// All of them were there already.
    Duplicate,
    /// There is no room for one more hole.
    NoRoom,
}

/// Bytes that came and were not read, with holes between them, and where the stream ends.
///
/// The peer's FIN counts as a byte behind the last one.
#[derive(Debug)]
pub(crate) struct Reassembly {
    ring: Ring,
    next: u64,
    fin: Option<u64>,
    islands: Islands,
    duplicate: Option<Range<u64>>,
}

impl Default for Reassembly {
    fn default() -> Self {
        Self {
            ring: Ring::new(1),
            next: 1,
            fin: None,
            islands: Islands::default(),
            duplicate: None,
        }
    }
}

impl Reassembly {
    /// The next byte expected (RCV.NXT).
    pub(crate) fn next(&self) -> u64 {
        self.next
    }

    /// The first byte that was not read.
    pub(crate) fn read_from(&self) -> u64 {
        self.ring.start()
    }

    /// Whether the peer's FIN is here, and everything before it.
    pub(crate) fn is_finished(&self) -> bool {
        self.fin.is_some_and(|fin| self.next > fin)
    }

    /// Whether bytes wait behind a hole.
    pub(crate) fn has_holes(&self) -> bool {
        !self.islands.is_empty()
    }

    /// How many bytes can be read.
    pub(crate) fn readable(&self) -> u64 {
        let end = self.fin.unwrap_or(u64::MAX).min(self.next);
        end.saturating_sub(self.ring.start())
    }

    /// Takes the bytes at `at` and, where `fin` says so, the end behind them. The caller has cut
    /// off what lies beyond the window.
    pub(crate) fn insert(&mut self, at: u64, bytes: &[u8], fin: bool) -> Arrival {
        let end = at + bytes.len() as u64;
        let fin = fin && self.end_at(end);
        let mut range = at..end + u64::from(fin);
        if let Some(known) = self.fin {
            // Nothing comes behind the end.
            range.end = range.end.min(known + 1);
        }
        if range.is_empty() {
            return Arrival::Duplicate;
        }
        self.note_duplicate(&range);
        if range.end <= self.next || self.islands.covers(&range) {
            return Arrival::Duplicate;
        }
        self.store(range, at, bytes)
    }

    /// Whether the stream may end there; the first end is the one that counts.
    fn end_at(&mut self, end: u64) -> bool {
        if end < self.next || self.ring.end() > end {
            return self.fin == Some(end);
        }
        *self.fin.get_or_insert(end) == end
    }

    fn store(&mut self, range: Range<u64>, at: u64, bytes: &[u8]) -> Arrival {
        let out_of_order = range.start > self.next;
        if out_of_order && !self.islands.add(range.clone()) {
            return Arrival::NoRoom;
        }
        self.write(range.clone(), at, bytes);
        if out_of_order {
            return Arrival::OutOfOrder;
        }
        let had_holes = self.has_holes();
        self.next = self.islands.join(range.end);
        if had_holes {
            Arrival::FilledHole
        } else {
            Arrival::InOrder
        }
    }

    /// Writes what of a range's bytes is new and no FIN.
    fn write(&mut self, range: Range<u64>, at: u64, bytes: &[u8]) {
        let from = range.start.max(self.next);
        let to = range.end.min(self.fin.unwrap_or(u64::MAX));
        let skipped = (from - at) as usize;
        let len = to.saturating_sub(from) as usize;
        if let Some(new) = bytes.get(skipped..skipped + len) {
            self.ring.write(from, new);
        }
    }

    fn note_duplicate(&mut self, range: &Range<u64>) {
        let old = range.start..range.end.min(self.next);
        self.duplicate = if old.is_empty() {
            self.islands.overlap(range)
        } else {
            Some(old)
        };
    }

    /// A segment was wholly outside the window because it is old: to be reported (RFC 2883 §4.1).
    pub(crate) fn note_old(&mut self, range: Range<u64>) {
        if range.start < range.end && range.end <= self.next {
            self.duplicate = Some(range);
        }
    }

    /// The blocks of the next SACK option: a duplicate first, once (RFC 2883 §4), and then what
    /// arrived, newest first (RFC 2018 §4).
    pub(crate) fn sack(&mut self, into: &mut [Range<u64>]) -> usize {
        let Some(duplicate) = self.duplicate.take() else {
            return self.islands.newest(into);
        };
        let around = self.islands.around(duplicate.start);
        let Some((first, rest)) = into.split_first_mut() else {
            return 0;
        };
        *first = duplicate;
        // The second block contains the first, where that lies above the next byte (§4.2).
        match (around, rest.split_first_mut()) {
            (Some(around), Some((second, rest))) => {
                *second = around.clone();
                let mut count = self.islands.newest(rest);
                if let Some(at) = rest[..count].iter().position(|block| *block == around) {
                    rest[at..count].rotate_left(1);
                    count -= 1;
                }
                2 + count
            }
            _ => 1 + self.islands.newest(rest),
        }
    }

    /// Whether a SACK option has something to say.
    pub(crate) fn has_sack(&self) -> bool {
        self.duplicate.is_some() || self.has_holes()
    }

    /// Copies bytes out, in order: how many.
    pub(crate) fn read(&mut self, into: &mut [u8]) -> usize {
        let len = self.readable().min(into.len() as u64);
        let from = self.ring.start();
        let (first, second) = self.ring.slices(from..from + len);
        into[..first.len()].copy_from_slice(first);
        into[first.len()..first.len() + second.len()].copy_from_slice(second);
        self.ring.advance(from + len);
        len as usize
    }

    /// Lends the bytes that can be read: how many of them `take` says that it took.
    pub(crate) fn read_with(&mut self, take: impl FnOnce(&[u8], &[u8]) -> usize) -> usize {
        let (from, len) = (self.ring.start(), self.readable());
        let (first, second) = self.ring.slices(from..from + len);
        let taken = take(first, second).min(len as usize);
        self.ring.advance(from + taken as u64);
        taken
    }

    /// Nothing more will come: what waits behind a hole is lost, and the rest too, where nobody will
    /// read it.
    pub(crate) fn end(&mut self, unread: bool) {
        self.islands = Islands::default();
        if unread || self.readable() == 0 {
            self.ring = Ring::new(self.next);
        }
    }

    /// Gives memory back, where nothing is kept.
    pub(crate) fn release(&mut self) {
        self.ring.release();
        self.islands.release();
    }

    /// Bytes of memory.
    pub(crate) fn capacity(&self) -> usize {
        self.ring.capacity()
    }
}

#[cfg(test)]
mod tests;
