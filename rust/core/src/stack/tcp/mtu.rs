//! How large a segment may be: the peer's MSS, and the path's MTU (RFC 9293 §3.7.1).
//!
//! The MTU falls when ICMP says so (RFC 1191, RFC 8201), and when large segments seem to vanish
//! (RFC 4821 §7.7). Then, and every ten minutes below what the interface takes, a search leads up
//! again: a segment of the larger size is sent, and its fate is the answer (RFC 4821 §7).
use super::segment::HEADER;
use crate::time::{Nanos, SECOND};
use std::net::SocketAddr;

/// Where the peer's SYN has no MSS option (RFC 9293 §3.7.1).
const DEFAULT_MSS: [u32; 2] = [536, 1220];
/// The smallest MTU that is believed: what Linux takes for IPv4, and what IPv6 guarantees
/// (RFC 8200 §5).
const SMALLEST_MTU: [u32; 2] = [552, 1280];
/// What is tried where large segments vanish: nearly every path takes 1,200 bytes (RFC 8899 §5.1.2),
/// and every one 576 or, for IPv6, 1,280.
const BASES: [[u32; 2]; 2] = [[1200, 576], [1280, 1280]];
/// No MSS is taken for smaller than this, or a peer could ask for a header a byte; Linux has the
/// same.
const SMALLEST_MSS: u32 = 48;
/// MTUs of links, for ICMP messages without one (RFC 1191 §7.1, from its table).
const PLATEAUS: [u32; 9] = [32_000, 17_914, 8166, 4352, 2002, 1492, 1006, 576, 552];
/// The search ends where it could win no more than this; Linux has the same.
const STEP: u32 = 8;
/// A size must be lost so often to be too large (RFC 8899 §5.1.2, MAX_PROBES).
const LOSSES: u8 = 3;
/// After so long a larger size is tried again (RFC 4821 §7.7, RFC 8899 §5.1.1).
pub(crate) const SEARCH_AGAIN: Nanos = 600 * SECOND;

/// Sizes of one connection's packets.
#[derive(Debug)]
pub(crate) struct PathMtu {
    /// 0 for IPv4, 1 for IPv6.
    family: usize,
    /// What the host says of interface and route.
    told: u32,
    /// What is used.
    mtu: u32,
    /// What is not too large, as far as is known; from `mtu` on.
    ceiling: u32,
    /// Whether the ceiling itself is to be tried first.
    leap: bool,
    losses: u8,
    peer_mss: u32,
}

impl PathMtu {
    pub(crate) fn new(remote: SocketAddr, mtu: u32) -> Self {
        let family = usize::from(remote.is_ipv6());
        let mtu = mtu.max(SMALLEST_MTU[family]);
        Self {
            family,
            told: mtu,
            mtu,
            ceiling: mtu,
            leap: false,
            losses: 0,
            peer_mss: DEFAULT_MSS[family],
        }
    }

    /// Bytes of the IP and TCP headers without options.
    fn headers(&self) -> u32 {
        [20, 40][self.family] + HEADER as u32
    }

    /// The MSS that our SYN offers.
    pub(crate) fn to_offer(&self) -> u16 {
        (self.told - self.headers()).min(u32::from(u16::MAX)) as u16
    }

    /// What the peer's SYN offers.
    pub(crate) fn set_peer_mss(&mut self, mss: Option<u16>) {
        let mss = mss.map_or(DEFAULT_MSS[self.family], u32::from);
        self.peer_mss = mss.max(SMALLEST_MSS);
    }

    /// Payload and TCP options of a full segment.
    pub(crate) fn mss(&self) -> u32 {
        self.mss_of(self.mtu)
    }

    /// Payload and TCP options of a segment that fills an IP packet of this size.
    pub(crate) fn mss_of(&self, mtu: u32) -> u32 {
        self.peer_mss.min(mtu - self.headers())
    }

    /// The largest IP packet.
    pub(crate) fn mtu(&self) -> u32 {
        self.mtu
    }

    /// The host says what route and interface take. Whether that is news.
    pub(crate) fn tell(&mut self, mtu: u32) -> bool {
        let mtu = mtu.max(SMALLEST_MTU[self.family]);
        if mtu == self.told {
            return false;
        }
        self.told = mtu;
        self.settle(mtu);
        true
    }

    /// ICMP says what a link takes (or only that a packet was too large). Whether what is used
    /// becomes smaller.
    pub(crate) fn on_too_big(&mut self, mtu: Option<u32>) -> bool {
        let plateau = || PLATEAUS.into_iter().find(|&it| it < self.mtu);
        let mtu = mtu.filter(|&mtu| mtu > 0).or_else(plateau).unwrap_or(0);
        let mtu = mtu.max(SMALLEST_MTU[self.family]);
        if mtu >= self.mtu {
            // It was about a probe: no need to look higher.
            self.ceiling = self.ceiling.min(mtu);
            return false;
        }
        self.settle(mtu);
        true
    }

    fn settle(&mut self, mtu: u32) {
        (self.mtu, self.ceiling, self.losses) = (mtu, mtu, 0);
    }

