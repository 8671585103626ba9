//! A limit on messages that others can provoke: a token bucket (RFC 1812 §4.3.2.8, RFC 4443 §2.4 f).
use crate::time::{Nanos, SECOND};

/// ICMP errors a second, and how many of them at once: what Linux has (`icmp_msgs_per_sec`,
/// `icmp_msgs_burst`).
const PER_SECOND: u64 = 1000;
const BURST: u64 = 50;
const EVERY: Nanos = SECOND / PER_SECOND;

/// How many messages may be sent.
pub(crate) struct Limit {
    /// When the bucket will be full, or was.
    full: Nanos,
}

impl Limit {
    pub(crate) const fn new() -> Self {
        Self { full: 0 }
    }

    /// Takes a token, if there is one.
    pub(crate) fn take(&mut self, now: Nanos) -> bool {
        let full = self.full.max(now) + EVERY;
        let allowed = full - now <= BURST * EVERY;
        if allowed {
            self.full = full;
        }
        allowed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_then_a_rate() {
        let mut limit = Limit::new();
        let now = 5 * SECOND;
        let taken = |limit: &mut Limit, now| (0..1000).filter(|_| limit.take(now)).count();
        assert_eq!(taken(&mut limit, now), 50);
        assert_eq!(taken(&mut limit, now + EVERY - 1), 0);
        assert_eq!(taken(&mut limit, now + EVERY), 1);
        assert_eq!(taken(&mut limit, now + 11 * EVERY), 10);
        assert_eq!(taken(&mut limit, now + 20 * SECOND), 50);
    }
}
