//! Waiting: for descriptors, or a moment, whichever comes first.
use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::ptr;
use usernet_core::app::Descriptor;
use usernet_core::time::{Nanos, SECOND};

/// The place of the waker, where an app would have its own.
pub const WAKER: usize = usize::MAX;

/// What is waited for, and where each came from.
#[derive(Default)]
pub struct Poll {
    descriptors: Vec<libc::pollfd>,
    places: Vec<usize>,
}

impl Poll {
    /// Forgets all descriptors but the waker.
    pub fn reset(&mut self, waker: &Waker) {
        self.descriptors.clear();
        self.places.clear();
        let fd = waker.0.as_raw_fd();
        self.add(
            WAKER,
            Descriptor {
                fd,
                readable: true,
                writable: false,
            },
        );
    }

    /// Waits for a descriptor on behalf of an app at this place.
    pub fn add(&mut self, place: usize, descriptor: Descriptor) {
        let Descriptor {
            fd,
            readable,
            writable,
        } = descriptor;
        let read = if readable { libc::POLLIN } else { 0 };
        let write = if writable { libc::POLLOUT } else { 0 };
        self.descriptors.push(libc::pollfd {
            fd,
            events: read | write,
            revents: 0,
        });
        self.places.push(place);
    }

    /// Waits for `timeout` nanoseconds at most, without end where there is none.
    pub fn wait(&mut self, timeout: Option<Nanos>) {
        let limit = timeout.map(|timeout| libc::timespec {
            tv_sec: (timeout / SECOND) as libc::time_t,
            tv_nsec: (timeout % SECOND) as libc::c_long,
        });
        let limit = limit.as_ref().map_or(ptr::null(), ptr::from_ref);
        let (descriptors, count) = (self.descriptors.as_mut_ptr(), self.descriptors.len());
        // SAFETY: the array and the timespec outlive the call, and the count is the array's.
        let ready = unsafe { libc::ppoll(descriptors, count as libc::nfds_t, limit, ptr::null()) };
        if ready <= 0 {
            self.descriptors
                .iter_mut()
                .for_each(|descriptor| descriptor.revents = 0);
        }
    }

    /// The places of the apps whose descriptors were ready.
    pub fn ready(&self) -> impl Iterator<Item = usize> + '_ {
        let found = self.descriptors.iter().zip(&self.places);
        found
            .filter(|(descriptor, _)| descriptor.revents != 0)
            .map(|(_, place)| *place)
    }
}

/// Wakes a thread that waits (eventfd(2)).
pub struct Waker(OwnedFd);

impl Waker {
    /// A waker nobody has rung yet.
    ///
    /// # Errors
    /// The process has no descriptor left.
    pub fn new() -> io::Result<Self> {
        // SAFETY: no memory is involved; the result is checked.
        let fd = unsafe { libc::eventfd(0, libc::EFD_CLOEXEC | libc::EFD_NONBLOCK) };
        if fd < 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: the descriptor was just made and belongs to nobody else.
        Ok(Self(unsafe { OwnedFd::from_raw_fd(fd) }))
    }

    /// Wakes who waits.
    pub fn ring(&self) {
        let one = 1_u64.to_ne_bytes();
        // SAFETY: the buffer is valid for its eight bytes. A full counter rings all the same.
        unsafe { libc::write(self.fd(), one.as_ptr().cast(), one.len()) };
    }

    /// Forgets rings so far.
    pub fn quiet(&self) {
        let mut count = [0_u8; 8];
        // SAFETY: the buffer is valid for its eight bytes.
        unsafe { libc::read(self.fd(), count.as_mut_ptr().cast(), count.len()) };
    }

    fn fd(&self) -> RawFd {
        self.0.as_raw_fd()
    }
}
