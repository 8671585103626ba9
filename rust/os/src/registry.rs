//! Makes apps from their configs: those that need the operating system here, the others in the core.
use serde_json::Value;
use usernet_core::app::{App, AppError};
use usernet_core::time::Nanos;
use usernet_core::{Registry, apps};

/// Makes apps.
pub struct Apps {
    seed: u64,
    virtual_time: bool,
    /// Whether the drive is to end.
    pub(crate) stopped: bool,
}

impl Apps {
    /// Makes apps whose randomness follows from `seed`.
    #[must_use]
    pub fn new(seed: u64, virtual_time: bool) -> Self {
        Self {
            seed,
            virtual_time,
            stopped: false,
        }
    }
}

impl Registry for Apps {
    fn create(&mut self, name: &str, config: &Value, now: Nanos) -> Result<Box<dyn App>, AppError> {
        let kind = config
            .get("app")
            .and_then(Value::as_str)
            .unwrap_or_default();
        let device = matches!(kind, "raw_socket" | "tap" | "tun");
        if device && self.virtual_time {
            return Err(AppError::config(format!(
                "{name}: a {kind} lives in real time only"
            )));
        }
        let core = apps::create(name, self.seed, config, now);
        core.unwrap_or_else(|| {
            Err(AppError::config(format!(
                "{name}: no kind of app: \"{kind}\""
            )))
        })
    }
}
