//! The drive: an engine in real time. Engine and apps stand behind one lock. A thread of the
//! drive's own holds it while it breathes, and lets go of it while it sleeps; a caller takes it for
//! what it has to do, runs the breaths that follow from that itself, and wakes the thread only
//! where that sleeps past what is left to do. So what two hosts of one process say to each other
//! needs no other thread.
mod busy_poll;
mod core;
mod crowd;
mod sleeper;
#[cfg(test)]
mod tests;
mod turnstile;

use crate::abandoned::Abandoned;
use crate::clock::Clock;
use crate::poll::Event;
use crate::registry::{Apps, Time};
use core::{Core, Signals};
use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use turnstile::Turnstile;
use usernet_core::app::AppError;
use usernet_core::engine::{Engine, HostKey};
use usernet_core::stack::{Readiness, SocketId};
use usernet_core::time::{MICROSECOND, Nanos};

/// How long before a deadline the precise mode stops sleeping: more than a wake-up is late, mostly.
const SPIN: Nanos = 80 * MICROSECOND;

/// What failed: the app's name, and the error.
pub type Failure = (String, AppError);

/// How an engine's thread waits.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Waking {
    /// Whether it spins for the last 80 µs before each deadline, and takes real-time priority where
    /// that is allowed.
    pub precise: bool,
    /// Whether it stays awake, 300 µs at most and half of a core in the long run, while what it
    /// waits for has just come as soon again and again, and nobody else wants the core.
    pub busy_poll: bool,
}

impl Default for Waking {
    fn default() -> Self {
        Self {
            precise: false,
            busy_poll: true,
        }
    }
}

/// An engine in real time, with a thread of its own.
pub struct Drive {
    shared: Arc<Shared>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Drive {
    /// Starts an engine without a graph.
    ///
    /// # Errors
    /// The system has no thread or no descriptor left.
    pub fn start(seed: u64, waking: Waking) -> Result<Self, AppError> {
        let no_more = |error| AppError::engine(format!("the engine cannot start: {error}"));
        let clock = Clock::start();
        let shared = Arc::new(Shared {
            clock,
            core: Turnstile::new(Core::new(Apps::new(seed, Time::Real(clock)))),
            bell: Event::new().map_err(no_more)?,
            events: Event::new().map_err(no_more)?,
            raised: AtomicBool::new(false),
            abandoned: Abandoned::default(),
            state: Mutex::default(),
            news: Condvar::new(),
        });
        let loop_shared = Arc::clone(&shared);
        let thread = std::thread::Builder::new().name("usernet-engine".into());
        let thread = thread.spawn(move || sleeper::run(&loop_shared, waking));
        Ok(Self {
            shared,
            thread: Mutex::new(Some(thread.map_err(no_more)?)),
        })
    }

    /// Waits for one's turn with the engine, which comes between two breaths.
    #[must_use]
    pub fn turn(&self) -> Turn<'_> {
        Turn {
            shared: &self.shared,
            core: self.shared.core.enter(),
        }
    }

    /// A turn at once, if nobody else has one or waits for one.
    #[must_use]
    pub fn try_turn(&self) -> Option<Turn<'_>> {
        let core = self.shared.core.try_enter()?;
        let shared = &self.shared;
        Some(Turn { shared, core })
    }

    /// Nanoseconds since the engine started.
    #[must_use]
    pub fn now(&self) -> Nanos {
        self.shared.clock.now()
    }

    /// The descriptor that is readable while socket events wait.
    #[must_use]
    pub fn fd(&self) -> i32 {
        self.shared.events.fd()
    }

    /// Makes that descriptor unreadable. Whoever does so takes the events next: those that come
    /// about after that make it readable again.
    pub fn clear(&self) {
        if self.shared.raised.swap(false, Ordering::AcqRel) {
            self.shared.events.clear();
        }
    }

    /// Closes a socket as soon as that can be done.
    pub fn abandon(&self, host: HostKey, socket: SocketId) {
        self.shared.abandoned.add(host, socket);
        match self.try_turn() {
            // Of an engine that has ended there are no sockets left.
            Some(turn) => drop(turn.with(|_, _| ())),
            None => self.shared.bell.raise(),
        }
    }

    /// What has failed and cannot mend by itself, if something has.
    #[must_use]
    pub fn failure(&self) -> Option<Failure> {
        self.shared.state().failure.clone()
    }

    /// Waits until something has failed or the engine has ended, at most so long.
    #[must_use]
    pub fn wait(&self, timeout: Duration) -> Option<Failure> {
        let until = Instant::now() + timeout;
        let mut state = self.shared.state();
        while state.failure.is_none() && state.ended.is_none() {
            let left = until.checked_duration_since(Instant::now())?;
            let waited = self.shared.news.wait_timeout(state, left);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        state.failure.clone()
    }

    /// Finds out anew what has failed.
    pub(crate) fn report(&self) {
        let core = self.shared.core.enter();
        if !core.ended {
            self.shared.report(&core);
        }
    }

    /// Stops every app, then the thread. Once stopped, it stays so.
    pub fn stop(&self) {
        self.shared.stop();
        let thread = self.thread.lock();
        let thread = thread.unwrap_or_else(PoisonError::into_inner).take();
        // A panic of the thread has been caught and told already.
        let _ = thread.map(JoinHandle::join);
    }
}

