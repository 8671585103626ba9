//! Invariant: whatever an impairment's config is that it accepts, and whatever comes in when, it
//! neither panics nor keeps virtual time standing still, and every packet comes back.
//!
//! The first lines of the input are configs, each of them JSON; after an empty line come steps of
//! three bytes each: send a packet, let time pass, or give the impairment its next config.
#![no_main]

use libfuzzer_sys::fuzz_target;
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};
use usernet_core::action::parse;
use usernet_core::app::{App, AppError, Context, Direction};
use usernet_core::engine::Engine;
use usernet_core::{Registry, apps};

/// So many breaths may happen at one moment: a change, a packet and what it sets off.
const STILL: u64 = 8;
/// Steps of one run: enough to fill queues, few enough for thousands of runs a second.
const STEPS: usize = 400;

type Waiting = Arc<Mutex<Vec<(u64, Vec<u8>)>>>;

/// Sends what the steps said, with their own times of arrival.
struct Sender(Waiting);

impl App for Sender {
    fn kind(&self) -> &'static str {
        "sender"
    }

    fn has_port(&self, direction: Direction, _port: &str) -> bool {
        direction == Direction::Output
    }

    fn pull(&mut self, context: &mut Context<'_>) -> bool {
        let waiting: Vec<_> = self.0.lock().expect("one thread").drain(..).collect();
        for (arrived, bytes) in waiting {
            let Some(mut packet) = context.pool.packet_from(&bytes) else {
                continue;
            };
            packet.set_arrived(arrived);
            context.transmit(0, packet);
        }
        false
    }
}

struct Apps(Waiting);

impl Registry for Apps {
    fn create(&mut self, name: &str, config: &Value, now: u64) -> Result<Box<dyn App>, AppError> {
        if config["app"] == "sender" {
            return Ok(Box::new(Sender(Arc::clone(&self.0))));
        }
        let unknown = || Err(AppError::config("no such app"));
        apps::create(name, 0, config, now).unwrap_or_else(unknown)
    }
}

struct Run<'a> {
    engine: Engine,
    apps: Apps,
    configs: Vec<&'a str>,
    next: usize,
}

impl Run<'_> {
    fn apply(&mut self, actions: Value) -> bool {
        let actions = parse(&actions.to_string()).expect("actions");
        self.engine.apply(&actions, &mut self.apps).is_ok()
    }

    fn config(&mut self) -> Option<Value> {
        let text = self.configs.get(self.next % self.configs.len().max(1))?;
        self.next += 1;
        let mut config: Value = serde_json::from_str(text).ok()?;
        config
            .as_object_mut()?
            .insert("app".into(), "impairment".into());
        Some(config)
    }

    fn start(&mut self) -> bool {
        let Some(config) = self.config() else {
            return false;
        };
        self.apply(json!([
            {"do": "start", "name": "in", "app": {"app": "sender"}},
            {"do": "start", "name": "line", "app": config},
            {"do": "start", "name": "out", "app": {"app": "sink"}},
            {"do": "link", "link": "in.tx -> line.rx"},
            {"do": "link", "link": "line.tx -> out.tx"},
            {"do": "link", "link": "line.dropped -> out.dropped"},
        ]))
    }

    fn send(&mut self, len: u8, content: u8) {
        let mut bytes = vec![content; 20 + usize::from(len) * 6];
        bytes[0] = 0x45;
        let arrived = self.engine.now();
        self.apps
            .0
            .lock()
            .expect("one thread")
            .push((arrived, bytes));
        self.engine.wake(0);
    }

    fn reconfigure(&mut self) {
        if let Some(config) = self.config() {
            self.apply(json!([{"do": "reconfigure", "name": "line", "app": config}]));
        }
    }

    /// From deadline to deadline where `exact`, else in one breath.
    fn pass(&mut self, until: u64, exact: bool) {
        let (mut at, mut still) = (self.engine.now(), 0);
        for _ in 0..STEPS {
            let next = self.engine.next_deadline().unwrap_or(until).max(at);
            if !exact || next >= until {
                break;
            }
            still = if next == at { still + 1 } else { 0 };
            assert!(still < STILL, "time stands still at {at}");
            at = next;
            self.engine.breathe(at, &mut self.apps);
        }
        self.engine.breathe(until, &mut self.apps);
    }

    fn step(&mut self, step: &[u8]) {
        let &[kind, a, b] = step else { return };
        match kind % 8 {
            0..4 => self.send(a, b),
            4..7 => {
                let ns = u64::from(a) << (b % 34);
                self.pass(self.engine.now() + ns, kind % 8 != 4);
            }
            _ => self.reconfigure(),
        }
    }
}

fuzz_target!(|input: &[u8]| {
    let split = input.windows(2).position(|pair| pair == b"\n\n");
    let (head, steps) = input.split_at(split.unwrap_or(input.len()));
    let Ok(head) = std::str::from_utf8(head) else {
        return;
    };
    let waiting = Waiting::default();
    let mut run = Run {
        engine: Engine::new(),
        apps: Apps(Arc::clone(&waiting)),
        configs: head.lines().collect(),
        next: 0,
    };
    if !run.start() {
        return;
    }
    let steps = steps.get(2..).unwrap_or_default();
    steps
        .chunks_exact(3)
        .take(STEPS)
        .for_each(|step| run.step(step));
    run.engine.stop();
    assert_eq!(run.engine.pool().lent(), 0);
});
