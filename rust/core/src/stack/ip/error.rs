//! ICMP errors that this host sends (RFC 792, RFC 1812 §4.3, RFC 4443 §3).
use super::Ip;
use super::counters::Dropped;
use super::header::{Header, ICMPV4, ICMPV6, Outline, pseudo_sum};
use super::interface::is_source;
use crate::app::Context;
use crate::stack::compose::{self, IcmpError};
use crate::wire::checksum::{add, checksum, sum};
use crate::wire::field::put_u16;
use std::net::IpAddr;

/// Hop limit of messages.
const HOP_LIMIT: u8 = 64;

/// What is wrong with a packet.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Complaint {
    /// No route leads there.
    NoRoute,
    /// The next hop does not answer.
    NoHost,
    /// Somebody on the way forbids it.
    Prohibited,
    /// Nobody speaks that protocol: its number stands there.
    NoProtocol(u32),
    /// Nobody listens at that port.
    NoPort,
    /// It is larger than the next link takes.
    TooBig(u32),
    /// Its hop limit was used up.
    TooFar,
    /// The rest of its fragments did not come.
    TooLate,
    /// RFC 4443 §3.4; in IPv4 only where the erroneous field is.
    Parameter(u8, u32),
}

impl Complaint {
    /// Type, code, and the word behind the checksum.
    const fn fields(self, v4: bool) -> (u8, u8, u32) {
        match (self, v4) {
            (Self::NoRoute, true) => (3, 0, 0),
            (Self::NoRoute, false) => (1, 0, 0),
            (Self::NoHost, true) => (3, 1, 0),
            (Self::NoHost, false) => (1, 3, 0),
            (Self::Prohibited, true) => (3, 13, 0),
            (Self::Prohibited, false) => (1, 1, 0),
            (Self::NoProtocol(_), true) => (3, 2, 0),
            (Self::NoProtocol(at), false) => (4, 1, at),
            (Self::NoPort, true) => (3, 3, 0),
            (Self::NoPort, false) => (1, 4, 0),
            (Self::TooBig(mtu), true) => (3, 4, mtu),
            (Self::TooBig(mtu), false) => (2, 0, mtu),
            (Self::TooFar, true) => (11, 0, 0),
            (Self::TooFar, false) => (3, 0, 0),
            (Self::TooLate, true) => (11, 1, 0),
            (Self::TooLate, false) => (3, 1, 0),
            (Self::Parameter(_, at), true) => (12, 0, at << 24),
            (Self::Parameter(code, at), false) => (4, code, at),
        }
    }
}

impl Ip {
    /// Tells the source of a packet, which is given from its IP header on, what is wrong with it;
    /// unless nobody is to be told of such a packet, or too many were.
    pub(crate) fn complain(
        &mut self,
        packet: &[u8],
        header: &Header,
        complaint: Complaint,
        context: &mut Context<'_>,
    ) {
        if !self.may_complain(packet, header, complaint) {
            return;
        }
        if !self.limit.take(context.now) {
            self.drops.count(Dropped::IcmpLimited);
            return;
        }
        if let Some(source) = self.complainer(header, complaint) {
            self.send_complaint(packet, header, complaint, source, context);
        }
    }

    /// As [`Self::complain`], in the name of somebody else, or of whom it is due, and as often as asked:
    /// whoever speaks for others hears what they say, and is limited by that.
    pub(crate) fn complain_for(
        &mut self,
        packet: &[u8],
        header: &Header,
        complaint: Complaint,
        from: Option<IpAddr>,
        context: &mut Context<'_>,
    ) {
        let same = |from: &IpAddr| from.is_ipv4() == header.is_v4();
        let from = from.filter(same);
        let source = from.or_else(|| self.complainer(header, complaint));
        if let Some(source) = source.filter(|_| self.may_complain(packet, header, complaint)) {
            self.send_complaint(packet, header, complaint, source, context);
        }
    }

    fn send_complaint(
        &mut self,
        packet: &[u8],
        header: &Header,
        complaint: Complaint,
        source: IpAddr,
        context: &mut Context<'_>,
    ) {
        let (kind, code, word) = complaint.fields(header.is_v4());
        let error = IcmpError { kind, code, word };
        let message = compose::error(context.pool, (source, header.source), error, packet);
        match (message, self.hop(header.source)) {
            (Some(message), Some(hop)) => self.transmit(message, hop, context),
            (Some(message), None) => context.pool.free(message),
            (None, _) => {}
        }
    }

    /// RFC 1122 §3.2.2, RFC 1812 §4.3.2.7, RFC 4443 §2.4 e.
    fn may_complain(&self, packet: &[u8], header: &Header, complaint: Complaint) -> bool {
        let to_groups = match complaint {
            Complaint::TooBig(_) => !header.is_v4(),
            Complaint::Parameter(code, _) => code == 2,
            _ => false,
        };
        let one = header.is_unicast() && !self.is_broadcast(header.destination);
        let known = is_source(header.source) || header.source.is_loopback();
        let first = header.fragment.is_none_or(|fragment| fragment.offset == 0);
        (one || to_groups) && known && first && !is_error(packet, header)
    }

    /// The address that a complaint comes from: the one that the packet was for, if that is the host's,
    /// or would say so itself; else that of the interface towards its source.
    fn complainer(&self, header: &Header, complaint: Complaint) -> Option<IpAddr> {
        let itself = matches!(complaint, Complaint::NoPort | Complaint::NoProtocol(_));
        if self.is_own(header.destination) || self.everybody && itself {
            return Some(header.destination);
        }
        self.source_for(header.source).ok()
    }
}

/// Whether a packet is an ICMP error itself, or a redirect; of one cut short that is assumed.
fn is_error(packet: &[u8], header: &Header) -> bool {
    let kind = packet.get(header.payload.start);
    match (header.protocol, kind) {
        (ICMPV4, Some(kind)) if header.is_v4() => matches!(kind, 3 | 4 | 5 | 11 | 12),
        (ICMPV6, Some(kind)) => *kind < 128 || *kind == 137,
        (ICMPV4 | ICMPV6, None) => true,
        _ => false,
    }
}

/// The header of an ICMP message.
pub(crate) const fn outline(source: IpAddr, destination: IpAddr) -> Outline {
    Outline {
        source,
        destination,
        protocol: if source.is_ipv4() { ICMPV4 } else { ICMPV6 },
        hop_limit: HOP_LIMIT,
        ecn: 0,
        id: None,
    }
}

/// Writes an ICMP message's checksum: over the pseudo-header too in IPv6 (RFC 4443 §2.3).
pub(crate) fn seal(message: &mut [u8], source: IpAddr, destination: IpAddr) {
    put_u16(message, 2, 0);
    let right = if source.is_ipv4() {
        checksum(message)
    } else {
        let pseudo = pseudo_sum(source, destination, ICMPV6, message.len());
        !add(pseudo, sum(message))
    };
    put_u16(message, 2, right);
}
