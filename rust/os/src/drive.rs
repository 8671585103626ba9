//! The two drives of an engine. In real time it has a thread of its own, which sleeps until there
//! is something to do; commands are done between two breaths. In virtual time there is no thread.
use crate::clock;
use crate::poll::{Poll, WAKER, Waker};
use crate::registry::Apps;
use std::any::Any;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;
use usernet_core::action::Action;
use usernet_core::app::AppError;
use usernet_core::engine::Engine;
use usernet_core::time::{MICROSECOND, Nanos};

/// How long before a deadline a precise drive stops to sleep: what a wake-up may cost.
const SPIN: Nanos = 80 * MICROSECOND;
/// How many breaths may follow each other before commands and descriptors are looked at.
const BREATHS: u32 = 16;

/// Why a command was not done.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Failure {
    /// An app failed, or refused; its name, if it has one.
    App(String, AppError),
    /// The engine has stopped, or fell over.
    Stopped(String),
}

impl From<AppError> for Failure {
    fn from(error: AppError) -> Self {
        Self::App(String::new(), error)
    }
}

type Command = Box<dyn FnOnce(&mut Engine, &mut Apps) + Send>;

/// An engine, and what drives it.
pub enum Drive {
    /// On its own thread.
    Real(Real),
    /// By whoever calls.
    Virtual(Box<Mutex<(Engine, Apps)>>),
}

impl Drive {
    /// An engine without a graph. `precise` spins for the last 80 µs before each deadline.
    ///
    /// # Errors
    /// The system has no thread or descriptor left.
    pub fn new(seed: u64, virtual_time: bool, precise: bool) -> Result<Self, Failure> {
        let pair = (Engine::new(), Apps::new(seed, virtual_time));
        if virtual_time {
            return Ok(Self::Virtual(Box::new(Mutex::new(pair))));
        }
        Real::new(pair, precise).map(Self::Real)
    }

