//! What is known of the MTU of paths (RFC 1191, RFC 8201).
use crate::stack::hash::{Key, Table};
use crate::time::{Nanos, SECOND};
use std::collections::VecDeque;
use std::net::IpAddr;

/// How long a path's MTU is believed (RFC 1191 §6.3, RFC 8201 §5.3: ten minutes).
const BELIEVED: Nanos = 600 * SECOND;
/// How many paths are known; the oldest makes room.
const MOST: usize = 4096;
/// Less is not believed: of IPv4 what Linux takes (`min_pmtu`), of IPv6 what every link has.
const LEAST_V4: u32 = 552;
const LEAST_V6: u32 = 1280;

/// The MTUs of paths that are narrower than their first link.
pub(crate) struct Paths {
    known: Table<IpAddr, (u32, Nanos)>,
    /// Every entry ever made, oldest first; one with another time than the table's was replaced.
    order: VecDeque<(IpAddr, Nanos)>,
    changes: u32,
}

impl Paths {
    pub(crate) fn new(key: Key) -> Self {
        Self {
            known: Table::with_hasher(key),
            order: VecDeque::new(),
            changes: 0,
        }
    }

    /// The MTU of the path to a destination, if it is known to be narrower than the first link.
    #[inline]
    pub(crate) fn mtu(&self, destination: IpAddr, now: Nanos) -> Option<u32> {
        if self.known.is_empty() {
            return None;
        }
        let &(mtu, learnt) = self.known.get(&destination)?;
        (now.saturating_sub(learnt) < BELIEVED).then_some(mtu)
    }

    /// Learns that packets of more than `mtu` bytes do not reach a destination. Whether that is new.
    pub(crate) fn learn(&mut self, destination: IpAddr, mtu: u32, now: Nanos) -> bool {
        let least = if destination.is_ipv4() {
            LEAST_V4
        } else {
            LEAST_V6
        };
        let mtu = mtu.max(least);
        if self.mtu(destination, now).is_some_and(|known| known <= mtu) {
            return false;
        }
        if self.order.len() >= MOST {
            self.forget_oldest();
        }
        self.known.insert(destination, (mtu, now));
        self.order.push_back((destination, now));
        self.changes = self.changes.wrapping_add(1);
        true
    }

    /// Forgets what is too old.
    pub(crate) fn expire(&mut self, now: Nanos) {
        let old = |&(_, learnt): &(IpAddr, Nanos)| now.saturating_sub(learnt) >= BELIEVED;
        while self.order.front().is_some_and(old) {
            self.forget_oldest();
            self.changes = self.changes.wrapping_add(1);
        }
    }

    /// How often something changed: who remembers it sees when to ask again.
    #[inline]
    pub(crate) fn changes(&self) -> u32 {
        self.changes
    }

    /// Says that first links may have changed.
    pub(crate) fn touch(&mut self) {
        self.changes = self.changes.wrapping_add(1);
    }

    fn forget_oldest(&mut self) {
        let Some((destination, learnt)) = self.order.pop_front() else {
            return;
        };
        if self
            .known
            .get(&destination)
            .is_some_and(|known| known.1 == learnt)
        {
            self.known.remove(&destination);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(last: u32) -> IpAddr {
        std::net::Ipv4Addr::from_bits(0x0a00_0000 | last).into()
    }

    #[test]
    fn a_path_is_known_for_ten_minutes() {
        let mut paths = Paths::new(Key::default());
        assert!(paths.learn(address(1), 1400, 5));
        assert!(!paths.learn(address(1), 1450, 6) && paths.learn(address(1), 1300, 7));
        assert_eq!(paths.mtu(address(1), 6 + BELIEVED), Some(1300));
        assert_eq!(paths.mtu(address(1), 7 + BELIEVED), None);
        assert_eq!(paths.mtu(address(2), 7), None);
        let changes = paths.changes();
        paths.expire(7 + BELIEVED);
        assert!(paths.known.is_empty() && paths.changes() != changes);
    }

    #[test]
    fn nobody_makes_packets_tiny() {
        let mut paths = Paths::new(Key::default());
        paths.learn(address(1), 68, 0);
        paths.learn("fd00::1".parse().unwrap(), 68, 0);
        assert_eq!(paths.mtu(address(1), 0), Some(552));
        assert_eq!(paths.mtu("fd00::1".parse().unwrap(), 0), Some(1280));
    }

    #[test]
    fn the_oldest_paths_make_room() {
        let mut paths = Paths::new(Key::default());
        for last in 0..=MOST as u32 {
            paths.learn(address(last), 1400, last.into());
        }
        assert_eq!((paths.known.len(), paths.order.len()), (MOST, MOST));
        assert_eq!(paths.mtu(address(0), 0), None);
        assert_eq!(paths.mtu(address(1), 0), Some(1400));
    }
}
