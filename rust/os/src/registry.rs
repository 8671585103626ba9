//! The registry: makes the apps that end at the operating system, and asks the core for the others.
use crate::clock::Clock;
use crate::raw_socket::RawSocket;
use serde_json::Value;
use usernet_core::Registry;
use usernet_core::app::{App, AppError};
use usernet_core::apps;
use usernet_core::time::Nanos;

/// Every kind that needs the operating system's packets, and so real time.
const DEVICES: [&str; 1] = ["raw_socket"];

/// How time passes for the apps.
#[derive(Clone, Copy, Debug)]
pub enum Time {
    /// By this clock.
    Real(Clock),
    /// As somebody says, so that nothing outside can take part.
    Virtual,
}

/// Makes every kind of app there is.
#[derive(Clone, Copy, Debug)]
pub struct Apps {
    seed: u64,
    time: Time,
}

impl Apps {
    /// A registry whose apps draw from this seed.
    #[must_use]
    pub fn new(seed: u64, time: Time) -> Self {
        Self { seed, time }
    }

    fn device(self, kind: &str, config: &Value) -> Option<Result<Box<dyn App>, AppError>> {
        if !DEVICES.contains(&kind) {
            return None;
        }
        Some(match self.time {
            Time::Real(clock) => open(kind, config, clock),
            Time::Virtual => Err(AppError::config(format!(
                "a {kind} needs real time: in virtual time nothing outside can take part"
            ))),
        })
    }
}

fn open(kind: &str, config: &Value, clock: Clock) -> Result<Box<dyn App>, AppError> {
    match kind {
        "raw_socket" => RawSocket::open(apps::read(config)?, clock).map(boxed),
        _ => Err(AppError::config(format!("there is no device {kind}"))),
    }
}

fn boxed(app: impl App + 'static) -> Box<dyn App> {
    Box::new(app)
}

impl Registry for Apps {
    fn create(&mut self, name: &str, config: &Value, now: Nanos) -> Result<Box<dyn App>, AppError> {
        let kind = config.get("app").and_then(Value::as_str).unwrap_or("");
        self.device(kind, config)
            .or_else(|| apps::create(name, self.seed, config, now))
            .unwrap_or_else(|| Err(unknown(name, kind)))
    }
}

fn unknown(name: &str, kind: &str) -> AppError {
    AppError::config(format!("app {name}: there is no kind \"{kind}\" of app"))
}
