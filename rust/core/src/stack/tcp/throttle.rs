//! A limit on answers that an attacker, or a peer gone wrong, could ask for without end.
use crate::time::{Nanos, SECOND};

/// RFC 5961 §7: so many challenge ACKs in a period; these numbers are its example.
const ANSWERS: u8 = 10;
const PERIOD: Nanos = 5 * SECOND;

/// Counts answers in a period that begins with the first of them.
#[derive(Debug, Default)]
pub(crate) struct Throttle {
    since: Nanos,
    given: u8,
}

impl Throttle {
    /// Whether one more answer may be given.
    pub(crate) fn allows(&mut self, now: Nanos) -> bool {
        if self.given == 0 || now.saturating_sub(self.since) >= PERIOD {
            self.since = now;
            self.given = 0;
        }
        let allowed = self.given < ANSWERS;
        self.given += u8::from(allowed);
        allowed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_in_five_seconds() {
        let mut throttle = Throttle::default();
        let given = |throttle: &mut Throttle, now| (0..20).filter(|_| throttle.allows(now)).count();
        assert_eq!(given(&mut throttle, 7), 10);
        assert_eq!(given(&mut throttle, 7 + PERIOD - 1), 0);
        assert_eq!(given(&mut throttle, 7 + PERIOD), 10);
    }
}
