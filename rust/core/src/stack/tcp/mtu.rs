//! How large a segment may be: the peer's MSS, and the path's MTU (RFC 9293 §3.7.1).
use super::segment::HEADER;
use std::net::SocketAddr;

/// Where the peer's SYN has no MSS option (RFC 9293 §3.7.1).
const DEFAULT_MSS: [u32; 2] = [536, 1220];
/// The smallest MTU that is believed: what Linux takes for IPv4, and what IPv6 guarantees
/// (RFC 8200 §5).
const SMALLEST_MTU: [u32; 2] = [552, 1280];
/// No MSS is taken for smaller than this, or a peer could ask for a header a byte; Linux has the
/// same.
const SMALLEST_MSS: u32 = 48;

/// Sizes of one connection's packets.
#[derive(Debug)]
pub(crate) struct PathMtu {
    /// 0 for IPv4, 1 for IPv6.
    family: usize,
    mtu: u32,
    peer_mss: u32,
}

impl PathMtu {
    pub(crate) fn new(remote: SocketAddr, mtu: u32) -> Self {
        let family = usize::from(remote.is_ipv6());
        Self {
            family,
            mtu: mtu.max(SMALLEST_MTU[family]),
            peer_mss: DEFAULT_MSS[family],
        }
    }

    /// Bytes of the IP and TCP headers without options.
    fn headers(&self) -> u32 {
        [20, 40][self.family] + HEADER as u32
    }

    /// The MSS that our SYN offers.
    pub(crate) fn to_offer(&self) -> u16 {
        (self.mtu - self.headers()).min(u32::from(u16::MAX)) as u16
    }

    /// What the peer's SYN offers.
    pub(crate) fn set_peer_mss(&mut self, mss: Option<u16>) {
        let mss = mss.map_or(DEFAULT_MSS[self.family], u32::from);
        self.peer_mss = mss.max(SMALLEST_MSS);
    }

    /// Payload and TCP options of a full segment.
    pub(crate) fn mss(&self) -> u32 {
        self.peer_mss.min(self.mtu - self.headers())
    }

    /// The largest IP packet.
    pub(crate) fn mtu(&self) -> u32 {
        self.mtu
    }

    /// The path is known to take so much. Whether that is news.
    pub(crate) fn set(&mut self, mtu: u32) -> bool {
        let mtu = mtu.max(SMALLEST_MTU[self.family]);
        std::mem::replace(&mut self.mtu, mtu) != mtu
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
        assert!(v6.set(600));
        assert_eq!(v6.mtu(), 1280);
        assert!(!v6.set(1000));
    }
}
