//! SYN cookies (RFC 4987 §3.6): what a SYN says, kept in the answer instead of in memory.
//!
//! The initial sequence number is, from the top: 5 bits of a clock of 64 s, 3 bits that stand for
//! the peer's MSS, and 24 bits of a keyed hash of these, of both ends and of the peer's sequence
//! number. Options that need more room go into the low bits of our timestamp, where the peer sends
//! timestamps, as Linux does: 4 bits of window scale, SACK and ECN.
use super::connection::Endpoints;
use super::ecn::Ecn;
use super::mtu::PathMtu;
use super::receive_window::ReceiveWindow;
use super::segment::{Flags, Segment};
use super::seq::before;
use super::timestamps::Timestamps;
use crate::stack::options::SocketOptions;
use crate::time::{Nanos, SECOND};
use siphasher::sip::SipHasher24;
use std::hash::{Hash, Hasher};

/// A tick of the cookies' clock. A cookie is good in its own tick and the next.
const TICK: Nanos = 64 * SECOND;
/// No cookie that was sent before so long is good.
pub(crate) const LIFE: Nanos = 2 * TICK;
/// What of a peer's MSS three bits can say: the largest of these that is not larger. The smallest
/// is the smallest that any connection takes; then the defaults of IPv4 and IPv6, Ethernet through
/// tunnels, over IPv6 and over IPv4, and larger frames.
const MSS: [u16; 8] = [48, 536, 1220, 1360, 1440, 1460, 4312, 8960];
/// Bits of the hash.
const HASH: u32 = 0x00ff_ffff;
/// Bits of a timestamp that carry options.
const OPTIONS: u32 = 0x3f;
const NOT_SCALED: u32 = 0xf;
const SACK: u32 = 1 << 4;
const ECN: u32 = 1 << 5;

/// Makes cookies, and knows its own.
#[derive(Debug)]
pub(crate) struct Cookies {
    secret: [u64; 2],
}

impl Cookies {
    pub(crate) fn new(secret: [u64; 2]) -> Self {
        Self { secret }
    }

    /// The SYN-ACK that answers a SYN. What has no place in a cookie is not offered: without
    /// timestamps no window scale, no SACK and no ECN.
    pub(crate) fn answer(
        &self,
        endpoints: &Endpoints,
        syn: &Segment<'_>,
        options: &SocketOptions,
        path_mtu: u32,
        now: Nanos,
    ) -> Segment<'static> {
        let window = ReceiveWindow::new(options.receive_buffer);
        let ours = Timestamps::new(endpoints).value(now);
        let carried = syn.timestamp.is_some();
        let ecn = carried && options.ecn && Ecn::is_offered(syn.flags);
        let scale = syn.window_scale.filter(|_| carried);
        let echo = if ecn { Flags::ECE } else { Flags::default() };
        Segment {
            seq: self.make(endpoints, syn, now),
            ack: Some(syn.seq.wrapping_add(1)),
            flags: Flags::SYN | Flags::ACK | echo,
            window: window.field_of_syn(),
            mss: Some(PathMtu::new(endpoints.remote, path_mtu).to_offer()),
            window_scale: scale.map(|_| window.scale_to_offer()),
            sack_permitted: carried && syn.sack_permitted,
            timestamp: syn
                .timestamp
                .map(|(value, _)| (timestamp(ours, syn, ecn), value)),
            ..Segment::default()
        }
    }

    /// The sequence number that answers a SYN.
    fn make(&self, endpoints: &Endpoints, syn: &Segment<'_>, now: Nanos) -> u32 {
        let mss = syn.mss.unwrap_or(MSS[1]);
        let index = MSS.iter().rposition(|&known| known <= mss).unwrap_or(0);
        self.cookie(endpoints, syn.seq, index as u32, now / TICK)
    }

    /// The SYN that a cookie was made for, as far as it can say, when `segment` brings it back;
    /// none where it is not ours, or is too old.
    pub(crate) fn check(
        &self,
        endpoints: &Endpoints,
        segment: &Segment<'_>,
        now: Nanos,
    ) -> Option<Segment<'static>> {
        let cookie = segment.ack?.wrapping_sub(1);
        let seq = segment.seq.wrapping_sub(1);
        let index = cookie >> 24 & 7;
        let good = |age| {
            let tick = (now / TICK).checked_sub(age);
            tick.is_some_and(|tick| self.cookie(endpoints, seq, index, tick) == cookie)
        };
        (good(0) || good(1)).then(|| Segment {
            seq,
            mss: Some(MSS[index as usize]),
            ..options_of(segment)
        })
    }

    fn cookie(&self, endpoints: &Endpoints, seq: u32, index: u32, tick: u64) -> u32 {
        let mut hasher = SipHasher24::new_with_keys(self.secret[0], self.secret[1]);
        (endpoints, seq, index, tick).hash(&mut hasher);
        (tick as u32) << 27 | index << 24 | hasher.finish() as u32 & HASH
    }
}

