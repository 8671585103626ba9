//! Busy polling: staying awake for what is about to come. A thread that sleeps has to be woken, which
//! takes some 50 µs where an idle core has halted: most of a round trip in a tunnel. So where the
//! last waits were short, the next one begins with looking again and again for as long as those
//! took at most. It ends where that does not pay: where nothing comes in that time, where others
//! want the core, and where it has taken half of a core for long.
use usernet_core::time::{MICROSECOND, MILLISECOND, Nanos, SECOND};

/// How long a wait is at most for which it pays to stay awake: a round trip to another process of
/// this machine takes less, and KVM's host looks about as long before it lets a core sleep
/// (`halt_poll_ns` is 200 µs).
const WINDOW: Nanos = 300 * MICROSECOND;
/// How long the thread is busy at most between two waits of which that is true: one that has more to
/// do is not what others wait for, and takes the core from who has to give it that.
const WORK: Nanos = 50 * MICROSECOND;
/// How many waits in a row have to be as short before.
const SHORT_BEFORE: u32 = 4;
/// In how many waits in a row others want the core before it is not asked again for a while: those
/// that are waited for want one now and then, too.
const CROWDED_BEFORE: u32 = 8;
/// How long the thread sleeps as ever then; twice as long each time.
const SHORTEST_REST: Nanos = 10 * MILLISECOND;
const LONGEST_REST: Nanos = 5 * SECOND;
/// What may be spent at once; half of the time that passes is added to it.
const ALLOWANCE: Nanos = SECOND;

/// How a wait began and ended.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wait {
    pub(crate) began: Nanos,
    pub(crate) ended: Nanos,
    /// How much of it was spent awake.
    pub(crate) awake: Nanos,
    /// Whether others wanted the core meanwhile.
    pub(crate) crowded: bool,
}

/// Whether to stay awake, from how the last waits were.
#[derive(Debug)]
pub(crate) struct BusyPoll {
    /// Whether it may at all.
    allowed: bool,
    /// How many waits in a row were short, and in how many others wanted the core.
    short: u32,
    crowded: u32,
    /// When the last one was over.
    ended: Nanos,
    /// What may still be spent, as of a moment.
    left: Nanos,
    reckoned: Nanos,
    /// Until when the thread sleeps as ever, and how long it will the next time.
    rests_until: Nanos,
    rest: Nanos,
}

impl BusyPoll {
    pub(crate) fn new(allowed: bool) -> Self {
        Self {
            allowed,
            short: 0,
            crowded: 0,
            ended: 0,
            left: ALLOWANCE,
            reckoned: 0,
            rests_until: 0,
            rest: SHORTEST_REST,
        }
    }

    /// For how long to stay awake from now on; zero where that would not pay.
    pub(crate) fn length(&mut self, now: Nanos) -> Nanos {
        let passed = now.saturating_sub(self.reckoned);
        self.reckoned = now;
        self.left = (self.left + passed / 2).min(ALLOWANCE);
        let pays = self.short >= SHORT_BEFORE && now >= self.rests_until && self.left >= WINDOW;
        if self.allowed && pays { WINDOW } else { 0 }
    }

