//! One direction of a line, whole: what happens to a packet, in this order.
//!
//! outage → MTU → policer → loss (or a mark), duplicate, corrupt → queue and serializer → slot →
//! unbounded delay line (delay, jitter, reorder).
//!
//! Everything happens at exact times, whenever the caller wakes: a packet has the moment at which
//! it arrived, and what leaves has the moment at which it was due.
use super::assembly;
use super::bottleneck::Bottleneck;
use super::coin::Coin;
use super::delay::Delay;
use super::line::DelayLine;
use super::loss::Loss;
use super::netem::Outcome;
use super::outage::Outage;
use super::parcel::Parcel;
use super::policer::Policer;
use super::reorder::Reorder;
use super::slot::Slot;
use super::spec::{CoinSpec, ImpairmentSpec};
use crate::cause::Cause;
use crate::rng::Stream;
use crate::time::Nanos;

/// One direction of a line.
#[repr(C)] // what each packet needs first, on neighbouring lines
pub struct Pipeline<P: Parcel> {
    /// The delay, where every packet has the same and nothing else happens to it.
    express: Option<Nanos>,
    line: DelayLine<P>,
    seed: u64,
    name: String,
    spec: ImpairmentSpec,
    outage: Option<Outage>,
    policer: Option<Policer>,
    loss: Option<Loss>,
    duplicate: Option<Coin>,
    corrupt: Option<(Coin, Stream)>,
    bottleneck: Option<Bottleneck<P>>,
    slot: Option<Slot<P>>,
    delay: Option<Delay>,
    reorder: Option<Reorder>,
    /// Whether outage, MTU or policer may refuse a packet.
    gated: bool,
    slotted: Vec<(Nanos, P)>,
}

impl<P: Parcel> Pipeline<P> {
    /// An empty line whose random streams are those of `seed` that begin with `name`.
    #[must_use]
    pub fn new(spec: &ImpairmentSpec, seed: u64, name: &str, now: Nanos) -> Self {
        let mut pipeline = Self {
            seed,
            name: name.into(),
            spec: ImpairmentSpec::default(),
            outage: None,
            policer: None,
            loss: None,
            duplicate: None,
            corrupt: None,
            bottleneck: None,
            slot: None,
            delay: None,
            reorder: None,
            line: DelayLine::new(true),
            gated: false,
            express: None,
            slotted: Vec::new(),
        };
        pipeline.reconfigure(spec, now, &mut Outcome::default());
        pipeline
    }

    /// Other effects from now on: what was due before is done as it was. What is queued or under
    /// way stays so, with its due time; an effect that stays keeps its state.
    pub fn reconfigure(&mut self, spec: &ImpairmentSpec, now: Nanos, out: &mut Outcome<P>) {
        self.advance(now, out);
        self.reconfigure_chances(spec);
        self.reconfigure_gates(spec, now);
        self.reconfigure_delay(spec);
        if line_of(spec) != line_of(&self.spec) {
            self.reconfigure_waits(spec, now, out);
        }
        self.spec = spec.clone();
        self.gated =
            spec.down || spec.mtu.is_some() || self.outage.is_some() || self.policer.is_some();
        self.express = self.express();
    }

    fn express(&self) -> Option<Nanos> {
        let chance = self.loss.is_some() || self.duplicate.is_some() || self.corrupt.is_some();
        let waits = self.bottleneck.is_some() || self.slot.is_some() || self.reorder.is_some();
        let plain = !(self.gated || chance || waits);
        let delay = self.delay.as_ref().map_or(Some(0), Delay::constant);
        delay.filter(|_| plain)
    }

