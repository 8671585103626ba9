//! The pool: lends packets out, and takes them back.
use super::{Frame, HEADROOM, Meta, Packet, SIZES, SMALL, Small};

/// How many free packets and buffers of each class the pool keeps; more go to the allocator.
const KEPT: usize = 4096;
const KEPT_LARGE: [usize; 3] = [1024, 128, 128];
/// What all buffers may sum up to, in bytes: full means that a packet is refused.
const BUDGET: usize = 1 << 30;

/// Lends packets out, and takes them back.
pub struct Pool {
    free: Vec<Packet>,
    large: [Vec<Box<[u8]>>; SIZES.len()],
    /// How many packets exist, lent out or free, and how many large buffers of each class.
    made: usize,
    made_large: [usize; SIZES.len()],
    budget: usize,
    next_id: u64,
    refused: u64,
}

impl Default for Pool {
    fn default() -> Self {
        Self::new(BUDGET)
    }
}

impl Pool {
    /// A pool whose buffers sum up to `budget` bytes at most.
    #[must_use]
    pub fn new(budget: usize) -> Self {
        let (free, large) = (Vec::with_capacity(KEPT), Default::default());
        let made_large = [0; SIZES.len()];
        Self {
            free,
            large,
            made: 0,
            made_large,
            budget,
            next_id: 0,
            refused: 0,
        }
    }

    /// A packet of `len` bytes of any content behind the headroom, described as nothing yet;
    /// none where it would be over [`LARGEST`] or over the budget, which is counted.
    #[inline]
    #[must_use]
    pub fn packet(&mut self, len: usize) -> Option<Packet> {
        let mut packet = match self.free.pop() {
            Some(packet) => packet,
            None => self.fresh()?,
        };
        let (start, len32, id) = (HEADROOM as u32, len as u32, self.next_id);
        packet.0.meta = Meta {
            start,
            len: len32,
            id,
            ..Meta::default()
        };
        self.next_id += 1;
        if len > SMALL && !self.enlarge(&mut packet, len) {
            self.free(packet);
            return None;
        }
        Some(packet)
    }

    /// A packet with these bytes.
    #[must_use]
    pub fn packet_from(&mut self, bytes: &[u8]) -> Option<Packet> {
        let mut packet = self.packet(bytes.len())?;
        packet.bytes_mut().copy_from_slice(bytes);
        Some(packet)
    }

    /// A second packet with the same bytes and description, and a number of its own.
    #[inline]
    #[must_use]
    pub fn copy(&mut self, of: &Packet) -> Option<Packet> {
        let mut packet = match self.free.pop() {
            Some(packet) => packet,
            None => self.fresh()?,
        };
        packet.describe(of, self.next_id);
        self.next_id += 1;
        if !self.fill(&mut packet, of) {
            self.free(packet);
            return None;
        }
        Some(packet)
    }

    /// Copies of all these packets onto the end of `into`: as `copy` one by one, at the cost of a
    /// batch. Those for which there is no room in the budget are left out. How many bytes they have.
    #[inline]
    pub fn copies<'a, I>(&mut self, of: I, into: &mut Vec<Packet>) -> u64
    where
        I: ExactSizeIterator<Item = &'a Packet>,
    {
        if !self.stock(of.len()) {
            return self.copies_that_fit(of, into);
        }
        let first = into.len();
        into.extend(self.free.drain(self.free.len() - of.len()..));
        let (mut bytes, mut id, mut whole) = (0, self.next_id, true);
        for (packet, of) in into[first..].iter_mut().zip(of) {
            if of.is_line() {
                packet.copy_line(of, id);
            } else {
                packet.describe(of, id);
                whole &= self.fill(packet, of);
            }
            id += 1;
            bytes += of.len() as u64;
        }
        self.next_id = id;
        if whole {
            bytes
        } else {
            self.take_hollow_back(into, first)
        }
    }

