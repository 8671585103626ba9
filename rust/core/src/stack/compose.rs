//! Finished IP packets, for whoever answers in the name of others: datagrams, echo replies, and ICMP errors
//! from any address to any other.
use super::ip::error::seal;
use super::ip::header::{ICMPV4, ICMPV6, Outline, pseudo_sum};
use super::ip::partial;
use super::socket::udp::HEADER as UDP_HEADER;
use crate::packet::{Offload, Packet, Pool, Segmentation};
use crate::wire::field::{put_u16, put_u32};
use crate::wire::headers::UDP;
use std::net::{IpAddr, SocketAddr};

/// Bytes of an ICMP header.
const ICMP_HEADER: usize = 8;
/// How long an ICMP error may be (RFC 1812 §4.3.2.3, RFC 4443 §2.4 c).
const LONGEST_V4: usize = 576;
const LONGEST_V6: usize = 1280;
/// Hop limit of ICMP errors.
const HOP_LIMIT: u8 = 64;
const UDP_CHECKSUM: u16 = 6;

/// What a packet's IP header says beside its addresses.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Marks {
    /// Hops that it may go.
    pub hop_limit: u8,
    /// The octet of the type of service (RFC 2474), whose last two bits are ECN's.
    pub traffic_class: u8,
    /// The identification of an IPv4 packet that routers may cut; none where they may not.
    pub id: Option<u16>,
}

/// An ICMP error (RFC 792, RFC 4443): type, code, and the word behind the checksum.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct IcmpError {
    /// Its type.
    pub kind: u8,
    /// Its code.
    pub code: u8,
    /// The next hop's MTU, or nothing.
    pub word: u32,
}

/// The most that fits into a datagram between such addresses.
#[must_use]
pub const fn largest_datagram(v4: bool) -> usize {
    let ip_header = if v4 { 20 } else { 0 };
    65_535 - ip_header - UDP_HEADER
}

/// A UDP datagram of `len` bytes, which `fill` writes; the checksum is left undone. With a segment size it
/// stands for several, each of so many bytes but the last. None where the families differ, where it is too
/// long, or where the pool has no room.
pub fn datagram(
    pool: &mut Pool,
    (source, destination): (SocketAddr, SocketAddr),
    marks: Marks,
    (len, segment_size): (usize, Option<u16>),
    fill: impl FnOnce(&mut [u8]),
) -> Option<Packet> {
    let outline = outline(source.ip(), destination.ip(), UDP, marks)?;
    let (at, whole) = (outline.header_len(), UDP_HEADER + len);
    let fits = len <= largest_datagram(source.is_ipv4());
    let mut packet = fits.then(|| pool.packet(at + whole)).flatten()?;
    outline.emit(packet.bytes_mut());
    let datagram = &mut packet.bytes_mut()[at..];
    put_u16(datagram, 0, source.port());
    put_u16(datagram, 2, destination.port());
    put_u16(datagram, 4, whole as u16);
    let pseudo = pseudo_sum(outline.source, outline.destination, UDP, whole);
    put_u16(datagram, 6, pseudo);
    fill(&mut datagram[UDP_HEADER..]);
    packet.set_offload(offload(at, len, segment_size));
    Some(packet)
}

fn offload(at: usize, len: usize, segment_size: Option<u16>) -> Offload {
    let one = partial(at, UDP_CHECKSUM);
    match segment_size {
        Some(size) if size > 0 && usize::from(size) < len => Offload {
            segmentation: Segmentation::Udp,
            header_len: (at + UDP_HEADER) as u16,
            segment_size: size,
            ..one
        },
        _ => one,
    }
}

/// An echo message: a reply, or a request. `rest` is what follows type, code and checksum: identifier,
/// sequence number, data.
#[must_use]
pub fn echo(
    pool: &mut Pool,
    (source, destination): (IpAddr, IpAddr),
    marks: Marks,
    is_reply: bool,
    rest: &[u8],
) -> Option<Packet> {
    let kind = match (source.is_ipv4(), is_reply) {
        (true, false) => 8,
        (true, true) => 0,
        (false, false) => 128,
        (false, true) => 129,
    };
    message(pool, (source, destination), marks, [kind, 0], &[rest])
}

/// An ICMP error from a router or host about a packet, which is given from its IP header on, to the packet's
/// source.
#[must_use]
pub fn error(
    pool: &mut Pool,
    (source, destination): (IpAddr, IpAddr),
    IcmpError { kind, code, word }: IcmpError,
    about: &[u8],
) -> Option<Packet> {
    let marks = Marks {
        hop_limit: HOP_LIMIT,
        traffic_class: 0,
        id: None,
    };
    let (longest, header) = if source.is_ipv4() {
        (LONGEST_V4, 20)
    } else {
        (LONGEST_V6, 40)
    };
    let quoted = &about[..about.len().min(longest - header - ICMP_HEADER)];
    let mut about = [0; 4];
    put_u32(&mut about, 0, word);
    message(
        pool,
        (source, destination),
        marks,
        [kind, code],
        &[&about, quoted],
    )
}

