//! The impairment as an app. Ports: `rx`; one of its name for each that shares the queue; `tx`; and
//! `dropped`, which gets what was dropped, each packet with its cause, where somebody wants to know.
use super::exit::Exit;
use super::model::Model;
use super::netem::Outcome;
use super::shares::{RX, Shares, causes};
use super::spec::ImpairmentSpec;
use crate::app::{App, AppError, Context, Direction, Ports, Role};
use crate::apps::read;
use crate::cause::Cause;
use crate::log::Event;
use crate::packet::{Packet, Pool};
use crate::time::Nanos;
use crate::wire::segment;
use serde_json::{Map, Value, json};
use std::sync::Arc;

/// What an impairment counts.
#[derive(Default)]
struct Counters {
    packets_in: u64,
    bytes_in: u64,
    dropped: [u64; Cause::ALL.len()],
}

/// One direction of a bad line.
#[repr(C)] // what each packet needs first, on neighbouring lines
pub struct Impairment {
    model: Model,
    arrived: Nanos,
    /// Whether super-packets have to be cut into those that would be on the wire.
    cuts: bool,
    /// The class of what comes through the first input.
    class: u16,
    exit: Exit,
    tx: Option<usize>,
    counters: Counters,
    out: Outcome<Packet>,
    name: Arc<str>,
    cut: Vec<Packet>,
    /// Of each input, the class of what comes through it.
    classes: Vec<u16>,
    /// What came through several inputs, in the order in which it came.
    merged: Vec<Packet>,
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
    let mut spec = spec(config)?;
    let mut exit = Exit::new(spec.makes_wait());
    exit.shares.set(&spec, false);
    spec.weights = exit.shares.weights();
    Ok(Impairment {
        name: name.into(),
        model: Model::new(&spec, seed, name, now),
        cuts: spec.needs_single_packets(),
        arrived: now,
        out: Outcome::default(),
        cut: Vec::new(),
        counters: Counters::default(),
        exit,
        classes: Vec::new(),
        class: 0,
        merged: Vec::new(),
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
        if !self.exit.shares.is_empty() {
            self.exit.shares.came(packet.class(), packets, bytes);
        }
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
            let packets = segment::weight(&packet).0;
            let shares = &mut self.exit.shares;
            self.counters.dropped[cause as usize] += packets;
            shares.dropped(packet.class(), cause, packets);
            context.record(context.now, Event::Dropped(cause), &packet);
            context.note_drop(&self.name, shares.name(packet.class()), cause, &packet);
            packet.set_dropped(Some(cause));
            match self.dropped {
                Some(port) => context.transmit(port, packet),
                None => context.pool.free(packet),
            }
        }
    }
}

impl Impairment {
    /// Takes what stands on the one input that there mostly is.
    #[inline]
    fn take_one(&mut self, context: &mut Context<'_>) {
        if context.input(0).is_empty() {
            return;
        }
        let mut ring = context.take(0);
        let class = self.class;
        for mut packet in ring.drain(..) {
            packet.set_class(class);
            self.take_in(packet, context);
        }
        context.restore(0, ring);
    }

    /// Takes what stands on several inputs, in the order in which it came.
    fn take_several(&mut self, context: &mut Context<'_>) {
        let mut merged = std::mem::take(&mut self.merged);
        for input in 0..context.inputs() {
            if context.input(input).is_empty() {
                continue;
            }
            let mut ring = context.take(input);
            let class = self.classes.get(input).copied().unwrap_or(0);
            for mut packet in ring.drain(..) {
                packet.set_class(class);
                merged.push(packet);
            }
            context.restore(input, ring);
        }
        merged.sort_by_key(Packet::arrived);
        merged
            .drain(..)
            .for_each(|packet| self.take_in(packet, context));
        self.merged = merged;
    }

    /// Whether a packet may be inside.
    fn holds(&self) -> bool {
        self.deadline().is_some() || self.model.delayed() > 0
    }
}

impl App for Impairment {
    fn kind(&self) -> &'static str {
        "impairment"
    }

    fn role(&self) -> Role {
        Role::Lane
    }

    fn has_port(&self, direction: Direction, port: &str) -> bool {
        match direction {
            Direction::Input => self.exit.shares.has(port),
            Direction::Output => matches!(port, "tx" | "dropped"),
        }
    }

    fn will_have_port(&self, config: &Value, direction: Direction, port: &str) -> bool {
        match direction {
            Direction::Input => {
                port == RX || spec(config).is_ok_and(|spec| spec.shares.contains_key(port))
            }
            Direction::Output => self.has_port(direction, port),
        }
    }

    fn linked(&mut self, ports: &Ports) {
        let shares: &Shares = &self.exit.shares;
        let classes = ports.inputs.iter().map(|port| shares.class(port));
        self.classes = classes.collect();
        self.class = self.classes.first().copied().unwrap_or(0);
        self.tx = ports.output("tx");
        self.dropped = ports.output("dropped");
    }

    fn admit(&mut self, mut packet: Packet, context: &mut Context<'_>) -> Option<Nanos> {
        packet.set_class(self.class);
        self.take_in(packet, context);
        self.deadline()
    }

    fn push(&mut self, context: &mut Context<'_>) {
        match context.inputs() {
            0 => (),
            1 => self.take_one(context),
            _ => self.take_several(context),
        }
        self.model.release(context, &mut self.out, &mut self.exit);
        self.exit.transmit(self.tx, context);
        if !self.out.dropped.is_empty() {
            self.drop_all(context);
        }
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
        let Ok(mut spec) = spec(config) else { return };
        let held = self.holds();
        self.exit.shares.set(&spec, held);
        spec.weights = self.exit.shares.weights();
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
        let counted = json!({
            "packets_in": packets_in, "bytes_in": bytes_in,
            "packets_out": self.exit.packets(), "bytes_out": self.exit.bytes(),
            "dropped": causes(dropped),
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
        if !self.exit.shares.is_empty() {
            let shares = self.exit.shares.to_json(&self.model);
            into.insert("shares".into(), shares.into());
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
