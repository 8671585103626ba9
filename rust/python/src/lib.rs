//! `usernet._core`: conversions and errors between Python and the engine, and nothing else.
use pyo3::prelude::*;

mod address;
mod buffer;
mod call;
mod engine;
mod errors;
mod keys;
mod numbers;
mod options;
mod socket;
mod tunnel;

#[pymodule]
fn _core(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<engine::Engine>()?;
    module.add_class::<socket::Socket>()?;
    module.add_class::<tunnel::Tunnel>()?;
    module.add_function(wrap_pyfunction!(keys::public_key, module)?)
}
