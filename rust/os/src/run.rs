//! Both ways to run an engine, behind one set of commands.
use crate::drive::{Drive, Failure};
use crate::local::Local;
use crate::registry::Apps;
use serde_json::Value;
use std::time::Duration;
use usernet_core::action::Action;
use usernet_core::app::AppError;
use usernet_core::engine::Engine;
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
    pub fn real(seed: u64, precise: bool) -> Result<Self, AppError> {
        Drive::start(seed, precise).map(Self::Real)
    }

    /// An engine at time zero of a virtual clock.
    #[must_use]
    pub fn simulated(seed: u64) -> Self {
        Self::Virtual(Box::new(Local::new(seed)))
    }

    /// Does all the actions, or none. The number of the graph that now runs.
    ///
    /// # Errors
    /// An action cannot be done, and none was; or the engine has ended.
    pub fn apply(&self, actions: Vec<Action>) -> Result<u64, AppError> {
        self.with(move |engine, apps| engine.apply(&actions, apps))?
    }

    /// Does actions at a moment of the engine's time.
    ///
    /// # Errors
    /// The engine has ended.
    pub fn schedule(&self, at: Nanos, actions: Vec<Action>) -> Result<(), AppError> {
        self.with(move |engine, _| engine.schedule(at, actions))
    }

    /// Everything counted so far, as of one breath.
    ///
    /// # Errors
    /// The engine has ended.
    pub fn statistics(&self) -> Result<Value, AppError> {
        self.with(|engine, _| engine.statistics())
    }

    /// Starts to keep the event log.
    ///
    /// # Errors
    /// The engine has ended.
    pub fn keep_log(&self) -> Result<(), AppError> {
        self.with(|engine, _| engine.log().keep())
    }

    /// The event log's records so far.
    ///
    /// # Errors
    /// The engine has ended.
    pub fn log(&self) -> Result<Vec<u8>, AppError> {
        self.with(|engine, _| engine.log().records().to_vec())
    }

    /// The engine's time.
    #[must_use]
    pub fn now(&self) -> Nanos {
        match self {
            Self::Real(drive) => drive.now(),
            Self::Virtual(local) => local.with(|engine, _| engine.now()),
        }
    }

    /// When the engine is due next, if ever.
    ///
    /// # Errors
    /// The engine has ended.
    pub fn next_deadline(&self) -> Result<Option<Nanos>, AppError> {
        self.with(|engine, _| engine.next_deadline())
    }

    /// Runs virtual time up to and including `until`.
    ///
    /// # Errors
    /// The engine runs in real time.
    pub fn advance(&self, until: Nanos) -> Result<(), AppError> {
        match self {
            Self::Real(_) => Err(AppError::engine("real time cannot be advanced")),
            Self::Virtual(local) => {
                local.advance(until);
                Ok(())
            }
        }
    }

    /// What has failed and cannot mend by itself, with the name of the app.
    #[must_use]
    pub fn failure(&self) -> Option<Failure> {
        match self {
            Self::Real(drive) => drive.failure(),
            Self::Virtual(local) => {
                local.with(|engine, apps| engine.failure().or_else(|| apps.late_failure()))
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
            Self::Virtual(local) => local.with(|engine, _| engine.stop()),
        }
    }

    fn with<R: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Engine, &mut Apps) -> R + Send + 'static,
    ) -> Result<R, AppError> {
        match self {
            Self::Real(drive) => drive.with(work),
            Self::Virtual(local) => Ok(local.with(work)),
        }
    }
}
