//! The receive ring of a packet socket (`PACKET_MMAP`, version 2): frames that kernel and program
//! share, each with a word that says whose it is.
use crate::poll::check;
use crate::virtio;
use std::io;
use std::os::fd::RawFd;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU32, Ordering};
use usernet_core::time::{Nanos, SECOND};

/// Bytes of one frame: an Ethernet frame of 1,500 bytes fits, longer packets go by the queue.
const FRAME: usize = 2048;
/// How many frames there are.
const FRAMES: usize = 2048;
/// Bytes the kernel allocates in one piece.
const BLOCK: usize = 16 * 1024;
const SIZE: usize = FRAME * FRAMES;

/// What the kernel says of a frame.
#[derive(Clone, Copy)]
pub(crate) struct Arrival {
    header: libc::tpacket2_hdr,
}

impl Arrival {
    /// Bytes of the packet.
    pub(crate) fn len(&self) -> usize {
        self.header.tp_len as usize
    }

    /// Whether the whole packet stands in the socket's queue too, as it is longer than a frame.
    pub(crate) fn is_queued(&self) -> bool {
        self.header.tp_status & libc::TP_STATUS_COPY != 0
    }

    /// When the kernel took the packet, by the wall clock.
    pub(crate) fn at(&self) -> Nanos {
        Nanos::from(self.header.tp_sec) * SECOND + Nanos::from(self.header.tp_nsec)
    }

    /// The tag that the kernel has taken out of the packet: its type, if known, and its control.
    pub(crate) fn tag(&self) -> Option<(Option<u16>, u16)> {
        let says = |flag| self.header.tp_status & flag != 0;
        let kind = says(libc::TP_STATUS_VLAN_TPID_VALID).then_some(self.header.tp_vlan_tpid);
        says(libc::TP_STATUS_VLAN_VALID).then_some((kind, self.header.tp_vlan_tci))
    }
}

/// A ring whose frames come in order.
pub(crate) struct Ring {
    memory: NonNull<u8>,
    head: usize,
}

// SAFETY: the mapping belongs to the ring alone, and any thread may use it.
unsafe impl Send for Ring {}

impl Ring {
    /// Gives a packet socket a ring; the socket must not be bound yet.
    pub(crate) fn new(socket: RawFd) -> io::Result<Self> {
        let request = libc::tpacket_req {
            tp_block_size: BLOCK as u32,
            tp_block_nr: (SIZE / BLOCK) as u32,
            tp_frame_size: FRAME as u32,
            tp_frame_nr: FRAMES as u32,
        };
        crate::packet_socket::set(socket, libc::PACKET_RX_RING, &request)?;
        let access = libc::PROT_READ | libc::PROT_WRITE;
        // SAFETY: the kernel chooses the address of a mapping of the ring that it has just made.
        let memory = unsafe {
            libc::mmap(
                std::ptr::null_mut(),
                SIZE,
                access,
                libc::MAP_SHARED,
                socket,
                0,
            )
        };
        if memory == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        let memory = NonNull::new(memory.cast()).ok_or(io::ErrorKind::OutOfMemory)?;
        Ok(Self { memory, head: 0 })
    }

    /// What the kernel says of the frame that comes `ahead` places behind the oldest, if it is
    /// filled.
    #[inline]
    pub(crate) fn arrival(&self, ahead: usize) -> Option<Arrival> {
        let status = self.status(ahead).load(Ordering::Acquire);
        if ahead >= FRAMES || status & libc::TP_STATUS_USER == 0 {
            return None;
        }
        // SAFETY: each frame starts with this header, aligned; the kernel has given it away.
        let header = unsafe { self.frame(ahead).cast::<libc::tpacket2_hdr>().read() };
        Some(Arrival { header })
    }

    /// The offload header and the bytes of a filled frame.
    #[inline]
    pub(crate) fn bytes(&self, ahead: usize, arrival: &Arrival) -> (&virtio::Header, &[u8]) {
        let start = usize::from(arrival.header.tp_mac).clamp(virtio::LEN, FRAME);
        let len = (arrival.header.tp_snaplen as usize).min(FRAME - start);
        // SAFETY: the range lies within the frame, which is ours until it is released; no
        // `release` can happen while the slices live, for it takes the ring mutably.
        unsafe {
            let bytes = self.frame(ahead).add(start);
            let header = bytes.sub(virtio::LEN).cast::<virtio::Header>().as_ref();
            (header, std::slice::from_raw_parts(bytes.as_ptr(), len))
        }
    }

    /// Gives the oldest frames back to the kernel.
    #[inline]
    pub(crate) fn release(&mut self, count: usize) {
        for ahead in 0..count {
            let kernel = libc::TP_STATUS_KERNEL;
            self.status(ahead).store(kernel, Ordering::Release);
        }
        self.head = (self.head + count) % FRAMES;
    }

    fn status(&self, ahead: usize) -> &AtomicU32 {
        // SAFETY: each frame starts with its status, an aligned word that both sides change.
        unsafe { AtomicU32::from_ptr(self.frame(ahead).cast().as_ptr()) }
    }

    fn frame(&self, ahead: usize) -> NonNull<u8> {
        let place = (self.head + ahead) % FRAMES;
        // SAFETY: the mapping has `FRAMES` frames of `FRAME` bytes.
        unsafe { self.memory.add(place * FRAME) }
    }
}

impl Drop for Ring {
    fn drop(&mut self) {
        // SAFETY: the mapping is ours, of this size, and nothing borrows from it any more. It
        // cannot fail for such a range.
        let _ = check(unsafe { libc::munmap(self.memory.as_ptr().cast(), SIZE) });
    }
}
