//! The clock: the only place where time is read.
use std::ptr;
use usernet_core::time::{Nanos, SECOND};

/// Nanoseconds of the monotonic clock.
#[must_use]
pub fn monotonic() -> Nanos {
    read(libc::CLOCK_MONOTONIC)
}

/// Nanoseconds of the wall clock, since 1970.
#[must_use]
pub fn realtime() -> Nanos {
    read(libc::CLOCK_REALTIME)
}

fn read(clock: libc::clockid_t) -> Nanos {
    let mut now = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: `now` is a valid timespec to write to, and both clocks always exist.
    unsafe { libc::clock_gettime(clock, ptr::from_mut(&mut now)) };
    now.tv_sec as u64 * SECOND + now.tv_nsec as u64
}

/// Asks the kernel to wake this thread as close to its deadlines as it can: by default it may be
/// 50 µs late (prctl(2), PR_SET_TIMERSLACK).
pub fn wake_sharply() {
    // SAFETY: a plain number for the calling thread; no memory is involved.
    unsafe { libc::prctl(libc::PR_SET_TIMERSLACK, 1_u64) };
}
