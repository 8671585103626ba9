//! A socket of the machine's that carries what a program sends from one address: UDP, or ICMP echo.
//!
//! It is not connected, so that many remote ends share it, and it is told of ICMP errors (`IP_RECVERR`).
use crate::datagram::socket_address::RawAddress;
use crate::poll::check;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};

/// Bytes that may wait in a socket, either way: some milliseconds at full speed. As much of it as the system
/// lets it be.
const QUEUE: libc::c_int = 1 << 20;
/// `ICMP_FILTER` and `ICMP6_FILTER` (linux/icmp.h, RFC 3542 §3.2): which types a raw socket does not see.
const ICMP_FILTER: libc::c_int = 1;
const ICMP6_FILTER: libc::c_int = 1;
const ECHO_REPLY_V4: u32 = 0;
const ECHO_REPLY_V6: u32 = 129;

/// What a socket carries.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(super) enum Kind {
    /// UDP datagrams.
    Udp,
    /// Echo messages of one identifier (`net.ipv4.ping_group_range`).
    Ping,
    /// All echo replies to the machine, which needs CAP_NET_RAW.
    RawEcho,
}

/// What the packets of a socket say beside their addresses.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Marks {
    pub(super) hop_limit: u8,
    pub(super) traffic_class: u8,
    /// Whether they may not be cut on their way.
    pub(super) whole: bool,
}

/// A socket, and what it was last told.
pub(super) struct DatagramSocket {
    fd: OwnedFd,
    v4: bool,
    marks: Option<Marks>,
}

impl DatagramSocket {
    /// Opens one of this family.
    pub(super) fn open(kind: Kind, v4: bool) -> io::Result<Self> {
        let family = if v4 { libc::AF_INET } else { libc::AF_INET6 };
        let (style, protocol) = match (kind, v4) {
            (Kind::Udp, _) => (libc::SOCK_DGRAM, libc::IPPROTO_UDP),
            (Kind::Ping, true) => (libc::SOCK_DGRAM, libc::IPPROTO_ICMP),
            (Kind::Ping, false) => (libc::SOCK_DGRAM, libc::IPPROTO_ICMPV6),
            (Kind::RawEcho, true) => (libc::SOCK_RAW, libc::IPPROTO_ICMP),
            (Kind::RawEcho, false) => (libc::SOCK_RAW, libc::IPPROTO_ICMPV6),
        };
        let style = style | libc::SOCK_NONBLOCK | libc::SOCK_CLOEXEC;
        // SAFETY: the call takes no pointer.
        let fd = check(unsafe { libc::socket(family, style, protocol) })?;
        // SAFETY: the descriptor is new, and nobody else's.
        let fd = unsafe { OwnedFd::from_raw_fd(fd) };
        let marks = None;
        let socket = Self { fd, v4, marks };
        socket.prepare(kind)?;
        Ok(socket)
    }

    fn prepare(&self, kind: Kind) -> io::Result<()> {
        for (forced, plain) in [
            (libc::SO_RCVBUFFORCE, libc::SO_RCVBUF),
            (libc::SO_SNDBUFFORCE, libc::SO_SNDBUF),
        ] {
            let forced = self.set(libc::SOL_SOCKET, forced, QUEUE);
            let _ = forced.or_else(|_| self.set(libc::SOL_SOCKET, plain, QUEUE));
        }
        let wishes: &[(i32, i32)] = if self.v4 {
            &[
                (libc::IPPROTO_IP, libc::IP_RECVERR),
                (libc::IPPROTO_IP, libc::IP_RECVTOS),
                (libc::IPPROTO_IP, libc::IP_RECVTTL),
            ]
        } else {
            &[
                (libc::IPPROTO_IPV6, libc::IPV6_RECVERR),
                (libc::IPPROTO_IPV6, libc::IPV6_RECVTCLASS),
                (libc::IPPROTO_IPV6, libc::IPV6_RECVHOPLIMIT),
            ]
        };
        for &(level, option) in wishes {
            self.set(level, option, 1)?;
        }
        match kind {
            Kind::Udp => self.prepare_udp()?,
            Kind::Ping => {}
            Kind::RawEcho => self.hear_replies()?,
        }
        Ok(())
    }

