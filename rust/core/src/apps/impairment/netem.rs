//! netem's own pipeline and arithmetic, with its faults, for `compat = "netem"`.
//!
//! Packets meet, in this order: duplication, loss, corruption, the limit, then (a duplicate
//! enters again at the start) reordering, delay and rate; all wait in one queue ordered by the
//! time to send, and slots gate its end. The faults: correlated effects miss their probability,
//! a correlated jitter is not (its draws are reduced modulo 2σ or the table's length, which keeps
//! their low bits alone), jitter reorders, latency with a rate is charged after the packet before, and `limit` counts
//! packets in flight. Unlike netem's, every draw here is seeded.

mod generator;
mod table;

use self::generator::{Chance, Generator, fraction};
use self::table::{Spread, between, delay};
use super::line::DelayLine;
use super::loss::Loss;
use super::parcel::Parcel;
use super::spec::{CoinSpec, DelaySpec, ImpairmentSpec, LossSpec, RateSpec, SlotSpec};
use crate::cause::Cause;
use crate::rng::Stream;
use crate::time::{Nanos, SECOND};

/// tc's limit where none is given.
const LIMIT: u32 = 1000;

/// What happened to packets on their way in. The caller takes the dropped ones out.
#[derive(Debug)]
pub struct Outcome<P> {
    /// Packets that go no further.
    pub dropped: Vec<(P, Cause)>,
    /// Copies made.
    pub duplicated: u64,
    /// Packets with a bit flipped.
    pub corrupted: u64,
    /// Packets with CE set in place of their loss.
    pub marked: u64,
    /// Packets sent at once, before those that wait.
    pub reordered: u64,
}

impl<P> Default for Outcome<P> {
    fn default() -> Self {
        Self {
            dropped: Vec::new(),
            duplicated: 0,
            corrupted: 0,
            marked: 0,
            reordered: 0,
        }
    }
}

/// A netem queue.
#[derive(Debug)]
pub struct Netem<P> {
    settings: Settings,
    draws: Draws,
    loss: LossModel,
    /// Packets delayed since one was sent at once.
    counter: u32,
    line: DelayLine<P>,
    gate: Gate,
}

impl<P: Parcel> Netem<P> {
    /// An empty queue with the streams of `seed` that begin with `name`, such as `"up"`.
    #[must_use]
    pub fn new(spec: &ImpairmentSpec, seed: u64, name: &str) -> Self {
        let mut draws = Draws::new(seed, name);
        Self {
            settings: Settings::new(spec),
            loss: LossModel::None.changed(spec.loss.as_ref(), &mut draws),
            draws,
            counter: 0,
            line: DelayLine::new(true),
            gate: Gate::default(),
        }
    }

    /// Other effects for the packets to come; those in the queue keep their time to send.
    pub fn reconfigure(&mut self, spec: &ImpairmentSpec) {
        self.settings = Settings::new(spec);
        let loss = core::mem::replace(&mut self.loss, LossModel::None);
        self.loss = loss.changed(spec.loss.as_ref(), &mut self.draws);
        self.gate = Gate::default();
    }

    /// Takes a packet that arrives at `now`.
    pub fn enqueue(&mut self, packet: P, now: Nanos, pool: &mut P::Pool, out: &mut Outcome<P>) {
        let twice = self.draws.duplicate.hits(self.settings.duplicate);
        self.admit(packet, twice, now, pool, out);
    }

    /// When [`Netem::dequeue`] will next have a packet.
    #[must_use]
    pub fn next_event(&self) -> Option<Nanos> {
        let due = self.line.next_due()?;
        Some(due.max(self.gate.opens))
    }

    /// The next packet that leaves at `now`, and when it could have left.
    pub fn dequeue(&mut self, now: Nanos) -> Option<(Nanos, P)> {
        if self.gate.opens > now {
            return None;
        }
        let opened = self.gate.opens;
        let (due, packet) = self.line.pop_due(now)?;
        if let Some(slot) = &self.settings.slot {
            self.gate
                .pass(slot, packet.wire_len(), now, &mut self.draws);
        }
        Some((due.max(opened), packet))
    }

    /// Packets in the queue: those in flight, which `limit` counts.
    #[must_use]
    pub fn len(&self) -> usize {
        self.line.len()
    }

