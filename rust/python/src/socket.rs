//! A socket as Python has it.
use crate::address::{Address, Shown, show};
use crate::buffer::{Room, Source};
use crate::errors::{raise_socket, raise_unspliced, unless_now};
use crate::options::Changes;
use crate::{call, errors, numbers};
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use serde::Serialize;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use usernet_core::app::AppError;
use usernet_core::engine::{Engine, HostKey};
use usernet_core::stack::{Host, SocketError, SocketId};
use usernet_core::time::Nanos;
use usernet_os::Run;
use usernet_os::splicing::{self, Outcome};

/// How much is copied at once of memory that may change, where somebody else has the engine: more
/// than any datagram, and as much as asyncio reads at once.
const COPIED: usize = 1 << 18;

/// A socket of a host.
#[pyclass(frozen, module = "usernet._core")]
pub(crate) struct Socket {
    run: Arc<Run>,
    host: HostKey,
    id: SocketId,
    #[pyo3(get)]
    key: u64,
    closed: AtomicBool,
    /// What becomes of it, where it was spliced: then it is not Python's to close.
    spliced: OnceLock<Arc<Outcome>>,
}

impl Socket {
    /// The socket of that number, for Python; closed again where there is no key for it.
    pub(crate) fn new(run: &Arc<Run>, host: HostKey, id: SocketId) -> Result<Self, SocketError> {
        let Some(key) = numbers::key(host, id) else {
            run.abandon(host, id);
            return Err(SocketError::TooMany);
        };
        Ok(Self {
            run: Arc::clone(run),
            host,
            id,
            key,
            closed: AtomicBool::new(false),
            spliced: OnceLock::new(),
        })
    }

    #[inline]
    fn ask<R: Send>(
        &self,
        py: Python<'_>,
        work: impl FnOnce(&mut Host, SocketId, Nanos) -> Result<R, SocketError> + Send,
    ) -> PyResult<Result<R, SocketError>> {
        let id = self.id;
        call::on_host(py, &self.run, self.host, |host, now| work(host, id, now))
    }

    /// Asks for what may not be there right now.
    #[inline]
    fn ask_now<R: Send>(
        &self,
        py: Python<'_>,
        work: impl FnOnce(&mut Host, SocketId, Nanos) -> Result<R, SocketError> + Send,
    ) -> PyResult<Option<R>> {
        settle(self.ask(py, work)?)
    }

    /// Asks with bytes of Python's, which are read where they are; copied only where they could
    /// change while somebody else has the engine.
    #[inline]
    fn give<R: Send>(
        &self,
        py: Python<'_>,
        source: &Source<'_, '_>,
        from: usize,
        work: impl Fn(&mut Host, SocketId, &[u8], Nanos) -> Result<R, SocketError> + Send + Sync,
    ) -> PyResult<Result<R, SocketError>> {
        let id = self.id;
        let bytes = source.bytes(py).get(from..).unwrap_or_default();
        let at_once = |host: &mut Host, now| work(host, id, bytes, now);
        if let Some(done) = call::at_once(&self.run, self.host, at_once) {
            return done.map_err(errors::raise);
        }
        if let Source::Fixed(_) = source {
            return self.ask(py, |host, id, now| work(host, id, bytes, now));
        }
        let copy = bytes[..bytes.len().min(COPIED)].to_vec();
        self.ask(py, |host, id, now| work(host, id, &copy, now))
    }

    /// Takes what is there, at most so much, into new bytes.
    #[inline]
    fn take<'py, R: Send>(
        &self,
        py: Python<'py>,
        limit: usize,
        work: impl Fn(&mut Host, &mut [u8], Nanos) -> Result<(usize, R), SocketError> + Send + Sync,
    ) -> PyResult<Option<(Bound<'py, PyBytes>, R)>> {
        let id = self.id;
        let at_once = |host: &mut Host, now| {
            let len = host.readable(id).min(limit);
            fill(py, len, |into| work(host, into, now))
        };
        if let Some(done) = call::at_once(&self.run, self.host, at_once) {
            return settle(done.map_err(errors::raise)?)?.transpose();
        }
        let taken = self.ask_now(py, |host, id, now| {
            let mut into = vec![0; host.readable(id).clamp(1, limit)];
            let (count, rest) = work(host, &mut into, now)?;
            into.truncate(count);
            Ok((into, rest))
        })?;
        Ok(taken.map(|(bytes, rest)| (PyBytes::new(py, &bytes), rest)))
    }

    fn end(&self, py: Python<'_>, work: impl FnOnce(&mut Host, SocketId, Nanos) + Send) {
        if !self.closed.swap(true, Ordering::Relaxed) {
            // Where the host or the engine has ended, so has the socket.
            let _ = self.ask(py, |host, id, now| {
                work(host, id, now);
                Ok(())
            });
        }
    }
}

