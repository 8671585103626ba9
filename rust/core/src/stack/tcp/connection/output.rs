//! What leaves: resets and SYN, lost data, new data, probes, and bare acknowledgements, in this
//! order.
use super::outgoing::Plan;
use super::{Connection, Outgoing, Reset, State};
use crate::stack::tcp::ecn::ECT0;
use crate::stack::tcp::segment::{Flags, Segment};
use crate::stack::tcp::timers::Timer;
use crate::time::Nanos;
use std::ops::Range;

/// The most payload of a super-packet, so that with all headers it is an IP packet.
const LARGEST: u64 = 65_535 - 20 - 60;

/// Plans one kind of segment, if there is reason to, with so much room for payload.
type Step = fn(&mut Connection, usize, Nanos) -> Option<Plan>;

/// What may be sent, first things first.
const STEPS: [Step; 7] = [
    Connection::plan_reset,
    Connection::plan_syn,
    Connection::plan_retransmission,
    Connection::plan_loss_probe,
    Connection::plan_new_data,
    Connection::plan_window_probe,
    Connection::plan_acknowledgement,
];

impl Connection {
    /// The next segment to send, of at most `room` bytes of payload; call until it gives nothing.
    pub fn transmit(&mut self, room: usize, now: Nanos) -> Option<Outgoing<'_>> {
        let plan = STEPS.iter().find_map(|step| step(self, room, now));
        let Some(plan) = plan else {
            self.looked = now;
            let held = self.paced_until().is_some();
            self.sender
                .hold(held && (self.sender.has_lost() || self.has_more()));
            self.watch_window(now);
            return None;
        };
        Some(self.outgoing(plan))
    }

    fn plan_reset(&mut self, _room: usize, _now: Nanos) -> Option<Plan> {
        let header = match self.due.reset.take()? {
            Reset::Abort => Segment {
                seq: self.origin.seq(self.reset_at.0),
                ack: Some(self.peer_origin.seq(self.reset_at.1)),
                flags: Flags::RST | Flags::ACK,
                ..Segment::default()
            },
            Reset::Answer(seq) => Segment {
                seq,
                flags: Flags::RST,
                ..Segment::default()
            },
        };
        Some(Plan::bare(header))
    }

    fn plan_retransmission(&mut self, room: usize, now: Nanos) -> Option<Plan> {
        if !self.state.may_send() {
            return None;
        }
        let lost = self.sender.retransmission(now)?;
        let mss = u64::from(self.payload_size());
        let most = LARGEST.min(room as u64);
        let len = lost.end - lost.start;
        let len = if len <= most { len } else { most - most % mss };
        (len > 0).then(|| self.plan_range(lost.start..lost.start + len, false, now))
    }

    /// RFC 8985 §7.3: a segment of new data, else the last one again.
    fn plan_loss_probe(&mut self, room: usize, now: Nanos) -> Option<Plan> {
        if !std::mem::take(&mut self.due.loss_probe) || !self.state.may_send() {
            return None;
        }
        let most = u64::from(self.payload_size()).min(room as u64);
        let next = self.next();
        let unsent = self.stream_end().min(self.peer.edge).saturating_sub(next);
        if unsent > 0 {
            return Some(self.plan_range(next..next + unsent.min(most), true, now));
        }
        let last = self.sender.loss_probe()?;
        Some(self.plan_range(last.start..last.end.min(last.start + most), false, now))
    }

    fn plan_new_data(&mut self, room: usize, now: Nanos) -> Option<Plan> {
        self.held_by_congestion = false;
        if !self.state.may_send() || !self.has_unsent() {
            return None;
        }
        let next = self.next();
        let pending = self.stream_end() - next;
        let window = self.peer.edge.saturating_sub(next);
        let mss = u64::from(self.payload_size());
        if std::mem::take(&mut self.due.forced) {
            let len = pending.min(window).min(mss).min(room as u64);
            return (len > 0).then(|| self.plan_range(next..next + len, true, now));
        }
        let allowance = self.sender.allowance(now);
        self.held_by_congestion = allowance < pending.min(window).min(mss);
        if let Some(len) = self.probe_payload(pending, window, allowance.min(room as u64)) {
            return Some(self.plan_probe(next..next + len, now));
        }
        let burst = self.sender.quantum().min(LARGEST).min(room as u64);
        let len = self.sendable(pending, window, allowance.min(burst), mss);
        (len > 0).then(|| self.plan_range(next..next + len, true, now))
    }

    /// Whether new data would leave if congestion let it.
    pub(super) fn has_more(&self) -> bool {
        let next = self.next();
        let window = self.peer.edge.saturating_sub(next);
        let mss = u64::from(self.payload_size());
        self.has_unsent() && self.sendable(self.stream_end() - next, window, 2 * mss, mss) > 0
    }

    /// How much new data leaves, of so much that waits, when the peer takes `window`, and `most`
    /// may leave for all other reasons.
    fn sendable(&self, pending: u64, window: u64, most: u64, mss: u64) -> u64 {
        let most = most.min(window);
        if pending <= most {
            return self.without_small_tail(pending, mss);
        }
        if self.fin && pending - 1 <= most {
            // All bytes; their end has to wait.
            return pending - 1;
        }
        let whole = most - most % mss;
        // RFC 9293 §3.8.6.2.1 (3): a peer whose window never was larger gets what it takes.
        let generous = most == window && 2 * window >= self.peer.largest;
        if whole == 0 && generous {
            window
        } else {
            whole
        }
    }

    /// A single segment that is larger than others, to try the path.
    fn plan_probe(&mut self, range: Range<u64>, now: Nanos) -> Plan {
        let plan = self.plan_range(range.clone(), true, now);
        self.on_probe_sent(range);
        Plan {
            segment_size: 0,
            ..plan
        }
    }

    /// Nagle's algorithm (RFC 9293 §3.7.4) in Minshall's variant: a segment that is not full waits
    /// while another such one is under way. One that ends the stream does not.
    fn without_small_tail(&self, pending: u64, mss: u64) -> u64 {
        let tail = pending % mss;
        let held = !self.options.nodelay && !self.fin && self.small > self.una();
        if held { pending - tail } else { pending }
    }

    /// Whether nothing but the peer's window keeps new data back.
    pub(super) fn is_held_by_window(&self) -> bool {
        let window = self.peer.edge.saturating_sub(self.next());
        window < u64::from(self.mss()) && window < self.stream_end() - self.next()
    }

    /// Payload of a full segment, beside the options that the next one carries.
    fn payload_size(&self) -> u32 {
        let sack = if self.sack && self.inbox.has_sack() {
            4 + 8 * self.most_blocks() as u32
        } else {
            0
        };
        self.mss() - sack
    }

    /// How many SACK blocks fit beside the timestamps (RFC 2018 §3).
    fn most_blocks(&self) -> usize {
        if self.timestamps.on { 3 } else { 4 }
    }

    /// A segment, or a super-packet, of this range of the stream.
    fn plan_range(&mut self, range: Range<u64>, new: bool, now: Nanos) -> Plan {
        let mss = u64::from(self.payload_size());
        let end = self.outbox.end();
        let fin = range.end > end;
        let data = range.start..range.end.min(end);
        let len = data.end - data.start;
        if new {
            self.on_new_data(&range, len % mss != 0 && len > 0);
        }
        let mut flags = Flags::ACK | self.ecn.flags(new && len > 0);
        if fin {
            flags = flags | Flags::FIN;
        }
        if data.end == end && len > 0 {
            flags = flags | Flags::PSH;
        }
        let header = self.header(range.start, flags, len > 0, now);
        let app_limited = range.end == self.stream_end();
        self.sender
            .on_sent(range, self.timestamps.value(now), app_limited, now);
        self.limit_patience(now);
        self.last_active = now;
        Plan {
            header,
            range: data,
            segment_size: if len > mss { mss as u16 } else { 0 },
            // Never on what is sent again (RFC 3168 §6.1.5).
            ecn: if self.ecn.on && new && len > 0 {
                ECT0
            } else {
                0
            },
        }
    }

    fn on_new_data(&mut self, range: &Range<u64>, small: bool) {
        if small {
            self.small = range.end;
        }
    }

    /// A header with the acknowledgement of all that has come.
    fn header(
        &mut self,
        offset: u64,
        flags: Flags,
        with_bytes: bool,
        now: Nanos,
    ) -> Segment<'static> {
        let next = self.inbox.next();
        let full = self.mss().into();
        let mut header = Segment {
            seq: self.origin.seq(offset),
            ack: Some(self.peer_origin.seq(next)),
            flags,
            window: self.window.offer(next, self.inbox.read_from(), full),
            timestamp: self.timestamps.option(now),
            ..Segment::default()
        };
        self.add_sack(&mut header);
        self.on_ack_sent(with_bytes, now);
        header
    }

    fn add_sack(&mut self, header: &mut Segment<'_>) {
        if !self.sack || !self.inbox.has_sack() {
            return;
        }
        let mut blocks: [Range<u64>; 4] = Default::default();
        let most = self.most_blocks();
        let count = self.inbox.sack(&mut blocks[..most]);
        for (edges, block) in header.sack.iter_mut().zip(&blocks[..count]) {
            *edges = (
                self.peer_origin.seq(block.start),
                self.peer_origin.seq(block.end),
            );
        }
        header.sack_count = count as u8;
    }

    fn on_ack_sent(&mut self, with_bytes: bool, now: Nanos) {
        self.last_ack_sent = self.inbox.next();
        self.acks.on_sent(with_bytes, now);
        self.timers.clear(Timer::Acknowledge);
        if self.timestamps.on {
            self.window.on_sent(self.timestamps.value(now), now);
        }
    }

    /// An old sequence number without text: the peer has to answer with its acknowledgement and
    /// window (RFC 9293 §3.8.4).
    fn plan_window_probe(&mut self, _room: usize, now: Nanos) -> Option<Plan> {
        if !std::mem::take(&mut self.due.window_probe) || !self.state.is_synchronized() {
            return None;
        }
        let flags = Flags::ACK | self.ecn.flags(false);
        let offset = self.una().saturating_sub(1);
        Some(Plan::bare(self.header(offset, flags, false, now)))
    }

    fn plan_acknowledgement(&mut self, _room: usize, now: Nanos) -> Option<Plan> {
        if !self.acks.is_due() || matches!(self.state, State::SynSent | State::Closed) {
            return None;
        }
        let flags = Flags::ACK | self.ecn.flags(false);
        Some(Plan::bare(self.header(self.next(), flags, false, now)))
    }
}
