//! What an acknowledgement does, step by step.
use super::delivery::{Context, Delivery, is_before};
use super::frto::Signs;
use super::recovery::Phase;
use super::{Sender, tlp};
use crate::stack::tcp::congestion::{Ack, RateSample, Reason};
use crate::time::Nanos;
use std::ops::Range;

/// What an acknowledgement says, in the sender's offsets; the connection has validated it.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Acknowledgement<'a> {
    /// The cumulative acknowledgement: everything below has arrived.
    pub una: u64,
    /// SACK blocks (RFC 2018) above `una`, in any order.
    pub blocks: &'a [Range<u64>],
    /// What arrived twice (RFC 2883): a first block at or below `una`, or inside the second one.
    pub duplicate: Option<Range<u64>>,
    /// The timestamp echo (RFC 7323), where timestamps are on.
    pub echo: Option<u32>,
    /// The peer echoes a congestion mark (RFC 3168) that the connection has not told of in this
    /// window yet.
    pub ece: bool,
    /// No data, no window change: may count as a duplicate acknowledgement (RFC 5681 §2).
    pub bare: bool,
    /// Whether the connection had more to send than the congestion window allowed. (The sender sees
    /// by itself where a window was filled; this is for data held back to make larger packets.)
    pub window_limited: bool,
    /// Whether unsent data waits that would leave now if congestion let it: the peer's window has
    /// room, and Nagle's algorithm agrees.
    pub more: bool,
}

/// How things stood before.
#[derive(Clone, Copy, Debug)]
struct Before {
    una: u64,
    in_flight: u64,
}

impl Sender {
    /// An acknowledgement has come.
    pub fn on_ack(&mut self, ack: &Acknowledgement<'_>, now: Nanos) {
        self.clock = now;
        self.recovery.begin_event();
        let before = Before {
            una: self.una(),
            in_flight: self.in_flight(),
        };
        let delivery = self.deliver(ack);
        let advances = self.una() > before.una;
        let duplicate = self.is_duplicate(ack, advances);
        let delivered = self.count(&delivery, before.una, duplicate);
        let rtt = self.measure(&delivery, before.in_flight);
        self.judge(ack, &delivery, advances, duplicate);
        self.finish();
        self.look_for_losses(advances);
        self.answer_probe(ack, advances);
        self.answer_mark(ack.ece);
        self.react(delivered);
        self.reduce(delivered, advances);
        self.tell(ack, &delivery, delivered, rtt, before);
        self.arm_on_ack(advances, delivered > 0);
    }

    /// Moves the scoreboard.
    fn deliver(&mut self, ack: &Acknowledgement<'_>) -> Delivery {
        let mut delivery = Delivery::new(Context {
            now: self.clock,
            una: self.una(),
            echo: ack.echo.filter(|_| self.timestamps),
            min_rtt: self.rtt.min(),
            highest: self.rack.highest(),
        });
        let each = |range: Range<u64>, sent: &_| delivery.add(&range, sent);
        self.board.acknowledge(ack.una, each);
        if self.sack {
            for block in ack.blocks {
                let each = |range: Range<u64>, sent: &_| delivery.add(&range, sent);
                self.board.sack(block, self.mss, each);
            }
        }
        self.forget_mtu_probe();
        delivery
    }

    fn forget_mtu_probe(&mut self) {
        let una = self.una();
        self.mtu_probe.take_if(|probe| probe.end <= una);
    }

    /// Whether it is a duplicate (RFC 5681 §2) to a sender without selective acknowledgements.
    fn is_duplicate(&self, ack: &Acknowledgement<'_>, advances: bool) -> bool {
        let missing = self.una() < self.next() && ack.una == self.una();
        !self.sack && ack.bare && !advances && missing
    }

    /// Counts what it delivers, in bytes.
    fn count(&mut self, delivery: &Delivery, una: u64, duplicate: bool) -> u64 {
        let acked = self.una() - una;
        let delivered = if self.sack {
            delivery.bytes
        } else if acked > 0 {
            self.duplicates.on_advance(acked, self.mss)
        } else if duplicate {
            let limit = self.board.in_flight().saturating_sub(self.mss);
            self.duplicates.on_duplicate(self.mss, limit)
        } else {
            0
        };
        if self.una() == self.next() {
            self.duplicates.clear();
        }
        self.rate.on_delivered(delivered, self.clock);
        delivered
    }

