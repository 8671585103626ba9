//! Calls into the engine: at once where nobody else has it, and else without the interpreter's
//! lock. So nobody ever waits for the engine with that lock, nor for that lock with the engine.
use crate::errors;
use pyo3::prelude::*;
use usernet_core::app::AppError;
use usernet_core::engine::{Engine, HostKey};
use usernet_core::stack::{Host, SocketError};
use usernet_core::time::Nanos;
use usernet_os::Run;

/// Does something with the engine.
#[inline]
pub(crate) fn with<R: Send>(
    py: Python<'_>,
    run: &Run,
    work: impl FnOnce(&mut Engine) -> R + Send,
) -> PyResult<R> {
    let done = match run.try_turn() {
        Some(turn) => turn.with(|engine, _| work(engine)),
        None => py.detach(|| run.turn().with(|engine, _| work(engine))),
    };
    done.map_err(errors::raise)
}

/// Does something with a host; of one that has stopped there are no sockets.
#[inline]
pub(crate) fn on_host<R: Send>(
    py: Python<'_>,
    run: &Run,
    host: HostKey,
    work: impl FnOnce(&mut Host, Nanos) -> Result<R, SocketError> + Send,
) -> PyResult<Result<R, SocketError>> {
    let done = with(py, run, |engine| engine.with_host(host, work))?;
    Ok(done.unwrap_or(Err(SocketError::NotASocket)))
}

/// Does something with a host at once, with the interpreter's lock; or says that somebody else has
/// the engine. Meanwhile nothing may be done that could let other Python code run.
#[inline]
pub(crate) fn at_once<R>(
    run: &Run,
    host: HostKey,
    work: impl FnOnce(&mut Host, Nanos) -> Result<R, SocketError>,
) -> Option<Result<Result<R, SocketError>, AppError>> {
    let done = run.try_turn()?.with_host(host, work);
    Some(done.map(|done| done.unwrap_or(Err(SocketError::NotASocket))))
}