fn message(
    pool: &mut Pool,
    (source, destination): (IpAddr, IpAddr),
    marks: Marks,
    kind: [u8; 2],
    pieces: &[&[u8]],
) -> Option<Packet> {
    let protocol = if source.is_ipv4() { ICMPV4 } else { ICMPV6 };
    let outline = outline(source, destination, protocol, marks)?;
    let len: usize = pieces.iter().map(|piece| piece.len()).sum();
    let at = outline.header_len();
    let fits = 4 + len <= largest_datagram(source.is_ipv4());
    let mut packet = fits.then(|| pool.packet(at + 4 + len)).flatten()?;
    outline.emit(packet.bytes_mut());
    let message = &mut packet.bytes_mut()[at..];
    message[..2].copy_from_slice(&kind);
    let mut place = 4;
    for piece in pieces {
        message[place..place + piece.len()].copy_from_slice(piece);
        place += piece.len();
    }
    seal(message, source, destination);
    Some(packet)
}

fn outline(source: IpAddr, destination: IpAddr, protocol: u8, marks: Marks) -> Option<Outline> {
    let outline = Outline {
        source,
        destination,
        protocol,
        hop_limit: marks.hop_limit,
        ecn: marks.traffic_class,
        id: marks.id,
    };
    (source.is_ipv4() == destination.is_ipv4()).then_some(outline)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::checksum::{checksum, finish, sum};
    use crate::wire::headers::parse;
    use crate::wire::segment;

    const MARKS: Marks = Marks {
        hop_limit: 9,
        traffic_class: 0xb9,
        id: None,
    };

    fn ends(v4: bool) -> (SocketAddr, SocketAddr) {
        let parse = |text: &str| text.parse().unwrap();
        if v4 {
            (parse("192.0.2.1:53"), parse("192.0.0.2:4000"))
        } else {
            (parse("[2001:db8::1]:53"), parse("[fd75::2]:4000"))
        }
    }

    #[test]
    fn a_datagram_says_what_it_should() {
        let mut pool = Pool::default();
        for v4 in [true, false] {
            let fill = |bytes: &mut [u8]| bytes.copy_from_slice(b"hello");
            let mut packet = datagram(&mut pool, ends(v4), MARKS, (5, None), fill).unwrap();
            finish(&mut packet);
            let bytes = packet.bytes();
            let layers = parse(bytes, 0).unwrap();
            let udp = &bytes[layers.l4_offset..];
            assert_eq!(
                (layers.l4_protocol, &udp[..6]),
                (UDP, &[0, 53, 15, 160, 0, 13][..])
            );
            assert_eq!(&udp[8..], b"hello");
            let (class, hops) = if v4 {
                (bytes[1], bytes[8])
            } else {
                (bytes[0] << 4 | bytes[1] >> 4, bytes[7])
            };
            assert_eq!((class, hops), (0xb9, 9));
            let (source, destination) = ends(v4);
            let pseudo = pseudo_sum(source.ip(), destination.ip(), UDP, udp.len());
            assert_eq!(crate::wire::checksum::add(sum(udp), pseudo), 0xffff);
        }
    }

    #[test]
    fn several_datagrams_are_cut_apart_again() {
        let mut pool = Pool::default();
        let fill = |bytes: &mut [u8]| bytes.fill(7);
        let packet = datagram(&mut pool, ends(true), MARKS, (250, Some(100)), fill).unwrap();
        assert_eq!(segment::count(&packet), 3);
        let one = datagram(&mut pool, ends(true), MARKS, (100, Some(100)), fill).unwrap();
        assert!(!one.is_super());
    }

    #[test]
    fn what_cannot_be_is_none() {
        let mut pool = Pool::default();
        let mixed = (ends(true).0, ends(false).1);
        assert!(datagram(&mut pool, mixed, MARKS, (0, None), |_| ()).is_none());
        assert!(datagram(&mut pool, ends(true), MARKS, (65_508, None), |_| ()).is_none());
        let largest = datagram(&mut pool, ends(true), MARKS, (65_507, None), |_| ());
        assert_eq!(largest.map(|packet| packet.len()), Some(65_535));
    }

    #[test]
    fn an_error_quotes_no_more_than_is_allowed() {
        let mut pool = Pool::default();
        let refused = IcmpError {
            kind: 3,
            code: 3,
            word: 0,
        };
        let (from, to) = (ends(true).0.ip(), ends(true).1.ip());
        let packet = error(&mut pool, (from, to), refused, &[1; 2000]).unwrap();
        assert_eq!((packet.len(), &packet.bytes()[20..22]), (576, &[3, 3][..]));
        assert_eq!(checksum(&packet.bytes()[20..]), 0);
        let short = error(&mut pool, (from, to), refused, &[1; 30]).unwrap();
        assert_eq!(short.len(), 58);
    }

    #[test]
    fn an_echo_reply_carries_its_data() {
        let mut pool = Pool::default();
        let (from, to) = (ends(false).0.ip(), ends(false).1.ip());
        let packet = echo(&mut pool, (from, to), MARKS, true, b"\x00\x07\x00\x01ping").unwrap();
        let bytes = packet.bytes();
        assert_eq!(
            (bytes[40], &bytes[44..]),
            (129, &b"\x00\x07\x00\x01ping"[..])
        );
        let pseudo = pseudo_sum(from, to, ICMPV6, bytes.len() - 40);
        assert_eq!(
            crate::wire::checksum::add(sum(&bytes[40..]), pseudo),
            0xffff
        );
    }
}
