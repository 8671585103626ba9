//! Tee: every packet goes to every output. Ports: `rx` (or several inputs), any number of outputs.
use crate::app::{App, Context, Direction};
use crate::packet::Packet;
use serde::Deserialize;

/// A tee's config: there is nothing to say.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Spec {}

/// Every packet goes to every output.
pub struct Tee;

impl App for Tee {
    fn kind(&self) -> &'static str {
        "tee"
    }

    fn has_port(&self, _direction: Direction, _port: &str) -> bool {
        true
    }

    fn push(&mut self, context: &mut Context<'_>) {
        for input in 0..context.inputs() {
            let mut ring = context.take(input);
            spread(&mut ring, context);
            context.restore(input, ring);
        }
    }
}

/// Copies go to all outputs but the last, which gets the packets themselves.
fn spread(ring: &mut Vec<Packet>, context: &mut Context<'_>) {
    let Some(last) = context.outputs().checked_sub(1) else {
        context.pool.free_all(ring);
        return;
    };
    for output in 0..last {
        let (link, pool) = context.output(output);
        link.transmit_copies(ring.iter(), pool);
    }
    let (link, pool) = context.output(last);
    link.transmit_all(ring, pool);
}