    /// Takes a round-trip sample.
    fn measure(&mut self, delivery: &Delivery, in_flight: u64) -> Option<Nanos> {
        let rtt = delivery.round_trip();
        if let Some(rtt) = rtt {
            let expected = in_flight.div_ceil(2 * self.mss);
            self.rtt.sample(rtt, expected, self.clock);
        }
        self.rack.on_delivered(delivery, self.clock);
        rtt
    }

    /// Whether slowing down was a mistake.
    fn judge(
        &mut self,
        ack: &Acknowledgement<'_>,
        delivery: &Delivery,
        advances: bool,
        duplicate: bool,
    ) {
        let echo = ack.echo.filter(|_| self.timestamps);
        let mut mistaken = ack
            .duplicate
            .as_ref()
            .is_some_and(|twice| self.on_twice(twice));
        mistaken |= advances && self.undo.is_late(delivery, echo);
        if self.recovery.phase == Phase::Timeout {
            let proven = delivery.head.is_some_and(|head| {
                head.was_retransmitted()
                    && head.distinct
                    && echo.is_some_and(|echo| !is_before(echo, head.timestamp))
            });
            mistaken |= self.forward.on_ack(Signs {
                advances,
                original: delivery
                    .original
                    .is_some_and(|end| end <= self.recovery.point),
                beyond: !advances && delivery.bytes > 0 && delivery.highest > self.recovery.point,
                duplicate,
                more: ack.more,
                proven,
            });
        }
        if mistaken {
            self.take_back();
        }
        self.undo.on_ack(self.una());
    }

    /// A range arrived twice (RFC 2883); whether all that was sent again has.
    fn on_twice(&mut self, range: &Range<u64>) -> bool {
        let bytes = range.end.saturating_sub(range.start);
        let counters = &mut self.counters;
        counters.spurious = (counters.spurious + bytes).min(counters.retransmitted);
        if self.tail.explains(range) {
            return false;
        }
        self.rack.on_duplicate(self.board.una(), self.board.next());
        self.undo.on_duplicate(range)
    }

    /// RFC 8985 §7.4.2.
    fn answer_probe(&mut self, ack: &Acknowledgement<'_>, advances: bool) {
        let plain = ack.bare && !advances && ack.blocks.is_empty() && ack.duplicate.is_none();
        let repaired = self.tail.on_ack(&tlp::Answer {
            una: self.una(),
            duplicate: ack.duplicate.as_ref(),
            echo: ack.echo.filter(|_| self.timestamps),
            advances,
            plain,
        });
        if repaired && self.recovery.phase == Phase::Open && !self.recovery.found_loss() {
            self.slow_down(Reason::Loss);
            self.stay_open();
        }
    }

    /// RFC 3168 §6.1.2: once a window, and not where a loss did so already.
    fn answer_mark(&mut self, marked: bool) {
        let calm = self.recovery.phase == Phase::Open && !self.recovery.found_loss();
        if marked && calm && self.una() > self.recovery.slowed_at {
            self.slow_down(Reason::Ecn);
        }
    }

    /// Tells the algorithm.
    fn tell(
        &mut self,
        ack: &Acknowledgement<'_>,
        delivery: &Delivery,
        delivered: u64,
        rtt: Option<Nanos>,
        before: Before,
    ) {
        let newly_lost = self.recovery.newly_lost;
        if delivered == 0 && newly_lost == 0 && !ack.ece {
            return;
        }
        let ordered = self.una() > before.una || self.rack.reordering_seen();
        let limited = ack.window_limited || before.una < self.limited_until;
        let ack = Ack {
            rate: self.sample(delivery),
            flight: self.flight(),
            prior_in_flight: before.in_flight,
            newly_acked: delivered,
            newly_lost,
            rtt,
            in_recovery: self.recovery.phase != Phase::Open,
            // A duplicate acknowledgement enlarges no window (RFC 3042 §2), unless the path reorders.
            window_limited: limited && ordered && self.cap.is_none(),
            marked: if ack.ece { delivered } else { 0 },
        };
        self.algorithm.on_ack(&ack);
        self.lift_cap(delivered);
    }

    fn sample(&mut self, delivery: &Delivery) -> Option<RateSample> {
        let newest = delivery.newest?;
        let min_rtt = self.rtt.min();
        self.rate.sample(newest.sent_at, &newest.snapshot, min_rtt)
    }

    /// Slow start from a single segment, up to the window that the algorithm has.
    fn lift_cap(&mut self, delivered: u64) {
        let window = self.algorithm.window();
        self.cap = self
            .cap
            .map(|cap| cap + delivered)
            .filter(|cap| *cap < window);
    }
}
