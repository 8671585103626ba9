//! Headers, read with bounds: Ethernet with up to two tags, IPv4 with options, IPv6 with extension
//! headers.
use super::checksum::pseudo_header;
use super::field::{u16_at, u32_at};
use crate::packet::Packet;
use std::net::IpAddr;

/// TCP's protocol number.
pub const TCP: u8 = 6;
/// UDP's protocol number.
pub const UDP: u8 = 17;

const DCCP: u8 = 33;
const SCTP: u8 = 132;
const UDP_LITE: u8 = 136;

/// How many tags are read: 802.1ad has two.
const MOST_TAGS: usize = 2;
/// How many IPv6 extension headers are read; RFC 8200 §4.1 knows of seven places.
const MOST_EXTENSIONS: usize = 8;

const ETHERTYPE_IPV4: u16 = 0x0800;
const ETHERTYPE_IPV6: u16 = 0x86dd;

/// What a packet's headers say. All offsets count from the packet's first byte and lie within it,
/// or at its end.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Layers {
    /// Where the IP header starts, behind every tag.
    pub network_offset: usize,
    /// 4 or 6.
    pub ip_version: u8,
    /// The IP packet's length by its own header; what there is where the header says zero or less
    /// than itself. May be more or less than the bytes that are there.
    pub ip_len: usize,
    /// The transport's protocol number. Where extension headers are cut short or too many: the
    /// number of the first one not read.
    pub l4_protocol: u8,
    /// Where the transport's header starts.
    pub l4_offset: usize,
    /// The ECN bits: 0 not capable, 1 ECT(1), 2 ECT(0), 3 CE.
    pub ecn: u8,
    /// What a fragment says of itself; none for a whole packet. In a fragment nothing behind the
    /// IPv6 fragment header is read.
    pub fragment: Option<Fragment>,
    /// An IPv6 routing header names a later destination than the IP header does.
    pub routed: bool,
}

/// One piece of a packet.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Fragment {
    /// The number that the pieces share.
    pub id: u32,
    /// Where the piece belongs, in bytes.
    pub offset: u16,
    /// Whether a later piece follows.
    pub more: bool,
}

impl Layers {
    /// The source's and the destination's address, one behind the other.
    #[inline]
    #[must_use]
    pub fn addresses<'a>(&self, bytes: &'a [u8]) -> &'a [u8] {
        let (from, len) = if self.ip_version == 4 {
            (12, 8)
        } else {
            (8, 32)
        };
        let from = self.network_offset + from;
        bytes.get(from..from + len).unwrap_or_default()
    }

    /// Where the packet comes from and where it goes.
    #[must_use]
    pub fn ends(&self, bytes: &[u8]) -> Option<(IpAddr, IpAddr)> {
        match self.addresses(bytes) {
            both if both.len() == 8 => {
                let (from, to) = both.split_first_chunk::<4>()?;
                Some((IpAddr::from(*from), IpAddr::from(*to.first_chunk::<4>()?)))
            }
            both => {
                let (from, to) = both.split_first_chunk::<16>()?;
                Some((IpAddr::from(*from), IpAddr::from(*to.first_chunk::<16>()?)))
            }
        }
    }

    /// The source's and the destination's port, one behind the other; none for a fragment, and
    /// for a transport without ports.
    #[inline]
    #[must_use]
    pub fn ports(&self, bytes: &[u8]) -> Option<u32> {
        let has_ports = matches!(self.l4_protocol, TCP | UDP | DCCP | SCTP | UDP_LITE);
        let whole = self.fragment.is_none() && has_ports;
        whole.then(|| u32_at(bytes, self.l4_offset)).flatten()
    }

    /// The sum of the transport's pseudo-header for `length` bytes from its header on.
    #[inline]
    #[must_use]
    pub fn pseudo_header(&self, bytes: &[u8], length: u32) -> u16 {
        pseudo_header(self.addresses(bytes), self.l4_protocol, length)
    }
}

