//! Both ways to run an engine, behind one set of commands.
use crate::drive::{self, Drive, Failure, Waking};
use crate::local::{self, Local};
use crate::registry::Apps;
use serde_json::Value;
use std::time::Duration;
use usernet_core::action::{self, Action};
use usernet_core::app::AppError;
use usernet_core::apps;
use usernet_core::engine::{Engine, HostKey};
use usernet_core::stack::{Host, Readiness, SocketId};
use usernet_core::time::Nanos;

/// An engine that runs: by itself, or as far as it is told to.
pub enum Run {
    /// On a thread of its own, in real time.
    Real(Drive),
    /// In virtual time.
    Virtual(Box<Local>),
}

impl Run {
    /// Starts an engine in real time; see [`Drive::start`].
    ///
    /// # Errors
    /// The system has no thread or no descriptor left.
    pub fn real(seed: u64, waking: Waking) -> Result<Self, AppError> {
        Drive::start(seed, waking).map(Self::Real)
    }

    /// An engine at time zero of a virtual clock.
    #[must_use]
    pub fn simulated(seed: u64) -> Self {
        Self::Virtual(Box::new(Local::new(seed)))
    }

    /// Does all the actions, or none. The number of the graph that now runs. A large config that comes alone is
    /// checked first, and then taken piece by piece, between which the engine goes on.
    /// A capture that the change ends is written when it returns; packets do not wait for that.
    ///
    /// # Errors
    /// An action cannot be done, and none was; or the engine has ended.
    pub fn apply(&self, actions: &[Action]) -> Result<u64, AppError> {
        if let [Action::Reconfigure { name, app }] = actions {
            let mut pieces = apps::pieces(app)?.into_iter();
            if let Some(last) = pieces.next_back() {
                pieces.try_for_each(|piece| self.reconfigure(name, piece).map(drop))?;
                return self.reconfigure(name, last);
            }
        }
        self.apply_at_once(actions)
    }

    fn reconfigure(&self, name: &str, app: Value) -> Result<u64, AppError> {
        let name = name.into();
        let mut actions = [Action::Reconfigure { name, app }];
        let done = self.apply_at_once(&actions);
        action::wipe(&mut actions);
        done
    }

    fn apply_at_once(&self, actions: &[Action]) -> Result<u64, AppError> {
        let applied = self
            .turn()
            .with(|engine, apps| (engine.apply(actions, apps), apps.late()));
        let (applied, late) = applied?;
        late.settle();
        if let Self::Real(drive) = self {
            drive.report();
        }
        applied
    }

    /// Does actions at a moment of the engine's time.
    ///
    /// # Errors
    /// The engine has ended.
    pub fn schedule(&self, at: Nanos, actions: Vec<Action>) -> Result<(), AppError> {
        self.turn().with(|engine, _| engine.schedule(at, actions))
    }

    /// Takes back all that was scheduled and has not happened.
    ///
    /// # Errors
    /// The engine has ended.
    pub fn unschedule(&self) -> Result<(), AppError> {
        self.turn().with(|engine, _| engine.unschedule())
    }

    /// Everything counted so far, as of one breath.
    ///
    /// # Errors
    /// The engine has ended.
    pub fn statistics(&self) -> Result<Value, AppError> {
        self.turn().with(|engine, _| engine.statistics())
    }

    /// What an app has written down over time; nothing where it does not, or is not there.
    ///
    /// # Errors
    /// The engine has ended.
    pub fn series(&self, app: &str) -> Result<Option<Value>, AppError> {
        self.turn().with(|engine, _| engine.series(app))
    }

    /// Gives an app a message; its answer.
    ///
    /// # Errors
    /// There is no such app, it does not understand the message, or the engine has ended.
    pub fn tell(&self, app: &str, message: &Value) -> Result<Value, AppError> {
        self.turn().with(|engine, _| engine.tell(app, message))?
    }

    /// The latest drops behind the first `after` that there ever were.
    ///
    /// # Errors
    /// The engine has ended.
    pub fn drops(&self, after: u64) -> Result<Value, AppError> {
        self.turn().with(|engine, _| engine.drops().after(after))
    }

    /// Starts to keep the event log.
    ///
    /// # Errors
    /// The engine has ended.
    pub fn keep_log(&self) -> Result<(), AppError> {
        self.turn().with(|engine, _| engine.log().keep())
    }

    /// The event log's records so far.
    ///
    /// # Errors
    /// The engine has ended.
    pub fn log(&self) -> Result<Vec<u8>, AppError> {
        self.turn()
            .with(|engine, _| engine.log().records().to_vec())
    }

    /// The engine's time.
    #[must_use]
    pub fn now(&self) -> Nanos {
        match self {
            Self::Real(drive) => drive.now(),
            Self::Virtual(local) => local.turn().with(|engine, _| engine.now()),
        }
    }

    /// When the engine has something to do next, if ever: its present time, if at once.
    ///
    /// # Errors
    /// The engine has ended.
    pub fn next_moment(&self) -> Result<Option<Nanos>, AppError> {
        self.turn().with(|engine, _| engine.next_moment())
    }

