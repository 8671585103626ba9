//! Numbers at the border: what Python gives, and what it calls a socket.
use pyo3::exceptions::{PyOverflowError, PyValueError};
use pyo3::prelude::*;
use usernet_core::engine::HostKey;
use usernet_core::stack::SocketId;

/// How many bits of a key stand for the host, the use of the place, and the place.
const HOST: u32 = 24;
const USE: u32 = 16;
const PLACE: u32 = 24;

/// What Python calls a socket: one number, which is no other's until the socket's place at its host
/// was used 65,536 times more. None for the 16,777,217th host or socket of a host.
pub(crate) fn key(host: HostKey, socket: SocketId) -> Option<u64> {
    if host.0 >> HOST != 0 || socket.place >> PLACE != 0 {
        return None;
    }
    let used = u64::from(socket.generation) & ((1 << USE) - 1);
    Some(u64::from(host.0) << (USE + PLACE) | used << PLACE | u64::from(socket.place))
}

/// A count from Python: not negative, and no larger than any memory.
pub(crate) fn count(given: &Bound<'_, PyAny>, name: &str) -> PyResult<usize> {
    let number: i64 = given.extract().map_err(|error: PyErr| {
        if error.is_instance_of::<PyOverflowError>(given.py()) {
            return PyValueError::new_err(format!("{name} is too large, or too small"));
        }
        error
    })?;
    let negative = |_| PyValueError::new_err(format!("{name} is negative: {number}"));
    usize::try_from(number).map_err(negative)
}
