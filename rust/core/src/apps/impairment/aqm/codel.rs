//! CoDel, RFC 8289: drops or marks when the delay has stayed above a target for an interval.
use super::{CodelParams, Discipline, held_in_fifo};
use crate::apps::impairment::fifo::{Entry, Fifo};
use crate::apps::impairment::parcel::Parcel;
use crate::apps::impairment::rules::{Drops, Rules};
use crate::cause::Cause;
use crate::time::Nanos;

/// Binary places of a nanosecond in drop times: adding up thousands of intervals over a square
/// root must not drift by a nanosecond.
const FRACTION: u32 = 16;
/// The largest packet before any has been seen (RFC 8289, section 5.3: maxpacket).
const SMALLEST_MAXPACKET: u32 = 512;
/// How many intervals a drop rate is worth remembering (RFC 8289, section 5.5).
const MEMORY: u64 = 16;

/// A queue under CoDel.
#[derive(Debug)]
pub struct Codel<P> {
    fifo: Fifo<P>,
    params: CodelParams,
    control: Control,
}

impl<P: Parcel> Codel<P> {
    /// An empty queue.
    #[must_use]
    pub fn new(params: CodelParams) -> Self {
        Self {
            fifo: Fifo::default(),
            params,
            control: Control::default(),
        }
    }

    pub(super) fn set(&mut self, params: CodelParams) -> bool {
        self.params = params;
        true
    }
}

impl<P: Parcel> Discipline<P> for Codel<P> {
    #[inline]
    fn enqueue(&mut self, packet: P, now: Nanos, rules: &mut Rules, drops: &mut Drops<P>) {
        self.fifo.push_within(packet, now, rules, drops);
    }

    #[inline]
    fn dequeue(&mut self, now: Nanos, rules: &mut Rules, drops: &mut Drops<P>) -> Option<P> {
        let entry = self
            .control
            .dequeue(&mut self.fifo, self.params, now, rules, drops)?;
        Some(entry.packet)
    }

    held_in_fifo!();
}

/// The state that CoDel keeps of one queue.
#[derive(Debug)]
pub(super) struct Control {
    /// When the delay will have been above target for an interval.
    first_above: Option<Nanos>,
    /// The next drop, in 2⁻¹⁶ ns.
    drop_next: u128,
    count: u32,
    last_count: u32,
    dropping: bool,
    maxpacket: u32,
}

impl Default for Control {
    fn default() -> Self {
        Self {
            first_above: None,
            drop_next: 0,
            count: 0,
            last_count: 0,
            dropping: false,
            maxpacket: SMALLEST_MAXPACKET,
        }
    }
}

impl Control {
    /// The packet that leaves (RFC 8289, section 5.5: dequeue). A mark takes the place of a
    /// drop: the packet leaves with it, and the next drop or mark waits its turn.
    pub(super) fn dequeue<P: Parcel>(
        &mut self,
        fifo: &mut Fifo<P>,
        params: CodelParams,
        now: Nanos,
        rules: &mut Rules,
        drops: &mut Drops<P>,
    ) -> Option<Entry<P>> {
        let (mut head, ok_to_drop) = self.judge(fifo, params, now);
        if !self.dropping {
            return if ok_to_drop {
                self.first(head?, fifo, params, now, rules, drops)
            } else {
                head
            };
        }
        self.dropping = ok_to_drop;
        while self.dropping && self.due(now) {
            let mut entry = head?;
            self.count += 1;
            if rules.mark(&mut entry.packet) {
                self.drop_next += step(params.interval_ns, self.count);
                return Some(entry);
            }
            drops.push((entry.packet, Cause::Aqm));
            (head, self.dropping) = self.judge(fifo, params, now);
            if self.dropping {
                self.drop_next += step(params.interval_ns, self.count);
            }
        }
        head
    }

    /// Drops or marks the packet that begins a dropping state.
    fn first<P: Parcel>(
        &mut self,
        mut entry: Entry<P>,
        fifo: &mut Fifo<P>,
        params: CodelParams,
        now: Nanos,
        rules: &mut Rules,
        drops: &mut Drops<P>,
    ) -> Option<Entry<P>> {
        let next = if rules.mark(&mut entry.packet) {
            Some(entry)
        } else {
            drops.push((entry.packet, Cause::Aqm));
            self.judge(fifo, params, now).0
        };
        self.enter(params, now);
        next
    }

