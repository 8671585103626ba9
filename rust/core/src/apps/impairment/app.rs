//! The impairment as an app. Ports: `rx`, `tx`, and `dropped`, which gets what was dropped, each
//! packet with its cause, where somebody wants to know.
use super::exit::Exit;
use super::model::Model;
use super::netem::Outcome;
use super::spec::ImpairmentSpec;
use crate::app::{App, AppError, Context, Direction, Ports};
use crate::apps::read;
use crate::cause::Cause;
use crate::log::Event;
use crate::packet::{Packet, Pool};
use crate::time::Nanos;
use crate::wire::segment;
use serde_json::{Map, Value, json};

/// What an impairment counts.
#[derive(Default)]
struct Counters {
    packets_in: u64,
    bytes_in: u64,
    dropped: [u64; Cause::ALL.len()],
}

/// One direction of a bad line.
pub struct Impairment {
    model: Model,
    /// Whether super-packets have to be cut into those that would be on the wire.
    cuts: bool,
    arrived: Nanos,
    out: Outcome<Packet>,
    cut: Vec<Packet>,
    counters: Counters,
    exit: Exit,
    tx: Option<usize>,
    dropped: Option<usize>,
}

/// Reads and checks a config.
///
/// # Errors
/// A key is unknown, or a value impossible.
fn spec(config: &Value) -> Result<ImpairmentSpec, AppError> {
    let spec: ImpairmentSpec = read(config)?;
    spec.validate()
        .map_err(|error| AppError::config(error.to_string()))?;
    Ok(spec)
}

/// An impairment whose random streams are those of `seed` that begin with `name`.
///
/// # Errors
/// A key is unknown, or a value impossible.
pub fn create(name: &str, seed: u64, config: &Value, now: Nanos) -> Result<Impairment, AppError> {
    let spec = spec(config)?;
    Ok(Impairment {
        model: Model::new(&spec, seed, name, now),
        cuts: spec.needs_single_packets(),
        arrived: now,
        out: Outcome::default(),
        cut: Vec::new(),
        counters: Counters::default(),
        exit: Exit::new(spec.makes_wait()),
        tx: None,
        dropped: None,
    })
}

impl Impairment {
    /// Takes a packet from the input link, at the moment at which it arrived.
    #[inline]
    fn take_in(&mut self, packet: Packet, context: &mut Context<'_>) {
        let at = self.arrival(&packet, context.now);
        let (packets, bytes) = segment::weight(&packet);
        self.counters.packets_in += packets;
        self.counters.bytes_in += bytes;
        if self.cuts && packet.is_super() {
            self.take_apart(packet, at, context);
        } else {
            self.admit(packet, at, context);
        }
    }

    /// When the packet arrived: as it says, but not before one that came earlier, nor after now.
    #[inline]
    fn arrival(&mut self, packet: &Packet, now: Nanos) -> Nanos {
        let stamped = packet.arrived();
        let at = if stamped == 0 {
            now
        } else {
            stamped.clamp(self.arrived, now.max(self.arrived))
        };
        self.arrived = at;
        at
    }

    #[cold]
    fn take_apart(&mut self, packet: Packet, at: Nanos, context: &mut Context<'_>) {
        let mut cut = std::mem::take(&mut self.cut);
        if let Err(packet) = segment::segments(packet, context.pool, &mut |one| cut.push(one)) {
            self.out.dropped.push((packet, Cause::Offload));
        }
        cut.drain(..)
            .for_each(|packet| self.admit(packet, at, context));
        self.cut = cut;
    }

    #[inline]
    fn admit(&mut self, packet: Packet, at: Nanos, context: &mut Context<'_>) {
        context.record(at, Event::In, &packet);
        let Self {
            model, out, exit, ..
        } = self;
        model.admit(packet, at, context, out, exit);
    }

    fn drop_all(&mut self, context: &mut Context<'_>) {
        for (mut packet, cause) in self.out.dropped.drain(..) {
            self.counters.dropped[cause as usize] += segment::weight(&packet).0;
            context.record(context.now, Event::Dropped(cause), &packet);
            packet.set_dropped(Some(cause));
            match self.dropped {
                Some(port) => context.transmit(port, packet),
                None => context.pool.free(packet),
            }
        }
    }
}

impl App for Impairment {
    fn kind(&self) -> &'static str {
        "impairment"
    }

    fn has_port(&self, direction: Direction, port: &str) -> bool {
        match direction {
            Direction::Input => port == "rx",
            Direction::Output => matches!(port, "tx" | "dropped"),
        }
    }

    fn linked(&mut self, ports: &Ports) {
        self.tx = ports.output("tx");
        self.dropped = ports.output("dropped");
    }

    fn push(&mut self, context: &mut Context<'_>) {
        if context.inputs() > 0 {
            let mut ring = context.take(0);
            ring.drain(..)
                .for_each(|packet| self.take_in(packet, context));
            context.restore(0, ring);
        }
        self.model.release(context, &mut self.out, &mut self.exit);
        self.exit.transmit(self.tx, context);
        self.drop_all(context);
    }

    fn deadline(&self) -> Option<Nanos> {
        let behind = self.exit.is_blocked() || !self.out.dropped.is_empty();
        behind.then_some(0).or_else(|| self.model.next_event())
    }

    fn check(&self, config: &Value) -> Result<(), AppError> {
        let same = spec(config)?.compat == self.model.compat();
        same.then_some(())
            .ok_or_else(|| AppError::config("compat: stop and start for another"))
    }

    fn reconfigure(&mut self, config: &Value, now: Nanos) {
        let Ok(spec) = spec(config) else { return };
        self.model
            .reconfigure(&spec, now.max(self.arrived), &mut self.out);
        self.cuts = spec.needs_single_packets();
        self.exit.set_waits(spec.makes_wait());
    }

    fn count(&self, _now: Nanos, into: &mut Map<String, Value>) {
        let Counters {
            packets_in,
            bytes_in,
            dropped,
        } = &self.counters;
        let (queue_packets, queue_bytes, queue_ns) = self.model.backlog();
        let causes = Cause::ALL
            .iter()
            .zip(dropped)
            .filter(|(_, count)| **count > 0);
        let dropped: Map<String, Value> = causes
            .map(|(cause, count)| (cause.to_string(), (*count).into()))
            .collect();
        let counted = json!({
            "packets_in": packets_in, "bytes_in": bytes_in,
            "packets_out": self.exit.packets(), "bytes_out": self.exit.bytes(),
            "dropped": dropped,
            "marked": self.out.marked + self.model.marked(),
            "duplicated": self.out.duplicated,
            "corrupted": self.out.corrupted,
            "reordered": self.out.reordered,
            "delayed": self.model.delayed(),
            "queue_packets": queue_packets, "queue_bytes": queue_bytes, "queue_ns": queue_ns,
            "lateness": self.exit.lateness().snapshot(),
        });
        if let Value::Object(counted) = counted {
            into.extend(counted);
        }
    }

    fn stop(&mut self, pool: &mut Pool) {
        self.model.drain(&mut |packet| pool.free(packet));
        self.exit.free(pool);
        self.out
            .dropped
            .drain(..)
            .for_each(|(packet, _)| pool.free(packet));
    }
}