    /// Does something with the engine between two breaths.
    ///
    /// # Errors
    /// The engine has stopped.
    pub fn with<T: Send + 'static>(
        &self,
        command: impl FnOnce(&mut Engine, &mut Apps) -> T + Send + 'static,
    ) -> Result<T, Failure> {
        match self {
            Self::Real(real) => real.with(command),
            Self::Virtual(pair) => {
                let mut pair = lock(pair);
                let (engine, apps) = &mut *pair;
                Ok(command(engine, apps))
            }
        }
    }

    /// Does all the actions, or none; the number of the graph that now runs.
    ///
    /// # Errors
    /// An action cannot be done, or the engine has stopped.
    pub fn apply(&self, actions: Vec<Action>) -> Result<u64, Failure> {
        Ok(self.with(move |engine, apps| engine.apply(&actions, apps))??)
    }

    /// Lets virtual time pass up to and including this moment.
    ///
    /// # Errors
    /// The engine runs in real time, or an app failed.
    pub fn advance(&self, until: Nanos) -> Result<(), Failure> {
        if let Self::Real(_) = self {
            return Err(Failure::Stopped(
                "it runs in real time, which passes by itself".into(),
            ));
        }
        self.with(move |engine, apps| engine.advance(until, apps))?;
        self.failure()
    }

    /// Waits in real time, for `timeout` at most; ends early where an app fails.
    ///
    /// # Errors
    /// An app failed, or the engine has stopped.
    pub fn wait(&self, timeout: Duration) -> Result<(), Failure> {
        let Self::Real(real) = self else {
            return self.failure();
        };
        real.wait(timeout)
    }

    /// What has gone wrong and cannot mend by itself.
    ///
    /// # Errors
    /// That.
    pub fn failure(&self) -> Result<(), Failure> {
        let failure = self.with(|engine, _| engine.failure())?;
        failure.map_or(Ok(()), |(name, error)| Err(Failure::App(name, error)))
    }

    /// Stops all apps and the thread.
    ///
    /// # Errors
    /// An app could not finish what it had open.
    pub fn stop(&self) -> Result<(), Failure> {
        let finish = |engine: &mut Engine, _: &mut Apps| engine.stop();
        match self {
            Self::Real(real) => real.stop(),
            Self::Virtual(_) => self.with(finish).map(drop),
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A drive in real time.
pub struct Real {
    commands: Mutex<Sender<Command>>,
    waker: Arc<Waker>,
    failures: Mutex<Receiver<Failure>>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Real {
    fn new(pair: (Engine, Apps), precise: bool) -> Result<Self, Failure> {
        let refused = |error: std::io::Error| Failure::Stopped(error.to_string());
        let waker = Arc::new(Waker::new().map_err(refused)?);
        let (commands, received) = channel();
        let (failed, failures) = channel();
        let (engine, apps) = pair;
        let mut run = Run {
            engine,
            apps,
            commands: received,
            waker: Arc::clone(&waker),
            poll: Poll::default(),
            start: clock::monotonic(),
            precise,
            failed,
            told: false,
        };
        let builder = std::thread::Builder::new().name("usernet-engine".into());
        let thread = builder
            .spawn(move || run.until_stopped())
            .map_err(refused)?;
        let thread = Mutex::new(Some(thread));
        let (commands, failures) = (Mutex::new(commands), Mutex::new(failures));
        Ok(Self {
            commands,
            waker,
            failures,
            thread,
        })
    }

    fn with<T: Send + 'static>(
        &self,
        command: impl FnOnce(&mut Engine, &mut Apps) -> T + Send + 'static,
    ) -> Result<T, Failure> {
        let (answer, answered) = channel();
        let command = move |engine: &mut Engine, apps: &mut Apps| {
            let _unheard = answer.send(command(engine, apps));
        };
        let sent = lock(&self.commands).send(Box::new(command));
        self.waker.ring();
        sent.map_err(|_| self.fallen())?;
        answered.recv().map_err(|_| self.fallen())
    }

    fn wait(&self, timeout: Duration) -> Result<(), Failure> {
        match lock(&self.failures).recv_timeout(timeout) {
            Ok(failure) => Err(failure),
            Err(RecvTimeoutError::Timeout) => Ok(()),
            Err(RecvTimeoutError::Disconnected) => Err(self.fallen()),
        }
    }

    fn stop(&self) -> Result<(), Failure> {
        if lock(&self.thread).is_none() {
            return Ok(());
        }
        let failed = self.with(|engine, apps| {
            engine.stop();
            apps.stopped = true;
        });
        self.join();
        failed
    }

    fn join(&self) -> Option<String> {
        let ended = lock(&self.thread).take()?.join();
        ended.err().map(|panic| words(&*panic))
    }

    fn fallen(&self) -> Failure {
        let why = self.join();
        Failure::Stopped(why.map_or("the engine has stopped".into(), |why| {
            format!("the engine fell over, which is a fault of usernet: {why}")
        }))
    }
}

impl Drop for Real {
    fn drop(&mut self) {
        let _stopped = self.stop();
    }
}

fn words(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_default()
}

/// What the engine's thread has.
struct Run {
    engine: Engine,
    apps: Apps,
    commands: Receiver<Command>,
    waker: Arc<Waker>,
    poll: Poll,
    start: Nanos,
    precise: bool,
    failed: Sender<Failure>,
    told: bool,
}

impl Run {
    fn until_stopped(&mut self) {
        clock::wake_sharply();
        while !self.apps.stopped {
            self.obey();
            let more = self.breathe();
            self.tell();
            self.wait(more);
        }
    }

    fn now(&self) -> Nanos {
        clock::monotonic() - self.start
    }

    /// Does the commands that have come; the loop ends when nobody can send any more.
    fn obey(&mut self) {
        while let Ok(command) = self.commands.try_recv() {
            let now = self.now();
            self.engine.tell_time(now);
            command(&mut self.engine, &mut self.apps);
        }
    }

    fn breathe(&mut self) -> bool {
        for _ in 0..BREATHS {
            let now = self.now();
            if !self.engine.breathe(now, &mut self.apps) {
                return false;
            }
        }
        true
    }

    fn tell(&mut self) {
        if self.told {
            return;
        }
        if let Some((name, error)) = self.engine.failure() {
            let _unheard = self.failed.send(Failure::App(name, error));
            self.told = true;
        }
    }

    /// Sleeps until something is to be done; where there is more at once, only looks around.
    fn wait(&mut self, more: bool) {
        let deadline = self.engine.next_deadline();
        let left = deadline.map(|at| at.saturating_sub(self.now()));
        let spins = self.precise && left.is_some_and(|left| left > 0 && left <= SPIN);
        let sleep = match left {
            _ if more || spins => Some(0),
            Some(left) if self.precise => Some(left.saturating_sub(SPIN)),
            left => left,
        };
        self.poll.reset(&self.waker);
        self.engine
            .descriptors(|place, descriptor| self.poll.add(place, descriptor));
        self.poll.wait(sleep);
        for place in self.poll.ready() {
            if place == WAKER {
                self.waker.quiet();
            } else {
                self.engine.wake(place);
            }
        }
    }
}
