//! Sends small packets through many flows of a line, each with an impairment of its own, and says what a packet
//! costs: `cargo run --release -p usernet-core --example flows -- [FLOWS [USED [THOUSANDS [DELAY_NS]]]]`, where packets
//! come mixed, one by one, for the first USED of the flows.
use serde_json::{Value, json};
use std::collections::VecDeque;
use std::time::Instant;
use usernet_core::action::parse;
use usernet_core::app::{App, AppError, Context, Direction};
use usernet_core::engine::Engine;
use usernet_core::{Registry, apps};

/// How much time passes from batch to batch of the packets: as for ten million packets a second.
const STEP: u64 = 12_800;
const DELAY: u64 = 1_000_000;

struct Apps(Option<Script>);

/// Hands over a batch of packets that were there before.
struct Script(VecDeque<Vec<u8>>);

impl App for Script {
    fn kind(&self) -> &'static str {
        "script"
    }

    fn has_port(&self, _direction: Direction, _port: &str) -> bool {
        true
    }

    fn pull(&mut self, context: &mut Context<'_>) -> bool {
        for bytes in self.0.drain(..) {
            if let Some(packet) = context.pool.packet_from(&bytes) {
                context.transmit(0, packet);
            }
        }
        false
    }
}

impl Registry for Apps {
    fn create(&mut self, name: &str, config: &Value, now: u64) -> Result<Box<dyn App>, AppError> {
        let made = apps::create(name, 7, config, now);
        made.unwrap_or_else(|| match self.0.take() {
            Some(script) => Ok(Box::new(script)),
            None => Err(AppError::config("unknown")),
        })
    }
}

/// Takes UDP to a port over IPv4 without options.
fn filter(port: usize) -> Value {
    json!([
        [48, 0, 0, 9],
        [21, 0, 3, 17],
        [40, 0, 0, 22],
        [21, 0, 1, port],
        [6, 0, 0, 1],
        [6, 0, 0, 0]
    ])
}

fn udp(port: usize, source: u8) -> Vec<u8> {
    let mut bytes = vec![0x45, 0, 0, 60, 0, 0, 0, 0, 64, 17, 0, 0];
    bytes.extend([10, 0, 0, 1, 10, 0, 0, 2, 160, source]);
    bytes.extend((port as u16).to_be_bytes());
    bytes.extend([0, 40, 0, 0]);
    bytes.resize(60, 0);
    bytes
}

fn graph(flows: usize, delay: u64) -> Value {
    let line = json!({"app": "impairment", "delay": {"ns": delay}});
    let programs: Vec<Value> = (0..flows).map(|flow| filter(1000 + flow)).collect();
    let split = json!({"app": "split", "programs": programs, "remote": "destination"});
    let mut steps = vec![
        json!({"do": "start", "name": "in", "app": {"app": "script"}}),
        json!({"do": "start", "name": "again", "app": {"app": "repeater"}}),
        json!({"do": "start", "name": "split", "app": split}),
        json!({"do": "start", "name": "join", "app": {"app": "join"}}),
        json!({"do": "start", "name": "out", "app": {"app": "sink"}}),
    ];
    let mut links = vec![
        String::from("in.tx -> again.rx"),
        String::from("again.tx -> split.rx"),
        String::from("join.tx -> out.rx"),
    ];
    for flow in 0..flows {
        steps.push(json!({"do": "start", "name": format!("f{flow}"), "app": line}));
        links.push(format!("split.{flow} -> f{flow}.rx"));
        links.push(format!("f{flow}.tx -> join.{flow:04}"));
    }
    steps.extend(links.iter().map(|link| json!({"do": "link", "link": link})));
    steps.into()
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let mut number = |other: usize| arguments.next().map_or(Ok(other), |text| text.parse());
    let (flows, used) = (number(200)?, number(200)?);
    let (thousands, delay) = (number(10_000)?, number(DELAY as usize)? as u64);
    let packets = (0..1000).map(|index| udp(1000 + index % used, (index / used % 5) as u8));
    let mut registry = Apps(Some(Script(packets.collect())));
    let mut engine = Engine::new();
    engine.apply(&parse(&graph(flows, delay).to_string())?, &mut registry)?;
    let batches = thousands * 1000 / usernet_core::app::BATCH;
    let begun = Instant::now();
    for batch in 0..batches as u64 {
        engine.breathe(1 + batch * STEP, &mut registry);
    }
    let took = begun.elapsed();
    let counted = engine.statistics();
    println!(
        "{flows} flows, packets of {used}: {:.1} ns a packet, {} out",
        took.as_nanos() as f64 / (batches * usernet_core::app::BATCH) as f64,
        counted["links"]["join.tx -> out.rx"]["packets"],
    );
    Ok(())
}
