//! Runs a queue and a model of its published pseudo-code on the same link under the same
//! arrivals, and asks for the same events at the same nanosecond.
use super::AqmParams;
use crate::apps::impairment::probe::Probe;
use crate::apps::impairment::queue::Queue;
use crate::apps::impairment::rules::{Drops, Limits};
use crate::cause::Cause;
use crate::rng::Stream;
use crate::time::{Nanos, SECOND};
use std::collections::VecDeque;

/// The pseudo-code, or the queue under test.
pub(super) trait Model {
    fn enqueue(&mut self, packet: Probe, now: Nanos) -> Drops<Probe>;
    fn dequeue(&mut self, now: Nanos) -> (Option<Probe>, Drops<Probe>);
}

impl Model for Queue<Probe> {
    fn enqueue(&mut self, packet: Probe, now: Nanos) -> Drops<Probe> {
        let mut drops = Vec::new();
        self.enqueue(packet, now, &mut drops);
        drops
    }

    fn dequeue(&mut self, now: Nanos) -> (Option<Probe>, Drops<Probe>) {
        let mut drops = Vec::new();
        (self.dequeue(now, &mut drops), drops)
    }
}

/// RFC 8289, section 5, in nanoseconds as floats, with marks as RFC 8290 has them.
pub(super) struct PseudoCode {
    pub(super) queue: VecDeque<(Probe, f64)>,
    target: f64,
    interval: f64,
    ecn: bool,
    first_above_time: f64,
    drop_next: f64,
    count: i64,
    lastcount: i64,
    dropping: bool,
    maxpacket: u32,
}

impl PseudoCode {
    pub(super) fn new(target: Nanos, interval: Nanos, ecn: bool) -> Self {
        Self {
            queue: VecDeque::new(),
            target: target as f64,
            interval: interval as f64,
            ecn,
            first_above_time: 0.0,
            drop_next: 0.0,
            count: 0,
            lastcount: 0,
            dropping: false,
            maxpacket: 512,
        }
    }

    fn control_law(&self, t: f64) -> f64 {
        t + self.interval / libm::sqrt(self.count as f64)
    }

    fn dodequeue(&mut self, now: f64) -> (Option<Probe>, bool) {
        let Some((packet, tstamp)) = self.queue.pop_front() else {
            self.first_above_time = 0.0;
            return (None, false);
        };
        self.maxpacket = self.maxpacket.max(packet.len);
        let bytes: u32 = self.queue.iter().map(|(p, _)| p.len).sum();
        let mut ok_to_drop = false;
        if now - tstamp < self.target || bytes <= self.maxpacket {
            self.first_above_time = 0.0;
        } else if self.first_above_time == 0.0 {
            self.first_above_time = now + self.interval;
        } else if now >= self.first_above_time {
            ok_to_drop = true;
        }
        (Some(packet), ok_to_drop)
    }

    pub(super) fn dequeue(&mut self, now: f64, drops: &mut Drops<Probe>) -> Option<Probe> {
        let (mut packet, mut ok_to_drop) = self.dodequeue(now);
        if self.dropping {
            if !ok_to_drop {
                self.dropping = false;
            }
            while now >= self.drop_next && self.dropping {
                self.count += 1;
                if self.ecn && packet.as_ref().unwrap().ect {
                    packet.as_mut().unwrap().ce = true;
                    self.drop_next = self.control_law(self.drop_next);
                    return packet;
                }
                drops.push((packet.take().unwrap(), Cause::Aqm));
                (packet, ok_to_drop) = self.dodequeue(now);
                if ok_to_drop {
                    self.drop_next = self.control_law(self.drop_next);
                } else {
                    self.dropping = false;
                }
            }
        } else if ok_to_drop {
            if self.ecn && packet.as_ref().unwrap().ect {
                packet.as_mut().unwrap().ce = true;
            } else {
                drops.push((packet.take().unwrap(), Cause::Aqm));
                packet = self.dodequeue(now).0;
            }
            self.dropping = true;
            let delta = self.count - self.lastcount;
            self.count = 1;
            if delta > 1 && now - self.drop_next < 16.0 * self.interval {
                self.count = delta;
            }
            self.drop_next = self.control_law(now);
            self.lastcount = self.count;
        }
        packet
    }
}

#[derive(Clone, Debug, PartialEq)]
enum Fate {
    Left,
    Marked,
    Dropped(Cause),
}

