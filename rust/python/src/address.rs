//! Addresses as Python has them: a numeric address and a port.
use pyo3::exceptions::{PyOverflowError, PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyString, PyTuple};
use std::net::{IpAddr, SocketAddr, SocketAddrV6};

/// An address that came from Python.
pub(crate) struct Address(pub(crate) SocketAddr);

impl<'py> FromPyObject<'_, 'py> for Address {
    type Error = PyErr;

    fn extract(given: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        let wrong = || PyTypeError::new_err("an address is a pair of a numeric address and a port");
        let pair = given.cast::<PyTuple>().map_err(|_| wrong())?;
        if pair.len() != 2 {
            return Err(wrong());
        }
        let (address, port) = (pair.get_item(0)?, pair.get_item(1)?);
        let text = address.cast::<PyString>().map_err(|_| wrong())?;
        let port = port.extract().map_err(|error: PyErr| {
            if error.is_instance_of::<PyOverflowError>(given.py()) {
                return PyValueError::new_err("a port is a number from 0 to 65535");
            }
            wrong()
        })?;
        read(text.to_str()?, port).map(Self)
    }
}

fn read(text: &str, port: u16) -> PyResult<SocketAddr> {
    let (text, scope) = text.split_once('%').unwrap_or((text, "0"));
    let address = ip(text)?;
    match (address, scope.parse()) {
        (IpAddr::V6(address), Ok(scope)) => Ok(SocketAddrV6::new(address, port, 0, scope).into()),
        (address, Ok(0)) => Ok((address, port).into()),
        _ => Err(not_numeric(text)),
    }
}

/// A numeric address without a port.
pub(crate) fn ip(text: &str) -> PyResult<IpAddr> {
    text.parse().map_err(|_| not_numeric(text))
}

fn not_numeric(text: &str) -> PyErr {
    PyValueError::new_err(format!("\"{text}\" is not a numeric IPv4 or IPv6 address"))
}

/// An address as Python has it.
pub(crate) type Shown = (String, u16);

pub(crate) fn show(address: SocketAddr) -> Shown {
    let text = match address {
        SocketAddr::V6(six) if six.scope_id() != 0 => format!("{}%{}", six.ip(), six.scope_id()),
        _ => address.ip().to_string(),
    };
    (text, address.port())
}