    /// So many timeouts in a row: what was sent, with `largest` bytes of payload and options, may be
    /// too large for a path whose routers do not say so (RFC 2923 §2.1). Whether smaller ones are
    /// worth a try.
    pub(crate) fn on_black_hole(&mut self, timeouts: u32, largest: u32) -> bool {
        let base = match timeouts {
            0..=1 => return false,
            2..=3 => BASES[self.family][0],
            _ => BASES[self.family][1],
        };
        if base >= self.mtu || largest + self.headers() <= base {
            return false;
        }
        // Perhaps the path was only down: then what was used until now is right.
        (self.ceiling, self.leap, self.losses) = (self.ceiling.max(self.mtu), true, 0);
        self.mtu = base;
        true
    }

    /// The size to try next; none where the search is at its end.
    pub(crate) fn next_probe(&self) -> Option<u32> {
        let most = self.ceiling.min(self.peer_mss + self.headers());
        let size = if self.leap {
            most
        } else {
            self.mtu + (most.saturating_sub(self.mtu)) / 2
        };
        (most > self.mtu + STEP).then_some(size)
    }

    /// A probe of this size has arrived. Whether that is news.
    pub(crate) fn on_probe_arrived(&mut self, size: u32) -> bool {
        (self.leap, self.losses) = (false, 0);
        let news = size > self.mtu;
        self.mtu = self.mtu.max(size);
        news
    }

    /// A probe of this size was lost.
    pub(crate) fn on_probe_lost(&mut self, size: u32) {
        self.losses += 1;
        if self.losses >= LOSSES {
            (self.leap, self.losses) = (false, 0);
            self.ceiling = self.ceiling.min(size - 1).max(self.mtu);
        }
    }

    /// Whether the path may take more than is used, but the search has ended.
    pub(crate) fn is_content(&self) -> bool {
        self.mtu < self.told && self.next_probe().is_none()
    }

    /// Some time has passed: perhaps the path takes more by now.
    pub(crate) fn search_again(&mut self) {
        (self.ceiling, self.leap, self.losses) = (self.told, true, 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ethernet() -> PathMtu {
        let mut path = PathMtu::new(([10, 0, 0, 1], 1).into(), 1500);
        path.set_peer_mss(Some(9000));
        path
    }

    #[test]
    fn segments_fit_the_path_and_the_peer() {
        let mut v4 = PathMtu::new(([10, 0, 0, 1], 1).into(), 1500);
        assert_eq!((v4.to_offer(), v4.mss()), (1460, 536));
        v4.set_peer_mss(Some(9000));
        assert_eq!(v4.mss(), 1460);
        v4.set_peer_mss(Some(1));
        assert_eq!(v4.mss(), 48);
        let v6 = PathMtu::new(([0; 8], 1).into(), 100_000);
        assert_eq!((v6.to_offer(), v6.mss()), (65_535, 1220));
    }

    #[test]
    fn no_path_is_smaller_than_its_family_allows() {
        let mut v6 = PathMtu::new(([0; 8], 1).into(), 1500);
        assert!(v6.tell(600));
        assert_eq!(v6.mtu(), 1280);
        assert!(!v6.tell(1000));
        assert!(!v6.on_too_big(Some(68)));
    }

    #[test]
    fn a_router_that_does_not_say_its_mtu_has_the_next_plateau() {
        let mut path = ethernet();
        assert!(path.on_too_big(Some(0)));
        assert_eq!(path.mtu(), 1492);
        assert!(path.on_too_big(None));
        assert_eq!(path.mtu(), 1006);
    }

    #[test]
    fn a_path_that_was_only_down_comes_back_with_one_probe() {
        let mut path = ethernet();
        assert!(!path.on_black_hole(1, 1460));
        assert!(!path.on_black_hole(2, 1160), "that fits already");
        assert!(path.on_black_hole(2, 1460));
        assert!(!path.on_black_hole(3, 1460));
        assert_eq!((path.mtu(), path.next_probe()), (1200, Some(1500)));
        assert!(path.on_black_hole(4, 1460));
        assert_eq!((path.mtu(), path.next_probe()), (576, Some(1500)));
        assert!(path.on_probe_arrived(1500));
        assert_eq!(
            (path.mtu(), path.next_probe(), path.is_content()),
            (1500, None, false)
        );
    }

    #[test]
    fn the_search_ends_just_below_what_the_path_takes() {
        let mut path = ethernet();
        path.on_black_hole(2, 1460);
        let mut probes = Vec::new();
        while let Some(size) = path.next_probe() {
            probes.push(size);
            if size > 1400 {
                path.on_probe_lost(size);
            } else {
                path.on_probe_arrived(size);
            }
        }
        probes.dedup();
        assert_eq!(probes, [1500, 1349, 1424, 1386, 1404, 1394, 1398]);
        assert_eq!((path.mtu(), path.is_content()), (1398, true));
        path.search_again();
        assert_eq!(path.next_probe(), Some(1500));
    }

    #[test]
    fn nothing_larger_than_the_peer_takes_is_tried() {
        let mut path = ethernet();
        path.set_peer_mss(Some(1300));
        path.on_black_hole(2, 1460);
        assert_eq!(path.next_probe(), Some(1340));
        path.on_probe_arrived(1340);
        assert_eq!(path.next_probe(), None);
    }

    #[test]
    fn icmp_about_a_probe_spares_the_search() {
        let mut path = ethernet();
        path.on_black_hole(2, 1460);
        assert!(!path.on_too_big(Some(1400)));
        assert_eq!(path.next_probe(), Some(1400));
    }
}