type Event = (Nanos, u32, Fate);

/// How much of each fate there was, so that a test can tell that it tested something.
#[derive(Debug, Default)]
pub(super) struct Seen {
    pub(super) left: usize,
    pub(super) marked: usize,
    pub(super) aqm: usize,
    pub(super) queue: usize,
}

/// Compares the queue with what `model` makes of a random stream and a rate, at several rates;
/// the queue holds `limit` packets.
pub(super) fn agrees<M: Model>(
    params: AqmParams,
    ecn: bool,
    limit: u64,
    model: impl Fn(Stream, u64) -> M,
) -> Seen {
    let mut seen = Seen::default();
    for (seed, rate) in (1..).zip([500_000, 8_000_000, 90_000_000]) {
        let limits = Limits {
            packets: Some(limit),
            ..Limits::default()
        };
        let random = || Stream::new(seed, "aqm");
        let mut queue = Queue::new(limits, &params, ecn, random());
        queue.set_rate(rate);
        let ours = run(&mut queue, &arrivals(seed, rate), rate);
        let theirs = run(&mut model(random(), rate), &arrivals(seed, rate), rate);
        let differs = ours
            .iter()
            .zip(&theirs)
            .find(|(ours, theirs)| ours != theirs);
        assert!(differs.is_none(), "first difference: {differs:?}");
        assert_eq!(ours.len(), theirs.len());
        ours.iter().for_each(|event| count(&mut seen, event));
    }
    seen
}

fn count(seen: &mut Seen, event: &Event) {
    *match event.2 {
        Fate::Left => &mut seen.left,
        Fate::Marked => &mut seen.marked,
        Fate::Dropped(Cause::Aqm) => &mut seen.aqm,
        Fate::Dropped(_) => &mut seen.queue,
    } += 1;
}

/// Phases of light and heavy load, with idle times between, from a few flows of unequal weight.
fn arrivals(seed: u64, rate: u64) -> Vec<(Nanos, Probe)> {
    let mut random = Stream::new(seed, "arrivals");
    let mut now = 5 * SECOND;
    let loads = [30, 200, 90, 500, 10, 120, 300, 105, 50, 150];
    let mut phase = |(load, first): (u64, u32)| {
        now += random.below(3 * SECOND);
        let packets: Vec<_> = (first..first + 3000)
            .map(|id| {
                let len = [64, 576, 1500, 1500][random.below(4) as usize];
                let mean = 910 * 8 * SECOND / rate * 100 / load;
                now += random.below(2 * mean);
                (now, packet(id, len, &mut random))
            })
            .collect();
        packets
    };
    loads
        .into_iter()
        .zip((0..).step_by(3000))
        .flat_map(&mut phase)
        .collect()
}

fn packet(id: u32, len: u32, random: &mut Stream) -> Probe {
    Probe {
        class: 0,
        id,
        len,
        flow: [1, 1, 1, 1, 2, 2, 3, 9, 12][random.below(9) as usize],
        ect: random.below(2) == 0,
        ce: false,
    }
}

/// A link of a constant rate behind the queue.
fn run(model: &mut impl Model, arrivals: &[(Nanos, Probe)], rate: u64) -> Vec<Event> {
    let mut events = Vec::new();
    let mut free: Option<Nanos> = None;
    for (at, packet) in arrivals {
        while let Some(time) = free.filter(|time| time <= at) {
            free = serve(model, time, rate, &mut events);
        }
        note(&mut events, *at, model.enqueue(packet.clone(), *at));
        if free.is_none() {
            free = serve(model, *at, rate, &mut events);
        }
    }
    events
}

/// Starts sending at `now`; when the link is free again.
fn serve(model: &mut impl Model, now: Nanos, rate: u64, events: &mut Vec<Event>) -> Option<Nanos> {
    let (packet, drops) = model.dequeue(now);
    note(events, now, drops);
    let packet = packet?;
    let fate = if packet.ce { Fate::Marked } else { Fate::Left };
    events.push((now, packet.id, fate));
    Some(now + u64::from(packet.len) * 8 * SECOND / rate)
}

fn note(events: &mut Vec<Event>, now: Nanos, drops: Drops<Probe>) {
    events.extend(
        drops
            .into_iter()
            .map(|(p, cause)| (now, p.id, Fate::Dropped(cause))),
    );
}
