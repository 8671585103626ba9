//! The packets that carry a tunnel: IP and UDP around its messages.
use crate::packet::{Offload, Packet, Segmentation};
use crate::stack::ip::header::{Outline, pseudo_sum};
use crate::stack::ip::partial;
use crate::wire::field::{put_u16, u16_at};
use crate::wire::headers::{UDP, layers};
use crate::wire::zone;
use crate::wireguard::{Arrival, Outgoing};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::ops::Range;

const UDP_HEADER: usize = 8;
const UDP_CHECKSUM: u16 = 6;
const HOP_LIMIT: u8 = 64;

/// Who sends.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Outer {
    pub(super) port: u16,
    pub(super) address: Option<IpAddr>,
    /// The identification of the next packet of IPv4.
    id: u16,
}

impl Outer {
    /// Puts the headers before a message. Routers may cut the packet, as in Linux: whoever is inside knows a
    /// smaller MTU than theirs only where it was told one.
    ///
    /// # Errors
    /// The packet, where there is no room before it.
    #[inline]
    pub(super) fn wrap(&mut self, outgoing: Outgoing) -> Result<Packet, Packet> {
        let Outgoing {
            to,
            mut packet,
            segment_size,
            class,
            ..
        } = outgoing;
        let len = packet.len();
        let id = self.id;
        let count = segment_size.map_or(1, |size| len.div_ceil(usize::from(size.max(1))));
        self.id = id.wrapping_add(count as u16);
        let outline = Outline {
            source: self.source(outgoing.from, to.is_ipv4()),
            destination: zone::into_packet(to),
            protocol: UDP,
            hop_limit: HOP_LIMIT,
            ecn: class,
            id: Some(id),
        };
        let at = outline.header_len();
        if !packet.prepend(at + UDP_HEADER) {
            return Err(packet);
        }
        outline.emit(packet.bytes_mut());
        let datagram = &mut packet.bytes_mut()[at..];
        put_u16(datagram, 0, self.port);
        put_u16(datagram, 2, to.port());
        put_u16(datagram, 4, (UDP_HEADER + len) as u16);
        let pseudo = pseudo_sum(outline.source, outline.destination, UDP, UDP_HEADER + len);
        put_u16(datagram, 6, pseudo);
        packet.set_network_offset(0);
        packet.set_offload(offload(at, segment_size));
        Ok(packet)
    }

    fn source(&self, from: Option<IpAddr>, v4: bool) -> IpAddr {
        let own = from.or(self.address).filter(|own| own.is_ipv4() == v4);
        own.unwrap_or(if v4 {
            Ipv4Addr::UNSPECIFIED.into()
        } else {
            Ipv6Addr::UNSPECIFIED.into()
        })
    }
}

fn offload(at: usize, segment_size: Option<u16>) -> Offload {
    let one = partial(at, UDP_CHECKSUM);
    segment_size.map_or(one, |size| Offload {
        segmentation: Segmentation::Udp,
        header_len: (at + UDP_HEADER) as u16,
        segment_size: size,
        ..one
    })
}

/// A datagram, or several of one size.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Datagrams {
    pub(super) arrival: Arrival,
    /// Where what is behind the headers stands.
    pub(super) payload: Range<usize>,
    /// How long each is but the last.
    pub(super) each: usize,
}

/// Reads a packet of IP and UDP; nothing where it is none, or only a piece of one.
#[inline]
pub(super) fn read(packet: &Packet) -> Option<Datagrams> {
    let (bytes, offload) = (packet.bytes(), packet.offload());
    let layers = layers(packet)?;
    if layers.l4_protocol != UDP || layers.fragment.is_some() {
        return None;
    }
    let start = layers.l4_offset + UDP_HEADER;
    let stated = usize::from(u16_at(bytes, layers.l4_offset + 4)?);
    let end = layers.l4_offset + stated;
    if end < start || end > bytes.len() {
        return None;
    }
    let (source, destination) = addresses(layers.addresses(bytes))?;
    let port = u16_at(bytes, layers.l4_offset)?;
    let each = match offload.segmentation {
        Segmentation::None => end - start,
        Segmentation::Udp if offload.segment_size > 0 => offload.segment_size.into(),
        _ => return None,
    };
    Some(Datagrams {
        arrival: Arrival {
            source: zone::from_packet(source, port),
            local: Some(destination).filter(|local| !local.is_unspecified()),
            ecn: layers.ecn,
        },
        payload: start..end,
        each: each.max(1),
    })
}

