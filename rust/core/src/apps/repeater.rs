//! Repeater: remembers the packets that come in and sends them again and again, in order, as fast
//! as they are taken. Ports: `rx`, `tx`.
use crate::app::{App, BATCH, Context, Direction};
use crate::packet::{Packet, Pool};
use crate::time::Nanos;
use serde::Deserialize;
use serde_json::{Map, Value};

/// How many packets it remembers; later ones go through once.
const REMEMBERED: usize = 16_384;

/// A repeater's config: there is nothing to say.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Spec {}

/// Sends what it got again and again.
#[derive(Default)]
pub struct Repeater {
    packets: Vec<Packet>,
    next: usize,
    sent: u64,
    woken: bool,
}

impl App for Repeater {
    fn kind(&self) -> &'static str {
        "repeater"
    }

    fn has_port(&self, direction: Direction, port: &str) -> bool {
        matches!(
            (direction, port),
            (Direction::Input, "rx") | (Direction::Output, "tx")
        )
    }

    fn pull(&mut self, context: &mut Context<'_>) -> bool {
        if self.packets.is_empty() || context.outputs() == 0 {
            return false;
        }
        self.woken = true;
        let now = context.now;
        let (link, pool) = context.output(0);
        for _ in 0..BATCH.min(link.room()) {
            if let Some(mut packet) = pool.copy(&self.packets[self.next]) {
                packet.set_arrived(now);
                link.transmit(packet, pool);
                self.sent += 1;
            }
            self.next = (self.next + 1) % self.packets.len();
        }
        true
    }

    fn push(&mut self, context: &mut Context<'_>) {
        if context.inputs() == 0 {
            return;
        }
        while let Some(packet) = context.receive(0) {
            if self.packets.len() < REMEMBERED {
                self.packets.push(packet);
            } else {
                context.pool.free(packet);
            }
        }
    }

    /// Wakes to be pulled when there is first something to repeat.
    fn deadline(&self) -> Option<Nanos> {
        (!self.woken && !self.packets.is_empty()).then_some(0)
    }

    fn count(&self, _now: Nanos, into: &mut Map<String, Value>) {
        into.insert("packets".into(), self.sent.into());
        into.insert("remembered".into(), self.packets.len().into());
    }

    fn stop(&mut self, pool: &mut Pool) {
        self.packets.drain(..).for_each(|packet| pool.free(packet));
    }
}
