//! The apps that need no operating system, one file each.
use crate::app::{App, AppError};
use crate::stack::Host;
use crate::time::Nanos;
use serde::de::DeserializeOwned;
use serde_json::Value;

pub mod impairment;
pub mod join;
pub mod meter;
pub mod repeater;
pub mod sink;
pub mod source;
pub mod split;
pub mod switch;
pub mod tee;
pub mod wireguard;

/// Makes one of these apps; nothing if the kind is not one of them.
///
/// # Errors
/// The config is impossible.
pub fn create(
    name: &str,
    seed: u64,
    config: &Value,
    now: Nanos,
) -> Option<Result<Box<dyn App>, AppError>> {
    Some(match config.get("app").and_then(Value::as_str)? {
        "split" => read(config).and_then(split::create).map(Boxed::boxed),
        "source" => read(config).and_then(source::create).map(Boxed::boxed),
        "impairment" => impairment::app::create(name, seed, config, now).map(Boxed::boxed),
        "host" => Host::new(name, seed, config, now).map(Boxed::boxed),
        "switch" => read(config).map(|switch::Spec {}| switch::Switch::new(name, seed).boxed()),
        "sink" => read(config).map(|sink::Spec {}| sink::Sink::default().boxed()),
        "tee" => read(config).map(|tee::Spec {}| tee::Tee.boxed()),
        "meter" => read(config).map(|meter::Spec {}| meter::Meter::default().boxed()),
        "join" => read(config).map(|join::Spec {}| join::Join.boxed()),
        "repeater" => read(config).map(|repeater::Spec {}| repeater::Repeater::default().boxed()),
        "wireguard" => wireguard::simulated(name, seed, config).map(Boxed::boxed),
        _ => return None,
    })
}

/// The pieces of an app's new config, to be taken one after the other, so that it does not hold the engine up;
/// none where it is taken as it is.
///
/// # Errors
/// The config is impossible, and nothing of it is to be taken.
pub fn pieces(config: &Value) -> Result<Vec<Value>, AppError> {
    match config.get("app").and_then(Value::as_str) {
        Some("wireguard") => wireguard::pieces(config),
        _ => Ok(Vec::new()),
    }
}

/// Reads an app's config, without the key that says its kind.
///
/// # Errors
/// A key is unknown, missing or of the wrong type.
pub fn read<T: DeserializeOwned>(config: &Value) -> Result<T, AppError> {
    let mut config = config.clone();
    let kind = config
        .as_object_mut()
        .and_then(|map| map.remove("app"))
        .unwrap_or_default();
    let wrong = |error| AppError::config(format!("app {}: {error}", kind.as_str().unwrap_or("?")));
    serde_json::from_value(config).map_err(wrong)
}

trait Boxed: App + Sized + 'static {
    fn boxed(self) -> Box<dyn App> {
        Box::new(self)
    }
}

impl<T: App + 'static> Boxed for T {}
