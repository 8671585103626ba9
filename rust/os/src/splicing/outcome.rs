//! What becomes of a splice, for whoever asks from another thread.
use crate::relay::End;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How long whoever waits goes on at most before he looks at something else.
const BETWEEN_LOOKS: Duration = Duration::from_millis(100);

/// What has become of a splice so far.
#[derive(Debug, Default)]
pub struct Outcome {
    state: Mutex<State>,
    news: Condvar,
}

#[derive(Debug, Default)]
struct State {
    /// Bytes to the machine's side, and from it.
    down: u64,
    up: u64,
    /// The number of what the connection failed with before it stood (errno(3)); 0 once it stands.
    connected: Option<i32>,
    end: Option<End>,
}

impl Outcome {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many bytes the machine's side has sent, and got, and how it ended: "open" where it did not.
    #[must_use]
    pub fn report(&self) -> (u64, u64, &'static str) {
        let state = self.state();
        let end = state.end.unwrap_or(End::Open);
        (state.up, state.down, end.name())
    }

    /// Waits until the connection stands (0), or has failed (the number of the error), at most so
    /// long.
    ///
    /// # Errors
    /// What `look` says, which is called again and again meanwhile.
    pub fn wait<E>(
        &self,
        timeout: Duration,
        mut look: impl FnMut() -> Result<(), E>,
    ) -> Result<Option<i32>, E> {
        let began = Instant::now();
        loop {
            let left = timeout.saturating_sub(began.elapsed());
            let connected = self.wait_once(left.min(BETWEEN_LOOKS));
            if connected.is_some() || left <= BETWEEN_LOOKS {
                return Ok(connected);
            }
            look()?;
        }
    }

    fn wait_once(&self, timeout: Duration) -> Option<i32> {
        let on_its_way = |state: &mut State| state.connected.is_none();
        let waited = self
            .news
            .wait_timeout_while(self.state(), timeout, on_its_way);
        waited.unwrap_or_else(PoisonError::into_inner).0.connected
    }
}

/// The end of an outcome that tells it. One that is dropped tells of a reset.
pub(super) struct Teller(Arc<Outcome>);

impl Teller {
    pub(super) fn new() -> Self {
        Self(Arc::default())
    }

    pub(super) fn share(&self) -> Arc<Outcome> {
        Arc::clone(&self.0)
    }

    /// Whether somebody may want to know.
    pub(super) fn is_heard(&self) -> bool {
        Arc::strong_count(&self.0) > 1
    }

    pub(super) fn moved(&self, up: u64, down: u64) {
        let mut state = self.0.state();
        (state.up, state.down) = (up, down);
    }

    /// The connection stands, or has failed with this error before it stood.
    pub(super) fn connected(&self, error: i32) {
        self.0.state().connected.get_or_insert(error);
        self.0.news.notify_all();
    }

    pub(super) fn end(&self, end: End) {
        self.0.state().end.get_or_insert(end);
    }
}

impl Drop for Teller {
    fn drop(&mut self) {
        self.end(End::Reset);
        self.connected(libc::ECONNABORTED);
    }
}
