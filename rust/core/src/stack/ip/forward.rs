//! Packets on their way through (RFC 1812 §5, RFC 8200 §3), and those that do not fit their link.
use super::address::is_link_local;
use super::counters::Dropped;
use super::error::Complaint;
use super::fragment::{cut_v4, cut_v6};
use super::header::Header;
use super::output::Hop;
use super::{Ip, header};
use crate::app::Context;
use crate::packet::Packet;
use crate::wire::checksum::{finish, update};
use crate::wire::field::{put_u16, u16_at};
use crate::wire::segment::{largest_ip_len, segments};

impl Ip {
    /// Hands a packet on that is for another host.
    pub(super) fn hand_on(
        &mut self,
        mut packet: Packet,
        header: &Header,
        context: &mut Context<'_>,
    ) {
        // Broadcasts of far networks are not handed on either (RFC 2644).
        let local = is_link_local(header.source) || is_link_local(header.destination);
        let one = header.is_unicast() && !self.is_broadcast(header.destination);
        if local || !one || header.destination.is_loopback() {
            return self.drop(packet, Dropped::BadAddress, context.pool);
        }
        if header.hop_limit <= 1 {
            self.complain(packet.bytes(), header, Complaint::TooFar, context);
            return self.drop(packet, Dropped::Ttl, context.pool);
        }
        let Some(hop) = self.hop(header.destination) else {
            self.complain(packet.bytes(), header, Complaint::NoRoute, context);
            return self.drop(packet, Dropped::NoRoute, context.pool);
        };
        // What a link has padded is not handed on.
        packet.resize(header.payload.end);
        age(packet.bytes_mut());
        self.forwarded += 1;
        self.transmit(packet, hop, context);
    }

    /// A packet does not fit its link: it is cut, where it may be, or its source is told.
    #[cold]
    pub(super) fn cut(&mut self, packet: Packet, hop: Hop, mtu: usize, context: &mut Context<'_>) {
        let Ok(header) = Header::parse(packet.bytes()) else {
            return self.drop(packet, Dropped::Malformed, context.pool);
        };
        let own = self.speaks_for(header.source);
        // Only a source cuts IPv6, and nobody a TCP segment that asks not to be.
        let kept = header.whole && (header.is_v4() || !own || header.protocol == header::TCP);
        if kept {
            self.complain(
                packet.bytes(),
                &header,
                Complaint::TooBig(mtu as u32),
                context,
            );
            return self.drop(packet, Dropped::TooBig, context.pool);
        }
        if packet.is_super() {
            return self.cut_super(packet, hop, mtu, context);
        }
        self.cut_single(packet, &header, hop, mtu, context);
    }

    /// Cuts a super-packet into the packets that it stands for, and those that do not fit further.
    fn cut_super(&mut self, packet: Packet, hop: Hop, mtu: usize, context: &mut Context<'_>) {
        let mut singles = Vec::new();
        let cut = segments(packet, context.pool, &mut |single| singles.push(single));
        if let Err(packet) = cut {
            return self.drop(packet, Dropped::Malformed, context.pool);
        }
        for single in singles {
            if largest_ip_len(&single) <= mtu {
                self.put(single, hop, context);
            } else if let Ok(header) = Header::parse(single.bytes()) {
                self.cut_single(single, &header, hop, mtu, context);
            } else {
                self.drop(single, Dropped::Malformed, context.pool);
            }
        }
    }

    fn cut_single(
        &mut self,
        mut packet: Packet,
        header: &Header,
        hop: Hop,
        mtu: usize,
        context: &mut Context<'_>,
    ) {
        finish(&mut packet);
        let pieces = if header.is_v4() {
            cut_v4(&packet, mtu, context.pool)
        } else {
            let id = self.next_long_id(header.destination);
            cut_v6(&packet, mtu, id, context.pool)
        };
        context.pool.free(packet);
        for piece in pieces {
            self.put(piece, hop, context);
        }
    }
}

/// Takes one off the hop limit.
fn age(bytes: &mut [u8]) {
    if bytes.first().is_some_and(|first| first >> 4 == 6) {
        bytes[7] -= 1;
        return;
    }
    let words = (u16_at(bytes, 8), u16_at(bytes, 10));
    if let (Some(old), Some(checksum)) = words {
        let new = old.wrapping_sub(0x100);
        put_u16(bytes, 8, new);
        put_u16(bytes, 10, update(checksum, old, new));
    }
}
