//! IP headers: read strictly, as the end of a packet's way has to, and written.
use super::address::is_unicast;
use crate::wire::checksum::checksum;
use crate::wire::field::{put_u16, put_u32, u16_at, u32_at};
use crate::wire::headers::Fragment;
pub(crate) use crate::wire::headers::TCP;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::ops::Range;

/// Bytes of an IPv4 header without options.
pub(crate) const IPV4_HEADER: usize = 20;
/// Bytes of an IPv6 header without extensions.
pub(crate) const IPV6_HEADER: usize = 40;
/// The most that fits behind a header: what the length field can say.
pub(crate) const LARGEST: usize = 65_535;

/// ICMP's protocol number.
pub(crate) const ICMPV4: u8 = 1;
/// ICMPv6's protocol number.
pub(crate) const ICMPV6: u8 = 58;

const HOP_BY_HOP: u8 = 0;
const ROUTING: u8 = 43;
/// The number of the fragment header.
pub(crate) const FRAGMENT: u8 = 44;
const NO_NEXT_HEADER: u8 = 59;
const DESTINATION_OPTIONS: u8 = 60;
/// How many extension headers are read; RFC 8200 §4.1 knows of seven places.
const MOST_EXTENSIONS: usize = 8;

/// What a packet's IP header says.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Header {
    pub(crate) source: IpAddr,
    pub(crate) destination: IpAddr,
    /// The transport's protocol number.
    pub(crate) protocol: u8,
    pub(crate) hop_limit: u8,
    /// The ECN bits.
    pub(crate) ecn: u8,
    /// Whether routers may not cut it (always so in IPv6, but for what came in pieces).
    pub(crate) whole: bool,
    /// Where the transport's number stands.
    pub(crate) named_at: u32,
    /// What a fragment says of itself.
    pub(crate) fragment: Option<Fragment>,
    /// Where the transport's bytes stand, or a fragment's.
    pub(crate) payload: Range<usize>,
}

/// Why a packet makes no sense.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Fault {
    /// Cut short, or its fields belie each other.
    Malformed,
    /// The header's checksum is wrong.
    Checksum,
    /// RFC 8200 §4: a parameter problem of this code, at this byte.
    Parameter {
        /// 0 erroneous field, 1 unknown header, 2 unknown option.
        code: u8,
        /// Where.
        at: u32,
        /// Whether it is told also where the packet went to a group (RFC 8200 §4.2).
        groups: bool,
    },
    /// It ends without a transport, or an option says so: nothing to do.
    Nothing,
}

impl Header {
    /// Reads a packet that starts with its IP header; of IPv6 without what follows that.
    #[inline]
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, Fault> {
        match bytes.first().map(|first| first >> 4) {
            Some(4) => ipv4(bytes),
            Some(6) => ipv6(bytes),
            _ => Err(Fault::Malformed),
        }
    }

    /// Reads a packet of which only the first bytes are there.
    pub(crate) fn parse_head(bytes: &[u8]) -> Result<Self, Fault> {
        match bytes.first().map(|first| first >> 4) {
            Some(4) => fixed_v4(bytes),
            Some(6) => fixed_v6(bytes),
            _ => Err(Fault::Malformed),
        }
    }

    /// Reads on up to the transport, as the one whom the packet is for has to (RFC 8200 §4).
    #[inline]
    pub(crate) fn read_extensions(&mut self, bytes: &[u8]) -> Result<(), Fault> {
        if self.is_v4() || !is_extension(self.protocol) {
            return Ok(());
        }
        extensions(bytes, self)
    }

    pub(crate) fn is_v4(&self) -> bool {
        self.source.is_ipv4()
    }

    /// Whether it went to one host.
    #[inline]
    pub(crate) fn is_unicast(&self) -> bool {
        is_unicast(self.destination)
    }
}

#[inline]
fn address4(bytes: &[u8], at: usize) -> Option<IpAddr> {
    Some(Ipv4Addr::from_bits(u32_at(bytes, at)?).into())
}

#[inline]
fn address6(bytes: &[u8], at: usize) -> Option<IpAddr> {
    let octets: &[u8; 16] = bytes.get(at..)?.first_chunk()?;
    Some(Ipv6Addr::from(*octets).into())
}

/// RFC 791 §3.1, RFC 1122 §3.2.1.
#[inline]
fn ipv4(bytes: &[u8]) -> Result<Header, Fault> {
    let header = fixed_v4(bytes)?;
    let Range { start, end } = header.payload;
    let covered = bytes.get(..start).ok_or(Fault::Malformed)?;
    if end > bytes.len() {
        return Err(Fault::Malformed);
    }
    if checksum(covered) != 0 {
        return Err(Fault::Checksum);
    }
    Ok(header)
}