    /// Takes a packet that arrived at `at`, not before any that came earlier.
    #[inline]
    pub fn admit(&mut self, packet: P, at: Nanos, pool: &mut P::Pool, out: &mut Outcome<P>) {
        if let Some(delay) = self.express {
            self.line.push(at.saturating_add(delay), packet);
            return;
        }
        let refused = self.gated.then(|| self.refuses(&packet, at)).flatten();
        if let Some(cause) = refused {
            out.dropped.push((packet, cause));
        } else if self.duplicate.is_some() {
            self.admit_twice(packet, at, pool, out);
        } else {
            self.admit_once(packet, at, out);
        }
    }

    #[inline]
    fn admit_once(&mut self, mut packet: P, at: Nanos, out: &mut Outcome<P>) {
        if self.loses(&mut packet, out) {
            out.dropped.push((packet, Cause::Loss));
        } else {
            self.send(packet, at, out);
        }
    }

    /// As in netem, of a packet both lost and duplicated exactly one goes on.
    fn admit_twice(&mut self, mut packet: P, at: Nanos, pool: &mut P::Pool, out: &mut Outcome<P>) {
        if !self.duplicate.as_mut().is_some_and(Coin::toss) {
            self.admit_once(packet, at, out);
            return;
        }
        if !self.loses(&mut packet, out)
            && let Some(copy) = packet.duplicate(pool)
        {
            out.duplicated += 1;
            self.send(copy, at, out);
        }
        self.send(packet, at, out);
    }

    /// Does what is due up to `now`.
    #[inline]
    pub fn advance(&mut self, now: Nanos, out: &mut Outcome<P>) {
        if self.express.is_none() {
            self.advance_waits(now, out);
        }
    }

    fn advance_waits(&mut self, now: Nanos, out: &mut Outcome<P>) {
        self.serialize(now, out);
        let Some(slot) = &mut self.slot else { return };
        slot.advance(now, &mut |at, packet| self.slotted.push((at, packet)));
        let mut slotted = std::mem::take(&mut self.slotted);
        for (at, packet) in slotted.drain(..) {
            self.delay(packet, at, out);
        }
        self.slotted = slotted;
    }

    /// Gives `each` what leaves at `now`, in order, and when it was due.
    #[inline]
    pub fn release(&mut self, now: Nanos, each: &mut impl FnMut(Nanos, P)) {
        self.line.release(now, each);
    }

    /// When something is next to be done.
    #[must_use]
    #[inline]
    pub fn next_event(&self) -> Option<Nanos> {
        if self.express.is_some() {
            return self.line.next_due();
        }
        self.next_of_all()
    }

    fn next_of_all(&self) -> Option<Nanos> {
        let bottleneck = self.bottleneck.as_ref().and_then(Bottleneck::next_event);
        let slot = self.slot.as_ref().and_then(Slot::next_event);
        bottleneck
            .into_iter()
            .chain(slot)
            .chain(self.line.next_due())
            .min()
    }

    /// Packets in the delay line.
    #[must_use]
    pub fn delayed(&self) -> usize {
        self.line.len()
    }

    /// Packets, bytes and nanoseconds that stand in the queue.
    #[must_use]
    pub fn backlog(&self) -> (u64, u64, Nanos) {
        let Some(bottleneck) = &self.bottleneck else {
            return (0, 0, 0);
        };
        let queue = bottleneck.queue();
        (queue.packets(), queue.bytes(), bottleneck.queue_ns())
    }

    /// Packets and bytes that stand in the queue of one of those that share it.
    #[must_use]
    pub fn held(&self, class: usize) -> (u64, u64) {
        let bottleneck = self.bottleneck.as_ref();
        bottleneck.map_or((0, 0), |bottleneck| bottleneck.queue().held(class))
    }

    /// Packets that the queue's management has marked.
    #[must_use]
    pub fn marked(&self) -> u64 {
        self.bottleneck
            .as_ref()
            .map_or(0, |bottleneck| bottleneck.queue().marked())
    }

    /// Takes everything out, at the end.
    pub fn drain(&mut self, each: &mut dyn FnMut(P)) {
        let mut out = Outcome::default();
        self.release_queue(0, &mut out);
        self.release_slot(0, &mut out);
        self.line.release(Nanos::MAX, &mut |_, packet| each(packet));
    }