#[inline]
pub(super) fn addresses(both: &[u8]) -> Option<(IpAddr, IpAddr)> {
    let (source, destination) = both.split_at(both.len() / 2);
    if let (Ok(source), Ok(destination)) = (
        <[u8; 4]>::try_from(source),
        <[u8; 4]>::try_from(destination),
    ) {
        return Some((source.into(), destination.into()));
    }
    let source = <[u8; 16]>::try_from(source).ok()?;
    let destination = <[u8; 16]>::try_from(destination).ok()?;
    Some((source.into(), destination.into()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::packet::Pool;
    use crate::wire::checksum::{checksum, finish, sum};
    use crate::wire::segment;
    use proptest::prelude::*;
    use std::net::SocketAddr;

    fn outgoing(pool: &mut Pool, to: &str, len: usize, segment_size: Option<u16>) -> Outgoing {
        Outgoing {
            to: to.parse().unwrap(),
            from: None,
            packet: pool.packet_from(&vec![7; len]).unwrap(),
            segment_size,
            class: 2,
        }
    }

    fn outer(address: Option<&str>) -> Outer {
        Outer {
            port: 51820,
            address: address.map(|text| text.parse().unwrap()),
            id: 0,
        }
    }

    #[test]
    fn what_is_wrapped_is_read_again() {
        let mut pool = Pool::default();
        for (to, source) in [
            ("192.0.2.9:7", "192.0.2.1"),
            ("[2001:db8::9]:7", "2001:db8::1"),
        ] {
            let one = outgoing(&mut pool, to, 100, None);
            let mut packet = outer(Some(source)).wrap(one).ok().unwrap();
            finish(&mut packet);
            let read = read(&packet).unwrap();
            assert_eq!(packet.bytes()[read.payload.clone()], [7; 100]);
            let told = Arrival {
                source: SocketAddr::new(source.parse().unwrap(), 51820),
                local: Some(to.parse::<SocketAddr>().unwrap().ip()),
                ecn: 2,
            };
            assert_eq!((read.arrival, read.each), (told, 100));
        }
    }

    #[test]
    fn ipv4_may_be_cut_and_its_sums_are_right() {
        let mut pool = Pool::default();
        let one = outgoing(&mut pool, "192.0.2.9:7", 100, None);
        let mut packet = outer(Some("192.0.2.1")).wrap(one).ok().unwrap();
        finish(&mut packet);
        let bytes = packet.bytes();
        assert_eq!(
            (bytes[1], bytes[4..8].to_vec(), bytes[8]),
            (2, vec![0; 4], 64)
        );
        assert_eq!(checksum(&bytes[..20]), 0);
        let pseudo = pseudo_sum([192, 0, 2, 1].into(), [192, 0, 2, 9].into(), UDP, 108);
        assert_eq!(
            crate::wire::checksum::add(sum(&bytes[20..]), pseudo),
            0xffff
        );
    }

    #[test]
    fn an_address_of_the_other_family_or_none_is_left_open() {
        let mut pool = Pool::default();
        for address in [None, Some("2001:db8::1")] {
            let one = outgoing(&mut pool, "192.0.2.9:7", 1, None);
            let packet = outer(address).wrap(one).ok().unwrap();
            assert_eq!(packet.bytes()[12..16], [0; 4]);
        }
        let heard_at = Outgoing {
            from: Some([192, 0, 2, 44].into()),
            ..outgoing(&mut pool, "192.0.2.9:7", 1, None)
        };
        let packet = outer(Some("192.0.2.1")).wrap(heard_at).ok().unwrap();
        assert_eq!(packet.bytes()[12..16], [192, 0, 2, 44]);
    }

    #[test]
    fn several_are_cut_into_what_they_are() {
        let mut pool = Pool::default();
        let several = outgoing(&mut pool, "192.0.2.9:7", 250, Some(100));
        let packet = outer(None).wrap(several).ok().unwrap();
        assert_eq!(read(&packet).unwrap().each, 100);
        let mut lengths = Vec::new();
        let mut cut = |packet: Packet| lengths.push(packet.len());
        assert!(segment::segments(packet, &mut pool, &mut cut).is_ok());
        assert_eq!(lengths, [128, 128, 78]);
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_within_bounds(bytes: Vec<u8>, first in prop::sample::select(vec![0x45_u8, 0x60])) {
            let mut bytes = bytes;
            bytes.insert(0, first);
            let packet = Pool::default().packet_from(&bytes).unwrap();
            if let Some(read) = read(&packet) {
                prop_assert!(read.payload.start <= read.payload.end && read.payload.end <= bytes.len());
            }
        }
    }
}
