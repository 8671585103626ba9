//! Tee: every packet goes to every output. Ports: `rx` (or several inputs), any number of outputs.
use crate::app::{App, Context, Direction};
use crate::packet::Packet;
use serde::Deserialize;
use std::collections::VecDeque;

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
fn spread(ring: &mut VecDeque<Packet>, context: &mut Context<'_>) {
    let Some(last) = context.outputs().checked_sub(1) else {
        ring.drain(..).for_each(|packet| context.pool.free(packet));
        return;
    };
    for output in 0..last {
        let (link, pool) = context.output(output);
        for packet in ring.iter() {
            if let Some(copy) = pool.copy(packet) {
                link.transmit(copy, pool);
            }
        }
    }
    let (link, pool) = context.output(last);
    ring.drain(..)
        .for_each(|packet| link.transmit(packet, pool));
}
