//! `usernet._core`: conversions and errors between Python and the engine, and nothing else.
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use std::time::Duration;
use usernet_core::action;
use usernet_core::app::AppError;
use usernet_os::drive::Drive;

mod errors;

/// A graph of apps and what runs it.
#[pyclass(frozen, module = "usernet._core")]
struct Engine {
    drive: Drive,
}

#[pymethods]
impl Engine {
    #[new]
    #[pyo3(signature = (seed, *, r#virtual, precise))]
    fn new(seed: u64, r#virtual: bool, precise: bool) -> PyResult<Self> {
        let drive = Drive::new(seed, r#virtual, precise).map_err(errors::raise)?;
        Ok(Self { drive })
    }

    fn apply(&self, py: Python<'_>, actions: &str) -> PyResult<u64> {
        let actions = read(actions)?;
        py.detach(|| self.drive.apply(actions))
            .map_err(errors::raise)
    }

    fn schedule(&self, py: Python<'_>, at: u64, actions: &str) -> PyResult<()> {
        let actions = read(actions)?;
        self.ask(py, move |engine| engine.schedule(at, actions))
    }

    fn advance(&self, py: Python<'_>, until: u64) -> PyResult<()> {
        py.detach(|| self.drive.advance(until))
            .map_err(errors::raise)
    }

    fn now(&self, py: Python<'_>) -> PyResult<u64> {
        self.ask(py, |engine| engine.now())
    }

    fn statistics(&self, py: Python<'_>) -> PyResult<String> {
        self.ask(py, |engine| engine.statistics().to_string())
    }

    fn wait(&self, py: Python<'_>, timeout: f64) -> PyResult<()> {
        let timeout = Duration::try_from_secs_f64(timeout).unwrap_or_default();
        py.detach(|| self.drive.wait(timeout))
            .map_err(errors::raise)
    }

    fn keep_log(&self, py: Python<'_>) -> PyResult<()> {
        self.ask(py, |engine| engine.log().keep())
    }

    fn log<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        let records = self.ask(py, |engine| engine.log().records().to_vec())?;
        Ok(PyBytes::new(py, &records))
    }

    fn stop(&self, py: Python<'_>) -> PyResult<()> {
        py.detach(|| self.drive.stop()).map_err(errors::raise)
    }
}

impl Engine {
    /// Asks the engine between two breaths, without the interpreter's lock.
    fn ask<T: Send + 'static>(
        &self,
        py: Python<'_>,
        question: impl FnOnce(&mut usernet_core::engine::Engine) -> T + Send + 'static,
    ) -> PyResult<T> {
        py.detach(|| self.drive.with(|engine, _| question(engine)))
            .map_err(errors::raise)
    }
}

fn read(actions: &str) -> PyResult<Vec<action::Action>> {
    action::parse(actions).map_err(|problem| errors::raise(AppError::config(problem).into()))
}

#[pymodule]
fn _core(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<Engine>()
}