/// Reads a packet's headers; none where it is not IP, or its IP header does not fit.
#[inline]
#[must_use]
pub fn layers(packet: &Packet) -> Option<Layers> {
    parse(packet.bytes(), packet.network_offset())
}

/// Reads headers from bytes whose network header, or first tag, starts at `network_offset`: an
/// EtherType stands before it, and nothing where it is zero.
#[inline]
#[must_use]
pub fn parse(bytes: &[u8], network_offset: usize) -> Option<Layers> {
    let (at, version) = network(bytes, network_offset)?;
    match version {
        4 => ipv4(bytes, at),
        6 => ipv6(bytes, at),
        _ => None,
    }
}

/// Where IP starts, and its version, on which EtherType and header agree.
#[inline]
fn network(bytes: &[u8], mut at: usize) -> Option<(usize, u8)> {
    if at == 0 {
        return Some((0, bytes.first()? >> 4));
    }
    for _ in 0..=MOST_TAGS {
        let version = match u16_at(bytes, at.checked_sub(2)?)? {
            ETHERTYPE_IPV4 => 4,
            ETHERTYPE_IPV6 => 6,
            0x8100 | 0x88a8 | 0x9100 => {
                at += 4;
                continue;
            }
            _ => return None,
        };
        return (bytes.get(at)? >> 4 == version).then_some((at, version));
    }
    None
}

/// RFC 791 §3.1.
#[inline]
fn ipv4(bytes: &[u8], at: usize) -> Option<Layers> {
    let header: &[u8; 20] = bytes.get(at..)?.first_chunk()?;
    let header_len = usize::from(header[0] & 0xf) * 4;
    let (total, pieces) = (u16_at(header, 2)?, u16_at(header, 6)?);
    let fragment = Fragment {
        id: u32::from(u16_at(header, 4)?),
        offset: (pieces & 0x1fff) << 3,
        more: pieces & 0x2000 != 0,
    };
    let fits = header_len >= 20 && at + header_len <= bytes.len();
    fits.then_some(Layers {
        network_offset: at,
        ip_version: 4,
        ip_len: stated(total.into(), header_len, bytes.len() - at),
        l4_protocol: header[9],
        l4_offset: at + header_len,
        ecn: header[1] & 0b11,
        fragment: Some(fragment).filter(|piece| piece.more || piece.offset != 0),
        routed: false,
    })
}

#[inline]
fn stated(len: usize, least: usize, there: usize) -> usize {
    if len < least { there } else { len }
}

/// RFC 8200 §3.
#[inline]
fn ipv6(bytes: &[u8], at: usize) -> Option<Layers> {
    let header: &[u8; 40] = bytes.get(at..)?.first_chunk()?;
    let payload = usize::from(u16_at(header, 4)?);
    let ip_len = if payload == 0 { 0 } else { payload + 40 };
    let fixed = Layers {
        network_offset: at,
        ip_version: 6,
        ip_len: stated(ip_len, 40, bytes.len() - at),
        l4_protocol: header[6],
        l4_offset: at + 40,
        ecn: header[1] >> 4 & 0b11,
        fragment: None,
        routed: false,
    };
    Some(extensions(bytes, fixed))
}

/// Walks the extension headers, as far as they go and fit.
#[inline]
fn extensions(bytes: &[u8], mut layers: Layers) -> Layers {
    for _ in 0..MOST_EXTENSIONS {
        match extension(bytes, layers) {
            Some(next) if next.fragment.is_none() => layers = next,
            Some(piece) => return piece,
            None => break,
        }
    }
    layers
}

/// Steps over one extension header: none where there is none, or it does not fit.
#[inline]
fn extension(bytes: &[u8], mut layers: Layers) -> Option<Layers> {
    let kind = layers.l4_protocol;
    if !matches!(kind, 0 | 43 | 44 | 51 | 60 | 135 | 139 | 140) {
        return None;
    }
    let header = bytes.get(layers.l4_offset..)?;
    let &[next, len, _, left, ..] = header else {
        return None;
    };
    let len = match kind {
        44 => 8,
        51 => (usize::from(len) + 2) * 4, // RFC 4302 §2.2
        _ => (usize::from(len) + 1) * 8,
    };
    (layers.l4_protocol, layers.l4_offset) = (next, layers.l4_offset + len);
    layers.routed |= kind == 43 && left != 0;
    if kind == 44 {
        layers.fragment = piece(header)?;
    }
    (len <= header.len()).then_some(layers)
}

