//! One descriptor for all sockets of a gateway: epoll(7), edge-triggered.
use crate::poll::check;
use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};

/// How many sockets are told of at once.
const BATCH: usize = 256;

/// Whose socket it is.
pub(super) const CONNECTION: u32 = 0;
pub(super) const DATAGRAMS: u32 = 1;
pub(super) const LISTENER: u32 = 2;

/// A socket with which something became possible.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Ready {
    /// Whose it is.
    pub(super) kind: u32,
    /// Which of theirs.
    pub(super) key: u32,
    /// What became possible (`EPOLLIN` and so on).
    pub(super) events: u32,
}

/// All sockets of a gateway. One that is closed is gone from it.
pub(super) struct Epoll(OwnedFd);

impl Epoll {
    pub(super) fn new() -> io::Result<Self> {
        // SAFETY: the call takes no pointer.
        let fd = check(unsafe { libc::epoll_create1(libc::EPOLL_CLOEXEC) })?;
        // SAFETY: the descriptor is new, and nobody else's.
        Ok(Self(unsafe { OwnedFd::from_raw_fd(fd) }))
    }

    /// The same, for one who watches sockets of his own.
    pub(super) fn share(&self) -> io::Result<Self> {
        self.0.try_clone().map(Self)
    }

    pub(super) fn fd(&self) -> RawFd {
        self.0.as_raw_fd()
    }

    /// Watches a socket from now on for these events, each of which is told once.
    pub(super) fn add(&self, socket: RawFd, events: i32, kind: u32, key: u32) -> io::Result<()> {
        let mut event = libc::epoll_event {
            events: (events | libc::EPOLLET) as u32,
            u64: u64::from(kind) << 32 | u64::from(key),
        };
        let event = &raw mut event;
        // SAFETY: `event` lives through the call.
        let added = unsafe { libc::epoll_ctl(self.fd(), libc::EPOLL_CTL_ADD, socket, event) };
        check(added).map(|_| ())
    }

    /// Takes what became possible since the last call; whether there may be more.
    pub(super) fn take(&self, into: &mut Vec<Ready>) -> bool {
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
        epoll.add(fd, libc::EPOLLIN, LISTENER, 7).unwrap();
        assert!(!epoll.take(&mut told) && told.is_empty());
        one.write_all(b"x").unwrap();
        epoll.take(&mut told);
        epoll.take(&mut told);
        let events = libc::EPOLLIN as u32;
        let (kind, key) = (LISTENER, 7);
        assert_eq!(told, [Ready { kind, key, events }]);
        drop(other);
        drop(one);
        assert!(!epoll.take(&mut told) && told.len() == 1);
    }
}