    /// Runs virtual time up to and including `until`.
    ///
    /// # Errors
    /// The engine runs in real time.
    pub fn advance(&self, until: Nanos) -> Result<(), AppError> {
        self.local()?.advance(until);
        Ok(())
    }

    /// Runs virtual time up to and including `until`, or to the breath after which socket events
    /// wait; whether they do. Nothing is said where it would take long: the same call goes on.
    ///
    /// # Errors
    /// The engine runs in real time.
    pub fn advance_to_event(&self, until: Nanos) -> Result<Option<bool>, AppError> {
        Ok(self.local()?.advance_to_event(until))
    }

    /// The descriptor that is readable while socket events wait.
    ///
    /// # Errors
    /// In virtual time there is none.
    pub fn fd(&self) -> Result<i32, AppError> {
        match self {
            Self::Real(drive) => Ok(drive.fd()),
            Self::Virtual(_) => Err(AppError::engine(
                "virtual time has no descriptor: its events wait after advance_to_event",
            )),
        }
    }

    /// Before socket events are taken: makes the descriptor unreadable, until there are others.
    pub fn clear(&self) {
        if let Self::Real(drive) = self {
            drive.clear();
        }
    }

    /// Waits for one's turn with the engine, which comes between two breaths.
    #[must_use]
    pub fn turn(&self) -> Turn<'_> {
        match self {
            Self::Real(drive) => Turn::Real(drive.turn()),
            Self::Virtual(local) => Turn::Virtual(local.turn()),
        }
    }

    /// A turn at once, if nobody else has one.
    #[must_use]
    #[inline]
    pub fn try_turn(&self) -> Option<Turn<'_>> {
        match self {
            Self::Real(drive) => drive.try_turn().map(Turn::Real),
            Self::Virtual(local) => local.try_turn().map(Turn::Virtual),
        }
    }

    /// Closes a socket as soon as that can be done, without waiting for it.
    pub fn abandon(&self, host: HostKey, socket: SocketId) {
        match self {
            Self::Real(drive) => drive.abandon(host, socket),
            Self::Virtual(local) => local.abandon(host, socket),
        }
    }

    /// What has failed and cannot mend by itself, with the name of the app.
    #[must_use]
    pub fn failure(&self) -> Option<Failure> {
        match self {
            Self::Real(drive) => drive.failure(),
            Self::Virtual(local) => {
                let turn = local.turn();
                turn.with(|engine, apps| engine.failure().or_else(|| apps.late_failure()))
            }
        }
    }

    /// Waits until something has failed or the engine has ended, at most so long; in virtual time,
    /// where nothing happens meanwhile, not at all.
    #[must_use]
    pub fn wait(&self, timeout: Duration) -> Option<Failure> {
        match self {
            Self::Real(drive) => drive.wait(timeout),
            Self::Virtual(_) => self.failure(),
        }
    }

    /// Stops every app; what fails in that is told by [`Self::failure`].
    pub fn stop(&self) {
        match self {
            Self::Real(drive) => drive.stop(),
            Self::Virtual(local) => {
                let stop = |engine: &mut Engine, apps: &mut Apps| {
                    engine.stop();
                    apps.late()
                };
                local.turn().with(stop).settle();
            }
        }
    }

    fn local(&self) -> Result<&Local, AppError> {
        match self {
            Self::Real(_) => Err(AppError::engine("real time cannot be advanced")),
            Self::Virtual(local) => Ok(local),
        }
    }
}

/// The engine for as long as one holds it.
pub enum Turn<'a> {
    /// Of an engine in real time.
    Real(drive::Turn<'a>),
    /// Of one in virtual time.
    Virtual(local::Turn<'a>),
}

impl Turn<'_> {
    /// Does something with the engine between two breaths. What follows from it happens before
    /// this returns in real time, and in the next breath in virtual time.
    ///
    /// # Errors
    /// The engine has ended.
    #[inline]
    pub fn with<R>(self, work: impl FnOnce(&mut Engine, &mut Apps) -> R) -> Result<R, AppError> {
        match self {
            Self::Real(turn) => turn.with(work),
            Self::Virtual(turn) => Ok(turn.with(work)),
        }
    }

    /// Does something with a host; nothing where it has stopped.
    ///
    /// # Errors
    /// The engine has ended.
    #[inline]
    pub fn with_host<R>(
        self,
        host: HostKey,
        work: impl FnOnce(&mut Host, Nanos) -> R,
    ) -> Result<Option<R>, AppError> {
        self.with(|engine, _| engine.with_host(host, work))
    }

    /// Takes all socket events of all hosts.
    ///
    /// # Errors
    /// The engine has ended.
    pub fn take_events(
        self,
        tell: impl FnMut(HostKey, SocketId, Readiness),
    ) -> Result<(), AppError> {
        match self {
            Self::Real(turn) => turn.take_events(tell),
            Self::Virtual(turn) => {
                turn.with(|engine, _| engine.take_events(tell));
                Ok(())
            }
        }
    }
}
