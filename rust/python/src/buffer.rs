//! Memory of Python's: whatever is contiguous, read and written where it is. The only `unsafe` on
//! this side of the border.
use pyo3::buffer::PyUntypedBuffer;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use std::slice;

/// Bytes to read.
pub(crate) enum Source<'a, 'py> {
    /// Nobody can change them.
    Fixed(&'a Bound<'py, PyBytes>),
    /// Somebody may, whenever the interpreter's lock is not held.
    Open(PyUntypedBuffer),
}

impl<'a, 'py> Source<'a, 'py> {
    pub(crate) fn of(data: &'a Bound<'py, PyAny>) -> PyResult<Self> {
        if let Ok(bytes) = data.cast_exact::<PyBytes>() {
            return Ok(Self::Fixed(bytes));
        }
        contiguous(PyUntypedBuffer::get(data)?).map(Self::Open)
    }

    /// The bytes, for as long as the interpreter's lock is held.
    pub(crate) fn bytes<'b>(&'b self, _py: Python<'b>) -> &'b [u8] {
        match self {
            Self::Fixed(bytes) => bytes.as_bytes(),
            Self::Open(buffer) if buffer.len_bytes() == 0 => &[],
            // SAFETY: the buffer is contiguous and keeps its memory until it is dropped; nobody
            // writes there while this thread has the interpreter's lock.
            Self::Open(buffer) => unsafe {
                slice::from_raw_parts(buffer.buf_ptr().cast(), buffer.len_bytes())
            },
        }
    }
}

/// Room to write to.
pub(crate) struct Room(PyUntypedBuffer);

impl Room {
    pub(crate) fn of(data: &Bound<'_, PyAny>) -> PyResult<Self> {
        let buffer = contiguous(PyUntypedBuffer::get(data)?)?;
        if buffer.readonly() {
            return Err(PyValueError::new_err("a buffer to write to is needed"));
        }
        Ok(Self(buffer))
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len_bytes()
    }

    /// The room, for as long as the interpreter's lock is held.
    pub(crate) fn bytes<'b>(&'b mut self, _py: Python<'b>) -> &'b mut [u8] {
        if self.len() == 0 {
            return &mut [];
        }
        // SAFETY: the buffer is contiguous, may be written to, and keeps its memory until it is
        // dropped; nobody else looks there while this thread has the interpreter's lock.
        unsafe { slice::from_raw_parts_mut(self.0.buf_ptr().cast(), self.len()) }
    }
}

fn contiguous(buffer: PyUntypedBuffer) -> PyResult<PyUntypedBuffer> {
    if buffer.is_c_contiguous() {
        return Ok(buffer);
    }
    Err(PyValueError::new_err("the buffer is not contiguous"))
}
