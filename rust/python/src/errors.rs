//! The one gate at which the engine's failures become Python's exceptions.
use pyo3::import_exception;
use pyo3::prelude::*;
use usernet_core::app::ErrorKind;
use usernet_os::drive::Failure;

import_exception!(usernet.errors, CaptureError);
import_exception!(usernet.errors, ConfigError);
import_exception!(usernet.errors, EngineError);
import_exception!(usernet.errors, InterfaceError);
import_exception!(usernet.errors, PrivilegeError);
import_exception!(usernet.errors, TraceError);

pub(crate) fn raise(failure: Failure) -> PyErr {
    let (kind, message) = match failure {
        Failure::App(_, error) => (error.kind, error.message),
        Failure::Stopped(message) => return EngineError::new_err(message),
    };
    match kind {
        ErrorKind::Config => ConfigError::new_err(message),
        ErrorKind::Interface => InterfaceError::new_err(message),
        ErrorKind::Privilege => PrivilegeError::new_err(message),
        ErrorKind::Trace => TraceError::new_err(message),
        ErrorKind::Capture => CaptureError::new_err(message),
    }
}
