//! Packets: bytes with headroom, in buffers that a pool lends out.
//!
//! A packet is one allocation: its description, then room for a small packet. A larger one has its
//! bytes in a second buffer of one of a few sizes. So the pointer that links pass is one word, and
//! memory goes with the bytes in flight. Description and first byte start a cache line each, so
//! that a short packet costs two lines. With the allocator's header, neighbours are an odd number
//! of lines apart, or they would fight for the same sets of the cache.
mod pool;

use crate::cause::Cause;
use crate::time::Nanos;
pub use pool::Pool;

/// Bytes kept free before a packet's first byte, to prepend headers without copying: enough for
/// Ethernet, IPv6, UDP and WireGuard together.
pub const HEADROOM: usize = 128;
/// The largest packet: a TCP super-packet of 64 KiB behind a tagged Ethernet header.
pub const LARGEST: usize = SIZES[SIZES.len() - 1];
/// The longest packet that needs no second buffer.
pub const SMALL: usize = 192;
/// Bytes of a cache line: a copy of so many costs no loop.
const LINE: usize = 64;
/// What fits behind the headroom in each class of second buffers.
const SIZES: [usize; 3] = [1664, 9216, 65664];
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
    class: u16,
    dropped: Option<Cause>,
}

#[repr(C)]
struct Frame {
    meta: Meta,
    large: Option<Box<[u8]>>,
    small: Small,
}

/// The packet's own buffer, on lines of its own.
#[repr(C, align(64))]
struct Small([u8; HEADROOM + SMALL]);

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

    /// Which of those that share a queue it belongs to, by the number that whoever holds the queue
    /// has given it.
    #[inline]
    #[must_use]
    pub fn class(&self) -> u16 {
        self.0.meta.class
    }

    /// Says which of those that share a queue it belongs to.
    #[inline]
    pub fn set_class(&mut self, class: u16) {
        self.0.meta.class = class;
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
        let meta = &mut self.0.meta;
        *meta = of.0.meta;
        (meta.id, meta.start) = (id, HEADROOM as u32);
    }

    /// Whether all its bytes stand in the first line behind the headroom.
    #[inline]
    fn is_line(&self) -> bool {
        let Meta { start, len, .. } = self.0.meta;
        !self.is_large() && start as usize == HEADROOM && len as usize <= LINE
    }

    /// Becomes a copy of a packet that [`Self::is_line`]: moves of a fixed size, and no call.
    #[inline]
    fn copy_line(&mut self, of: &Self, id: u64) {
        const FIRST: core::ops::Range<usize> = HEADROOM..HEADROOM + LINE;
        let frame = &mut *self.0;
        frame.meta = of.0.meta;
        frame.meta.id = id;
        frame.small.0[FIRST].copy_from_slice(&of.0.small.0[FIRST]);
    }

    /// Whether it has a second buffer.
    #[inline]
    pub(crate) fn is_large(&self) -> bool {
        self.0.large.is_some()
    }

    #[inline]
    fn buffer(&self) -> &[u8] {
        self.0.large.as_deref().unwrap_or(&self.0.small.0)
    }

    #[inline]
    fn buffer_mut(&mut self) -> &mut [u8] {
        let Frame { large, small, .. } = &mut *self.0;
        large.as_deref_mut().unwrap_or(&mut small.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_an_odd_number_of_cache_lines_apart() {
        let allocator_header = size_of::<usize>();
        let apart = (size_of::<Frame>() + allocator_header).next_multiple_of(align_of::<Frame>());
        assert_eq!((apart % LINE, apart / LINE % 2), (0, 1));
        assert_eq!(core::mem::offset_of!(Frame, small), LINE);
        assert_eq!((core::mem::offset_of!(Frame, small) + HEADROOM) % LINE, 0);
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
