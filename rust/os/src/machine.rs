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

    /// A duplicate of somebody's stream socket, which is connected; that one never waits from now on either.
    ///
    /// # Errors
    /// It is no such socket (`ENOTSOCK`, `EPROTOTYPE`, `ENOTCONN`), or no descriptor is left.
    pub(crate) fn duplicate(fd: RawFd) -> io::Result<Self> {
        // SAFETY: the call takes no pointer.
        let fd = check(unsafe { libc::fcntl(fd, libc::F_DUPFD_CLOEXEC, 0) })?;
        // SAFETY: the descriptor is new, and nobody else's.
        let machine = Self(unsafe { OwnedFd::from_raw_fd(fd) }.into());
        if machine.kind()? != libc::SOCK_STREAM {
            return Err(io::Error::from_raw_os_error(libc::EPROTOTYPE));
        }
        machine.check_connected()?;
        machine.0.set_nonblocking(true)?;
        machine.settle();
        Ok(machine)
    }

    fn kind(&self) -> io::Result<libc::c_int> {
        let (mut kind, mut len) = (0, size_of::<libc::c_int>() as libc::socklen_t);
        let (value, room) = ((&raw mut kind).cast(), &raw mut len);
        let (level, name) = (libc::SOL_SOCKET, libc::SO_TYPE);
        // SAFETY: `kind` has room for the `len` bytes that are written.
        check(unsafe { libc::getsockopt(self.fd(), level, name, value, room) })?;
        Ok(kind)
    }

    fn check_connected(&self) -> io::Result<()> {
        let mut address = [0_u8; size_of::<libc::sockaddr_storage>()];
        let mut len = address.len() as libc::socklen_t;
        let (into, room) = (address.as_mut_ptr().cast(), &raw mut len);
        // SAFETY: `address` has room for the `len` bytes that are written; nobody reads them.
        check(unsafe { libc::getpeername(self.fd(), into, room) }).map(drop)
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

    /// Ends for everybody who has the same socket, with a reset where there is such a thing.
    pub(crate) fn break_off(&self) {
        let nowhere = libc::sockaddr {
            sa_family: libc::AF_UNSPEC as libc::sa_family_t,
            sa_data: [0; 14],
        };
        let (address, len) = (&raw const nowhere, size_of_val(&nowhere) as libc::socklen_t);
        // SAFETY: `nowhere` lives through the call, and has so many bytes.
        let parted = unsafe { libc::connect(self.fd(), address, len) };
        if parted < 0 {
            // A socket of the unix family: its peer reads the end.
            let _ = self.0.shutdown(Shutdown::Both);
        }
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