    /// Whether nothing is in the queue.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.line.is_empty()
    }

    fn admit(
        &mut self,
        mut packet: P,
        mut twice: bool,
        now: Nanos,
        pool: &mut P::Pool,
        out: &mut Outcome<P>,
    ) {
        if self.loses(&mut packet, out) && !core::mem::take(&mut twice) {
            out.dropped.push((packet, Cause::Loss));
            return;
        }
        let copy = if twice { packet.duplicate(pool) } else { None };
        out.duplicated += u64::from(copy.is_some());
        self.corrupt(&mut packet, out);
        if self.line.len() >= self.settings.limit {
            let both = core::iter::once(packet).chain(copy);
            out.dropped
                .extend(both.map(|packet| (packet, Cause::Limit)));
            return;
        }
        if let Some(copy) = copy {
            self.admit(copy, false, now, pool, out);
        }
        self.schedule(packet, now, out);
    }

    /// Whether the loss model takes the packet; a mark in its place is no loss.
    fn loses(&mut self, packet: &mut P, out: &mut Outcome<P>) -> bool {
        if !self.loss.loses(&mut self.draws) {
            return false;
        }
        if self.settings.ecn && packet.ecn_capable() {
            packet.mark_congestion();
            out.marked += 1;
            return false;
        }
        true
    }

    fn corrupt(&mut self, packet: &mut P, out: &mut Outcome<P>) {
        if self.draws.corrupt.hits(self.settings.corrupt) {
            packet.flip_bit(self.draws.bit.next_u64());
            out.corrupted += 1;
        }
    }

    fn schedule(&mut self, packet: P, now: Nanos, out: &mut Outcome<P>) {
        let due = if self.overtakes() {
            out.reordered += 1;
            now
        } else {
            self.time_to_send(packet.wire_len(), now)
        };
        self.line.push(due, packet);
    }

    fn overtakes(&mut self) -> bool {
        let Some((gap, chance)) = self.settings.reorder else {
            return false;
        };
        let now = self.counter >= gap - 1 && self.draws.reorder.hits(chance);
        self.counter = if now {
            0
        } else {
            self.counter.saturating_add(1)
        };
        now
    }

    /// With a rate, after the queue's last packet: what that one still waits is taken off the
    /// delay, then comes the packet's own time on the wire.
    fn time_to_send(&mut self, bytes: u32, now: Nanos) -> Nanos {
        let delay = self.settings.latency.draw(&mut self.draws.delay);
        let Some(rate) = &self.settings.rate else {
            return now.saturating_add(delay);
        };
        let wait = self.line.last_due().saturating_sub(now);
        now.saturating_add(wait)
            .saturating_add(delay.saturating_sub(wait))
            .saturating_add(rate.time_on_wire(bytes))
    }
}

/// The config in netem's numbers.
#[derive(Clone, Debug)]
struct Settings {
    latency: Latency,
    duplicate: Chance,
    corrupt: Chance,
    reorder: Option<(u32, Chance)>,
    rate: Option<Rate>,
    slot: Option<Slot>,
    ecn: bool,
    limit: usize,
}

impl Settings {
    fn new(spec: &ImpairmentSpec) -> Self {
        let reorder = spec.reorder.as_ref();
        Self {
            latency: Latency::new(spec.delay.as_ref()),
            duplicate: chance(spec.duplicate.as_ref()),
            corrupt: chance(spec.corrupt.as_ref()),
            reorder: reorder.map(|r| (r.gap.max(1), Chance::new(r.p, r.correlation))),
            rate: spec.rate.as_ref().map(Rate::new),
            slot: spec.slot.as_ref().map(Slot::new),
            ecn: spec.ecn,
            limit: spec.limit.unwrap_or(LIMIT) as usize,
        }
    }
}

fn chance(spec: Option<&CoinSpec>) -> Chance {
    spec.map_or(Chance::new(0.0, 0.0), |coin| {
        Chance::new(coin.p, coin.correlation)
    })
}

#[derive(Clone, Debug)]
struct Latency {
    mean: Nanos,
    sigma: Nanos,
    correlation: u64,
    spread: Spread,
}

impl Latency {
    fn new(spec: Option<&DelaySpec>) -> Self {
        Self {
            mean: spec.map_or(0, |delay| delay.ns),
            sigma: spec.map_or(0, |delay| delay.jitter_ns),
            correlation: fraction(spec.map_or(0.0, |delay| delay.correlation)),
            spread: spec.map_or(Spread::Uniform, |delay| Spread::new(&delay.distribution)),
        }
    }

    fn draw(&self, draws: &mut Generator) -> Nanos {
        delay(&self.spread, self.mean, self.sigma, self.correlation, draws)
    }
}

