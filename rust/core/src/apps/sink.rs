//! Sink: takes packets and lets them go. Ports: any number of inputs.
use crate::app::{App, Context, Direction};
use crate::time::Nanos;
use serde::Deserialize;
use serde_json::{Map, Value};

/// A sink's config: there is nothing to say.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Spec {}

/// Takes packets and lets them go.
#[derive(Default)]
pub struct Sink {
    packets: u64,
    bytes: u64,
}

impl App for Sink {
    fn kind(&self) -> &'static str {
        "sink"
    }

    fn has_port(&self, direction: Direction, _port: &str) -> bool {
        direction == Direction::Input
    }

    fn push(&mut self, context: &mut Context<'_>) {
        for input in 0..context.inputs() {
            let mut batch = context.take_batch(input);
            self.packets += batch.packets().len() as u64;
            self.bytes += batch.bytes();
            batch.free(context.pool);
            context.restore_batch(input, batch);
        }
    }

    fn count(&self, _now: Nanos, into: &mut Map<String, Value>) {
        into.insert("packets".into(), self.packets.into());
        into.insert("bytes".into(), self.bytes.into());
    }
}
