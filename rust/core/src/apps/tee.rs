//! Tee: every packet goes to every output. Ports: `rx` (or several inputs), any number of outputs.
use crate::app::{App, Context, Direction};
use crate::link::Batch;
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
            let mut batch = context.take_batch(input);
            spread(&mut batch, context);
            context.restore_batch(input, batch);
        }
    }
}

/// Copies go to all outputs but the last, which gets the packets themselves.
fn spread(batch: &mut Batch, context: &mut Context<'_>) {
    let Some(last) = context.outputs().checked_sub(1) else {
        batch.free(context.pool);
        return;
    };
    for output in 0..last {
        let (link, pool) = context.output(output);
        link.transmit_copies_of(batch, pool);
    }
    let (link, pool) = context.output(last);
    link.transmit_batch(batch, pool);
}
