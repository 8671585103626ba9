//! The engine as Python has it.
use crate::address::{self, Address};
use crate::options::Changes;
use crate::socket::Socket;
use crate::tunnel::Tunnel;
use crate::{call, errors, numbers};
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use std::fmt::Display;
use std::sync::Arc;
use std::time::Duration;
use usernet_core::action::{self, Action};
use usernet_core::app::AppError;
use usernet_core::stack::{Host, Readiness, SocketError, SocketId, SocketOptions};
use usernet_core::time::Nanos;
use usernet_os::{Run, Waking};

/// A graph of apps and what runs it.
#[pyclass(frozen, module = "usernet._core")]
pub(crate) struct Engine {
    run: Arc<Run>,
}

#[pymethods]
impl Engine {
    #[new]
    #[pyo3(signature = (seed, *, r#virtual, precise, busy_poll))]
    fn new(seed: u64, r#virtual: bool, precise: bool, busy_poll: bool) -> PyResult<Self> {
        if r#virtual {
            return Ok(Self {
                run: Arc::new(Run::simulated(seed)),
            });
        }
        let run = Run::real(seed, Waking { precise, busy_poll }).map_err(errors::raise)?;
        Ok(Self { run: Arc::new(run) })
    }

    fn apply(&self, py: Python<'_>, actions: &str) -> PyResult<u64> {
        // Without the interpreter's lock, all of it: a config of thousands of peers is long to read.
        self.ask(py, |run| {
            let mut actions = read(actions)?;
            let number = run.apply(&actions);
            action::wipe(&mut actions);
            number
        })
    }

    fn schedule(&self, py: Python<'_>, at: u64, actions: &str) -> PyResult<()> {
        let actions = read(actions).map_err(errors::raise)?;
        self.ask(py, |run| run.schedule(at, actions))
    }

    fn unschedule(&self, py: Python<'_>) -> PyResult<()> {
        self.ask(py, |run| run.unschedule())
    }

    fn advance(&self, py: Python<'_>, until: u64) -> PyResult<()> {
        self.ask(py, |run| run.advance(until))?;
        self.ask(py, |run| failed(run.failure()))
    }

    fn advance_to_event(&self, py: Python<'_>, until: u64) -> PyResult<bool> {
        let found = loop {
            match self.ask(py, |run| run.advance_to_event(until))? {
                Some(found) => break found,
                None => py.check_signals()?,
            }
        };
        self.ask(py, |run| failed(run.failure()))?;
        Ok(found)
    }

    fn next_deadline(&self, py: Python<'_>) -> PyResult<Option<u64>> {
        call::with(py, &self.run, |engine| engine.next_moment())
    }

    fn now(&self) -> u64 {
        self.run.now()
    }

    fn statistics(&self, py: Python<'_>) -> PyResult<String> {
        self.ask(py, |run| {
            run.statistics().map(|statistics| statistics.to_string())
        })
    }

    fn series(&self, py: Python<'_>, app: &str) -> PyResult<String> {
        self.ask(py, |run| {
            let series = run.series(app)?;
            Ok(series.unwrap_or_default().to_string())
        })
    }

    fn tell(&self, py: Python<'_>, app: &str, message: &str) -> PyResult<String> {
        let wrong = |error| errors::raise(AppError::config(format!("message: {error}")));
        let message = serde_json::from_str(message).map_err(wrong)?;
        self.ask(py, |run| Ok(run.tell(app, &message)?.to_string()))
    }

    fn drops(&self, py: Python<'_>, after: u64) -> PyResult<String> {
        self.ask(py, |run| run.drops(after).map(|drops| drops.to_string()))
    }

    fn wait(&self, py: Python<'_>, timeout: f64) -> PyResult<()> {
        let timeout = Duration::try_from_secs_f64(timeout).unwrap_or_default();
        self.ask(py, |run| failed(run.wait(timeout)))
    }

    fn keep_log(&self, py: Python<'_>) -> PyResult<()> {
        self.ask(py, Run::keep_log)
    }

    fn log<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        let records = self.ask(py, Run::log)?;
        Ok(PyBytes::new(py, &records))
    }

    fn stop(&self, py: Python<'_>) -> PyResult<()> {
        self.ask(py, |run| {
            run.stop();
            failed(run.failure())
        })
    }

    fn fileno(&self) -> PyResult<i32> {
        self.run.fd().map_err(errors::raise)
    }

    fn drain(&self, py: Python<'_>) -> PyResult<Vec<(u64, u8)>> {
        self.run.clear();
        let mut events = Vec::new();
        let tell = |host, socket, readiness: Readiness| {
            // A socket without a key was refused to Python.
            events.extend(numbers::key(host, socket).map(|key| (key, readiness.0)));
        };
        let taken = match self.run.try_turn() {
            Some(turn) => turn.take_events(tell),
            None => py.detach(|| self.run.turn().take_events(tell)),
        };
        taken.map_err(errors::raise)?;
        Ok(events)
    }

    #[pyo3(signature = (host, remote, local, options))]
    fn connect(
        &self,
        py: Python<'_>,
        host: &str,
        remote: Address,
        local: Option<Address>,
        options: &str,
    ) -> PyResult<Socket> {
        let local = local.map(|local| local.0);
        self.open(py, host, options, remote.0, |host, options, now| {
            host.connect(remote.0, local, options, now)
        })
    }

    fn listen(
        &self,
        py: Python<'_>,
        host: &str,
        local: Address,
        backlog: &Bound<'_, PyAny>,
        options: &str,
    ) -> PyResult<Socket> {
        let backlog = numbers::count(backlog, "backlog")?;
        self.open(py, host, options, local.0, |host, options, now| {
            host.listen(local.0, backlog, options, now)
        })
    }

    #[pyo3(signature = (host, local, remote, options))]
    fn bind(
        &self,
        py: Python<'_>,
        host: &str,
        local: Address,
        remote: Option<Address>,
        options: &str,
    ) -> PyResult<Socket> {
        let remote = remote.map(|remote| remote.0);
        let subject = remote.unwrap_or(local.0);
        self.open(py, host, options, subject, |host, options, now| {
            host.bind(local.0, remote, options, now)
        })
    }

    fn echo(&self, py: Python<'_>, host: &str, options: &str) -> PyResult<Socket> {
        self.open(py, host, options, host, |host, options, now| {
            host.echo(options, now)
        })
    }

    fn tunnel(&self, py: Python<'_>, app: &str) -> PyResult<Tunnel> {
        Tunnel::find(py, &self.run, app)
    }

    fn source_for(&self, py: Python<'_>, host: &str, remote: &str) -> PyResult<String> {
        let address = address::ip(remote)?;
        let found = call::with(py, &self.run, |engine| {
            let key = engine.host_key(host).ok_or_else(|| no_host(host))?;
            let source = engine.with_host(key, |host, _| host.source_for(address));
            source.ok_or_else(|| no_host(host))
        })?;
        let source = found.map_err(errors::raise)?;
        let source = source.map_err(|error| errors::raise_socket(error, remote))?;
        Ok(source.to_string())
    }
}

