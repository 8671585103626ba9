//! What became of datagrams that were sent: the error queue of a socket (`IP_RECVERR`, ip(7)).
use super::control::{self, Control};
use super::socket_address::{self, RawAddress};
use std::net::{IpAddr, SocketAddr};
use std::os::fd::RawFd;

/// How much of a datagram an error quotes at most: what fits an ICMP error of IPv6.
const QUOTED: usize = 1280;
/// Bytes of `struct sock_extended_err`, behind which the offender's address stands.
const EXTENDED: usize = size_of::<libc::sock_extended_err>();

/// An error about a datagram.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Trouble {
    /// What Linux calls it.
    pub(crate) errno: i32,
    /// Whether the system itself found it, before anything left.
    pub(crate) is_local: bool,
    /// The ICMP message's type and code.
    pub(crate) kind: u8,
    pub(crate) code: u8,
    /// The next hop's MTU, where that is what it is about.
    pub(crate) info: u32,
    /// Who has sent the ICMP message.
    pub(crate) offender: Option<IpAddr>,
    /// Where the datagram was to go.
    pub(crate) destination: SocketAddr,
    /// The start of the datagram: of UDP its payload, of echo the message.
    pub(crate) quoted: Vec<u8>,
}

/// Takes the oldest error off a socket's queue.
pub(crate) fn take(socket: RawFd) -> Option<Trouble> {
    let mut bytes = vec![0; QUOTED];
    let mut name = RawAddress::default();
    let mut said = Control::default();
    let mut piece = libc::iovec {
        iov_base: bytes.as_mut_ptr().cast(),
        iov_len: bytes.len(),
    };
    // SAFETY: a message is numbers and pointers, for which zero is valid.
    let mut message: libc::msghdr = unsafe { std::mem::zeroed() };
    message.msg_iov = &raw mut piece;
    message.msg_iovlen = 1;
    message.msg_name = (&raw mut name).cast();
    message.msg_namelen = size_of::<RawAddress>() as _;
    message.msg_control = (&raw mut said).cast();
    message.msg_controllen = size_of::<Control>() as _;
    let flags = libc::MSG_ERRQUEUE | libc::MSG_DONTWAIT;
    // SAFETY: the message points to a name, a control and a piece that live through the call and belong to it
    // alone.
    let len = unsafe { libc::recvmsg(socket, &raw mut message, flags) };
    bytes.truncate(usize::try_from(len).ok()?);
    let said = said.said(&message);
    let extended = control::pieces(said).find(|&(level, kind, _)| {
        (level, kind) == (libc::IPPROTO_IP, libc::IP_RECVERR)
            || (level, kind) == (libc::IPPROTO_IPV6, libc::IPV6_RECVERR)
    });
    let (_, _, data) = extended?;
    describe(data, name.get()?, bytes)
}

fn describe(data: &[u8], destination: SocketAddr, quoted: Vec<u8>) -> Option<Trouble> {
    let word = |at: usize| {
        data.get(at..)?
            .first_chunk()
            .copied()
            .map(u32::from_ne_bytes)
    };
    let offender = data.get(EXTENDED..).and_then(socket_address::read);
    Some(Trouble {
        errno: word(0)? as i32,
        is_local: *data.get(4)? == libc::SO_EE_ORIGIN_LOCAL,
        kind: *data.get(5)?,
        code: *data.get(6)?,
        info: word(8)?,
        offender: offender.map(|offender| offender.ip()),
        destination,
        quoted,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_extended_error_is_read() {
        let mut data = vec![0; EXTENDED];
        data[..4].copy_from_slice(&libc::ECONNREFUSED.to_ne_bytes());
        data[4..7].copy_from_slice(&[libc::SO_EE_ORIGIN_ICMP, 3, 3]);
        data[8..12].copy_from_slice(&1400_u32.to_ne_bytes());
        data.extend([2, 0, 0, 0, 192, 0, 2, 9, 0, 0, 0, 0, 0, 0, 0, 0]);
        let to: SocketAddr = "192.0.2.1:9".parse().unwrap();
        let trouble = describe(&data, to, b"hello".to_vec()).unwrap();
        assert_eq!(
            (trouble.errno, trouble.is_local),
            (libc::ECONNREFUSED, false)
        );
        assert_eq!((trouble.kind, trouble.code, trouble.info), (3, 3, 1400));
        assert_eq!(trouble.offender, Some(IpAddr::from([192, 0, 2, 9])));
        assert_eq!(describe(&data[..6], to, Vec::new()), None);
    }
}
