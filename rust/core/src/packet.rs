//! Packets: bytes with headroom, in buffers that a pool lends out.
//!
//! A packet is one allocation: its description, then room for a small packet. A larger one has its
//! bytes in a second buffer of one of a few sizes. So the pointer that links pass is one word, and
//! memory goes with the bytes in flight. The allocation is an odd number of cache lines long, or
//! neighbouring packets would fight for the same sets of the cache.
use crate::cause::Cause;
use crate::time::Nanos;

/// Bytes kept free before a packet's first byte, to prepend headers without copying: enough for
/// Ethernet, IPv6, UDP and WireGuard together.
pub const HEADROOM: usize = 128;
/// The largest packet: a TCP super-packet of 64 KiB behind a tagged Ethernet header.
pub const LARGEST: usize = SIZES[SIZES.len() - 1];
/// The longest packet that needs no second buffer.
pub const SMALL: usize = 256;
/// Bytes of a cache line: a copy of so many costs no loop.
const LINE: usize = 64;
/// What fits behind the headroom in each class of second buffers.
const SIZES: [usize; 3] = [1664, 9216, 65664];
/// How many free packets and buffers of each class the pool keeps; more go to the allocator.
const KEPT: usize = 4096;
const KEPT_LARGE: [usize; 3] = [1024, 128, 128];
/// What all buffers may sum up to, in bytes: full means that a packet is refused.
const BUDGET: usize = 1 << 30;

/// What a network card was left to do for a packet: `struct virtio_net_hdr` (VIRTIO 1.2 §5.1.6).
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Offload {
    /// The checksum at `checksum_start + checksum_offset` holds only the pseudo-header's sum.
    pub partial_checksum: bool,
    /// How a super-packet is cut, if it is one.
    pub segmentation: Segmentation,
    /// The TCP segments came with Explicit Congestion Notification: CWR goes on the first alone.
    pub ecn: bool,
    /// Bytes of headers that each segment repeats; a hint, as in VIRTIO.
    pub header_len: u16,
    /// Payload bytes of each segment but the last.
    pub segment_size: u16,
    /// Where the sum starts, from the packet's first byte.
    pub checksum_start: u16,
    /// Where the checksum stands, from `checksum_start`.
    pub checksum_offset: u16,
}

/// How a super-packet is cut (`VIRTIO_NET_HDR_GSO_*`).
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Segmentation {
    /// It is a single packet.
    #[default]
    None,
    /// TCP over IPv4.
    Tcp4,
    /// TCP over IPv6.
    Tcp6,
    /// UDP over either (`UDP_SEGMENT`).
    Udp,
    /// A kind that nobody here can cut.
    Other(u8),
}

/// What stands before a packet's bytes.
#[derive(Clone, Copy, Debug, Default)]
#[repr(C)]
struct Meta {
    id: u64,
    arrived: Nanos,
    start: u32,
    len: u32,
    network: u16,
    offload: Offload,
    dropped: Option<Cause>,
}

#[repr(C)]
struct Frame {
    meta: Meta,
    large: Option<Box<[u8]>>,
    small: [u8; HEADROOM + SMALL],
}

/// A packet: who holds it owns it, and hands it on or gives it back to the pool.
pub struct Packet(Box<Frame>);