    #[inline(never)]
    fn refuses(&mut self, packet: &P, at: Nanos) -> Option<Cause> {
        let out = self
            .outage
            .as_mut()
            .is_some_and(|outage| outage.is_down(at));
        if self.spec.down || out {
            return Some(Cause::Outage);
        }
        if self.spec.mtu.is_some_and(|mtu| packet.network_len() > mtu) {
            return Some(Cause::Mtu);
        }
        let policer = self.policer.as_mut();
        let conforms = policer.is_none_or(|policer| policer.admit(packet.wire_len(), at));
        (!conforms).then_some(Cause::Policer)
    }

    /// Whether the loss model takes the packet; a mark in its place is no loss.
    #[inline]
    fn loses(&mut self, packet: &mut P, out: &mut Outcome<P>) -> bool {
        if !self.loss.as_mut().is_some_and(Loss::loses) {
            return false;
        }
        let marked = self.spec.ecn && packet.ecn_capable();
        if marked {
            packet.mark_congestion();
            out.marked += 1;
        }
        !marked
    }

    /// What is left of a packet after loss goes to the queue.
    #[inline]
    fn send(&mut self, mut packet: P, at: Nanos, out: &mut Outcome<P>) {
        self.corrupt(&mut packet, out);
        let Some(bottleneck) = &self.bottleneck else {
            self.pass(packet, at, out);
            return;
        };
        if bottleneck.is_due(at) {
            self.serialize(at, out);
        }
        if let Some(bottleneck) = &mut self.bottleneck {
            bottleneck.push(packet, at, &mut out.dropped);
        }
    }

    #[inline]
    fn corrupt(&mut self, packet: &mut P, out: &mut Outcome<P>) {
        let Some((coin, bits)) = &mut self.corrupt else {
            return;
        };
        if coin.toss() {
            packet.flip_bit(bits.next_u64());
            out.corrupted += 1;
        }
    }

    /// What the serializer finishes up to `now` goes on.
    #[inline]
    fn serialize(&mut self, now: Nanos, out: &mut Outcome<P>) {
        while let Some((at, packet)) = self.serialized(now, out) {
            self.pass(packet, at, out);
        }
    }

    #[inline]
    fn serialized(&mut self, now: Nanos, out: &mut Outcome<P>) -> Option<(Nanos, P)> {
        self.bottleneck.as_mut()?.pop(now, &mut out.dropped)
    }

    #[inline]
    fn pass(&mut self, packet: P, at: Nanos, out: &mut Outcome<P>) {
        match &mut self.slot {
            Some(slot) => slot.push(packet, at),
            None => self.delay(packet, at, out),
        }
    }

    #[inline]
    fn delay(&mut self, packet: P, at: Nanos, out: &mut Outcome<P>) {
        let overtakes = self.reorder.as_mut().is_some_and(Reorder::sends_now);
        out.reordered += u64::from(overtakes);
        let delay = match &mut self.delay {
            Some(delay) if !overtakes => delay.draw(),
            _ => 0,
        };
        self.line.push(at.saturating_add(delay), packet);
    }

    fn stream(&self, effect: &str) -> Stream {
        Stream::new(self.seed, &format!("{}/{effect}", self.name))
    }

    fn coin(&self, standing: Option<Coin>, spec: Option<&CoinSpec>, effect: &str) -> Option<Coin> {
        let spec = spec?;
        let mut coin = standing.unwrap_or_else(|| Coin::from_spec(spec, self.stream(effect)));
        coin.reconfigure(spec.p, spec.correlation);
        Some(coin)
    }

