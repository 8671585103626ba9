//! The drive's twin in virtual time: no thread, no descriptor, and time passes as one says.
use crate::abandoned::Abandoned;
use crate::registry::{Apps, Time};
use std::sync::{Mutex, MutexGuard, PoisonError, TryLockError};
use usernet_core::engine::{Engine, HostKey};
use usernet_core::stack::SocketId;
use usernet_core::time::Nanos;

/// After how many breaths an advance lets its caller look up.
const BREATHS: u64 = 4096;

/// An engine whose time is told to it.
pub struct Local {
    both: Mutex<(Engine, Apps)>,
    abandoned: Abandoned,
}

impl Local {
    /// An engine without a graph, at time zero.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        let apps = Apps::new(seed, Time::Virtual);
        Self {
            both: Mutex::new((Engine::new(), apps)),
            abandoned: Abandoned::default(),
        }
    }

    /// Waits for one's turn with the engine.
    #[must_use]
    pub fn turn(&self) -> Turn<'_> {
        let both = self.both.lock().unwrap_or_else(PoisonError::into_inner);
        let abandoned = &self.abandoned;
        Turn { both, abandoned }
    }

    /// A turn at once, if nobody else has one.
    #[must_use]
    pub fn try_turn(&self) -> Option<Turn<'_>> {
        let both = match self.both.try_lock() {
            Ok(both) => both,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => return None,
        };
        let abandoned = &self.abandoned;
        Some(Turn { both, abandoned })
    }

    /// Runs up to and including `until`, from deadline to deadline.
    pub fn advance(&self, until: Nanos) {
        self.turn().with(|engine, apps| engine.advance(until, apps));
    }

    /// Runs up to and including `until`, or to the breath after which socket events wait; whether
    /// they do. Nothing is said where it would take long: the same call goes on.
    #[must_use]
    pub fn advance_to_event(&self, until: Nanos) -> Option<bool> {
        self.turn()
            .with(|engine, apps| engine.advance_to_event(until, BREATHS, apps))
    }

    /// Closes a socket as soon as that can be done.
    pub fn abandon(&self, host: HostKey, socket: SocketId) {
        self.abandoned.add(host, socket);
        if let Some(turn) = self.try_turn() {
            turn.with(|_, _| ());
        }
    }
}

/// The engine for as long as one holds it.
pub struct Turn<'a> {
    both: MutexGuard<'a, (Engine, Apps)>,
    abandoned: &'a Abandoned,
}

impl Turn<'_> {
    /// Does something with the engine between two breaths.
    #[inline]
    pub fn with<R>(mut self, work: impl FnOnce(&mut Engine, &mut Apps) -> R) -> R {
        let (engine, apps) = &mut *self.both;
        self.abandoned.close(engine);
        work(engine, apps)
    }
}
