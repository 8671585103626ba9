//! The engine's thread: it breathes while there is something to do, and sleeps until a descriptor,
//! a deadline or a caller has something for it. It holds the lock except while it sleeps.
use super::busy_poll::{BusyPoll, Wait};
use super::core::Core;
use super::crowd::Crowd;
use super::{SPIN, Shared, Waking};
use crate::poll;
use crate::thread;
use std::sync::MutexGuard;
use usernet_core::app::Descriptor;
use usernet_core::time::Nanos;

/// After how many breaths without a pause a busy engine is asked whether something failed.
const BREATHS_PER_CHECK: u64 = 1024;

/// How often a thread that polls looks before it asks again whether others want the core.
const LOOKS_PER_CHECK: u32 = 8;

/// Runs until the engine has ended.
pub(crate) fn run(shared: &Shared, waking: Waking) {
    thread::settle(waking.precise);
    let mut sleeper = Sleeper {
        shared,
        precise: waking.precise,
        polling: BusyPoll::new(waking.busy_poll),
        crowd: Crowd::new(),
        unchecked: 0,
        polled: Vec::new(),
    };
    let mut core = shared.core.enter();
    while let Ok(more) = shared.guard(&mut core, |core| sleeper.breathe(core)) {
        core = if more {
            sleeper.go_on(core)
        } else {
            sleeper.sleep(core)
        };
    }
}

type Held<'a> = MutexGuard<'a, Core>;

struct Sleeper<'a> {
    shared: &'a Shared,
    precise: bool,
    polling: BusyPoll,
    crowd: Crowd,
    /// Breaths since it was last asked whether something failed.
    unchecked: u64,
    /// The bell, then what the apps wait for.
    polled: Vec<libc::pollfd>,
}

impl<'a> Sleeper<'a> {
    /// A breath, if one is due; whether there is more to do at once.
    fn breathe(&mut self, core: &mut Core) -> bool {
        self.shared.abandoned.close(&mut core.engine);
        let now = self.shared.clock.now();
        let more = core.engine.is_due(now) && core.engine.breathe(now, &mut core.apps);
        self.unchecked += 1;
        if !more || self.unchecked >= BREATHS_PER_CHECK {
            self.shared.report(core);
            self.unchecked = 0;
        }
        more
    }

    /// Between two breaths: descriptors that are ready, and callers that wait.
    fn go_on(&mut self, mut core: Held<'a>) -> Held<'a> {
        if self.watch(&mut core) && poll::wait(&mut self.polled, Some(0)) > 0 {
            self.wake(&mut core);
        }
        core.busy = true;
        if core.raise() {
            drop(core);
            self.shared.raise();
            core = self.shared.core.enter();
        }
        core = self.shared.core.pass(core);
        core.busy = false;
        core
    }

    /// Sleeps until there is something to do.
    fn sleep(&mut self, mut core: Held<'a>) -> Held<'a> {
        self.watch(&mut core);
        let until = core.set_alarm();
        let news = core.raise();
        drop(core);
        if news {
            self.shared.raise();
        }
        self.wait(until);
        let mut core = self.shared.core.enter();
        self.wake(&mut core);
        core
    }

    /// Takes what the apps wait for now; whether that is anything.
    fn watch(&mut self, core: &mut Core) -> bool {
        let waiting = core.watch();
        self.polled.clear();
        self.polled
            .push(pollfd(self.shared.bell.fd(), libc::POLLIN));
        let own = waiting.iter().map(|(_, descriptor)| entry(descriptor));
        self.polled.extend(own);
        !waiting.is_empty()
    }

    /// Waits until a descriptor is ready or the time has come: awake at first, where that pays.
    fn wait(&mut self, until: Nanos) {
        let began = self.shared.clock.now();
        let most = self.polling.length(began).min(until.saturating_sub(began));
        let (awake, found) = self.poll_for(began, most);
        if !found {
            self.sleep_until(until);
        }
        self.polling.learn(Wait {
            began,
            ended: self.shared.clock.now(),
            awake,
            crowded: !found && awake < most,
        });
    }

    /// Looks again and again for so long, unless others want the core; for how long it was, and
    /// whether a descriptor is ready.
    fn poll_for(&mut self, began: Nanos, most: Nanos) -> (Nanos, bool) {
        let (mut now, mut found, mut looks) = (began, false, 0_u32);
        while !found && now - began < most {
            if looks.is_multiple_of(LOOKS_PER_CHECK) && !self.crowd.has_room() {
                break;
            }
            looks += 1;
            found = poll::wait(&mut self.polled, Some(0)) > 0;
            now = self.shared.clock.now();
        }
        (now - began, found)
    }

    /// Sleeps until a descriptor is ready or the time has come.
    fn sleep_until(&mut self, until: Nanos) {
        let early = if self.precise { SPIN } else { 0 };
        loop {
            let left = until.saturating_sub(self.shared.clock.now());
            let timeout = (until < Nanos::MAX).then(|| left.saturating_sub(early));
            let ready = poll::wait(&mut self.polled, timeout);
            if ready > 0 || left == 0 || !self.precise {
                return;
            }
            std::hint::spin_loop();
        }
    }

    fn wake(&mut self, core: &mut Core) {
        let mut ready = self.polled.iter().map(|polled| polled.revents != 0);
        if ready.next() == Some(true) {
            self.shared.bell.clear();
        }
        core.wake(ready);
    }
}

fn entry(descriptor: &Descriptor) -> libc::pollfd {
    let mut events = 0;
    if descriptor.readable {
        events |= libc::POLLIN;
    }
    if descriptor.writable {
        events |= libc::POLLOUT;
    }
    pollfd(descriptor.fd, events)
}

fn pollfd(fd: libc::c_int, events: libc::c_short) -> libc::pollfd {
    libc::pollfd {
        fd,
        events,
        revents: 0,
    }
}
