//! How many handshakes one place may begin while there are too many: a token bucket for each.
use crate::time::{Nanos, SECOND};
use std::collections::BTreeMap;
use std::net::IpAddr;

/// A place may begin so many handshakes a second, and so many at once.
const RATE: Nanos = 20;
const BURST: Nanos = 5;
const COST: Nanos = SECOND / RATE;
const FULL: Nanos = COST * BURST;
/// How many places are remembered.
const MOST: usize = 16_384;

#[derive(Clone, Copy, Debug)]
struct Bucket {
    /// Worth of handshakes, in nanoseconds.
    level: Nanos,
    at: Nanos,
}

impl Bucket {
    fn level(self, now: Nanos) -> Nanos {
        let since = now.saturating_sub(self.at);
        self.level.saturating_add(since).min(FULL)
    }
}

/// A bucket for each address of IPv4, and for each /64 of IPv6, which is one customer's.
#[derive(Debug, Default)]
pub(crate) struct Limiter(BTreeMap<(bool, u64), Bucket>);

impl Limiter {
    /// Whether one more is allowed; then it is counted.
    pub(crate) fn allows(&mut self, source: IpAddr, now: Nanos) -> bool {
        let place = place(source);
        if !self.0.contains_key(&place) && !self.make_room(now) {
            return false;
        }
        let bucket = self.0.entry(place).or_insert(Bucket {
            level: FULL,
            at: now,
        });
        let level = bucket.level(now);
        let allowed = level >= COST;
        *bucket = Bucket {
            level: if allowed { level - COST } else { level },
            at: now,
        };
        allowed
    }

    /// Forgets places that have been quiet; whether there is room for another.
    fn make_room(&mut self, now: Nanos) -> bool {
        if self.0.len() >= MOST {
            self.0.retain(|_, bucket| bucket.level(now) < FULL);
        }
        self.0.len() < MOST
    }
}

fn place(source: IpAddr) -> (bool, u64) {
    match source {
        IpAddr::V4(address) => (true, u64::from(address.to_bits())),
        IpAddr::V6(address) => (false, (address.to_bits() >> 64) as u64),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn five_at_once_and_twenty_a_second() {
        let mut limiter = Limiter::default();
        let mut allowed = |text, now| limiter.allows(ip(text), now);
        assert!((0..5).all(|_| allowed("10.0.0.1", 0)));
        assert!(!allowed("10.0.0.1", 0) && !allowed("10.0.0.1", SECOND / 20 - 1));
        assert!(allowed("10.0.0.2", 0));
        assert!(allowed("10.0.0.1", SECOND / 20) && !allowed("10.0.0.1", SECOND / 20));
        let in_a_minute =
            (0..6000).filter(|turn| allowed("10.0.0.1", SECOND + turn * SECOND / 100));
        assert_eq!(in_a_minute.count(), 1204);
    }

    #[test]
    fn a_customers_addresses_are_one_place() {
        let mut limiter = Limiter::default();
        let used = (0..5).all(|host| limiter.allows(ip(&format!("fd00::{host}")), 0));
        assert!(used && !limiter.allows(ip("fd00::9"), 0));
        assert!(limiter.allows(ip("fd00:0:0:1::9"), 0));
    }

    #[test]
    fn places_are_bounded_and_quiet_ones_forgotten() {
        let mut limiter = Limiter::default();
        let place = |number: u32| IpAddr::from(number.to_be_bytes());
        assert!((0..MOST as u32).all(|number| limiter.allows(place(number), 0)));
        assert!(!limiter.allows(place(1 << 30), 0));
        assert!(limiter.allows(place(1 << 30), SECOND) && limiter.0.len() == 1);
    }
}
