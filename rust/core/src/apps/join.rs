//! Join: packets of every input go to one output, in the order of the inputs' names. Ports: any
//! number of inputs, `tx`.
use crate::app::{App, Context, Direction};
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

    fn push(&mut self, context: &mut Context<'_>) {
        for input in 0..context.inputs() {
            while let Some(packet) = context.receive(input) {
                if context.outputs() > 0 {
                    context.transmit(0, packet);
                } else {
                    context.pool.free(packet);
                }
            }
        }
    }
}
