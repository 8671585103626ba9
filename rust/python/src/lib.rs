//! `usernet._core`: conversions and errors between Python and the engine, and nothing else.
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use std::time::Duration;
use usernet_core::action::{self, Action};
use usernet_core::app::AppError;
use usernet_os::Run;

mod errors;

/// A graph of apps and what runs it.
#[pyclass(frozen, module = "usernet._core")]
struct Engine {
    run: Run,
}

#[pymethods]
impl Engine {
    #[new]
    #[pyo3(signature = (seed, *, r#virtual, precise))]
    fn new(seed: u64, r#virtual: bool, precise: bool) -> PyResult<Self> {
        if r#virtual {
            return Ok(Self {
                run: Run::simulated(seed),
            });
        }
        Ok(Self {
            run: Run::real(seed, precise).map_err(errors::raise)?,
        })
    }

    fn apply(&self, py: Python<'_>, actions: &str) -> PyResult<u64> {
        let actions = read(actions)?;
        self.ask(py, |run| run.apply(&actions))
    }

    fn schedule(&self, py: Python<'_>, at: u64, actions: &str) -> PyResult<()> {
        let actions = read(actions)?;
        self.ask(py, |run| run.schedule(at, actions))
    }

    fn advance(&self, py: Python<'_>, until: u64) -> PyResult<()> {
        self.ask(py, |run| run.advance(until))?;
        self.ask(py, |run| failed(run.failure()))
    }

    fn now(&self) -> u64 {
        self.run.now()
    }

    fn statistics(&self, py: Python<'_>) -> PyResult<String> {
        self.ask(py, |run| {
            run.statistics().map(|statistics| statistics.to_string())
        })
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
}

impl Engine {
    /// Asks without the interpreter's lock.
    fn ask<T: Send>(
        &self,
        py: Python<'_>,
        question: impl FnOnce(&Run) -> Result<T, AppError> + Send,
    ) -> PyResult<T> {
        py.detach(|| question(&self.run)).map_err(errors::raise)
    }
}

fn failed(failure: Option<(String, AppError)>) -> Result<(), AppError> {
    failure.map_or(Ok(()), |(_, error)| Err(error))
}

fn read(actions: &str) -> PyResult<Vec<Action>> {
    action::parse(actions).map_err(|problem| errors::raise(AppError::config(problem)))
}

#[pymodule]
fn _core(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<Engine>()
}
