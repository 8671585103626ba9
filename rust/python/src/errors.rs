//! The one gate at which the engine's failures become Python's exceptions.
use pyo3::import_exception;
use pyo3::prelude::*;
use usernet_core::app::{AppError, ErrorKind};

import_exception!(usernet.errors, CaptureError);
import_exception!(usernet.errors, ConfigError);
import_exception!(usernet.errors, EngineError);
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
        ErrorKind::Privilege => PrivilegeError::new_err(message),
        ErrorKind::Trace => TraceError::new_err(message),
    }
}