    /// As many copies of one packet.
    #[inline]
    pub(crate) fn repeat(&mut self, of: &Packet, count: usize, into: &mut Vec<Packet>) -> u64 {
        if !of.is_line() || !self.stock(count) {
            return self.copies(std::iter::repeat_n(of, count), into);
        }
        let first = into.len();
        into.extend(self.free.drain(self.free.len() - count..));
        for (packet, id) in into[first..].iter_mut().zip(self.next_id..) {
            packet.copy_line(of, id);
        }
        self.next_id += count as u64;
        (count * of.len()) as u64
    }

    /// Makes packets until so many are free; false where the budget ends before.
    #[inline]
    fn stock(&mut self, count: usize) -> bool {
        while self.free.len() < count {
            let Some(packet) = self.fresh() else {
                return false;
            };
            self.free.push(packet);
        }
        true
    }

    /// Takes back the copies whose bytes found no room. How many bytes the others have.
    #[cold]
    fn take_hollow_back(&mut self, into: &mut Vec<Packet>, first: usize) -> u64 {
        let copies: Vec<Packet> = into.drain(first..).collect();
        let (whole, hollow): (Vec<_>, Vec<_>) =
            copies.into_iter().partition(|packet| packet.len() > 0);
        hollow.into_iter().for_each(|packet| self.free(packet));
        into.extend(whole);
        length(&into[first..])
    }

    #[cold]
    fn copies_that_fit<'a>(
        &mut self,
        of: impl Iterator<Item = &'a Packet>,
        into: &mut Vec<Packet>,
    ) -> u64 {
        let first = into.len();
        into.extend(of.filter_map(|packet| self.copy(packet)));
        length(&into[first..])
    }

    /// Gives a described packet the bytes of another. Where there is no room for them, it is left
    /// without bytes, and false comes back.
    #[inline(never)]
    fn fill(&mut self, packet: &mut Packet, of: &Packet) -> bool {
        if of.len() > SMALL && !self.enlarge(packet, of.len()) {
            packet.resize(0);
            return false;
        }
        packet.bytes_mut().copy_from_slice(of.bytes());
        true
    }

    /// Takes packets back.
    pub fn free_all(&mut self, packets: &mut Vec<Packet>) {
        if packets.iter().any(Packet::is_large) {
            packets.drain(..).for_each(|packet| self.free(packet));
        } else {
            self.free_small(packets);
        }
    }

    /// Takes back packets of which none has a second buffer.
    #[inline]
    pub(crate) fn free_small(&mut self, packets: &mut Vec<Packet>) {
        if self.free.len() + packets.len() <= KEPT {
            self.free.append(packets);
        } else {
            packets.drain(..).for_each(|packet| self.free(packet));
        }
    }

    /// Takes a packet back.
    #[inline]
    pub fn free(&mut self, mut packet: Packet) {
        if packet.is_large() {
            self.free_large(&mut packet);
        }
        if self.free.len() < KEPT {
            self.free.push(packet);
        } else {
            self.made -= 1;
        }
    }

    /// How many packets are lent out.
    #[must_use]
    pub fn lent(&self) -> usize {
        self.made - self.free.len()
    }

    /// How many bytes the buffers have that exist, lent out or free.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let large = self
            .made_large
            .iter()
            .zip(SIZES)
            .map(|(made, size)| made * (size + HEADROOM));
        self.made * size_of::<Frame>() + large.sum::<usize>()
    }

    /// How many packets were refused.
    #[must_use]
    pub fn refused(&self) -> u64 {
        self.refused
    }

    /// Gives a packet a second buffer that holds `len` bytes; false where there is none to give.
    fn enlarge(&mut self, packet: &mut Packet, len: usize) -> bool {
        let class = SIZES.iter().position(|size| len <= *size);
        packet.0.large = class.and_then(|class| self.large(class));
        self.refused += u64::from(!packet.is_large());
        packet.is_large()
    }

    fn large(&mut self, class: usize) -> Option<Box<[u8]>> {
        let size = SIZES[class] + HEADROOM;
        self.large[class].pop().or_else(|| {
            let affordable = self.bytes() + size <= self.budget;
            self.made_large[class] += usize::from(affordable);
            affordable.then(|| vec![0; size].into_boxed_slice())
        })
    }

    fn free_large(&mut self, packet: &mut Packet) {
        let Some(large) = packet.0.large.take() else {
            return;
        };
        let class = SIZES
            .iter()
            .position(|size| size + HEADROOM == large.len())
            .unwrap_or(0);
        if self.large[class].len() < KEPT_LARGE[class] {
            self.large[class].push(large);
        } else {
            self.made_large[class] -= 1;
        }
    }

    #[cold]
    fn fresh(&mut self) -> Option<Packet> {
        if self.bytes() + size_of::<Frame>() > self.budget {
            self.refused += 1;
            return None;
        }
        self.made += 1;
        let small = Small([0; HEADROOM + SMALL]);
        Some(Packet(Box::new(Frame {
            meta: Meta::default(),
            large: None,
            small,
        })))
    }
}

