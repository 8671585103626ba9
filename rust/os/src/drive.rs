//! The drive: an engine on a thread of its own, in real time. The thread sleeps until a packet, a
//! deadline or a command comes; a command is done between two breaths.
use crate::clock::Clock;
use crate::poll::{self, Event};
use crate::registry::{Apps, Time};
use crate::thread;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, mpsc};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use usernet_core::app::{AppError, Descriptor};
use usernet_core::engine::Engine;
use usernet_core::time::{MICROSECOND, Nanos};

/// How long before a deadline the precise mode stops sleeping: more than a wake-up is late, mostly.
const SPIN: Nanos = 80 * MICROSECOND;
/// After how many breaths without a pause a busy engine is asked whether something failed.
const BREATHS_PER_CHECK: u64 = 1024;

/// What failed: the app's name, and the error.
pub type Failure = (String, AppError);

type Work = Box<dyn FnOnce(&mut Engine, &mut Apps) + Send>;

/// An engine that runs on a thread of its own.
pub struct Drive {
    shared: Arc<Shared>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Drive {
    /// Starts an engine without a graph. With `precise` it spins for the last 80 µs before each
    /// deadline, and takes real-time priority where that is allowed.
    ///
    /// # Errors
    /// The system has no thread or no descriptor left.
    pub fn start(seed: u64, precise: bool) -> Result<Self, AppError> {
        let no_more = |error| AppError::engine(format!("the engine cannot start: {error}"));
        let shared = Arc::new(Shared {
            clock: Clock::start(),
            state: Mutex::default(),
            pending: AtomicBool::new(false),
            wake: Event::new().map_err(no_more)?,
            news: Condvar::new(),
        });
        let loop_shared = Arc::clone(&shared);
        let thread = std::thread::Builder::new().name("usernet-engine".into());
        let thread = thread.spawn(move || run(&loop_shared, seed, precise));
        Ok(Self {
            shared,
            thread: Mutex::new(Some(thread.map_err(no_more)?)),
        })
    }

    /// Has the engine's thread do something between two breaths, and waits for what came out.
    ///
    /// # Errors
    /// The engine is stopped, or its thread has panicked.
    pub fn with<R: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Engine, &mut Apps) -> R + Send + 'static,
    ) -> Result<R, AppError> {
        let (reply, answer) = mpsc::sync_channel(1);
        self.shared.submit(Box::new(move |engine, apps| {
            // Whoever asked may be gone: then nobody misses the answer.
            let _ = reply.send(work(engine, apps));
        }))?;
        answer.recv().map_err(|_| self.shared.end())
    }

    /// Nanoseconds since the engine started.
    #[must_use]
    pub fn now(&self) -> Nanos {
        self.shared.clock.now()
    }

    /// What has failed and cannot mend by itself, if something has.
    #[must_use]
    pub fn failure(&self) -> Option<Failure> {
        self.shared.lock().failure.clone()
    }

    /// Waits until something has failed or the engine has ended, at most so long.
    #[must_use]
    pub fn wait(&self, timeout: Duration) -> Option<Failure> {
        let until = Instant::now() + timeout;
        let mut state = self.shared.lock();
        while state.failure.is_none() && state.ended.is_none() {
            let left = until.checked_duration_since(Instant::now())?;
            let waited = self.shared.news.wait_timeout(state, left);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        state.failure.clone()
    }

    /// Stops every app, then the thread. Once stopped, it stays so.
    pub fn stop(&self) {
        self.shared.lock().stopping = true;
        self.shared.nudge();
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

#[derive(Default)]
struct State {
    works: Vec<Work>,
    stopping: bool,
    failure: Option<Failure>,
    /// Why there is no thread any more.
    ended: Option<AppError>,
}

struct Shared {
    clock: Clock,
    state: Mutex<State>,
    /// Whether the thread has to look at the state: a busy one looks at no descriptor.
    pending: AtomicBool,
    wake: Event,
    news: Condvar,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn nudge(&self) {
        self.pending.store(true, Ordering::Release);
        self.wake.raise();
    }

    fn submit(&self, work: Work) -> Result<(), AppError> {
        let mut state = self.lock();
        if let Some(reason) = &state.ended {
            return Err(reason.clone());
        }
        state.works.push(work);
        drop(state);
        self.nudge();
        Ok(())
    }

    /// Waits until the thread has said why it ends.
    fn end(&self) -> AppError {
        let mut state = self.lock();
        loop {
            match &state.ended {
                Some(reason) => return reason.clone(),
                None => {
                    state = self
                        .news
                        .wait(state)
                        .unwrap_or_else(PoisonError::into_inner);
                }
            }
        }
    }

    fn set_ended(&self, failure: Option<Failure>) {
        let reason = AppError::engine("the engine is stopped");
        let mut state = self.lock();
        let told = failure.as_ref().map(|(_, error)| error.clone());
        state.ended = Some(told.unwrap_or(reason));
        if failure.is_some() {
            state.failure = failure;
        }
        let unanswered = std::mem::take(&mut state.works);
        drop(state);
        self.news.notify_all();
        drop(unanswered);
    }

    fn report(&self, failure: Option<Failure>) {
        let mut state = self.lock();
        if failure.is_some() && state.failure.is_none() {
            self.news.notify_all();
        }
        state.failure = failure;
    }

    /// What there is to do, and whether the engine goes on after that.
    fn works(&self) -> (Vec<Work>, bool) {
        if !self.pending.swap(false, Ordering::Acquire) {
            return (Vec::new(), true);
        }
        let mut state = self.lock();
        (std::mem::take(&mut state.works), !state.stopping)
    }
}

fn run(shared: &Shared, seed: u64, precise: bool) {
    thread::settle(precise);
    let breathing = AssertUnwindSafe(|| Breathing::new(shared, seed, precise).run());
    let failure = catch_unwind(breathing).err().map(|panic| {
        let words = panic.downcast_ref::<String>().map(String::as_str);
        let words = words.or_else(|| panic.downcast_ref::<&str>().copied());
        let message = format!("the engine panicked: {}", words.unwrap_or("without a word"));
        (String::from("engine"), AppError::engine(message))
    });
    shared.set_ended(failure);
}

/// The engine's loop.
struct Breathing<'a> {
    shared: &'a Shared,
    engine: Engine,
    apps: Apps,
    precise: bool,
    /// Breaths since it was last asked whether something failed.
    unchecked: u64,
    waiting: Vec<(usize, Descriptor)>,
    polled: Vec<libc::pollfd>,
}

impl<'a> Breathing<'a> {
    fn new(shared: &'a Shared, seed: u64, precise: bool) -> Self {
        Self {
            shared,
            engine: Engine::new(),
            apps: Apps::new(seed, Time::Real(shared.clock)),
            precise,
            unchecked: 0,
            waiting: Vec::new(),
            polled: Vec::new(),
        }
    }

    fn run(&mut self) {
        while self.obey() {
            let more = self.engine.breathe(self.shared.clock.now(), &mut self.apps);
            self.unchecked += 1;
            if !more || self.unchecked >= BREATHS_PER_CHECK {
                self.shared.report(self.failure());
                self.unchecked = 0;
            }
            self.wait(more);
        }
        self.engine.stop();
        self.shared.report(self.failure());
    }

    fn failure(&self) -> Option<Failure> {
        let late = || self.apps.late_failure();
        self.engine.failure().or_else(late)
    }

    /// Does what there is to do; whether the engine goes on.
    fn obey(&mut self) -> bool {
        let (works, goes_on) = self.shared.works();
        for work in works {
            self.engine.tell_time(self.shared.clock.now());
            work(&mut self.engine, &mut self.apps);
        }
        goes_on
    }

    /// Waits until there is something to do: not at all where there is more.
    fn wait(&mut self, more: bool) {
        self.waiting.clear();
        self.engine.descriptors(&mut self.waiting);
        if more && self.waiting.is_empty() {
            return;
        }
        self.polled.clear();
        self.polled
            .push(pollfd(self.shared.wake.fd(), libc::POLLIN));
        let own = self.waiting.iter().map(|(_, descriptor)| entry(descriptor));
        self.polled.extend(own);
        if self.sleep(more) > 0 {
            self.wake();
        }
    }

    /// Sleeps until a descriptor is ready or the deadline is here. How many are ready.
    fn sleep(&mut self, more: bool) -> usize {
        loop {
            let deadline = self.engine.next_deadline();
            let left = deadline.map(|at| at.saturating_sub(self.shared.clock.now()));
            let early = if self.precise { SPIN } else { 0 };
            let timeout = left.map(|left| left.saturating_sub(early));
            let timeout = if more { Some(0) } else { timeout };
            let ready = poll::wait(&mut self.polled, timeout);
            if more || ready > 0 || left == Some(0) || !self.precise {
                return ready;
            }
            std::hint::spin_loop();
        }
    }

    fn wake(&mut self) {
        if self.polled[0].revents != 0 {
            self.shared.wake.clear();
        }
        for ((place, _), polled) in self.waiting.iter().zip(&self.polled[1..]) {
            if polled.revents != 0 {
                self.engine.wake(*place);
            }
        }
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

#[cfg(test)]
mod tests {
    use super::*;
    use usernet_core::action::parse;

    #[test]
    fn works_are_answered_and_packets_run() {
        let drive = Drive::start(1, false).unwrap();
        let actions = parse(
            r#"[{"do":"start","name":"a","app":{"app":"source","size":60,"count":1000}},
                {"do":"start","name":"b","app":{"app":"sink"}},
                {"do":"link","link":"a.tx -> b.rx"}]"#,
        )
        .unwrap();
        let generation = drive.with(move |engine, apps| engine.apply(&actions, apps));
        assert_eq!(generation, Ok(Ok(1)));
        let packets = || {
            let packets = |engine: &mut Engine, _: &mut Apps| {
                engine.statistics()["apps"]["b"]["packets"].as_u64()
            };
            drive.with(packets).unwrap()
        };
        while packets() != Some(1000) {}
    }

    #[test]
    fn a_panic_is_told_to_whoever_asks_and_to_whoever_waits() {
        let drive = Drive::start(1, false).unwrap();
        let asked = drive.with(|_, _| -> () { panic!("on purpose") });
        assert!(asked.unwrap_err().message.contains("on purpose"));
        let later = drive.with(|engine, _| engine.now()).unwrap_err();
        assert!(later.message.contains("on purpose"));
        let (name, error) = drive.wait(Duration::ZERO).unwrap();
        assert!(name == "engine" && error.message.contains("on purpose"));
    }

    #[test]
    fn what_was_asked_before_a_stop_is_answered() {
        let drive = Drive::start(1, true).unwrap();
        let first = drive.with(|engine, _| engine.now());
        drive.stop();
        drive.stop();
        assert!(first.is_ok());
        let after = drive.with(|engine, _| engine.now()).unwrap_err();
        assert_eq!(after.message, "the engine is stopped");
    }

    #[test]
    fn an_idle_engine_does_not_breathe() {
        let drive = Drive::start(1, false).unwrap();
        let breaths = || drive.with(|engine, _| engine.statistics()["breaths"].clone());
        let (first, second) = (breaths().unwrap(), breaths().unwrap());
        assert!(drive.wait(Duration::from_millis(20)).is_none());
        let third = breaths().unwrap();
        let between = |a: &serde_json::Value, b: &serde_json::Value| {
            b.as_u64().unwrap() - a.as_u64().unwrap()
        };
        assert!(between(&second, &third) <= between(&first, &second).max(2));
    }

    #[test]
    fn a_deadline_is_met() {
        for precise in [false, true] {
            let drive = Drive::start(1, precise).unwrap();
            let at = drive.now() + 2_000_000;
            let actions = parse(r#"[{"do":"start","name":"b","app":{"app":"sink"}}]"#).unwrap();
            drive
                .with(move |engine, _| engine.schedule(at, actions))
                .unwrap();
            let generation = || drive.with(|engine, _| engine.statistics()["generation"].clone());
            while generation().unwrap() == 0 {}
            assert!(drive.now() >= at);
        }
    }
}
