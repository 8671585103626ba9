//! Options of sockets, as JSON: what is not named stays as it is.
use pyo3::prelude::*;
use serde_json::{Map, Value};
use usernet_core::app::AppError;
use usernet_core::stack::SocketOptions;

/// What a program says of options.
pub(crate) struct Changes(Map<String, Value>);

impl Changes {
    pub(crate) fn read(text: &str) -> PyResult<Self> {
        if text.is_empty() || text == "{}" {
            return Ok(Self(Map::new()));
        }
        let read = serde_json::from_str(text);
        read.map(Self)
            .map_err(|error| crate::errors::raise(wrong(error)))
    }

    /// The options with these changes.
    pub(crate) fn of(&self, options: SocketOptions) -> Result<SocketOptions, AppError> {
        if self.0.is_empty() {
            return Ok(options);
        }
        let mut all = serde_json::to_value(options).map_err(wrong)?;
        if let Value::Object(all) = &mut all {
            let changes = self.0.iter();
            all.extend(changes.map(|(key, value)| (key.clone(), value.clone())));
        }
        serde_json::from_value(all).map_err(wrong)
    }
}

fn wrong(error: serde_json::Error) -> AppError {
    AppError::config(format!("options of a socket: {error}"))
}
