//! Keys of tunnels.
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use usernet_core::wireguard::PrivateKey;
use usernet_core::wireguard::keys::LEN;

/// The key that others know the owner of a private key by.
#[pyfunction]
pub(crate) fn public_key<'py>(
    py: Python<'py>,
    private_key: &[u8],
) -> PyResult<Bound<'py, PyBytes>> {
    let key: [u8; LEN] = private_key
        .try_into()
        .map_err(|_| PyValueError::new_err(format!("a key has {LEN} bytes")))?;
    Ok(PyBytes::new(py, &PrivateKey::new(key).public().0))
}