/// What an IPv6 fragment header says (RFC 8200 §4.5): none inside where the packet is whole all the
/// same (RFC 6946), none at all where it does not fit.
#[inline]
fn piece(header: &[u8]) -> Option<Option<Fragment>> {
    let place = u16_at(header, 2)?;
    let fragment = Fragment {
        id: u32_at(header, 4)?,
        offset: place & !7,
        more: place & 1 != 0,
    };
    Some(Some(fragment).filter(|piece| piece.more || piece.offset != 0))
}

/// How long the packet is for the check against an MTU: its IP length, or what stands behind the
/// link header where it is not IP. A super-packet counts as one; see
/// [`largest_ip_len`](super::segment::largest_ip_len).
#[inline]
#[must_use]
pub fn ip_len(packet: &Packet) -> usize {
    let behind = packet.len().saturating_sub(packet.network_offset());
    layers(packet).map_or(behind, |layers| layers.ip_len)
}

#[cfg(test)]
mod tests {
    use super::super::field::put_u16;
    use super::super::samples::{IPV4, bare, ipv4, ipv6, samples};
    use super::*;
    use crate::packet::Pool;
    use proptest::prelude::*;

    #[test]
    fn bare_ipv4_is_read() {
        let found = layers(&ipv4(|_| ())).unwrap();
        let expected = Layers {
            network_offset: 0,
            ip_version: 4,
            ip_len: 28,
            l4_protocol: UDP,
            l4_offset: 20,
            ecn: 2,
            fragment: None,
            routed: false,
        };
        assert_eq!(found, expected);
        assert_eq!(found.addresses(&IPV4), &IPV4[12..20]);
        assert_eq!(found.ports(&IPV4), Some(0x1234_0035));
    }

    #[test]
    fn two_tags_are_stepped_over_and_three_are_not() {
        let tagged = |tags: usize| {
            let mut bytes = vec![0; 12];
            bytes.extend([0x88, 0xa8, 0, 7].repeat(tags));
            bytes.extend([0x08, 0x00]);
            bytes.extend(IPV4);
            layers(&bare(&bytes, 14)).map(|layers| layers.network_offset)
        };
        let found = [tagged(0), tagged(1), tagged(2), tagged(3)];
        assert_eq!(found, [Some(14), Some(18), Some(22), None]);
    }

    #[test]
    fn an_ether_type_that_the_version_belies_is_not_ip() {
        let mut bytes = vec![0; 12];
        bytes.extend([0x86, 0xdd]);
        bytes.extend(IPV4);
        assert_eq!(layers(&bare(&bytes, 14)), None);
        assert_eq!(layers(&bare(&bytes, 1)), None);
        assert_eq!(layers(&bare(&bytes, 60_000)), None);
    }

    #[test]
    fn an_ipv4_header_that_does_not_fit_is_none() {
        assert_eq!(layers(&ipv4(|bytes| bytes[0] = 0x44)), None);
        assert_eq!(layers(&ipv4(|bytes| bytes[0] = 0x4f)), None);
        assert_eq!(layers(&bare(&IPV4[..19], 0)), None);
        assert_eq!(layers(&bare(&[], 0)), None);
    }

    #[test]
    fn fragments_are_told_from_whole_packets() {
        let pieces = |word: u16| {
            let fragment = layers(&ipv4(|bytes| put_u16(bytes, 6, word)))
                .unwrap()
                .fragment;
            fragment.map(|piece| (piece.id, piece.offset, piece.more))
        };
        assert_eq!(pieces(0x4000), None);
        assert_eq!(pieces(0x2000), Some((0x1234, 0, true)));
        assert_eq!(pieces(0x3fff), Some((0x1234, 65528, true)));
        assert_eq!(pieces(0x0001), Some((0x1234, 8, false)));
    }

