//! The drive's twin in virtual time: no thread, no descriptor, and time passes as one says.
use crate::registry::{Apps, Time};
use std::sync::{Mutex, PoisonError};
use usernet_core::engine::Engine;
use usernet_core::time::Nanos;

/// An engine whose time is told to it.
pub struct Local(Mutex<(Engine, Apps)>);

impl Local {
    /// An engine without a graph, at time zero.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        let apps = Apps::new(seed, Time::Virtual);
        Self(Mutex::new((Engine::new(), apps)))
    }

    /// Does something with the engine between two breaths.
    pub fn with<R>(&self, work: impl FnOnce(&mut Engine, &mut Apps) -> R) -> R {
        let mut both = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (engine, apps) = &mut *both;
        work(engine, apps)
    }

    /// Runs up to and including `until`, from deadline to deadline.
    pub fn advance(&self, until: Nanos) {
        self.with(|engine, apps| engine.advance(until, apps));
    }
}