#[inline]
fn fixed_v4(bytes: &[u8]) -> Result<Header, Fault> {
    let fixed: &[u8; IPV4_HEADER] = bytes.first_chunk().ok_or(Fault::Malformed)?;
    let len = usize::from(fixed[0] & 0xf) * 4;
    let total = u16_at(fixed, 2).map_or(0, usize::from);
    if len < IPV4_HEADER || total < len {
        return Err(Fault::Malformed);
    }
    let pieces = u16_at(fixed, 6).unwrap_or(0);
    let fragment = Fragment {
        id: u16_at(fixed, 4).unwrap_or(0).into(),
        offset: (pieces & 0x1fff) << 3,
        more: pieces & 0x2000 != 0,
    };
    Ok(Header {
        source: address4(fixed, 12).ok_or(Fault::Malformed)?,
        destination: address4(fixed, 16).ok_or(Fault::Malformed)?,
        protocol: fixed[9],
        hop_limit: fixed[8],
        ecn: fixed[1] & 0b11,
        whole: pieces & 0x4000 != 0,
        named_at: 9,
        fragment: Some(fragment).filter(|piece| piece.more || piece.offset != 0),
        payload: len..total,
    })
}

/// RFC 8200 §3.
#[inline]
fn ipv6(bytes: &[u8]) -> Result<Header, Fault> {
    let header = fixed_v6(bytes)?;
    let whole = header.payload.end <= bytes.len();
    whole.then_some(header).ok_or(Fault::Malformed)
}

#[inline]
fn fixed_v6(bytes: &[u8]) -> Result<Header, Fault> {
    let fixed: &[u8; IPV6_HEADER] = bytes.first_chunk().ok_or(Fault::Malformed)?;
    let end = IPV6_HEADER + u16_at(fixed, 4).map_or(0, usize::from);
    Ok(Header {
        source: address6(fixed, 8).ok_or(Fault::Malformed)?,
        destination: address6(fixed, 24).ok_or(Fault::Malformed)?,
        protocol: fixed[6],
        hop_limit: fixed[7],
        ecn: fixed[1] >> 4 & 0b11,
        whole: true,
        named_at: 6,
        fragment: None,
        payload: IPV6_HEADER..end,
    })
}

const fn is_extension(protocol: u8) -> bool {
    matches!(
        protocol,
        HOP_BY_HOP | ROUTING | FRAGMENT | DESTINATION_OPTIONS | NO_NEXT_HEADER
    )
}

/// Walks the extension headers up to the transport, or to a fragment's bytes (RFC 8200 §4).
fn extensions(bytes: &[u8], header: &mut Header) -> Result<(), Fault> {
    for number in 0..MOST_EXTENSIONS {
        let at = header.payload.start;
        match header.protocol {
            NO_NEXT_HEADER => return Err(Fault::Nothing),
            HOP_BY_HOP if number > 0 => return Err(unknown(header.named_at)),
            kind if !is_extension(kind) => return Ok(()),
            _ => {}
        }
        let rest = bytes.get(at..header.payload.end).ok_or(Fault::Malformed)?;
        let kind = header.protocol;
        let len = extension(rest, header, at)?;
        header.payload.start = at + len;
        header.named_at = at as u32;
        if kind == FRAGMENT && header.fragment.is_some() {
            return Ok(());
        }
    }
    Err(Fault::Malformed)
}

fn unknown(at: u32) -> Fault {
    Fault::Parameter {
        code: 1,
        at,
        groups: false,
    }
}

/// Reads one extension header, and says how long it is.
fn extension(bytes: &[u8], header: &mut Header, at: usize) -> Result<usize, Fault> {
    let &[next, len, _, left, ..] = bytes else {
        return Err(Fault::Malformed);
    };
    let is_fragment = header.protocol == FRAGMENT;
    let len = if is_fragment {
        8
    } else {
        (usize::from(len) + 1) * 8
    };
    let whole = bytes.get(..len).ok_or(Fault::Malformed)?;
    match header.protocol {
        FRAGMENT => header.fragment = fragment(whole),
        // RFC 8200 §4.4: no routing type is known here.
        ROUTING if left != 0 => {
            let at = at as u32 + 2;
            return Err(Fault::Parameter {
                code: 0,
                at,
                groups: false,
            });
        }
        ROUTING => {}
        _ => options(&whole[2..], at + 2)?,
    }
    header.protocol = next;
    Ok(len)
}