impl Engine {
    /// Has a host make a socket; `subject` is what an error is about.
    fn open(
        &self,
        py: Python<'_>,
        name: &str,
        options: &str,
        subject: impl Display,
        work: impl FnOnce(&mut Host, SocketOptions, Nanos) -> Result<SocketId, SocketError> + Send,
    ) -> PyResult<Socket> {
        let changes = Changes::read(options)?;
        let opened = call::with(py, &self.run, |engine| -> Result<_, AppError> {
            let key = engine.host_key(name).ok_or_else(|| no_host(name))?;
            let opened = engine.with_host(key, |host, now| {
                let options = changes.of(host.options())?;
                Ok(work(host, options, now))
            });
            Ok((key, opened.unwrap_or_else(|| Err(no_host(name)))?))
        })?;
        let (key, opened) = opened.map_err(errors::raise)?;
        let opened = opened.and_then(|id| Socket::new(&self.run, key, id));
        opened.map_err(|error| errors::raise_socket(error, &subject.to_string()))
    }

    /// Asks without the interpreter's lock.
    fn ask<T: Send>(
        &self,
        py: Python<'_>,
        question: impl FnOnce(&Run) -> Result<T, AppError> + Send,
    ) -> PyResult<T> {
        py.detach(|| question(&self.run)).map_err(errors::raise)
    }
}

fn no_host(name: &str) -> AppError {
    AppError::config(format!("there is no host {name}"))
}

fn failed(failure: Option<(String, AppError)>) -> Result<(), AppError> {
    failure.map_or(Ok(()), |(_, error)| Err(error))
}

fn read(actions: &str) -> Result<Vec<Action>, AppError> {
    action::parse(actions).map_err(AppError::config)
}
