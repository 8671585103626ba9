//! Clocks: the one place that reads them.
use usernet_core::time::{Nanos, SECOND};

/// How often the distance between the wall clock and the monotonic one is measured again: it
/// changes only where somebody sets the wall clock.
const REFRESH: Nanos = SECOND;
/// How often one measurement reads both clocks; the closest pair counts.
const SAMPLES: usize = 3;

/// The monotonic clock (`CLOCK_MONOTONIC`).
#[must_use]
pub fn now() -> Nanos {
    read(libc::CLOCK_MONOTONIC)
}

/// The wall clock (`CLOCK_REALTIME`), as nanoseconds since 1970.
#[must_use]
pub fn wall() -> Nanos {
    read(libc::CLOCK_REALTIME)
}

fn read(clock: libc::clockid_t) -> Nanos {
    let mut time = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: `time` outlives the call, which writes nothing else. These clocks always exist.
    unsafe { libc::clock_gettime(clock, &raw mut time) };
    time.tv_sec as Nanos * SECOND + time.tv_nsec as Nanos
}

/// An engine's clock: the monotonic one, from when the engine started.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    start: Nanos,
}

impl Clock {
    /// A clock that stands at zero now.
    #[must_use]
    pub fn start() -> Self {
        Self { start: now() }
    }

    /// Nanoseconds since its start.
    #[must_use]
    pub fn now(self) -> Nanos {
        now().saturating_sub(self.start)
    }
}

/// Turns the kernel's receive stamps, which are wall-clock time, into an engine's time.
#[derive(Clone, Copy, Debug)]
pub struct WallClock {
    clock: Clock,
    /// What the wall clock showed when the engine's stood at zero.
    zero: Nanos,
    measured: Nanos,
}

impl WallClock {
    /// Measures how far the wall clock is from this one.
    #[must_use]
    pub fn new(clock: Clock) -> Self {
        Self {
            clock,
            zero: measure(clock),
            measured: clock.now(),
        }
    }

    /// Measures again if the last measurement is too old at the engine's time `now`.
    pub fn refresh(&mut self, now: Nanos) {
        if now.saturating_sub(self.measured) >= REFRESH {
            *self = Self::new(self.clock);
        }
    }

    /// The engine's time at a moment of the wall clock; zero for one before its start.
    #[must_use]
    pub fn engine_time(&self, wall: Nanos) -> Nanos {
        wall.saturating_sub(self.zero)
    }

    /// What the wall clock showed when the engine's stood at zero.
    #[must_use]
    pub fn zero(&self) -> Nanos {
        self.zero
    }
}

/// What the wall clock showed at the clock's start: by the wall-clock reading that two monotonic
/// ones enclose most closely.
fn measure(clock: Clock) -> Nanos {
    let sample = |_| {
        let (before, wall, after) = (now(), wall(), now());
        let between = before + (after - before) / 2;
        (after - before, (wall + clock.start).saturating_sub(between))
    };
    (0..SAMPLES).map(sample).min().map_or(0, |(_, zero)| zero)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wall_clock_reading_lies_between_the_engine_times_around_it() {
        let clock = Clock::start();
        let walls = WallClock::new(clock);
        let (before, stamp, after) = (clock.now(), wall(), clock.now());
        let tolerance = 100_000;
        let at = walls.engine_time(stamp);
        assert!(at + tolerance >= before && at <= after + tolerance);
    }

    #[test]
    fn a_moment_before_the_start_is_zero() {
        let walls = WallClock::new(Clock::start());
        assert_eq!(walls.engine_time(1), 0);
    }
}