#[pymethods]
impl Socket {
    fn accept(&self, py: Python<'_>) -> PyResult<Option<Self>> {
        let accepted = self.ask_now(py, |host, id, now| host.accept(id, now))?;
        let socket = accepted.map(|id| Self::new(&self.run, self.host, id));
        socket.transpose().map_err(|error| raise_socket(error, ""))
    }

    fn send(&self, py: Python<'_>, data: &Bound<'_, PyAny>) -> PyResult<usize> {
        let source = Source::of(data)?;
        let len = source.bytes(py).len();
        let mut sent = 0;
        loop {
            let part = self.give(py, &source, sent, |host, id, bytes, now| {
                host.send(id, bytes, now)
            })?;
            let part = settle(part)?.unwrap_or(0);
            sent += part;
            // Where a whole copy was taken there may be room for more, and no event would tell.
            if part < COPIED || sent >= len {
                return Ok(sent);
            }
        }
    }

    fn receive<'py>(
        &self,
        py: Python<'py>,
        limit: &Bound<'py, PyAny>,
    ) -> PyResult<Option<Bound<'py, PyBytes>>> {
        let limit = numbers::count(limit, "limit")?;
        if limit == 0 {
            return Ok(Some(PyBytes::new(py, b"")));
        }
        let id = self.id;
        let received = self.take(py, limit, |host, into, now| {
            Ok((host.receive(id, into, now)?, ()))
        })?;
        Ok(received.map(|(bytes, ())| bytes))
    }

    fn receive_into(&self, py: Python<'_>, into: &Bound<'_, PyAny>) -> PyResult<Option<usize>> {
        let (id, mut room) = (self.id, Room::of(into)?);
        let at_once = |host: &mut Host, now| host.receive(id, room.bytes(py), now);
        if let Some(done) = call::at_once(&self.run, self.host, at_once) {
            return settle(done.map_err(errors::raise)?);
        }
        let limit = room.len();
        let received = self.ask_now(py, |host, id, now| {
            let mut into = vec![0; host.readable(id).max(1).min(limit)];
            let count = host.receive(id, &mut into, now)?;
            into.truncate(count);
            Ok(into)
        })?;
        Ok(received.map(|bytes| {
            room.bytes(py)[..bytes.len()].copy_from_slice(&bytes);
            bytes.len()
        }))
    }

    fn send_to(&self, py: Python<'_>, data: &Bound<'_, PyAny>, remote: Address) -> PyResult<bool> {
        let remote = remote.0;
        let source = Source::of(data)?;
        let sent = self.give(py, &source, 0, |host, id, bytes, now| {
            host.send_to(id, bytes, remote, now)
        })?;
        let sent = unless_now(sent).map_err(|error| raise_socket(error, &remote.to_string()))?;
        Ok(sent.is_some())
    }

    fn receive_from<'py>(&self, py: Python<'py>) -> PyResult<Option<(Bound<'py, PyBytes>, Shown)>> {
        let id = self.id;
        let received = self.take(py, usize::MAX, |host, into, _| host.receive_from(id, into))?;
        Ok(received.map(|(bytes, from)| (bytes, show(from))))
    }

    fn take_report(&self, py: Python<'_>) -> PyResult<Option<Said>> {
        let report = self.ask(py, |host, id, _| Ok(host.take_report(id)))?;
        Ok(report.ok().flatten().map(|report| {
            let from = report.from.to_string();
            (from, report.kind, show(report.about), report.hop_limit)
        }))
    }

    fn shutdown(&self, py: Python<'_>) -> PyResult<()> {
        let shut = self.ask(py, |host, id, now| host.shutdown(id, now))?;
        shut.map_err(|error| raise_socket(error, ""))
    }

    fn close(&self, py: Python<'_>) {
        self.end(py, |host, id, now| host.close(id, now));
    }

    fn abort(&self, py: Python<'_>) {
        if self.spliced.get().is_some() {
            let (host, id) = (self.host, self.id);
            // Where the engine has ended, so has the splice.
            let _ = call::with(py, &self.run, |engine| splicing::reset(engine, host, id));
        }
        self.end(py, |host, id, now| host.abort(id, now));
    }

    fn splice(&self, py: Python<'_>, fd: i32) -> PyResult<()> {
        let (host, id) = (self.host, self.id);
        let splice = |engine: &mut Engine| splicing::splice(engine, host, id, fd);
        let spliced =
            call::with(py, &self.run, splice)?.map_err(|refused| raise_unspliced(&refused))?;
        self.closed.store(true, Ordering::Relaxed);
        let _ = self.spliced.set(spliced);
        Ok(())
    }

    fn spliced(&self) -> (u64, u64, &'static str) {
        let outcome = self.spliced.get();
        outcome.map_or((0, 0, "open"), |outcome| outcome.report())
    }

    fn wait_connected(&self, py: Python<'_>, timeout: f64) -> PyResult<Option<i32>> {
        let Some(outcome) = self.spliced.get() else {
            return Err(raise_socket(SocketError::Invalid, "it is not spliced"));
        };
        let timeout = Duration::try_from_secs_f64(timeout).unwrap_or(Duration::MAX);
        py.detach(|| outcome.wait(timeout, || Python::attach(|py| py.check_signals())))
    }

    fn local(&self, py: Python<'_>) -> PyResult<Option<Shown>> {
        let local = self.ask(py, |host, id, _| Ok(host.local(id)))?;
        Ok(local.ok().flatten().map(show))
    }

    fn remote(&self, py: Python<'_>) -> PyResult<Option<Shown>> {
        let remote = self.ask(py, |host, id, _| Ok(host.remote(id)))?;
        Ok(remote.ok().flatten().map(show))
    }

    fn readable(&self, py: Python<'_>) -> PyResult<usize> {
        let there = self.ask(py, |host, id, _| Ok(host.readable(id)))?;
        Ok(there.unwrap_or(0))
    }

    fn unacknowledged(&self, py: Python<'_>) -> PyResult<usize> {
        let left = self.ask(py, |host, id, _| Ok(host.unacknowledged(id)))?;
        Ok(left.unwrap_or(0))
    }

    fn take_error(&self, py: Python<'_>) -> PyResult<i32> {
        let error = self.ask(py, |host, id, _| Ok(host.take_error(id)))?;
        Ok(error.ok().flatten().map_or(0, SocketError::errno))
    }

    fn options(&self, py: Python<'_>) -> PyResult<String> {
        let options = self.ask(py, |host, id, _| {
            host.socket_options(id).ok_or(SocketError::NotASocket)
        })?;
        let options = options.map_err(|error| raise_socket(error, ""))?;
        json(&options)
    }

    fn set_options(&self, py: Python<'_>, options: &str) -> PyResult<()> {
        let changes = Changes::read(options)?;
        let set = self.ask(py, |host, id, now| {
            let options = host.socket_options(id).ok_or(SocketError::NotASocket)?;
            Ok(match changes.of(options) {
                Ok(options) => Ok(host.set_socket_options(id, options, now)?),
                Err(wrong) => Err(wrong),
            })
        })?;
        let set = set.map_err(|error| raise_socket(error, ""))?;
        set.map_err(errors::raise)
    }

    fn info(&self, py: Python<'_>) -> PyResult<String> {
        let info = self.ask(py, |host, id, now| Ok(host.info(id, now)))?;
        let info = info.map_err(|error| raise_socket(error, ""))?;
        info.map_or_else(|| Ok("{}".into()), |info| json(&info))
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        if !*self.closed.get_mut() {
            self.run.abandon(self.host, self.id);
        }
    }
}

