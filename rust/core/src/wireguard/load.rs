//! How much work handshakes may be, so that a flood of them leaves time for everything else (WireGuard paper
//! §5.3).
use crate::time::{Nanos, SECOND};

/// So many handshake messages a second are answered without asking for a cookie, and so many at once: a
/// handshake costs about 0.2 ms.
const WELCOME: Bucket = Bucket::new(1000, 100);
/// So many are looked at, which costs a hash, about half a microsecond.
const LOOKED_AT: Bucket = Bucket::new(50_000, 1000);
/// So many are answered with a cookie, which costs as much as a few packets.
const COOKIES: Bucket = Bucket::new(2000, 200);
/// Once there were more than welcome, the load is believed to last so long.
const LASTS: Nanos = SECOND;

/// A token bucket.
#[derive(Clone, Copy, Debug)]
struct Bucket {
    /// What one costs, and what there is room for and is left, in nanoseconds' worth.
    cost: Nanos,
    most: Nanos,
    level: Nanos,
    at: Nanos,
}

impl Bucket {
    const fn new(rate: Nanos, burst: Nanos) -> Self {
        let cost = SECOND / rate;
        Self {
            cost,
            most: cost * burst,
            level: cost * burst,
            at: 0,
        }
    }

    /// Takes one, if there is one.
    fn take(&mut self, now: Nanos) -> bool {
        let since = now.saturating_sub(self.at);
        self.level = self.level.saturating_add(since).min(self.most);
        self.at = now;
        let left = self.level.checked_sub(self.cost);
        self.level = left.unwrap_or(self.level);
        left.is_some()
    }
}

/// How much there was of late.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Load {
    welcome: Bucket,
    looked_at: Bucket,
    cookies: Bucket,
    until: Nanos,
}

impl Default for Load {
    fn default() -> Self {
        Self {
            welcome: WELCOME,
            looked_at: LOOKED_AT,
            cookies: COOKIES,
            until: 0,
        }
    }
}

impl Load {
    /// A message has come that may be a handshake's: whether there is time to look at it.
    pub(crate) fn may_look(&mut self, now: Nanos) -> bool {
        self.looked_at.take(now)
    }

    /// A handshake message has come: whether there are too many of them.
    pub(crate) fn add(&mut self, now: Nanos) -> bool {
        if !self.welcome.take(now) {
            self.until = now + LASTS;
        }
        now < self.until
    }

    /// Whether there is time to answer with a cookie.
    pub(crate) fn may_hand_cookie(&mut self, now: Nanos) -> bool {
        self.cookies.take(now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::MILLISECOND;

    #[test]
    fn a_flood_is_load_for_a_second_longer() {
        let mut load = Load::default();
        assert!((0..100).all(|_| !load.add(0)));
        assert!(load.add(0) && load.add(SECOND - 1));
        assert!(!load.add(3 * SECOND));
    }

    #[test]
    fn a_thousand_a_second_are_welcome() {
        let mut load = Load::default();
        assert!((0..5000).all(|turn| !load.add(turn * MILLISECOND)));
    }

    #[test]
    fn work_is_bounded_however_many_come() {
        let mut load = Load::default();
        let moments = || (0..1_000_000).map(|turn| turn * SECOND / 1_000_000);
        let looked_at = moments().filter(|&now| load.may_look(now)).count();
        let cookies = moments().filter(|&now| load.may_hand_cookie(now)).count();
        assert_eq!((looked_at, cookies), (50_999, 2199));
    }
}
