//! How a super-packet is cut: read from its headers, which have to agree with what the network card
//! was told.
use super::checksum::{add, subtract, sum};
use super::field::u16_at;
use super::headers::{self, Layers, TCP, UDP};
use crate::packet::{Offload, Packet, Segmentation};

/// What fits the length field of IP.
const LARGEST_IP: usize = 65535;

/// How a super-packet is cut, once its fields are found to agree.
#[derive(Clone, Copy)]
pub(crate) struct Plan {
    pub(crate) network: usize,
    pub(crate) l4: usize,
    /// Bytes of all headers together.
    pub(crate) header: usize,
    pub(crate) payload: usize,
    pub(crate) size: usize,
    pub(crate) v6: bool,
    pub(crate) tcp: bool,
    pub(crate) ecn: bool,
    /// The sum of the IPv4 header without length, identification and checksum.
    pub(crate) ipv4: u16,
    /// The sum of the pseudo-header without the length; none for UDP without a checksum.
    pub(crate) pseudo: Option<u16>,
}

impl Plan {
    #[inline]
    pub(crate) fn of(packet: &Packet) -> Option<Self> {
        let (bytes, offload) = (packet.bytes(), packet.offload());
        let layers = headers::layers(packet)?;
        let tcp = transport(&offload, &layers)?;
        let (network, l4) = (layers.network_offset, layers.l4_offset);
        let header = l4 + transport_header(bytes, l4, tcp)?;
        let payload = bytes.len().checked_sub(header)?;
        let size = usize::from(offload.segment_size);
        let v6 = layers.ip_version == 6;
        let largest = header - network + size.min(payload);
        let whole = size > 0 && largest <= LARGEST_IP && lengths_agree(bytes, &layers);
        whole.then_some(Self {
            network,
            l4,
            header,
            payload,
            size,
            v6,
            tcp,
            ecn: offload.ecn,
            ipv4: if v6 { 0 } else { ipv4_sum(&bytes[network..l4]) },
            pseudo: pseudo_header(bytes, &layers, &offload)?,
        })
    }

    #[inline]
    pub(crate) fn count(&self) -> usize {
        self.payload.div_ceil(self.size).max(1)
    }
}

#[inline]
pub(crate) const fn checksum_offset(tcp: bool) -> usize {
    if tcp { 16 } else { 6 }
}

/// Whether it is TCP or UDP; none where the headers disagree with what the card was told.
#[inline]
fn transport(offload: &Offload, layers: &Layers) -> Option<bool> {
    let told = match (offload.segmentation, layers.ip_version) {
        (Segmentation::Tcp4, 4) | (Segmentation::Tcp6, 6) => TCP,
        (Segmentation::Udp, _) => UDP,
        _ => return None,
    };
    let whole = layers.fragment.is_none() && layers.l4_protocol == told;
    whole.then_some(told == TCP)
}

/// Bytes of the transport's header, if it fits.
#[inline]
fn transport_header(bytes: &[u8], l4: usize, tcp: bool) -> Option<usize> {
    if !tcp {
        return Some(8);
    }
    let len = usize::from(bytes.get(l4 + 12)? >> 4) * 4;
    (len >= 20).then_some(len)
}

/// Whether the lengths in the headers are those of the packet: what is beyond them would otherwise
/// become payload. IP says zero where its length has no room in 16 bits.
#[inline]
fn lengths_agree(bytes: &[u8], layers: &Layers) -> bool {
    let (at, l4) = (layers.network_offset, layers.l4_offset);
    let (stated, real) = if layers.ip_version == 4 {
        (u16_at(bytes, at + 2), bytes.len() - at)
    } else {
        (u16_at(bytes, at + 4), bytes.len() - at - 40)
    };
    let fits = |real: usize| u16::try_from(real).unwrap_or(0);
    let udp = layers.l4_protocol != UDP || u16_at(bytes, l4 + 4) == Some(fits(bytes.len() - l4));
    stated == Some(fits(real)) && udp
}

#[inline]
fn ipv4_sum(header: &[u8]) -> u16 {
    [2, 4, 10]
        .into_iter()
        .filter_map(|at| u16_at(header, at))
        .fold(sum(header), subtract)
}

/// The sum of the pseudo-header without its length: what stands in a partial checksum, less the
/// length, or else that of the addresses. None inside for UDP without a checksum; none at all
/// where the order to the card is for something else, or the last destination is not known.
#[inline]
fn pseudo_header(bytes: &[u8], layers: &Layers, offload: &Offload) -> Option<Option<u16>> {
    let (l4, tcp) = (layers.l4_offset, layers.l4_protocol == TCP);
    let offset = checksum_offset(tcp);
    let stands = u16_at(bytes, l4 + offset)?;
    if !offload.partial_checksum {
        let without = !tcp && stands == 0;
        let computed = (!layers.routed).then(|| layers.pseudo_header(bytes, 0));
        return if without {
            Some(None)
        } else {
            computed.map(Some)
        };
    }
    let told = (
        offload.checksum_start.into(),
        offload.checksum_offset.into(),
    );
    let len = (bytes.len() - l4) as u32;
    let len = add((len >> 16) as u16, len as u16);
    (told == (l4, offset)).then_some(Some(subtract(stands, len)))
}
