//! TCP sockets of the machine that never wait (tcp(7), socket(7)).
use crate::datagram::socket_address::RawAddress;
use crate::poll::check;
use std::io::{self, IoSliceMut, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};

/// A connection of the machine, or one that is on its way.
pub(crate) struct Machine(TcpStream);

impl Machine {
    /// Begins to connect; whether it stands is told by `EPOLLOUT`, and [`Self::failure`].
    ///
    /// # Errors
    /// What connect(2) says at once.
    pub(crate) fn dial(to: SocketAddr) -> io::Result<Self> {
        let address = RawAddress::of(to);
        let family = if to.is_ipv4() {
            libc::AF_INET
        } else {
            libc::AF_INET6
        };
        let kind = libc::SOCK_STREAM | libc::SOCK_NONBLOCK | libc::SOCK_CLOEXEC;
        // SAFETY: the call takes no pointer.
        let fd = check(unsafe { libc::socket(family, kind, 0) })?;
        // SAFETY: the descriptor is new, and nobody else's.
        let machine = Self(unsafe { OwnedFd::from_raw_fd(fd) }.into());
        machine.settle();
        // SAFETY: `address` lives through the call, and has so many bytes.
        let begun = check(unsafe { libc::connect(fd, (&raw const address).cast(), address.len()) });
        match begun {
            Err(error) if error.raw_os_error() != Some(libc::EINPROGRESS) => Err(error),
            _ => Ok(machine),
        }
    }

    /// One that a listener has accepted.
    ///
    /// # Errors
    /// It cannot be made one that never waits.
    pub(crate) fn accepted(stream: TcpStream) -> io::Result<Self> {
        stream.set_nonblocking(true)?;
        let machine = Self(stream);
        machine.settle();
        Ok(machine)
    }

    /// Bytes go on as they come, and a peer that is gone is found. Where that cannot be had, the
    /// connection is of use all the same.
    fn settle(&self) {
        let _ = self.0.set_nodelay(true);
        self.set(libc::SO_KEEPALIVE, &1_i32);
    }

    fn set<T>(&self, option: libc::c_int, value: &T) {
        let (level, len) = (libc::SOL_SOCKET, size_of::<T>() as libc::socklen_t);
        let value = std::ptr::from_ref(value).cast();
        // SAFETY: `value` has `len` bytes, and lives through the call.
        unsafe { libc::setsockopt(self.fd(), level, option, value, len) };
    }

    pub(crate) fn fd(&self) -> RawFd {
        self.0.as_raw_fd()
    }

    /// What it failed with since it was last asked (errno(3)).
    pub(crate) fn failure(&self) -> Option<i32> {
        let error = self.0.take_error().unwrap_or_else(Some)?;
        Some(error.raw_os_error().unwrap_or(libc::EIO))
    }

    /// Reads what is there, into one piece and then the other; 0 is the end.
    ///
    /// # Errors
    /// See read(2).
    pub(crate) fn read(&mut self, one: &mut [u8], other: &mut [u8]) -> io::Result<usize> {
        if other.is_empty() {
            self.0.read(one)
        } else {
            let mut pieces = [IoSliceMut::new(one), IoSliceMut::new(other)];
            self.0.read_vectored(&mut pieces)
        }
    }

    /// Writes what there is room for, of one piece and then the other.
    ///
    /// # Errors
    /// See send(2); none where some was written.
    pub(crate) fn write(&mut self, one: &[u8], other: &[u8]) -> io::Result<usize> {
        let first = self.0.write(one)?;
        if first < one.len() || other.is_empty() {
            return Ok(first);
        }
        Ok(first + self.0.write(other).unwrap_or(0))
    }

    /// Says that nothing more will be written.
    pub(crate) fn finish(&self) {
        // One that has failed meanwhile says so when it is read.
        let _ = self.0.shutdown(Shutdown::Write);
    }

    /// Ends with a reset.
    pub(crate) fn reset(self) {
        let at_once = libc::linger {
            l_onoff: 1,
            l_linger: 0,
        };
        self.set(libc::SO_LINGER, &at_once);
    }
}
