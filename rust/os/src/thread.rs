//! What the engine's thread asks of the scheduler.

/// Makes this thread one that meets deadlines: timers are not rounded, and signals go to other
/// threads. Where `precise` is asked for and the system allows it, the thread also goes before all
/// ordinary ones.
pub(crate) fn settle(precise: bool) {
    block_signals();
    // SAFETY: the call takes plain numbers; a refusal leaves the timers as they were.
    unsafe { libc::prctl(libc::PR_SET_TIMERSLACK, 1, 0, 0, 0) };
    if precise {
        go_first();
    }
}

fn block_signals() {
    // SAFETY: a sigset_t is plain numbers, for which zero is valid.
    let mut all: libc::sigset_t = unsafe { std::mem::zeroed() };
    // SAFETY: `all` lives through both calls; the old mask is not asked for.
    unsafe {
        libc::sigfillset(&raw mut all);
        libc::pthread_sigmask(libc::SIG_BLOCK, &raw const all, std::ptr::null_mut());
    }
}

/// The lowest real-time priority, not inherited by children. Without the privilege nothing changes.
fn go_first() {
    let lowest = libc::sched_param { sched_priority: 1 };
    let policy = libc::SCHED_FIFO | libc::SCHED_RESET_ON_FORK;
    // SAFETY: `lowest` lives through the call.
    unsafe { libc::sched_setscheduler(0, policy, &raw const lowest) };
}
