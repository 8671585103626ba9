//! Invariant: any text is refused, or its actions are done all or not at all; no input panics.
#![no_main]

use libfuzzer_sys::fuzz_target;
use serde_json::Value;
use usernet_core::action::parse;
use usernet_core::app::{App, AppError};
use usernet_core::engine::Engine;
use usernet_core::{Registry, apps};

struct Apps;

impl Registry for Apps {
    fn create(&mut self, name: &str, config: &Value, now: u64) -> Result<Box<dyn App>, AppError> {
        let unknown = || Err(AppError::config("no such app"));
        apps::create(name, 0, config, now).unwrap_or_else(unknown)
    }
}

/// The text's lines are changes, one after the other.
fn change(engine: &mut Engine, line: &str) {
    let before = engine.statistics();
    let Ok(actions) = parse(line) else { return };
    match engine.apply(&actions, &mut Apps) {
        Ok(generation) => assert_eq!(engine.statistics()["generation"], generation),
        Err(_) => assert_eq!(engine.statistics(), before),
    }
    let now = engine.now();
    for breath in 1..4 {
        engine.breathe(now + breath * 1_000_000, &mut Apps);
    }
}

fuzz_target!(|text: &str| {
    let mut engine = Engine::new();
    text.lines().for_each(|line| change(&mut engine, line));
    engine.stop();
    assert_eq!(engine.pool().lent(), 0);
});
