//! Packets of IP and UDP as messages of a socket: neighbours of one size to one place go as one, which the
//! kernel cuts (`UDP_SEGMENT`).
use crate::datagram::control::Orders;
use std::net::{IpAddr, SocketAddr};
use std::ops::Range;
use usernet_core::packet::{Packet, Segmentation};
use usernet_core::wire::headers::{UDP, layers};
use usernet_core::wire::zone;

/// How many datagrams the kernel cuts from one message: 64 before Linux 6.9, then 128.
const MOST_SEGMENTS: usize = 64;
/// The most that such a message may have, so that an IP length field can say it with all headers.
const MOST_BYTES: usize = 65_000;

/// How a packet goes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Route {
    pub(super) to: SocketAddr,
    /// From where, if it says.
    pub(super) from: Option<IpAddr>,
    pub(super) traffic_class: u8,
    /// Whether it may not be cut on its way.
    pub(super) whole: bool,
}

/// A packet that waits to be sent.
pub(super) struct Datagram {
    pub(super) packet: Packet,
    pub(super) payload: Range<usize>,
    pub(super) route: Route,
    /// Where it stands for several: the size of each.
    pub(super) segment_size: Option<u16>,
}

impl Datagram {
    /// Reads a packet.
    ///
    /// # Errors
    /// The packet, where it is not IP with UDP, or only a piece of it.
    #[inline]
    pub(super) fn read(packet: Packet) -> Result<Self, Packet> {
        match parse(&packet) {
            Some((payload, route, segment_size)) => Ok(Self {
                packet,
                payload,
                route,
                segment_size,
            }),
            None => Err(packet),
        }
    }

    #[inline]
    pub(super) fn bytes(&self) -> &[u8] {
        &self.packet.bytes()[self.payload.clone()]
    }

    /// How many it stands for.
    pub(super) fn count(&self) -> u64 {
        let size = self.segment_size.map_or(usize::MAX, usize::from).max(1);
        self.payload.len().div_ceil(size).max(1) as u64
    }
}

type Parsed = (Range<usize>, Route, Option<u16>);

#[inline]
fn parse(packet: &Packet) -> Option<Parsed> {
    let bytes = packet.bytes();
    let layers = layers(packet)?;
    if layers.l4_protocol != UDP || layers.fragment.is_some() {
        return None;
    }
    let header: &[u8; 8] = bytes.get(layers.l4_offset..)?.first_chunk()?;
    let word = |at: usize| u16::from_be_bytes([header[at], header[at + 1]]);
    let (start, end) = (
        layers.l4_offset + 8,
        layers.l4_offset + usize::from(word(4)),
    );
    if end < start || end > bytes.len() {
        return None;
    }
    let (source, destination) = ends(layers.addresses(bytes))?;
    let network = &bytes[layers.network_offset..];
    let (traffic_class, whole) = if layers.ip_version == 4 {
        (network[1], network[6] & 0x40 != 0)
    } else {
        (network[0] << 4 | network[1] >> 4, false)
    };
    let route = Route {
        to: zone::from_packet(destination, word(2)),
        from: Some(source).filter(|source| !source.is_unspecified()),
        traffic_class,
        whole,
    };
    let offload = packet.offload();
    let segment_size = match offload.segmentation {
        Segmentation::None => None,
        Segmentation::Udp if offload.segment_size > 0 => Some(offload.segment_size),
        _ => return None,
    };
    let several = |size: &u16| usize::from(*size) < end - start;
    Some((start..end, route, segment_size.filter(several)))
}

fn ends(both: &[u8]) -> Option<(IpAddr, IpAddr)> {
    let (source, destination) = both.split_at(both.len() / 2);
    if both.len() == 8 {
        let v4 = |octets: &[u8]| Some(IpAddr::from(*octets.first_chunk::<4>()?));
        return v4(source).zip(v4(destination));
    }
    let v6 = |octets: &[u8]| Some(IpAddr::from(*octets.first_chunk::<16>()?));
    v6(source).zip(v6(destination))
}

/// One message: so many datagrams.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Run {
    pub(super) datagrams: Range<usize>,
    pub(super) segment_size: Option<u16>,
}

/// The run that begins at this place; each datagram goes for itself where the system cannot cut.
#[inline]
pub(super) fn run(datagrams: &[Datagram], start: usize, uncut: bool) -> Run {
    let first = &datagrams[start];
    if first.segment_size.is_some() || uncut {
        return Run {
            datagrams: start..start + 1,
            segment_size: first.segment_size,
        };
    }
    let size = first.payload.len();
    let most = MOST_SEGMENTS.min(MOST_BYTES / size.max(1)).max(1);
    let mut end = start + 1;
    for next in datagrams[start + 1..].iter().take(most - 1) {
        let bytes = next.payload.len();
        let fits = next.segment_size.is_none() && next.route == first.route;
        if !fits || bytes > size || bytes == 0 {
            break;
        }
        end += 1;
        if bytes < size {
            break;
        }
    }
    Run {
        datagrams: start..end,
        segment_size: (end - start > 1).then_some(size as u16),
    }
}