    /// Learns from a wait.
    pub(crate) fn learn(&mut self, wait: Wait) {
        self.left = self.left.saturating_sub(wait.awake);
        let is_short = wait.ended.saturating_sub(wait.began) <= WINDOW;
        let had_little_to_do = wait.began.saturating_sub(self.ended) <= WORK;
        self.ended = wait.ended;
        self.short = if is_short && had_little_to_do {
            self.short.saturating_add(1)
        } else {
            0
        };
        if wait.crowded {
            self.crowded += 1;
        } else if wait.awake > 0 {
            (self.crowded, self.rest) = (0, SHORTEST_REST);
        }
        if self.crowded == CROWDED_BEFORE {
            self.crowded = 0;
            self.rests_until = wait.ended + self.rest;
            self.rest = (2 * self.rest).min(LONGEST_REST);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Waits that follow each other, and what the thread does in them.
    struct Waits {
        polling: BusyPoll,
        now: Nanos,
    }

    impl Waits {
        fn new(allowed: bool) -> Self {
            let polling = BusyPoll::new(allowed);
            Self { polling, now: 0 }
        }

        /// Something comes after so long; for how long the thread would have stayed awake.
        fn wait(&mut self, took: Nanos, crowded: bool) -> Nanos {
            let (began, length) = (self.now, self.polling.length(self.now));
            self.now += took;
            self.polling.learn(Wait {
                began,
                ended: self.now,
                awake: took.min(length),
                crowded: crowded && length > 0,
            });
            length
        }

        fn of(&mut self, took: Nanos) -> Nanos {
            self.wait(took, false)
        }
    }

    #[test]
    fn after_four_short_waits_it_pays_to_stay_awake() {
        let mut waits = Waits::new(true);
        let lengths: Vec<_> = (0..6).map(|_| waits.of(100 * MICROSECOND)).collect();
        assert_eq!(lengths, [0, 0, 0, 0, WINDOW, WINDOW]);
    }

    #[test]
    fn a_wait_in_vain_ends_it_until_there_were_four_short_ones_again() {
        let mut waits = Waits::new(true);
        assert!((0..4).all(|_| waits.of(WINDOW) == 0));
        assert_eq!(waits.of(WINDOW + 1), WINDOW);
        let lengths: Vec<_> = (0..5).map(|_| waits.of(WINDOW)).collect();
        assert_eq!(lengths, [0, 0, 0, 0, WINDOW]);
    }

    #[test]
    fn who_has_much_to_do_between_two_waits_never_stays_awake() {
        let mut waits = Waits::new(true);
        for _ in 0..1000 {
            waits.now += WORK + 1;
            assert_eq!(waits.of(MICROSECOND), 0);
        }
    }

    #[test]
    fn who_waits_long_never_stays_awake() {
        let mut waits = Waits::new(true);
        assert!((0..1000).all(|_| waits.of(MILLISECOND) == 0));
    }

    #[test]
    fn where_it_is_forbidden_it_never_does() {
        let mut waits = Waits::new(false);
        assert!((0..1000).all(|_| waits.of(MICROSECOND) == 0));
    }

    #[test]
    fn where_others_want_the_core_it_sleeps_as_ever_for_twice_as_long_each_time() {
        let mut waits = Waits::new(true);
        for rest in [10, 20, 40, 80, 160, 320, 640, 1280, 2560, 5000, 5000] {
            assert!((0..4).all(|_| waits.of(WINDOW) == 0));
            assert!((0..8).all(|_| waits.wait(WINDOW, true) == WINDOW));
            let over = waits.now + rest * MILLISECOND;
            assert_eq!(waits.polling.length(over - 1), 0);
            assert_eq!(waits.of(rest * MILLISECOND), 0);
        }
        assert!((0..4).all(|_| waits.of(WINDOW) == 0));
        assert_eq!(waits.of(WINDOW), WINDOW);
        assert_eq!(waits.polling.rest, SHORTEST_REST);
    }

    #[test]
    fn that_others_want_it_now_and_then_is_no_reason_to_rest() {
        let mut waits = Waits::new(true);
        assert!((0..4).all(|_| waits.of(WINDOW) == 0));
        for _ in 0..20 {
            assert!((0..7).all(|_| waits.wait(WINDOW, true) == WINDOW));
            assert_eq!(waits.of(WINDOW), WINDOW);
        }
    }

    #[test]
    fn in_the_long_run_it_takes_half_of_a_core_at_most() {
        let mut waits = Waits::new(true);
        let mut awake = 0;
        let began = waits.now;
        while waits.now < began + 100 * SECOND {
            awake += waits.of(WINDOW);
        }
        let share = awake as f64 / (waits.now - began + 2 * ALLOWANCE) as f64;
        assert!((0.49..=0.5).contains(&share), "{share}");
    }
}