    /// Takes the head, and says whether it may be dropped (section 5.6: dodequeue).
    fn judge<P>(
        &mut self,
        fifo: &mut Fifo<P>,
        params: CodelParams,
        now: Nanos,
    ) -> (Option<Entry<P>>, bool) {
        let Some(head) = fifo.pop() else {
            self.first_above = None;
            return (None, false);
        };
        self.maxpacket = self.maxpacket.max(head.len);
        let sojourn = now.saturating_sub(head.enqueued);
        let below = sojourn < params.target_ns || fifo.bytes() <= u64::from(self.maxpacket);
        let ok_to_drop = match self.first_above {
            _ if below => {
                self.first_above = None;
                false
            }
            Some(at) => now >= at,
            None => {
                self.first_above = Some(now + params.interval_ns);
                false
            }
        };
        (Some(head), ok_to_drop)
    }

    fn due(&self, now: Nanos) -> bool {
        u128::from(now) << FRACTION >= self.drop_next
    }

    /// Enters the dropping state, at the old rate where that was left a short time ago
    /// (section 5.5).
    fn enter(&mut self, params: CodelParams, now: Nanos) {
        let recent = u128::from(MEMORY * params.interval_ns) << FRACTION;
        let delta = self.count.wrapping_sub(self.last_count);
        let now = u128::from(now) << FRACTION;
        let resumes = delta > 1 && now.saturating_sub(self.drop_next) < recent;
        self.dropping = true;
        self.count = if resumes { delta } else { 1 };
        self.last_count = self.count;
        self.drop_next = now + step(params.interval_ns, self.count);
    }
}

/// An interval over the square root of the count, in 2⁻¹⁶ ns (section 5.6: control_law).
fn step(interval: Nanos, count: u32) -> u128 {
    let interval = u128::from(interval.min(1 << 47)) << FRACTION;
    (interval * interval / u128::from(count.max(1))).isqrt()
}

#[cfg(test)]
mod tests {
    use super::super::reference::{Model, PseudoCode, agrees};
    use super::super::{AqmParams, CodelParams};
    use super::step;
    use crate::apps::impairment::probe::Probe;
    use crate::cause::Cause;
    use crate::time::Nanos;

    /// One queue of the pseudo-code behind a limit of 200 packets.
    struct Limited(PseudoCode);

    impl Model for Limited {
        fn enqueue(&mut self, packet: Probe, now: Nanos) -> Vec<(Probe, Cause)> {
            if self.0.queue.len() >= 200 {
                return vec![(packet, Cause::Queue)];
            }
            self.0.queue.push_back((packet, now as f64));
            vec![]
        }

        fn dequeue(&mut self, now: Nanos) -> (Option<Probe>, Vec<(Probe, Cause)>) {
            let mut drops = Vec::new();
            (self.0.dequeue(now as f64, &mut drops), drops)
        }
    }

    #[test]
    fn traces_are_those_of_the_rfc() {
        for (target_ns, interval_ns) in [(5_000_000, 100_000_000), (1_000_003, 20_000_019)] {
            let params = CodelParams {
                target_ns,
                interval_ns,
            };
            for ecn in [false, true] {
                let code = |_, _| Limited(PseudoCode::new(target_ns, interval_ns, ecn));
                let seen = agrees(AqmParams::Codel(params), ecn, 200, code);
                assert!(seen.aqm > 300 && seen.queue > 100, "{seen:?}");
                assert_eq!(seen.marked > 300, ecn, "{seen:?}");
            }
        }
    }

    #[test]
    fn ten_thousand_steps_stay_within_a_nanosecond_of_the_square_root() {
        let steps = |interval| {
            (1..=10_000)
                .map(move |count| step(interval, count))
                .sum::<u128>()
        };
        let exact: f64 = (1..=10_000).map(|n| 1e8 / f64::from(n).sqrt()).sum();
        assert!((steps(100_000_000) as f64 / 65536.0 - exact).abs() < 1.0);
    }
}
