//! Packets become transport messages (WireGuard paper §5.4.6): one in place, a super-packet segment by
//! segment, side by side in one packet, so that they leave as a super-packet of UDP.
use super::message::{TAG, TRANSPORT_HEADER};
use super::session::Session;
use super::surroundings::Surroundings;
use crate::packet::{Offload, Packet, Pool};
use crate::wire::checksum::finish;
use crate::wire::plan::Plan;

/// Bytes that whoever carries a message needs before it: the headers of IPv6 and UDP.
const OUTER: usize = 48;
/// How many datagrams go as one: a kernel before Linux 6.9 cuts no more (udp(7), `UDP_SEGMENT`).
const MOST_SEGMENTS: usize = 64;
/// The most bytes that they may have together, so that the length field of IP can say it.
const MOST_BYTES: usize = 65_000;

/// When a message is sealed.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) enum When {
    /// At once.
    #[default]
    Now,
    /// It gets its number, and stands there as text until all are sealed that leave with it.
    Later,
}

/// Bytes of a packet with its padding, which never makes it longer than what fits.
fn padded(text: usize, mtu: usize) -> usize {
    text.next_multiple_of(16).min(mtu.max(text))
}

fn message(text: usize, mtu: usize) -> usize {
    TRANSPORT_HEADER + padded(text, mtu) + TAG
}

/// Seals a packet, where it stands if there is room around it. Nothing, and the packet given back to the
/// pool, where that cannot be.
#[inline]
pub(super) fn seal(
    (session, when): (&mut Session, When),
    mut packet: Packet,
    mtu: usize,
    pool: &mut Pool,
) -> Option<Packet> {
    finish(&mut packet);
    packet.set_offload(Offload::default());
    let text = packet.len();
    let whole = message(text, mtu);
    let mut packet = with_room(packet, whole, pool)?;
    packet.resize(whole);
    let place = packet.bytes_mut();
    if place.len() == whole && seal_text(session, when, place, text) {
        return Some(packet);
    }
    pool.free(packet);
    None
}

/// The packet behind room for a header, itself or a copy.
#[inline]
fn with_room(mut packet: Packet, whole: usize, pool: &mut Pool) -> Option<Packet> {
    let before = TRANSPORT_HEADER + OUTER;
    if packet.capacity() + TRANSPORT_HEADER >= whole && packet.prepend(before) {
        packet.trim_front(OUTER);
        return Some(packet);
    }
    let copy = pool.packet(whole).map(|mut copy| {
        copy.bytes_mut()[TRANSPORT_HEADER..][..packet.len()].copy_from_slice(packet.bytes());
        copy.set_arrived(packet.arrived());
        copy
    });
    pool.free(packet);
    copy
}

#[inline]
fn seal_text(session: &mut Session, when: When, place: &mut [u8], text: usize) -> bool {
    let padding = TRANSPORT_HEADER + text..place.len() - TAG;
    place[padding].fill(0);
    match when {
        When::Now => session.seal(place),
        When::Later => session.number(place),
    }
}

/// Seals each segment of a super-packet. Each packet that is made, and the bytes of each message in it but
/// the last, where there are several. False where something was lost.
pub(super) fn seal_segments(
    session: &mut Session,
    (packet, plan): (&Packet, &Plan),
    around: &mut Surroundings<'_>,
    out: &mut impl FnMut(Packet, Option<u16>, &mut Surroundings<'_>),
) -> bool {
    let (when, mtu) = (around.when, around.mtu);
    let each = message(plan.header + plan.size.min(plan.payload), mtu);
    let most = (MOST_BYTES / each).clamp(1, MOST_SEGMENTS);
    let mut whole = true;
    for start in (0..plan.payload).step_by(most * plan.size) {
        let end = plan.payload.min(start + most * plan.size);
        let (part, lengths) = ((start, end), (each, mtu));
        let sealed = seal_group((session, when), (packet, plan), part, lengths, around.pool);
        whole &= sealed.is_some();
        let several = end - start > plan.size;
        sealed
            .into_iter()
            .for_each(|sealed| out(sealed, several.then_some(each as u16), around));
    }
    whole
}

/// Seals the segments of this part of the payload side by side.
#[inline]
fn seal_group(
    (session, when): (&mut Session, When),
    (packet, plan): (&Packet, &Plan),
    (start, end): (usize, usize),
    (each, mtu): (usize, usize),
    pool: &mut Pool,
) -> Option<Packet> {
    let full = (end - start - 1) / plan.size;
    let last = message(plan.header + (end - start - full * plan.size), mtu);
    let mut sealed = pool.packet(full * each + last)?;
    sealed.set_arrived(packet.arrived());
    let offsets = (start..end).step_by(plan.size);
    let places = sealed.bytes_mut().chunks_mut(each);
    let all = offsets.zip(places).all(|(offset, place)| {
        let text = plan.header + plan.size.min(plan.payload - offset);
        plan.write_whole(packet, offset, &mut place[TRANSPORT_HEADER..][..text]);
        seal_text(session, when, place, text)
    });
    if all {
        return Some(sealed);
    }
    pool.free(sealed);
    None
}
