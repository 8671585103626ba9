//! A packet socket on one interface (AF_PACKET): what it is told when it opens.
use crate::interface::{self, forbidden, grant};
use crate::poll::check;
use crate::ring::Ring;
use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use usernet_core::app::AppError;

/// Bytes that packets longer than a frame of the ring may take in the socket's queue: some hundred
/// super-packets.
const RECEIVE_QUEUE: libc::c_int = 64 << 20;
/// Bytes that sent packets may take until the driver is done with them.
const SEND_QUEUE: libc::c_int = 16 << 20;
/// What has Ethernet headers: Ethernet, and the loopback interface.
const HARDWARE: [u16; 2] = [libc::ARPHRD_ETHER, libc::ARPHRD_LOOPBACK];

/// A packet socket, its ring, and the number of its interface.
pub(crate) struct PacketSocket {
    // Before the socket, so that the mapping goes first.
    pub(crate) ring: Ring,
    socket: OwnedFd,
    index: i32,
}

impl PacketSocket {
    /// Opens one that sees all that comes in through an interface.
    pub(crate) fn open(interface: &str, promiscuous: bool) -> Result<Self, AppError> {
        let index = interface::index(interface).ok_or_else(|| interface::missing(interface))?;
        let socket = socket().map_err(|error| refused(interface, &error))?;
        let hardware = interface::hardware(socket.as_raw_fd(), interface);
        if !hardware.is_some_and(|kind| HARDWARE.contains(&kind)) {
            let message = format!("{interface} has no Ethernet headers: a raw_socket needs them");
            return Err(interface::error(message));
        }
        let failed = |error| interface::error(format!("{interface}: {error}"));
        set_buffers(socket.as_raw_fd());
        set_options(socket.as_raw_fd()).map_err(failed)?;
        let ring = Ring::new(socket.as_raw_fd()).map_err(failed)?;
        bind(socket.as_raw_fd(), index).map_err(failed)?;
        if promiscuous {
            see_all(socket.as_raw_fd(), index).map_err(failed)?;
        }
        Ok(Self {
            ring,
            socket,
            index,
        })
    }

    pub(crate) fn fd(&self) -> RawFd {
        self.socket.as_raw_fd()
    }

    /// Takes the error off the socket, if one stands there. It would keep the poll from sleeping.
    pub(crate) fn take_error(&self) -> Option<i32> {
        let mut error: libc::c_int = 0;
        get(self.fd(), libc::SOL_SOCKET, libc::SO_ERROR, &mut error).ok()?;
        (error != 0).then_some(error)
    }

    /// Whether its interface is still there: one that comes back has another number.
    pub(crate) fn has_interface(&self) -> bool {
        interface::exists(self.fd(), self.index)
    }

    /// How many packets the kernel had no room for since it was last asked.
    pub(crate) fn take_drops(&self) -> u64 {
        let mut counted = libc::tpacket_stats {
            tp_packets: 0,
            tp_drops: 0,
        };
        let level = libc::SOL_PACKET;
        let asked = get(self.fd(), level, libc::PACKET_STATISTICS, &mut counted);
        asked.map_or(0, |()| u64::from(counted.tp_drops))
    }
}

fn socket() -> io::Result<OwnedFd> {
    let kind = libc::SOCK_RAW | libc::SOCK_CLOEXEC | libc::SOCK_NONBLOCK;
    // SAFETY: the call takes no pointer. Protocol 0 lets nothing in before it is bound.
    let fd = check(unsafe { libc::socket(libc::AF_PACKET, kind, 0) })?;
    // SAFETY: the descriptor is new, and nobody else's.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

fn refused(interface: &str, error: &io::Error) -> AppError {
    if error.raw_os_error() != Some(libc::EPERM) {
        return interface::error(format!("{interface}: {error}"));
    }
    let how = grant("cap_net_raw");
    forbidden(format!(
        "a raw_socket on {interface} needs CAP_NET_RAW: {how}"
    ))
}

/// As large as the system lets them be: a smaller queue drops sooner, and counts what it drops.
fn set_buffers(socket: RawFd) {
    for (forced, plain, size) in [
        (libc::SO_RCVBUFFORCE, libc::SO_RCVBUF, RECEIVE_QUEUE),
        (libc::SO_SNDBUFFORCE, libc::SO_SNDBUF, SEND_QUEUE),
    ] {
        let level = libc::SOL_SOCKET;
        let _ =
            set_at(socket, level, forced, &size).or_else(|_| set_at(socket, level, plain, &size));
    }
}

/// What has to be said before there is a ring.
fn set_options(socket: RawFd) -> io::Result<()> {
    let version = libc::tpacket_versions::TPACKET_V2 as libc::c_int;
    set(socket, libc::PACKET_VERSION, &version)?;
    let yes: libc::c_int = 1;
    set(socket, libc::PACKET_VNET_HDR, &yes)?;
    set(socket, libc::PACKET_COPY_THRESH, &yes)?;
    set(socket, libc::PACKET_IGNORE_OUTGOING, &yes)
}

fn bind(socket: RawFd, index: i32) -> io::Result<()> {
    // SAFETY: an address is plain numbers, for which zero is valid.
    let mut address: libc::sockaddr_ll = unsafe { std::mem::zeroed() };
    address.sll_family = libc::AF_PACKET as u16;
    address.sll_protocol = (libc::ETH_P_ALL as u16).to_be();
    address.sll_ifindex = index;
    let len = size_of_val(&address) as libc::socklen_t;
    // SAFETY: the address has `len` bytes and lives through the call.
    check(unsafe { libc::bind(socket, (&raw const address).cast(), len) }).map(|_| ())
}

/// Lets in what is addressed to others, until the socket is closed.
fn see_all(socket: RawFd, index: i32) -> io::Result<()> {
    let wish = libc::packet_mreq {
        mr_ifindex: index,
        mr_type: libc::PACKET_MR_PROMISC as u16,
        mr_alen: 0,
        mr_address: [0; 8],
    };
    set(socket, libc::PACKET_ADD_MEMBERSHIP, &wish)
}

/// Sets an option of a packet socket.
pub(crate) fn set<T>(socket: RawFd, option: libc::c_int, value: &T) -> io::Result<()> {
    set_at(socket, libc::SOL_PACKET, option, value)
}

fn set_at<T>(socket: RawFd, level: libc::c_int, option: libc::c_int, value: &T) -> io::Result<()> {
    let len = size_of::<T>() as libc::socklen_t;
    let value = std::ptr::from_ref(value).cast();
    // SAFETY: `value` has `len` bytes that live through the call and are only read.
    check(unsafe { libc::setsockopt(socket, level, option, value, len) }).map(|_| ())
}

fn get<T: Copy>(
    socket: RawFd,
    level: libc::c_int,
    option: libc::c_int,
    value: &mut T,
) -> io::Result<()> {
    let mut len = size_of::<T>() as libc::socklen_t;
    let value = std::ptr::from_mut(value).cast();
    // SAFETY: `value` has room for `len` bytes, of a type that is plain numbers here.
    check(unsafe { libc::getsockopt(socket, level, option, value, &raw mut len) }).map(|_| ())
}