/// What the kernel is told of a message.
#[inline]
pub(super) fn orders(route: &Route, segment_size: Option<u16>) -> Orders {
    let mut orders = Orders::default();
    match route.from {
        Some(IpAddr::V4(from)) => {
            // struct in_pktinfo (ip(7)): index, the address to send from, and one that means nothing here.
            let mut info = [0; 12];
            info[4..8].copy_from_slice(&from.octets());
            orders.add(libc::IPPROTO_IP, libc::IP_PKTINFO, &info);
        }
        Some(IpAddr::V6(from)) => {
            // struct in6_pktinfo (RFC 3542 §6.1): the address, and an index.
            let mut info = [0; 20];
            info[..16].copy_from_slice(&from.octets());
            orders.add(libc::IPPROTO_IPV6, libc::IPV6_PKTINFO, &info);
        }
        None => {}
    }
    if route.traffic_class != 0 {
        let class = i32::from(route.traffic_class).to_ne_bytes();
        let (level, kind) = if route.to.is_ipv4() {
            (libc::IPPROTO_IP, libc::IP_TOS)
        } else {
            (libc::IPPROTO_IPV6, libc::IPV6_TCLASS)
        };
        orders.add(level, kind, &class);
    }
    if let Some(size) = segment_size {
        orders.add(libc::SOL_UDP, libc::UDP_SEGMENT, &size.to_ne_bytes());
    }
    orders
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::datagram::control::pieces;
    use usernet_core::packet::Pool;
    use usernet_core::stack::compose::{Marks, datagram};

    fn at(text: &str) -> SocketAddr {
        text.parse().unwrap()
    }

    fn packet(ends: (&str, &str), len: usize, size: Option<u16>, class: u8) -> Packet {
        let marks = Marks {
            hop_limit: 64,
            traffic_class: class,
            id: Some(1),
        };
        let fill = |room: &mut [u8]| room.fill(7);
        let ends = (at(ends.0), at(ends.1));
        datagram(&mut Pool::default(), ends, marks, (len, size), fill).unwrap()
    }

    const V4: (&str, &str) = ("192.0.2.1:1", "192.0.2.2:2");
    const ANY: (&str, &str) = ("[::]:1", "[2001:db8::2]:2");

    fn read(packet: Packet) -> Datagram {
        Datagram::read(packet).ok().unwrap()
    }

    #[test]
    fn a_packet_says_where_it_goes_and_what_it_is() {
        let one = read(packet(V4, 100, None, 0x8a));
        let route = Route {
            to: at("192.0.2.2:2"),
            from: "192.0.2.1".parse().ok(),
            traffic_class: 0x8a,
            whole: false,
        };
        assert_eq!(
            (one.route, one.bytes(), one.count()),
            (route, &[7; 100][..], 1)
        );
        let several = read(packet(ANY, 250, Some(100), 0x8a));
        assert_eq!((several.segment_size, several.count()), (Some(100), 3));
        assert_eq!(
            (several.route.from, several.route.traffic_class),
            (None, 0x8a)
        );
    }

    #[test]
    fn what_is_no_datagram_comes_back() {
        for bytes in [&[][..], &[0x45; 20], &[0x60; 48]] {
            let packet = Pool::default().packet_from(bytes).unwrap();
            assert!(Datagram::read(packet).is_err());
        }
    }

    fn runs(datagrams: &[Datagram], uncut: bool) -> Vec<(usize, Option<u16>)> {
        let (mut start, mut found) = (0, Vec::new());
        while start < datagrams.len() {
            let run = run(datagrams, start, uncut);
            start = run.datagrams.end;
            found.push((run.datagrams.len(), run.segment_size));
        }
        found
    }

    #[test]
    fn neighbours_of_one_size_and_a_shorter_last_one_go_together() {
        let sizes = [100, 100, 40, 100, 200, 200, 0, 0];
        let mut all: Vec<_> = sizes.map(|len| read(packet(V4, len, None, 0))).into();
        let told = [
            (3, Some(100)),
            (1, None),
            (2, Some(200)),
            (1, None),
            (1, None),
        ];
        assert_eq!(runs(&all, false), told);
        assert_eq!(runs(&all, true), [(1, None); 8]);
        all = (0..70).map(|_| read(packet(V4, 10, None, 0))).collect();
        all.push(read(packet(V4, 10, None, 2)));
        all.push(read(packet(V4, 10, Some(4), 2)));
        let told = [(64, Some(10)), (6, Some(10)), (1, None), (1, Some(4))];
        assert_eq!(runs(&all, false), told);
    }

    #[test]
    fn the_kernel_is_told_what_differs_from_what_it_does_anyhow() {
        let plain = read(packet(ANY, 10, None, 0));
        assert_eq!(pieces(orders(&plain.route, None).bytes()).count(), 0);
        let marked = read(packet(V4, 10, None, 3));
        let orders = orders(&marked.route, Some(1400));
        let told: Vec<_> = pieces(orders.bytes()).collect();
        let (info, class) = ([0, 0, 0, 0, 192, 0, 2, 1, 0, 0, 0, 0], 3_i32.to_ne_bytes());
        let size = 1400_u16.to_ne_bytes();
        let expected = [
            (libc::IPPROTO_IP, libc::IP_PKTINFO, &info[..]),
            (libc::IPPROTO_IP, libc::IP_TOS, &class[..]),
            (libc::SOL_UDP, libc::UDP_SEGMENT, &size[..]),
        ];
        assert_eq!(told, expected);
    }
}