/// How many bytes these packets have.
pub(crate) fn length(packets: &[Packet]) -> u64 {
    packets.iter().map(|packet| packet.len() as u64).sum()
}

#[cfg(test)]
mod tests {
    use super::super::LARGEST;
    use super::*;

    #[test]
    fn what_is_taken_back_is_lent_again() {
        let mut pool = Pool::default();
        let packets: Vec<_> = [60, 1500, 9000, 65_549]
            .iter()
            .map(|len| pool.packet(*len).unwrap())
            .collect();
        let bytes = pool.bytes();
        assert_eq!(pool.lent(), 4);
        packets.into_iter().for_each(|packet| pool.free(packet));
        assert_eq!((pool.lent(), pool.bytes()), (0, bytes));
        assert_eq!(pool.packet(65_000).unwrap().len(), 65_000);
        assert_eq!(pool.bytes(), bytes);
    }

    #[test]
    fn the_budget_and_the_largest_size_hold() {
        let mut pool = Pool::new(10_000);
        assert!(pool.packet(LARGEST).is_none());
        assert!(Pool::default().packet(LARGEST + 1).is_none());
        let held: Vec<_> = std::iter::from_fn(|| pool.packet(1500)).collect();
        assert!(pool.bytes() <= 10_000 && held.len() >= 4);
        assert!(pool.refused() >= 2);
    }

    #[test]
    fn a_copy_has_the_bytes_and_a_number_of_its_own() {
        let mut pool = Pool::default();
        for len in [1, 64, 65, 192, 193, 1664, 1665, 9217] {
            let bytes: Vec<u8> = (0..len).map(|i| i as u8).collect();
            let mut packet = pool.packet_from(&bytes).unwrap();
            packet.set_arrived(7);
            let copy = pool.copy(&packet).unwrap();
            assert_eq!((copy.bytes(), copy.arrived()), (&bytes[..], 7));
            assert_ne!(copy.id(), packet.id());
            let mut both = Vec::new();
            pool.copies([&packet, &copy].into_iter(), &mut both);
            assert!(both.iter().all(|packet| packet.bytes() == bytes));
        }
    }

    #[test]
    fn a_packet_cut_short_or_moved_is_copied_from_where_it_stands() {
        let mut pool = Pool::default();
        let mut large = pool.packet_from(&[7; 1500]).unwrap();
        large.resize(20);
        let mut moved = pool.packet_from(b"headpayload").unwrap();
        moved.trim_front(4);
        let mut copies = Vec::new();
        assert_eq!(pool.copies([&large, &moved].into_iter(), &mut copies), 27);
        let bytes: Vec<&[u8]> = copies.iter().map(Packet::bytes).collect();
        assert_eq!(bytes, [&[7; 20][..], b"payload"]);
    }

    #[test]
    fn copies_over_the_budget_are_left_out_and_taken_back() {
        let mut pool = Pool::new(4 * size_of::<Frame>() + 3 * (SIZES[0] + HEADROOM));
        let of = pool.packet_from(&[1; 1500]).unwrap();
        let mut copies = Vec::new();
        assert_eq!(pool.repeat(&of, 3, &mut copies), 3000);
        assert_eq!((copies.len(), pool.lent(), pool.refused()), (2, 3, 1));
        assert_eq!(pool.repeat(&of, 9, &mut copies), 0);
        assert_eq!((copies.len(), pool.lent()), (2, 3));
    }
}