impl Packet {
    /// Its bytes, from the link header (or the IP header where there is none).
    #[inline]
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        let Meta { start, len, .. } = self.0.meta;
        &self.buffer()[start as usize..][..len as usize]
    }

    /// Its bytes, to change.
    #[inline]
    pub fn bytes_mut(&mut self) -> &mut [u8] {
        let Meta { start, len, .. } = self.0.meta;
        &mut self.buffer_mut()[start as usize..][..len as usize]
    }

    /// How many bytes it has.
    #[inline]
    #[must_use]
    #[allow(clippy::len_without_is_empty)]
    pub fn len(&self) -> usize {
        self.0.meta.len as usize
    }

    /// How many bytes fit from where it starts.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.buffer().len() - self.0.meta.start as usize
    }

    /// Makes it `len` bytes long; bytes beyond its old end hold whatever the buffer held. A
    /// length over the capacity is cut to it.
    #[inline]
    pub fn resize(&mut self, len: usize) {
        self.0.meta.len = len.min(self.capacity()) as u32;
    }

    /// Makes room for `count` bytes before the first one; false if the headroom is too small.
    #[must_use]
    pub fn prepend(&mut self, count: usize) -> bool {
        let meta = &mut self.0.meta;
        let fits = count <= meta.start as usize;
        if fits {
            meta.start -= count as u32;
            meta.len += count as u32;
        }
        fits
    }

    /// Takes `count` bytes off the front, or all where there are fewer.
    pub fn trim_front(&mut self, count: usize) {
        let count = count.min(self.len()) as u32;
        self.0.meta.start += count;
        self.0.meta.len -= count;
    }

    /// A number no other packet of this pool has.
    #[must_use]
    pub fn id(&self) -> u64 {
        self.0.meta.id
    }

    /// When it reached its present link: exact also where the engine woke late.
    #[inline]
    #[must_use]
    pub fn arrived(&self) -> Nanos {
        self.0.meta.arrived
    }

    /// Says when it reached its present link.
    #[inline]
    pub fn set_arrived(&mut self, at: Nanos) {
        self.0.meta.arrived = at;
    }

    /// Where the network header starts: 14 behind plain Ethernet, 0 where there is no link header.
    #[inline]
    #[must_use]
    pub fn network_offset(&self) -> usize {
        self.0.meta.network as usize
    }

    /// Says where the network header starts.
    #[inline]
    pub fn set_network_offset(&mut self, offset: usize) {
        self.0.meta.network = offset as u16;
    }

    /// What was left to the network card.
    #[inline]
    #[must_use]
    pub fn offload(&self) -> Offload {
        self.0.meta.offload
    }

    /// Says what is left to the network card.
    #[inline]
    pub fn set_offload(&mut self, offload: Offload) {
        self.0.meta.offload = offload;
    }

    /// Whether it stands for several packets on the wire.
    #[inline]
    #[must_use]
    pub fn is_super(&self) -> bool {
        self.0.meta.offload.segmentation != Segmentation::None
    }

    /// Why it was dropped, on the way to whoever writes that down.
    #[must_use]
    pub fn dropped(&self) -> Option<Cause> {
        self.0.meta.dropped
    }

    /// Says why it was dropped.
    pub fn set_dropped(&mut self, cause: Option<Cause>) {
        self.0.meta.dropped = cause;
    }

    /// Takes the description of another packet, with a number of its own.
    #[inline]
    fn describe(&mut self, of: &Self, id: u64) {
        self.0.meta = of.0.meta;
        self.0.meta.id = id;
        self.0.meta.start = HEADROOM as u32;
    }

    /// Takes the first line of bytes of another packet.
    #[inline]
    fn fill_small(&mut self, of: &Self) {
        let start = of.0.meta.start as usize;
        let from = if start == HEADROOM {
            &of.0.small[HEADROOM..HEADROOM + LINE]
        } else {
            &of.buffer()[start..(start + LINE).min(of.buffer().len())]
        };
        self.0.small[HEADROOM..HEADROOM + from.len()].copy_from_slice(from);
    }

    #[inline]
    fn buffer(&self) -> &[u8] {
        self.0.large.as_deref().unwrap_or(&self.0.small)
    }

    #[inline]
    fn buffer_mut(&mut self) -> &mut [u8] {
        let Frame { large, small, .. } = &mut *self.0;
        large.as_deref_mut().unwrap_or(small)
    }
}

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
        if len > SMALL {
            self.enlarge(packet, len)
        } else {
            Some(packet)
        }
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
        self.fill(packet, of)
    }

    /// Copies of all these packets onto the end of `into`: as `copy` one by one, at the cost of a
    /// batch. Those for which there is no room in the budget are left out. How many bytes they have.
    #[inline]
    pub fn copies<'a, I>(&mut self, of: I, into: &mut Vec<Packet>) -> u64
    where
        I: ExactSizeIterator<Item = &'a Packet> + Clone,
    {
        let mut longest = 0;
        let mut bytes = 0;
        while self.free.len() < of.len() {
            let Some(packet) = self.fresh() else {
                return self.copies_that_fit(of, into);
            };
            self.free.push(packet);
        }
        let (at, first) = (self.free.len() - of.len(), into.len());
        let lent = self.free.drain(at..).zip(of.clone()).zip(self.next_id..);
        into.extend(lent.map(|((mut packet, of), id)| {
            packet.describe(of, id);
            packet.fill_small(of);
            longest = of.len().max(longest);
            bytes += of.len() as u64;
            packet
        }));
        self.next_id += of.len() as u64;
        if longest > LINE {
            bytes = self.fill_longer(of, into, first);
        }
        bytes
    }

    /// Fills the copies that are longer than a line; those without room for it are taken back.
    #[cold]
    fn fill_longer<'a>(
        &mut self,
        of: impl Iterator<Item = &'a Packet>,
        into: &mut Vec<Packet>,
        first: usize,
    ) -> u64 {
        let hollow: Vec<Packet> = into.drain(first..).collect();
        let filled = hollow
            .into_iter()
            .zip(of)
            .filter_map(|(packet, of)| self.fill(packet, of));
        into.extend(filled);
        into[first..].iter().map(|packet| packet.len() as u64).sum()
    }

    #[cold]
    fn copies_that_fit<'a>(
        &mut self,
        of: impl Iterator<Item = &'a Packet>,
        into: &mut Vec<Packet>,
    ) -> u64 {
        let first = into.len();
        into.extend(of.filter_map(|packet| self.copy(packet)));
        into[first..].iter().map(|packet| packet.len() as u64).sum()
    }

    /// Gives a described packet the bytes of another.
    fn fill(&mut self, mut packet: Packet, of: &Packet) -> Option<Packet> {
        if of.len() > SMALL {
            packet = self.enlarge(packet, of.len())?;
        }
        packet.bytes_mut().copy_from_slice(of.bytes());
        Some(packet)
    }

    /// Takes packets back.
    pub fn free_all(&mut self, packets: &mut Vec<Packet>) {
        let small = packets.iter().all(|packet| packet.0.large.is_none());
        if small && self.free.len() + packets.len() <= KEPT {
            self.free.append(packets);
        } else {
            packets.drain(..).for_each(|packet| self.free(packet));
        }
    }

    /// Takes a packet back.
    #[inline]
    pub fn free(&mut self, mut packet: Packet) {
        if packet.0.large.is_some() {
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

    /// Gives a packet a second buffer that holds `len` bytes.
    fn enlarge(&mut self, mut packet: Packet, len: usize) -> Option<Packet> {
        let class = SIZES.iter().position(|size| len <= *size);
        packet.0.large = class.and_then(|class| self.large(class));
        if packet.0.large.is_none() {
            self.refused += 1;
            self.free(packet);
            return None;
        }
        Some(packet)
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
        let small = [0; HEADROOM + SMALL];
        Some(Packet(Box::new(Frame {
            meta: Meta::default(),
            large: None,
            small,
        })))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_an_odd_number_of_cache_lines_apart() {
        let allocator_header = size_of::<usize>();
        let apart = (size_of::<Frame>() + allocator_header).next_multiple_of(16);
        assert_eq!((apart % LINE, apart / LINE % 2), (0, 1));
    }

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
        for len in [1, 64, 65, 256, 257, 1664, 1665, 9217] {
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
    fn headers_come_and_go_without_moving_the_rest() {
        let mut pool = Pool::default();
        let mut packet = pool.packet_from(b"payload").unwrap();
        assert!(packet.prepend(4) && !packet.prepend(HEADROOM));
        packet.bytes_mut()[..4].copy_from_slice(b"head");
        assert_eq!(packet.bytes(), b"headpayload");
        packet.trim_front(4);
        assert_eq!(packet.bytes(), b"payload");
        packet.trim_front(100);
        assert_eq!(packet.len(), 0);
    }
}
