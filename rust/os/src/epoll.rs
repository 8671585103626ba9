//! One descriptor for all sockets of an app: epoll(7), edge-triggered.
use crate::poll::check;
use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};

/// How many sockets are told of at once.
const BATCH: usize = 256;

/// A socket with which something became possible.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Ready {
    /// Whose it is.
    pub(crate) kind: u32,
    /// Which of theirs.
    pub(crate) key: u32,
    /// What became possible (`EPOLLIN` and so on).
    pub(crate) events: u32,
}

/// All sockets of an app. One that is closed is gone from it.
pub(crate) struct Epoll(OwnedFd);

impl Epoll {
    pub(crate) fn new() -> io::Result<Self> {
        // SAFETY: the call takes no pointer.
        let fd = check(unsafe { libc::epoll_create1(libc::EPOLL_CLOEXEC) })?;
        // SAFETY: the descriptor is new, and nobody else's.
        Ok(Self(unsafe { OwnedFd::from_raw_fd(fd) }))
    }

    /// The same, for one who watches sockets of his own.
    pub(crate) fn share(&self) -> io::Result<Self> {
        self.0.try_clone().map(Self)
    }

    pub(crate) fn fd(&self) -> RawFd {
        self.0.as_raw_fd()
    }

    /// Watches a socket from now on for these events, each of which is told once.
    pub(crate) fn add(&self, socket: RawFd, events: i32, kind: u32, key: u32) -> io::Result<()> {
        let mut event = libc::epoll_event {
            events: (events | libc::EPOLLET) as u32,
            u64: u64::from(kind) << 32 | u64::from(key),
        };
        let event = &raw mut event;
        // SAFETY: `event` lives through the call.
        let added = unsafe { libc::epoll_ctl(self.fd(), libc::EPOLL_CTL_ADD, socket, event) };
        check(added).map(|_| ())
    }

    /// Watches a socket no more: needed of one that somebody else has too, for as long as it is open there
    /// events would come of it.
    pub(crate) fn remove(&self, socket: RawFd) {
        let event = std::ptr::null_mut();
        // SAFETY: the call takes no event. What is not watched need not be removed.
        unsafe { libc::epoll_ctl(self.fd(), libc::EPOLL_CTL_DEL, socket, event) };
    }

    /// Takes what became possible since the last call; whether there may be more.
    pub(crate) fn take(&self, into: &mut Vec<Ready>) -> bool {
        let mut events = [libc::epoll_event { events: 0, u64: 0 }; BATCH];
        let (room, count) = (events.as_mut_ptr(), BATCH as libc::c_int);
        // SAFETY: there is room for `count` events.
        let told = unsafe { libc::epoll_wait(self.fd(), room, count, 0) };
        let told = told.max(0) as usize;
        into.extend(events[..told].iter().map(|event| Ready {
            kind: (event.u64 >> 32) as u32,
            key: event.u64 as u32,
            events: event.events,
        }));
        told == BATCH
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;
    use std::os::unix::net::UnixStream;

    #[test]
    fn what_became_possible_is_told_once() {
        let (epoll, mut told) = (Epoll::new().unwrap(), Vec::new());
        let (mut one, other) = UnixStream::pair().unwrap();
        let fd = other.as_raw_fd();
        let (kind, key) = (2, 7);
        epoll.add(fd, libc::EPOLLIN, kind, key).unwrap();
        assert!(!epoll.take(&mut told) && told.is_empty());
        one.write_all(b"x").unwrap();
        epoll.take(&mut told);
        epoll.take(&mut told);
        let events = libc::EPOLLIN as u32;
        assert_eq!(told, [Ready { kind, key, events }]);
        drop(other);
        drop(one);
        assert!(!epoll.take(&mut told) && told.len() == 1);
    }
}