    #[test]
    fn extension_headers_are_stepped_over() {
        let authentication = [43, 2, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0];
        let mut behind = vec![51, 0, 1, 4, 0, 0, 0, 0];
        behind.extend(authentication);
        behind.extend([17, 0, 4, 1, 0, 0, 0, 0]);
        behind.extend([0, 1, 0, 2, 0, 8, 0, 0]);
        let packet = ipv6(0, &behind);
        let found = layers(&packet).unwrap();
        assert_eq!((found.l4_protocol, found.l4_offset), (UDP, 72));
        assert_eq!((found.routed, found.ecn, found.ip_len), (true, 1, 80));
        assert_eq!(found.ports(packet.bytes()), Some(0x0001_0002));
    }

    #[test]
    fn an_ipv6_fragment_is_read_up_to_its_header() {
        let first = layers(&ipv6(
            44,
            &[60, 0, 0, 1, 0, 0, 0, 9, 6, 0, 1, 4, 0, 0, 0, 0],
        ))
        .unwrap();
        let piece = Fragment {
            id: 9,
            offset: 0,
            more: true,
        };
        assert_eq!((first.l4_protocol, first.l4_offset), (60, 48));
        assert_eq!(first.fragment, Some(piece));
        let whole = layers(&ipv6(
            44,
            &[60, 0, 0, 0, 0, 0, 0, 9, 6, 0, 1, 4, 0, 0, 0, 0],
        ))
        .unwrap();
        assert_eq!(
            (whole.l4_protocol, whole.l4_offset, whole.fragment),
            (TCP, 56, None)
        );
    }

    #[test]
    fn extension_headers_cut_short_or_too_many_are_not_a_transport() {
        let short = layers(&ipv6(60, &[6, 1, 0, 0, 0, 0, 0, 0])).unwrap();
        assert_eq!((short.l4_protocol, short.l4_offset), (60, 40));
        let many = layers(&ipv6(60, &[60, 0, 0, 0, 0, 0, 0, 0].repeat(9))).unwrap();
        assert_eq!((many.l4_protocol, many.l4_offset), (60, 104));
    }

    #[test]
    fn a_length_of_zero_means_what_is_there() {
        assert_eq!(ip_len(&ipv4(|bytes| put_u16(bytes, 2, 0))), 28);
        assert_eq!(ip_len(&ipv4(|bytes| put_u16(bytes, 2, 1400))), 1400);
        assert_eq!(ip_len(&bare(&[0; 60], 14)), 46);
        assert_eq!(ip_len(&bare(&[0; 6], 14)), 0);
    }

    proptest! {
        #[test]
        fn what_was_put_together_is_found(sample in samples()) {
            let packet = sample.packet(&mut Pool::default());
            let found = layers(&packet).unwrap();
            prop_assert_eq!(found.network_offset, sample.network());
            prop_assert_eq!(found.l4_offset, sample.l4());
            prop_assert_eq!(found.l4_protocol, if sample.tcp { TCP } else { UDP });
            prop_assert_eq!(found.ip_len, packet.len() - sample.network());
            prop_assert_eq!(found.fragment, None);
        }

        #[test]
        fn any_bytes_are_read_within_bounds(
            mut bytes in prop::collection::vec(any::<u8>(), 0..128), at in 0_usize..80, v6: bool,
        ) {
            if let Some(first) = bytes.get_mut(at) {
                *first = if v6 { 0x60 } else { 0x45 };
            }
            if at >= 2 {
                put_u16(&mut bytes, at - 2, if v6 { ETHERTYPE_IPV6 } else { ETHERTYPE_IPV4 });
            }
            let packet = bare(&bytes, at);
            if let Some(layers) = layers(&packet) {
                prop_assert!(layers.l4_offset <= bytes.len());
                prop_assert!(layers.network_offset < layers.l4_offset);
            }
        }
    }
}