/// A timestamp, not younger than `value`, that carries what a SYN offers.
fn timestamp(value: u32, syn: &Segment<'_>, ecn: bool) -> u32 {
    let scale = syn.window_scale.map_or(NOT_SCALED, u32::from);
    let sack = if syn.sack_permitted { SACK } else { 0 };
    let ecn = if ecn { ECN } else { 0 };
    let carrier = value & !OPTIONS | scale | sack | ecn;
    if before(value, carrier) {
        carrier.wrapping_sub(OPTIONS + 1)
    } else {
        carrier
    }
}

/// The options of a SYN, from the echo of the timestamp that carried them.
fn options_of(segment: &Segment<'_>) -> Segment<'static> {
    let Some((value, echo)) = segment.timestamp else {
        return Segment::default();
    };
    let scale = echo & NOT_SCALED;
    let ecn = if echo & ECN != 0 {
        Flags::ECE | Flags::CWR
    } else {
        Flags::default()
    };
    Segment {
        flags: Flags::SYN | ecn,
        timestamp: Some((value, 0)),
        window_scale: (scale != NOT_SCALED).then_some(scale as u8),
        sack_permitted: echo & SACK != 0,
        ..Segment::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn endpoints(port: u16) -> Endpoints {
        Endpoints {
            local: ([10, 0, 0, 1], 80).into(),
            remote: ([10, 0, 0, 2], port).into(),
        }
    }

    fn syn(mss: Option<u16>) -> Segment<'static> {
        Segment {
            seq: 77,
            mss,
            flags: Flags::SYN,
            ..Segment::default()
        }
    }

    fn answer(cookie: u32) -> Segment<'static> {
        Segment {
            seq: 78,
            ack: Some(cookie.wrapping_add(1)),
            flags: Flags::ACK,
            ..Segment::default()
        }
    }

    #[test]
    fn a_cookie_is_good_for_its_ends_and_its_time() {
        let cookies = Cookies::new([1, 2]);
        let now = 10 * TICK + 5;
        let back = answer(cookies.make(&endpoints(9), &syn(Some(1460)), now));
        let mss = |ends, segment, now| Some(cookies.check(&ends, segment, now)?.mss);
        assert_eq!(mss(endpoints(9), &back, now), Some(Some(1460)));
        assert_eq!(mss(endpoints(9), &back, now + TICK), Some(Some(1460)));
        assert_eq!(mss(endpoints(9), &back, now + 2 * TICK), None);
        assert_eq!(mss(endpoints(9), &back, now - TICK), None);
        assert_eq!(mss(endpoints(8), &back, now), None);
        let other = Segment {
            seq: 79,
            ..back.clone()
        };
        assert_eq!(mss(endpoints(9), &other, now), None);
        assert!(
            Cookies::new([1, 3])
                .check(&endpoints(9), &back, now)
                .is_none()
        );
    }

    #[test]
    fn the_mss_is_never_larger_than_the_peers() {
        let cookies = Cookies::new([1, 2]);
        for (offered, kept) in [
            (None, 536),
            (Some(1), 48),
            (Some(1459), 1440),
            (Some(65_535), 8960),
        ] {
            let back = answer(cookies.make(&endpoints(9), &syn(offered), 0));
            let read = cookies.check(&endpoints(9), &back, 0).unwrap();
            assert_eq!(read.mss, Some(kept));
        }
    }

    proptest! {
        #[test]
        fn options_survive_in_a_timestamp_that_is_not_from_the_future(
            value: u32, scale in prop::option::of(0_u8..15), sack_permitted: bool, ecn: bool,
        ) {
            let offered = Segment { window_scale: scale, sack_permitted, ..syn(None) };
            let carrier = timestamp(value, &offered, ecn);
            prop_assert!(!before(value, carrier) && value.wrapping_sub(carrier) < 64);
            let back = Segment { timestamp: Some((5, carrier)), ..answer(0) };
            let read = options_of(&back);
            prop_assert_eq!(read.window_scale, scale);
            prop_assert_eq!(read.sack_permitted, sack_permitted);
            prop_assert_eq!(read.flags.has(Flags::ECE | Flags::CWR), ecn);
            prop_assert_eq!(read.timestamp, Some((5, 0)));
        }
    }
}
