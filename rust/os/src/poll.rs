//! Waiting: `ppoll`, and the event descriptor that ends a wait from another thread.
use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use usernet_core::time::{Nanos, SECOND};

/// Turns the -1 of a system call into the error it stands for.
pub(crate) fn check(result: libc::c_int) -> io::Result<libc::c_int> {
    if result < 0 {
        Err(io::Error::last_os_error())
    } else {
        Ok(result)
    }
}

/// Waits until one of these is ready, at most so long; no end where that is absent. How many are
/// ready: none also where a signal came.
pub(crate) fn wait(polled: &mut [libc::pollfd], timeout: Option<Nanos>) -> usize {
    let limit = timeout.map(|timeout| libc::timespec {
        tv_sec: (timeout / SECOND).min(i32::MAX as Nanos) as libc::time_t,
        tv_nsec: (timeout % SECOND) as libc::c_long,
    });
    let limit = limit.as_ref().map_or(std::ptr::null(), std::ptr::from_ref);
    let count = polled.len() as libc::nfds_t;
    // SAFETY: `polled` has `count` entries, and `limit` is null or points to a live timespec.
    let ready = unsafe { libc::ppoll(polled.as_mut_ptr(), count, limit, std::ptr::null()) };
    ready.max(0) as usize
}

/// An event descriptor: raised by any thread, seen by the one that polls.
#[derive(Debug)]
pub(crate) struct Event(OwnedFd);

impl Event {
    pub(crate) fn new() -> io::Result<Self> {
        // SAFETY: the call takes no pointer.
        let fd = check(unsafe { libc::eventfd(0, libc::EFD_NONBLOCK | libc::EFD_CLOEXEC) })?;
        // SAFETY: the descriptor is new, and nobody else's.
        Ok(Self(unsafe { OwnedFd::from_raw_fd(fd) }))
    }

    pub(crate) fn raise(&self) {
        let one = 1_u64.to_ne_bytes();
        // SAFETY: `one` has the 8 bytes that are read. A counter at its limit is raised already.
        unsafe { libc::write(self.fd(), one.as_ptr().cast(), one.len()) };
    }

    pub(crate) fn clear(&self) {
        let mut count = [0_u8; 8];
        // SAFETY: `count` has room for the 8 bytes that are written.
        unsafe { libc::read(self.fd(), count.as_mut_ptr().cast(), count.len()) };
    }

    pub(crate) fn fd(&self) -> libc::c_int {
        self.0.as_raw_fd()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_ready_from_raise_to_clear() {
        let event = Event::new().unwrap();
        let ready = || {
            wait(
                &mut [libc::pollfd {
                    fd: event.fd(),
                    events: libc::POLLIN,
                    revents: 0,
                }],
                Some(0),
            )
        };
        assert_eq!(ready(), 0);
        event.raise();
        event.raise();
        assert_eq!(ready(), 1);
        event.clear();
        assert_eq!(ready(), 0);
    }
}
