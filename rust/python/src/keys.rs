//! Keys of tunnels.
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use usernet_core::wireguard::keys::LEN;
use usernet_core::wireguard::{PrivateKey, PublicKey};

/// The key that others know the owner of a private key by.
#[pyfunction]
pub(crate) fn public_key<'py>(
    py: Python<'py>,
    private_key: &[u8],
) -> PyResult<Bound<'py, PyBytes>> {
    let public = PrivateKey::new(bytes(private_key)?).public();
    Ok(PyBytes::new(py, &public.0))
}

/// A public key from Python.
pub(crate) fn public(given: &[u8]) -> PyResult<PublicKey> {
    bytes(given).map(PublicKey)
}

fn bytes(given: &[u8]) -> PyResult<[u8; LEN]> {
    let wrong = |_| PyValueError::new_err(format!("a key has {LEN} bytes"));
    given.try_into().map_err(wrong)
}
