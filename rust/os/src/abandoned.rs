//! Abandoned sockets: what nobody can reach any more is closed by whoever uses the engine next. So
//! a socket can be let go of anywhere, also where the engine is in use and cannot be waited for.
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use usernet_core::engine::{Engine, HostKey};
use usernet_core::stack::SocketId;

/// Sockets to close.
#[derive(Default)]
pub(crate) struct Abandoned {
    any: AtomicBool,
    sockets: Mutex<Vec<(HostKey, SocketId)>>,
}

impl Abandoned {
    pub(crate) fn add(&self, host: HostKey, socket: SocketId) {
        let mut sockets = self.sockets.lock().unwrap_or_else(PoisonError::into_inner);
        sockets.push((host, socket));
        self.any.store(true, Ordering::Release);
    }

    #[inline]
    pub(crate) fn close(&self, engine: &mut Engine) {
        if self.any.load(Ordering::Acquire) {
            self.close_all(engine);
        }
    }

    #[cold]
    fn close_all(&self, engine: &mut Engine) {
        let mut sockets = self.sockets.lock().unwrap_or_else(PoisonError::into_inner);
        self.any.store(false, Ordering::Release);
        for (host, socket) in sockets.drain(..) {
            // A host that has stopped has closed its sockets.
            let _ = engine.with_host(host, |host, now| host.close(socket, now));
        }
    }
}
