//! A segment arrives: the steps of RFC 9293 §3.10.7.4, in their order, with the checks of RFC 7323
//! §5 and RFC 5961.
use super::{Connection, Event, Reset, State};
use crate::stack::error::SocketError;
use crate::stack::tcp::segment::{Flags, Segment};
use crate::time::Nanos;

impl Connection {
    /// A segment of this connection has come.
    pub fn on_segment(&mut self, segment: &Segment<'_>, now: Nanos) {
        self.counters
            .on_received(segment.payload.len(), segment.packets);
        match self.state {
            State::Closed => {}
            State::SynSent => self.on_segment_in_syn_sent(segment, now),
            _ => self.on_segment_in_sequence(segment, now),
        }
    }

    fn on_segment_in_sequence(&mut self, segment: &Segment<'_>, now: Nanos) {
        let Some(at) = self.peer_origin.offset(segment.seq, self.inbox.next()) else {
            return self.on_unacceptable(None, segment, now);
        };
        if self.state == State::SynReceived && self.is_answer_to_syn(at, segment, now) {
            return;
        }
        // First, the sequence number, and before it the timestamp (RFC 7323 §5.3).
        if self.is_outdated(segment, now) || !self.is_acceptable(at, segment) {
            return self.on_unacceptable(Some(at), segment, now);
        }
        self.hear(at, segment, now);
        // Second, the RST bit.
        if segment.flags.has(Flags::RST) {
            return self.on_reset(at, now);
        }
        // Third, security: there is none. Fourth, the SYN bit.
        if segment.flags.has(Flags::SYN) {
            return self.challenge(now);
        }
        // Fifth, the ACK field. Sixth, the URG bit, is ignored (RFC 6093). Seventh, the text, and
        // eighth, FIN.
        if self.on_acknowledgement(at, segment, now) {
            self.on_text(at, segment, now);
        }
    }

    /// In SYN-RECEIVED: the peer's SYN again, since our answer was lost; or, after both opened at
    /// once, its SYN-ACK, of which only the acknowledgement is news.
    fn is_answer_to_syn(&mut self, at: u64, segment: &Segment<'_>, now: Nanos) -> bool {
        let syn = at == 0 && segment.flags.has(Flags::SYN) && !segment.flags.has(Flags::RST);
        match segment.ack {
            _ if !syn => {}
            Some(ack) if ack == self.origin.seq(1) => {
                self.establish(now);
                self.acks.now();
            }
            Some(ack) => self.refuse(ack),
            None => self.due.syn_again |= self.throttle.allows(now),
        }
        syn
    }

    /// PAWS; and where timestamps were agreed on, a segment without one is not believed (RFC 7323
    /// §3.2). A reset is, of any age (§5.2).
    fn is_outdated(&self, segment: &Segment<'_>, now: Nanos) -> bool {
        let old = match segment.timestamp {
            Some((value, _)) => self.timestamps.is_old(value, now),
            None => true,
        };
        self.timestamps.on && old && !segment.flags.has(Flags::RST)
    }

    /// Whether any of it lies in the window (RFC 9293 §3.10.7.4). One without text may stand at the
    /// window's very end, where a peer that has used it up stands; and with a window of zero the
    /// next one counts whatever it carries, for its acknowledgement.
    fn is_acceptable(&self, at: u64, segment: &Segment<'_>) -> bool {
        let (next, edge) = (self.inbox.next(), self.window.edge());
        let end = at + u64::from(segment.sequence_len());
        if at == end {
            return (next..=edge.max(next)).contains(&at);
        }
        at == next || (at < edge && end > next)
    }

    /// One that is not acceptable is answered with what is expected, and dropped. Without text, as
    /// a probe or an attacker sends them, not more often than RFC 5961 §7 has it.
    fn on_unacceptable(&mut self, at: Option<u64>, segment: &Segment<'_>, now: Nanos) {
        if segment.flags.has(Flags::RST) {
            return;
        }
        if segment.payload.is_empty() && !segment.flags.has(Flags::FIN) {
            return self.challenge(now);
        }
        if let Some(at) = at {
            self.inbox
                .note_old(at..at + u64::from(segment.sequence_len()));
        }
        self.acks.now();
        if self.state == State::TimeWait && segment.flags.has(Flags::FIN) {
            self.linger(now);
        }
    }

    /// The peer lives.
    fn hear(&mut self, at: u64, segment: &Segment<'_>, now: Nanos) {
        self.last_heard = now;
        self.keepalives = 0;
        let Some((value, echo)) = segment.timestamp.filter(|_| self.timestamps.on) else {
            return;
        };
        // RFC 7323 §4.3: of segments in the window, the first that was not acknowledged.
        if at <= self.last_ack_sent {
            self.timestamps.update(value, now);
        }
        if !segment.payload.is_empty() {
            self.window.on_echo(echo, now);
        }
    }

    /// RFC 5961 §3.2: a reset counts where it stands at the very byte that is expected, else the
    /// peer, if it is the one, is asked to say it again. In TIME-WAIT it would end the wait too
    /// early (RFC 1337).
    fn on_reset(&mut self, at: u64, now: Nanos) {
        if at != self.inbox.next() {
            return self.challenge(now);
        }
        match self.state {
            State::TimeWait => {}
            State::SynReceived => self.fail(SocketError::ConnectionRefused, now),
            State::Closing | State::LastAck => self.end(Event::Gone),
            State::CloseWait => self.fail(SocketError::BrokenPipe, now),
            _ => self.fail(SocketError::ConnectionReset, now),
        }
    }

    /// An acknowledgement of what is expected, for one who can read it (RFC 5961 §7).
    pub(super) fn challenge(&mut self, now: Nanos) {
        if self.throttle.allows(now) {
            self.acks.now();
        }
    }

    /// In SYN-RECEIVED, what is acknowledged was never sent: not this connection's peer.
    pub(super) fn refuse(&mut self, ack: u32) {
        self.due.reset = Some(Reset::Answer(ack));
    }
}