    fn reconfigure_chances(&mut self, spec: &ImpairmentSpec) {
        let duplicate = self.duplicate.take();
        self.duplicate = self.coin(duplicate, spec.duplicate.as_ref(), "duplicate");
        let (coin, bits) = self.corrupt.take().unzip();
        let coin = self.coin(coin, spec.corrupt.as_ref(), "corrupt");
        self.corrupt = coin.map(|coin| (coin, bits.unwrap_or_else(|| self.stream("bit"))));
        self.loss = spec.loss.as_ref().map(|spec| match self.loss.take() {
            Some(mut loss) => {
                loss.reconfigure(spec);
                loss
            }
            None => Loss::new(spec, self.stream("loss")),
        });
    }

    fn reconfigure_gates(&mut self, spec: &ImpairmentSpec, now: Nanos) {
        if spec.outage != self.spec.outage {
            let params = spec.outage.as_ref().map(assembly::outage);
            self.outage = params.map(|params| Outage::new(params, now, self.stream("outage")));
        }
        self.policer = spec.policer.as_ref().map(|spec| match self.policer.take() {
            Some(mut policer) => {
                policer.set(spec.bits_per_second, spec.burst, now);
                policer
            }
            None => Policer::new(spec.bits_per_second, spec.burst, now),
        });
    }

    /// A new rate, queue or slot. Where one goes, what waits in it goes on at once.
    fn reconfigure_waits(&mut self, spec: &ImpairmentSpec, now: Nanos, out: &mut Outcome<P>) {
        match (assembly::bottleneck(spec), &mut self.bottleneck) {
            (Some(params), Some(standing)) => standing.reconfigure(&params, now, &mut out.dropped),
            (Some(params), none) => {
                let random = Stream::new(self.seed, &format!("{}/aqm", self.name));
                *none = Some(Bottleneck::new(&params, now, random));
            }
            (None, _) => self.release_queue(now, out),
        }
        match (assembly::slot(spec), &mut self.slot) {
            (Some((limits, gap)), Some(standing)) => standing.reconfigure(limits, gap),
            (Some((limits, gap)), none) => {
                let random = Stream::new(self.seed, &format!("{}/slot", self.name));
                *none = Some(Slot::new(limits, gap, random, now));
            }
            (None, _) => self.release_slot(now, out),
        }
    }

    fn release_queue(&mut self, now: Nanos, out: &mut Outcome<P>) {
        let Some(bottleneck) = self.bottleneck.take() else {
            return;
        };
        out.marked += bottleneck.queue().marked();
        let mut waited = Vec::new();
        bottleneck.release(&mut |packet| waited.push(packet));
        waited
            .into_iter()
            .for_each(|packet| self.pass(packet, now, out));
    }

    fn release_slot(&mut self, now: Nanos, out: &mut Outcome<P>) {
        let Some(slot) = self.slot.take() else {
            return;
        };
        slot.release()
            .for_each(|packet| self.delay(packet, now, out));
    }

    fn reconfigure_delay(&mut self, spec: &ImpairmentSpec) {
        self.delay = spec.delay.as_ref().map(|spec| match self.delay.take() {
            Some(mut delay) => {
                delay.reconfigure(spec);
                delay
            }
            None => Delay::new(spec, self.stream("delay")),
        });
        self.reorder = spec.reorder.as_ref().map(|spec| match self.reorder.take() {
            Some(mut reorder) => {
                reorder.reconfigure(spec);
                reorder
            }
            None => Reorder::new(spec, self.stream("reorder")),
        });
        let ordered = spec
            .delay
            .as_ref()
            .is_some_and(|delay| !delay.allow_reordering);
        self.line
            .set_allow_reordering(!ordered || self.reorder.is_some());
    }
}

/// What the queue, its serializer and the slot depend on.
fn line_of(spec: &ImpairmentSpec) -> impl PartialEq + '_ {
    let shared = &spec.weights;
    (
        &spec.rate,
        &spec.trace,
        &spec.queue,
        &spec.slot,
        spec.ecn,
        shared,
    )
}