/// RFC 8200 §4.5; none where the packet is whole all the same (RFC 6946).
fn fragment(bytes: &[u8]) -> Option<Fragment> {
    let place = u16_at(bytes, 2)?;
    let fragment = Fragment {
        id: u32_at(bytes, 4)?,
        offset: place & !7,
        more: place & 1 != 0,
    };
    Some(fragment).filter(|piece| piece.more || piece.offset != 0)
}

/// Walks options: what is to be done about one that is unknown stands in its first two bits (RFC
/// 8200 §4.2).
fn options(mut bytes: &[u8], mut at: usize) -> Result<(), Fault> {
    while let Some((&kind, rest)) = bytes.split_first() {
        let len = match (kind, rest.first()) {
            (0, _) => 1,
            (_, Some(&len)) => 2 + usize::from(len),
            _ => return Err(Fault::Malformed),
        };
        // PadN is the only one known.
        if kind > 1 {
            unknown_option(kind, at)?;
        }
        bytes = bytes.get(len..).ok_or(Fault::Malformed)?;
        at += len;
    }
    Ok(())
}

fn unknown_option(kind: u8, at: usize) -> Result<(), Fault> {
    match kind >> 6 {
        0 => Ok(()),
        1 => Err(Fault::Nothing),
        action => Err(Fault::Parameter {
            code: 2,
            at: at as u32,
            groups: action == 2,
        }),
    }
}

/// What a packet is to say of itself.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Outline {
    pub(crate) source: IpAddr,
    pub(crate) destination: IpAddr,
    pub(crate) protocol: u8,
    pub(crate) hop_limit: u8,
    /// The ECN bits.
    pub(crate) ecn: u8,
    /// The identification of a packet that may be cut (IPv4); none where it may not.
    pub(crate) id: Option<u16>,
}

impl Outline {
    /// Bytes of its IP header.
    #[inline]
    pub(crate) const fn header_len(&self) -> usize {
        if self.source.is_ipv4() {
            IPV4_HEADER
        } else {
            IPV6_HEADER
        }
    }

    /// Writes the IP header of a packet of these bytes.
    #[inline]
    pub(crate) fn emit(&self, bytes: &mut [u8]) {
        match (self.source, self.destination) {
            (IpAddr::V4(source), IpAddr::V4(destination)) => {
                self.emit_v4(bytes, source, destination);
            }
            (IpAddr::V6(source), IpAddr::V6(destination)) => {
                self.emit_v6(bytes, source, destination);
            }
            _ => {}
        }
    }

    #[inline]
    fn emit_v4(&self, bytes: &mut [u8], source: Ipv4Addr, destination: Ipv4Addr) {
        let total = bytes.len() as u16;
        let Some(header) = bytes.first_chunk_mut::<IPV4_HEADER>() else {
            return;
        };
        *header = [0; IPV4_HEADER];
        header[0] = 0x45;
        header[1] = self.ecn;
        put_u16(header, 2, total);
        put_u16(header, 4, self.id.unwrap_or(0));
        // RFC 6864 §4.1: the identification of a packet that is never cut means nothing.
        put_u16(header, 6, if self.id.is_some() { 0 } else { 0x4000 });
        header[8] = self.hop_limit;
        header[9] = self.protocol;
        header[12..16].copy_from_slice(&source.octets());
        header[16..20].copy_from_slice(&destination.octets());
        let sum = checksum(header);
        put_u16(header, 10, sum);
    }

    #[inline]
    fn emit_v6(&self, bytes: &mut [u8], source: Ipv6Addr, destination: Ipv6Addr) {
        let len = bytes.len().saturating_sub(IPV6_HEADER) as u16;
        let Some(header) = bytes.first_chunk_mut::<IPV6_HEADER>() else {
            return;
        };
        put_u32(header, 0, 6 << 28 | u32::from(self.ecn) << 20);
        put_u16(header, 4, len);
        header[6] = self.protocol;
        header[7] = self.hop_limit;
        header[8..24].copy_from_slice(&source.octets());
        header[24..40].copy_from_slice(&destination.octets());
    }
}

/// The sum of the pseudo-header of a transport between two addresses.
#[inline]
pub(crate) fn pseudo_sum(source: IpAddr, destination: IpAddr, protocol: u8, len: usize) -> u16 {
    let mut addresses = [0; 32];
    let used = match (source, destination) {
        (IpAddr::V4(source), IpAddr::V4(destination)) => {
            addresses[..4].copy_from_slice(&source.octets());
            addresses[4..8].copy_from_slice(&destination.octets());
            8
        }
        (IpAddr::V6(source), IpAddr::V6(destination)) => {
            addresses[..16].copy_from_slice(&source.octets());
            addresses[16..].copy_from_slice(&destination.octets());
            32
        }
        _ => 0,
    };
    crate::wire::checksum::pseudo_header(&addresses[..used], protocol, len as u32)
}