#[derive(Clone, Debug)]
struct Rate {
    bytes_per_second: u64,
    overhead: i64,
    cell: i64,
    cell_overhead: i64,
}

impl Rate {
    /// Whole bytes per second, as netem holds it; at least one.
    fn new(spec: &RateSpec) -> Self {
        Self {
            bytes_per_second: (spec.bits_per_second / 8).max(1),
            overhead: i64::from(spec.overhead),
            cell: i64::from(spec.cell),
            cell_overhead: i64::from(spec.cell_overhead),
        }
    }

    /// L·10⁹/r for L bytes with their overhead, in whole cells where there are cells.
    fn time_on_wire(&self, bytes: u32) -> Nanos {
        let length = (i64::from(bytes) + self.overhead).max(0);
        let length = if self.cell == 0 {
            length
        } else {
            let cells = (length + self.cell - 1) / self.cell;
            cells * (self.cell + self.cell_overhead).max(0)
        };
        let time = u128::from(length.unsigned_abs()) * u128::from(SECOND);
        (time / u128::from(self.bytes_per_second)) as Nanos
    }
}

#[derive(Clone, Debug)]
struct Slot {
    spec: SlotSpec,
    spread: Option<Spread>,
}

impl Slot {
    fn new(spec: &SlotSpec) -> Self {
        let spread = spec.distribution.as_ref().map(Spread::new);
        Self {
            spec: spec.clone(),
            spread,
        }
    }

    /// The time to the next opening.
    fn pause(&self, draws: &mut Draws) -> Nanos {
        let spec = &self.spec;
        match &self.spread {
            None => between(spec.min_ns, spec.max_ns, &mut draws.slot),
            Some(spread) => {
                let x = draws.slot.next_u32();
                spread.around(spec.delay_ns, spec.jitter_ns, x).max(0) as Nanos
            }
        }
    }
}

/// The slots' gate: when it opens, and what has passed since it did.
#[derive(Clone, Debug, Default)]
struct Gate {
    opens: Nanos,
    packets: u32,
    bytes: u64,
}

impl Gate {
    /// Counts a packet, and shuts behind the last one that the slot has room for.
    fn pass(&mut self, slot: &Slot, bytes: u32, now: Nanos, draws: &mut Draws) {
        self.packets = self.packets.saturating_add(1);
        self.bytes += u64::from(bytes);
        let reached = |limit: u64, passed: u64| limit > 0 && passed >= limit;
        if reached(slot.spec.packets.into(), self.packets.into())
            || reached(slot.spec.bytes.into(), self.bytes)
        {
            let opens = now.saturating_add(slot.pause(draws));
            *self = Self {
                opens,
                packets: 0,
                bytes: 0,
            };
        }
    }
}

/// Random loss goes through the correlated generator; the chains draw as ours do.
#[derive(Clone, Debug)]
enum LossModel {
    None,
    Random(Chance),
    Chain(Loss),
}

impl LossModel {
    /// The model of `spec`; a chain that was there keeps its state.
    fn changed(self, spec: Option<&LossSpec>, draws: &mut Draws) -> Self {
        match (spec, self) {
            (None, _) => Self::None,
            (Some(&LossSpec::Random { p, correlation }), _) => {
                Self::Random(Chance::new(p, correlation))
            }
            (Some(spec), Self::Chain(mut chain)) => {
                chain.reconfigure(spec);
                Self::Chain(chain)
            }
            (Some(spec), _) => Self::Chain(Loss::new(spec, draws.chain.clone())),
        }
    }

    fn loses(&mut self, draws: &mut Draws) -> bool {
        match self {
            Self::None => false,
            Self::Random(chance) => draws.loss.hits(*chance),
            Self::Chain(chain) => chain.loses(),
        }
    }
}

/// One stream an effect.
#[derive(Clone, Debug)]
struct Draws {
    duplicate: Generator,
    loss: Generator,
    chain: Stream,
    corrupt: Generator,
    bit: Stream,
    reorder: Generator,
    delay: Generator,
    slot: Stream,
}

impl Draws {
    fn new(seed: u64, name: &str) -> Self {
        let stream = |effect| Stream::new(seed, &format!("{name}/netem/{effect}"));
        Self {
            duplicate: Generator::new(stream("duplicate")),
            loss: Generator::new(stream("loss")),
            chain: stream("chain"),
            corrupt: Generator::new(stream("corrupt")),
            bit: stream("bit"),
            reorder: Generator::new(stream("reorder")),
            delay: Generator::new(stream("delay")),
            slot: stream("slot"),
        }
    }
}

#[cfg(test)]
mod tests;
