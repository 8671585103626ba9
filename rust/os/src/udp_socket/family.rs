//! A UDP socket of one family (ip(7), ipv6(7), udp(7)).
use crate::datagram::socket_address::RawAddress;
use crate::poll::check;
use std::io;
use std::net::SocketAddr;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};

/// Bytes that may wait in the socket, either way: 20 ms of 3 Gbit/s. What WireGuard's other programs ask for.
const QUEUE: libc::c_int = 7 << 20;

/// A socket, and what it was last told.
pub(super) struct Family {
    fd: OwnedFd,
    v4: bool,
    /// Whether its packets may not be cut on their way.
    whole: bool,
    /// Whether the kernel cannot cut messages for it, so that each datagram goes by itself.
    pub(super) uncut: bool,
}

impl Family {
    /// A socket at this address.
    pub(super) fn open(at: SocketAddr) -> io::Result<Self> {
        let v4 = at.is_ipv4();
        let domain = if v4 { libc::AF_INET } else { libc::AF_INET6 };
        let kind = libc::SOCK_DGRAM | libc::SOCK_NONBLOCK | libc::SOCK_CLOEXEC;
        // SAFETY: the call takes no pointer.
        let fd = check(unsafe { libc::socket(domain, kind, 0) })?;
        // SAFETY: the descriptor is new, and nobody else's.
        let fd = unsafe { OwnedFd::from_raw_fd(fd) };
        let family = Self {
            fd,
            v4,
            whole: false,
            uncut: false,
        };
        family.prepare()?;
        family.bind(at)?;
        Ok(family)
    }

    fn prepare(&self) -> io::Result<()> {
        for (forced, plain) in [
            (libc::SO_RCVBUFFORCE, libc::SO_RCVBUF),
            (libc::SO_SNDBUFFORCE, libc::SO_SNDBUF),
        ] {
            let forced = self.set(libc::SOL_SOCKET, forced, QUEUE);
            let _ = forced.or_else(|_| self.set(libc::SOL_SOCKET, plain, QUEUE));
        }
        // Linux 5.0 has it; without it every datagram comes alone.
        let _ = self.set(libc::SOL_UDP, libc::UDP_GRO, 1);
        let wishes: &[i32] = if self.v4 {
            &[
                libc::IP_RECVERR,
                libc::IP_RECVTOS,
                libc::IP_RECVTTL,
                libc::IP_PKTINFO,
            ]
        } else {
            &[
                libc::IPV6_V6ONLY,
                libc::IPV6_RECVERR,
                libc::IPV6_RECVTCLASS,
                libc::IPV6_RECVHOPLIMIT,
                libc::IPV6_RECVPKTINFO,
            ]
        };
        for &option in wishes {
            self.set(self.level(), option, 1)?;
        }
        self.discover(false);
        Ok(())
    }

    fn level(&self) -> i32 {
        if self.v4 {
            libc::IPPROTO_IP
        } else {
            libc::IPPROTO_IPV6
        }
    }

    fn bind(&self, at: SocketAddr) -> io::Result<()> {
        let raw = RawAddress::of(at);
        let pointer = (&raw const raw).cast();
        // SAFETY: the address has as many bytes as it says, and lives through the call.
        check(unsafe { libc::bind(self.fd(), pointer, raw.len()) }).map(|_| ())
    }

    /// The port that it has.
    pub(super) fn port(&self) -> io::Result<u16> {
        let mut raw = RawAddress::default();
        let mut len = size_of::<RawAddress>() as libc::socklen_t;
        let pointer = (&raw mut raw).cast();
        // SAFETY: the address has room for as many bytes as `len` says, and lives through the call.
        check(unsafe { libc::getsockname(self.fd(), pointer, &raw mut len) })?;
        Ok(raw.get().map_or(0, |address| address.port()))
    }

    /// Says whether its next packets may be cut on their way.
    #[inline]
    pub(super) fn set_whole(&mut self, whole: bool) {
        if self.whole != whole {
            self.whole = whole;
            self.discover(whole);
        }
    }

    /// What the system refuses stays as it was: the packets go all the same.
    fn discover(&self, whole: bool) {
        let (option, value) = match (self.v4, whole) {
            (true, true) => (libc::IP_MTU_DISCOVER, libc::IP_PMTUDISC_DO),
            (true, false) => (libc::IP_MTU_DISCOVER, libc::IP_PMTUDISC_DONT),
            (false, true) => (libc::IPV6_MTU_DISCOVER, libc::IPV6_PMTUDISC_DO),
            // Only the sender cuts in IPv6: to what it knows of the path.
            (false, false) => (libc::IPV6_MTU_DISCOVER, libc::IPV6_PMTUDISC_WANT),
        };
        let _ = self.set(self.level(), option, value);
    }

    fn set(&self, level: i32, option: i32, value: libc::c_int) -> io::Result<()> {
        let len = size_of::<libc::c_int>() as libc::socklen_t;
        let value = (&raw const value).cast();
        // SAFETY: `value` has `len` bytes that live through the call and are only read.
        check(unsafe { libc::setsockopt(self.fd(), level, option, value, len) }).map(|_| ())
    }

    pub(super) fn v4(&self) -> bool {
        self.v4
    }

    #[inline]
    pub(super) fn fd(&self) -> RawFd {
        self.fd.as_raw_fd()
    }
}
