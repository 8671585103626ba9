//! Packets: bytes with headroom, in buffers of a few sizes that a pool lends out.
//!
//! A packet is one allocation: its description, then its bytes. Buffers come in four classes, so
//! that memory goes with the bytes in flight. Each class is an odd number of cache lines long,
//! or neighbouring packets would fight for the same sets of the cache.
use crate::cause::Cause;
use crate::time::Nanos;

/// Bytes kept free before a packet's first byte, to prepend headers without copying: enough for
/// Ethernet, IPv6, UDP and WireGuard together.
pub const HEADROOM: usize = 128;
/// The largest packet: a TCP super-packet of 64 KiB behind a tagged Ethernet header.
pub const LARGEST: usize = SIZES[SIZES.len() - 1];
/// What fits behind the headroom in each class.
const SIZES: [usize; 4] = [256, 1664, 9216, 65664];
/// How many free buffers of each class the pool keeps; more go back to the allocator.
const KEPT: [usize; 4] = [2048, 2048, 128, 128];
/// What the buffers lent out may sum up to, in bytes: full means that a packet is refused.
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
struct Meta {
    start: u32,
    len: u32,
    id: u64,
    arrived: Nanos,
    network: u16,
    offload: Offload,
    dropped: Option<Cause>,
}

#[repr(C, align(64))]
struct Frame<D: ?Sized> {
    meta: Meta,
    bytes: D,
}

impl<const N: usize> Frame<[u8; N]> {
    fn boxed() -> Box<Frame<[u8]>> {
        Box::new(Frame {
            meta: Meta::default(),
            bytes: [0; N],
        })
    }
}

/// A packet: who holds it owns it, and hands it on or gives it back to the pool.
pub struct Packet(Box<Frame<[u8]>>);

impl Packet {
    /// Its bytes, from the link header (or the IP header where there is none).
    #[inline]
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        let start = self.0.meta.start as usize;
        &self.0.bytes[start..start + self.0.meta.len as usize]
    }

    /// Its bytes, to change.
    #[inline]
    pub fn bytes_mut(&mut self) -> &mut [u8] {
        let start = self.0.meta.start as usize;
        &mut self.0.bytes[start..start + self.0.meta.len as usize]
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
        self.0.bytes.len() - self.0.meta.start as usize
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

    fn class(&self) -> usize {
        SIZES
            .iter()
            .position(|size| size + HEADROOM == self.0.bytes.len())
            .unwrap_or(0)
    }
}

/// Lends packets out, and takes them back.
pub struct Pool {
    free: [Vec<Packet>; SIZES.len()],
    lent: usize,
    bytes: usize,
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
    /// A pool whose lent buffers sum up to `budget` bytes at most.
    #[must_use]
    pub fn new(budget: usize) -> Self {
        Self {
            free: Default::default(),
            lent: 0,
            bytes: 0,
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
        let mut packet = self.buffer(len)?;
        packet.0.meta = Meta {
            start: HEADROOM as u32,
            len: len as u32,
            id: self.next_id,
            ..Meta::default()
        };
        self.next_id += 1;
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
        let mut packet = self.packet(of.len())?;
        let (start, id) = (packet.0.meta.start, packet.0.meta.id);
        packet.0.meta = Meta {
            start,
            id,
            ..of.0.meta
        };
        packet.bytes_mut().copy_from_slice(of.bytes());
        Some(packet)
    }

    /// Takes a packet back.
    #[inline]
    pub fn free(&mut self, packet: Packet) {
        let class = packet.class();
        self.lent = self.lent.wrapping_sub(1);
        self.bytes = self.bytes.saturating_sub(packet.0.bytes.len());
        if self.free[class].len() < KEPT[class] {
            self.free[class].push(packet);
        }
    }

    /// How many packets are lent out.
    #[must_use]
    pub fn lent(&self) -> usize {
        self.lent
    }

    /// How many bytes the buffers lent out have.
    #[must_use]
    pub fn lent_bytes(&self) -> usize {
        self.bytes
    }

    /// How many packets were refused.
    #[must_use]
    pub fn refused(&self) -> u64 {
        self.refused
    }

    #[inline]
    fn buffer(&mut self, len: usize) -> Option<Packet> {
        let class = class_for(len);
        let size = class.map_or(usize::MAX - HEADROOM, |class| SIZES[class]) + HEADROOM;
        let Some(class) = class.filter(|_| self.bytes + size <= self.budget) else {
            self.refused += 1;
            return None;
        };
        self.lent += 1;
        self.bytes += size;
        Some(self.free[class].pop().unwrap_or_else(|| fresh(class)))
    }
}

#[inline]
fn class_for(len: usize) -> Option<usize> {
    SIZES.iter().position(|size| len <= *size)
}

#[cold]
fn fresh(class: usize) -> Packet {
    Packet(match class {
        0 => Frame::<[u8; SIZES[0] + HEADROOM]>::boxed(),
        1 => Frame::<[u8; SIZES[1] + HEADROOM]>::boxed(),
        2 => Frame::<[u8; SIZES[2] + HEADROOM]>::boxed(),
        _ => Frame::<[u8; SIZES[3] + HEADROOM]>::boxed(),
    })
}
