//! The one gate at which the engine's failures become Python's exceptions.
use pyo3::exceptions::PyOSError;
use pyo3::import_exception;
use pyo3::prelude::*;
use usernet_core::app::{AppError, ErrorKind};
use usernet_core::stack::SocketError;
use usernet_os::splicing::Refused;

import_exception!(usernet.errors, CaptureError);
import_exception!(usernet.errors, ConfigError);
import_exception!(usernet.errors, EngineError);
import_exception!(usernet.errors, EscapeError);
import_exception!(usernet.errors, InterfaceError);
import_exception!(usernet.errors, PrivilegeError);
import_exception!(usernet.errors, TraceError);

pub(crate) fn raise(error: AppError) -> PyErr {
    let AppError { kind, message } = error;
    match kind {
        ErrorKind::Capture => CaptureError::new_err(message),
        ErrorKind::Config => ConfigError::new_err(message),
        ErrorKind::Engine => EngineError::new_err(message),
        ErrorKind::Interface => InterfaceError::new_err(message),
        ErrorKind::System(errno) => PyOSError::new_err((errno, message)),
        ErrorKind::Privilege => PrivilegeError::new_err(message),
        ErrorKind::Trace => TraceError::new_err(message),
    }
}

/// What a socket fails with. Python makes of the number the class that it has for it, such as
/// `ConnectionRefusedError`.
pub(crate) fn raise_socket(error: SocketError, what: &str) -> PyErr {
    let subject = if what.is_empty() { "" } else { ": " };
    PyOSError::new_err((error.errno(), format!("{error}{subject}{what}")))
}

/// Why a socket was not spliced.
pub(crate) fn raise_unspliced(refused: &Refused) -> PyErr {
    let number = match refused {
        Refused::Machine(error) => error.raw_os_error().unwrap_or(0),
        Refused::Host(error) => error.errno(),
        Refused::Virtual => return EscapeError::new_err(refused.to_string()),
    };
    PyOSError::new_err((number, refused.to_string()))
}

/// What is not there right now is nothing, and no failure.
pub(crate) fn unless_now<T>(result: Result<T, SocketError>) -> Result<Option<T>, SocketError> {
    match result {
        Ok(there) => Ok(Some(there)),
        Err(SocketError::WouldBlock) => Ok(None),
        Err(error) => Err(error),
    }
}
