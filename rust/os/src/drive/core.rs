//! What stands behind the drive's lock: the engine, its apps, and what its thread is doing. Whoever
//! holds the lock may run the engine; the thread does what nobody else is there for.
use crate::clock::Clock;
use crate::registry::Apps;
use usernet_core::app::Descriptor;
use usernet_core::engine::Engine;
use usernet_core::time::{MICROSECOND, Nanos};

/// How many breaths a caller runs for what it did, and how long about: then the thread goes on,
/// while the caller does something else.
const MOST_BREATHS: u32 = 64;
const LONGEST: Nanos = 200 * MICROSECOND;

/// What somebody has to be told once the lock is free: not before, for they would only wait for it.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Signals {
    /// The engine's thread has to look up.
    pub(crate) thread: bool,
    /// Socket events wait.
    pub(crate) events: bool,
}

/// The engine, its apps, and what the thread is doing.
pub(crate) struct Core {
    pub(crate) engine: Engine,
    pub(crate) apps: Apps,
    /// Whether it has stopped or panicked.
    pub(crate) ended: bool,
    /// Whether the thread has more to do, and let somebody in meanwhile.
    pub(crate) busy: bool,
    /// Until when the thread sleeps; none while it is awake, or was told to wake up.
    alarm: Option<Nanos>,
    /// What the thread sleeps on, and the graph that it is of.
    waiting: Vec<(usize, Descriptor)>,
    generation: u64,
    present: Vec<(usize, Descriptor)>,
    /// Whether it was told that socket events wait.
    raised: bool,
    /// Whether a failure of the timeline was seen by the thread.
    reported: bool,
}

impl Core {
    pub(crate) fn new(apps: Apps) -> Self {
        Self {
            engine: Engine::new(),
            apps,
            ended: false,
            busy: false,
            alarm: None,
            waiting: Vec::new(),
            generation: 0,
            present: Vec::new(),
            raised: false,
            reported: false,
        }
    }

    /// Runs the breaths that a caller's work has made due, unless the thread is at it.
    pub(crate) fn follow_up(&mut self, clock: Clock) -> Signals {
        let more = !self.busy && self.breathe_while_due(clock);
        Signals {
            thread: self.is_thread_needed(more),
            events: self.raise(),
        }
    }

    /// Whether there is more to do than a caller should.
    fn breathe_while_due(&mut self, clock: Clock) -> bool {
        let began = self.engine.now();
        let mut now = began;
        let mut breaths = 0;
        while self.engine.is_due(now) {
            if breaths == MOST_BREATHS || now.saturating_sub(began) > LONGEST {
                return true;
            }
            self.engine.breathe(now, &mut self.apps);
            breaths += 1;
            now = clock.now();
        }
        false
    }

    /// Whether the thread sleeps past what it has to do. It is told so once.
    fn is_thread_needed(&mut self, more: bool) -> bool {
        let Some(alarm) = self.alarm else {
            return false;
        };
        let next = self.engine.next_deadline().unwrap_or(Nanos::MAX);
        let failed = self.engine.has_failed() && !self.reported;
        let needed = more || next < alarm || failed || !self.is_watched();
        if needed {
            self.alarm = None;
        }
        needed
    }

    /// Whether the thread sleeps on what the apps wait for.
    fn is_watched(&mut self) -> bool {
        self.present.clear();
        self.engine.descriptors(&mut self.present);
        self.generation == self.engine.generation() && self.waiting == self.present
    }

    /// Whether somebody has to be told that socket events wait: once, until they are taken.
    pub(crate) fn raise(&mut self) -> bool {
        let news = !self.raised && self.engine.has_events();
        self.raised |= news;
        news
    }

    /// Says that the events are taken.
    pub(crate) fn lower(&mut self) {
        self.raised = false;
    }

    /// What the thread has to watch: what the apps wait for now.
    pub(crate) fn watch(&mut self) -> &[(usize, Descriptor)] {
        self.waiting.clear();
        self.engine.descriptors(&mut self.waiting);
        self.generation = self.engine.generation();
        &self.waiting
    }

    /// The thread goes to sleep; until when.
    pub(crate) fn set_alarm(&mut self) -> Nanos {
        let until = self.engine.next_deadline().unwrap_or(Nanos::MAX);
        self.alarm = Some(until);
        self.reported = self.engine.has_failed();
        until
    }

    /// The thread is awake, and these descriptors of those that it watched are ready. Of another
    /// graph than the present one they mean nothing; they are still ready when that one is watched.
    pub(crate) fn wake(&mut self, ready: impl Iterator<Item = bool>) {
        self.alarm = None;
        if self.generation != self.engine.generation() {
            return;
        }
        let ready = self.waiting.iter().zip(ready).filter(|(_, ready)| *ready);
        ready.for_each(|((place, _), _)| self.engine.wake(*place));
    }
}
