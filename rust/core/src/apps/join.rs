//! Join: packets of every input go to one output, in the order of the inputs' names. Ports: any
//! number of inputs, `tx`.
use crate::app::{App, Context, Direction, Role};
use crate::link::Batch;
use serde::Deserialize;

/// A join's config: there is nothing to say.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Spec {}

/// Packets of every input go to one output.
pub struct Join;

impl App for Join {
    fn kind(&self) -> &'static str {
        "join"
    }

    fn has_port(&self, direction: Direction, port: &str) -> bool {
        direction == Direction::Input || port == "tx"
    }

    fn role(&self) -> Role {
        Role::Joins
    }

    fn push(&mut self, context: &mut Context<'_>) {
        for input in 0..context.inputs() {
            if context.input(input).is_empty() {
                continue; // as most of many inputs are
            }
            let mut batch = context.take_batch(input);
            forward(&mut batch, context);
            context.restore_batch(input, batch);
        }
    }
}

fn forward(batch: &mut Batch, context: &mut Context<'_>) {
    if context.outputs() == 0 {
        batch.free(context.pool);
        return;
    }
    let (link, pool) = context.output(0);
    link.transmit_batch(batch, pool);
}