/// What ICMP said: who says it, its type and code, what it is about, and the hop limit that it came with.
type Said = (String, (u8, u8), Shown, u8);

/// What is not there right now is None; any other failure is raised.
fn settle<T>(done: Result<T, SocketError>) -> PyResult<Option<T>> {
    unless_now(done).map_err(|error| raise_socket(error, ""))
}

/// New bytes, of so many at most as somebody fills in, and what else that one gives.
#[inline]
fn fill<'py, R>(
    py: Python<'py>,
    len: usize,
    work: impl FnOnce(&mut [u8]) -> Result<(usize, R), SocketError>,
) -> Result<PyResult<(Bound<'py, PyBytes>, R)>, SocketError> {
    if len == 0 {
        // Nothing, the end, or an empty datagram: told apart only with room for a byte.
        let mut into = [0];
        let (count, rest) = work(&mut into)?;
        return Ok(Ok((PyBytes::new(py, &into[..count]), rest)));
    }
    let mut done = Err(SocketError::WouldBlock);
    let bytes = PyBytes::new_with(py, len, |into| {
        done = work(into);
        Ok(())
    });
    let (count, rest) = done?;
    Ok(bytes.map(|bytes| match count {
        _ if count == len => (bytes, rest),
        _ => (PyBytes::new(py, &bytes.as_bytes()[..count]), rest),
    }))
}

fn json(value: &impl Serialize) -> PyResult<String> {
    let text = serde_json::to_string(value);
    text.map_err(|error| errors::raise(AppError::engine(error.to_string())))
}
