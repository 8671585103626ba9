//! Whether there are more handshakes than are welcome (WireGuard paper §5.3).
use crate::time::{MILLISECOND, Nanos, SECOND};

/// So many handshake messages a second are answered without asking for a cookie, and so many at once: a
/// handshake costs about 0.15 ms.
const RATE: u64 = 1000;
const BURST: u64 = 100;
/// Once there were more, the load is believed to last so long.
const LASTS: Nanos = SECOND;
const COST: Nanos = SECOND / RATE;

/// A token bucket, and until when it is believed to be empty.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Load {
    level: Nanos,
    at: Nanos,
    until: Nanos,
}

impl Default for Load {
    fn default() -> Self {
        Self {
            level: BURST * COST,
            at: 0,
            until: 0,
        }
    }
}

impl Load {
    /// A handshake message has come: whether there are too many of them.
    pub(crate) fn add(&mut self, now: Nanos) -> bool {
        let since = now.saturating_sub(self.at);
        self.level = self.level.saturating_add(since).min(BURST * COST);
        self.at = now;
        match self.level.checked_sub(COST) {
            Some(left) => self.level = left,
            None => self.until = now + LASTS,
        }
        now < self.until
    }
}

const _: () = assert!(COST == MILLISECOND);

#[cfg(test)]
mod tests {
    use super::*;

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
}