impl Drop for Drive {
    fn drop(&mut self) {
        self.stop();
    }
}

/// The engine for as long as one holds it.
pub struct Turn<'a> {
    shared: &'a Shared,
    core: MutexGuard<'a, Core>,
}

impl Turn<'_> {
    /// Does something with the engine, then runs the breaths that follow from it.
    ///
    /// # Errors
    /// The engine is stopped, or has panicked; now, if the work did.
    #[inline]
    pub fn with<R>(
        mut self,
        work: impl FnOnce(&mut Engine, &mut Apps) -> R,
    ) -> Result<R, AppError> {
        let shared = self.shared;
        let done = shared.guard(&mut self.core, |core| {
            core.engine.tell_time(shared.clock.now());
            shared.abandoned.close(&mut core.engine);
            let result = work(&mut core.engine, &mut core.apps);
            (result, core.follow_up(shared.clock))
        });
        drop(self.core);
        let (result, signals) = done?;
        shared.signal(signals);
        Ok(result)
    }

    /// Takes all socket events.
    ///
    /// # Errors
    /// The engine is stopped, or has panicked.
    pub fn take_events(
        mut self,
        tell: impl FnMut(HostKey, SocketId, Readiness),
    ) -> Result<(), AppError> {
        self.shared.guard(&mut self.core, |core| {
            core.lower();
            core.engine.take_events(tell);
        })
    }
}

#[derive(Default)]
struct State {
    failure: Option<Failure>,
    /// Why the engine does not run any more.
    ended: Option<AppError>,
}

struct Shared {
    clock: Clock,
    core: Turnstile<Core>,
    /// Ends the thread's sleep.
    bell: Event,
    /// Says that socket events wait; and whether it did since it was last made to say nothing.
    events: Event,
    raised: AtomicBool,
    abandoned: Abandoned,
    state: Mutex<State>,
    news: Condvar,
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does something with the engine, unless that has ended. A panic ends it, and is told.
    #[inline]
    fn guard<R>(&self, core: &mut Core, work: impl FnOnce(&mut Core) -> R) -> Result<R, AppError> {
        if core.ended {
            return Err(self.end());
        }
        let done = catch_unwind(AssertUnwindSafe(|| work(core)));
        done.map_err(|panic| self.give_up(core, &*panic))
    }

    #[inline]
    fn signal(&self, signals: Signals) {
        if signals.events {
            self.raise();
        }
        if signals.thread {
            self.bell.raise();
        }
    }

    /// Says that socket events wait. The note comes last: whoever sees it finds the descriptor
    /// readable, and whoever does not yet will be called again.
    fn raise(&self) {
        self.events.raise();
        self.raised.store(true, Ordering::Release);
    }

    /// Why the engine does not run any more.
    fn end(&self) -> AppError {
        let ended = self.state().ended.clone();
        ended.unwrap_or_else(|| AppError::engine("the engine is stopped"))
    }

    #[cold]
    fn give_up(&self, core: &mut Core, panic: &(dyn Any + Send)) -> AppError {
        let words = panic.downcast_ref::<String>().map(String::as_str);
        let words = words.or_else(|| panic.downcast_ref::<&str>().copied());
        let message = format!("the engine panicked: {}", words.unwrap_or("without a word"));
        let error = AppError::engine(message);
        core.ended = true;
        let left = std::mem::take(&mut core.engine);
        // What the panic left half done may panic again; it is told of already.
        let _ = catch_unwind(AssertUnwindSafe(|| drop(left)));
        self.set_ended(error.clone(), Some(("engine".into(), error.clone())));
        self.signal(Signals {
            thread: true,
            events: true,
        });
        error
    }

    fn stop(&self) {
        let mut core = self.core.enter();
        let stopped = self.guard(&mut core, |core| {
            core.engine.tell_time(self.clock.now());
            core.engine.stop();
            core.apps.late().settle(); // no packet waits any more
            failure(core)
        });
        if let Ok(failure) = stopped {
            core.ended = true;
            self.set_ended(AppError::engine("the engine is stopped"), failure);
        }
        drop(core);
        self.bell.raise();
    }

    fn set_ended(&self, reason: AppError, failure: Option<Failure>) {
        let mut state = self.state();
        state.ended = Some(reason);
        state.failure = failure;
        drop(state);
        self.news.notify_all();
    }

    fn report(&self, core: &Core) {
        let failure = failure(core);
        let mut state = self.state();
        if failure.is_some() && state.failure.is_none() {
            self.news.notify_all();
        }
        state.failure = failure;
    }
}

fn failure(core: &Core) -> Option<Failure> {
    let late = || core.apps.late_failure();
    core.engine.failure().or_else(late)
}