    fn prepare_udp(&self) -> io::Result<()> {
        // Linux 5.0 has it; without it every datagram comes alone.
        let _ = self.set(libc::SOL_UDP, libc::UDP_GRO, 1);
        if self.v4 {
            return Ok(());
        }
        self.set(libc::IPPROTO_IPV6, libc::IPV6_V6ONLY, 1)
    }

    /// Lets a raw socket see echo replies, and nothing else.
    fn hear_replies(&self) -> io::Result<()> {
        if self.v4 {
            return self.set(libc::SOL_RAW, ICMP_FILTER, !(1_u32 << ECHO_REPLY_V4));
        }
        let mut blocked = [u32::MAX; 8];
        blocked[ECHO_REPLY_V6 as usize / 32] &= !(1 << (ECHO_REPLY_V6 % 32));
        self.set(libc::IPPROTO_ICMPV6, ICMP6_FILTER, blocked)
    }

    /// Binds it to a port (of a ping socket: an identifier) of any address of the machine.
    pub(super) fn bind_any(&self, port: u16) -> io::Result<()> {
        let any: IpAddr = if self.v4 {
            Ipv4Addr::UNSPECIFIED.into()
        } else {
            Ipv6Addr::UNSPECIFIED.into()
        };
        self.bind(SocketAddr::new(any, port))
    }

    pub(super) fn bind(&self, address: SocketAddr) -> io::Result<()> {
        let raw = RawAddress::of(address);
        let pointer = (&raw const raw).cast();
        // SAFETY: the address has as many bytes as it says, and lives through the call.
        check(unsafe { libc::bind(self.fd(), pointer, raw.len()) }).map(|_| ())
    }

    /// Says what its next packets are to say.
    #[inline]
    pub(super) fn mark(&mut self, marks: Marks) {
        if self.marks != Some(marks) {
            self.set_marks(marks);
            self.marks = Some(marks);
        }
    }

    /// What the system refuses stays as it was: the packets go all the same.
    #[cold]
    fn set_marks(&self, marks: Marks) {
        let (level, hops, class, discover) = if self.v4 {
            let options = (libc::IP_TTL, libc::IP_TOS, libc::IP_MTU_DISCOVER);
            (libc::IPPROTO_IP, options.0, options.1, options.2)
        } else {
            let options = (
                libc::IPV6_UNICAST_HOPS,
                libc::IPV6_TCLASS,
                libc::IPV6_MTU_DISCOVER,
            );
            (libc::IPPROTO_IPV6, options.0, options.1, options.2)
        };
        let cut = match (marks.whole, self.v4) {
            (true, true) => libc::IP_PMTUDISC_DO,
            (true, false) => libc::IPV6_PMTUDISC_DO,
            (false, true) => libc::IP_PMTUDISC_DONT,
            // Only the sender cuts in IPv6: to what it knows of the path.
            (false, false) => libc::IPV6_PMTUDISC_WANT,
        };
        for (option, value) in [
            (hops, libc::c_int::from(marks.hop_limit.max(1))),
            (class, marks.traffic_class.into()),
            (discover, cut),
        ] {
            let _ = self.set(level, option, value);
        }
    }

    fn set<T>(&self, level: libc::c_int, option: libc::c_int, value: T) -> io::Result<()> {
        let len = size_of::<T>() as libc::socklen_t;
        let value = (&raw const value).cast();
        // SAFETY: `value` has `len` bytes that live through the call and are only read.
        check(unsafe { libc::setsockopt(self.fd(), level, option, value, len) }).map(|_| ())
    }

    #[inline]
    pub(super) fn fd(&self) -> RawFd {
        self.fd.as_raw_fd()
    }
}
