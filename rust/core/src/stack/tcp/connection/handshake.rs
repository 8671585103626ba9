//! The handshake: SYN, SYN-ACK, simultaneous open (RFC 9293 §3.5, §3.10.7.3), and what both SYNs
//! agree on.
use super::outgoing::Plan;
use super::{Connection, Endpoints, Event, Origin, PeerWindow, Reset, State};
use crate::stack::error::SocketError;
use crate::stack::event::Readiness;
use crate::stack::options::SocketOptions;
use crate::stack::tcp::ecn::Ecn;
use crate::stack::tcp::segment::{Flags, Segment};
use crate::stack::tcp::timers::Timer;
use crate::time::{Nanos, SECOND};

/// The first retransmission of SYN (RFC 6298 §2.1); each next one takes twice as long.
const FIRST_TIMEOUT: Nanos = SECOND;
/// So often SYN is sent again: 127 s in all, as Linux does (RFC 9293 §3.8.3 asks for 3 minutes).
const SYN_RETRIES: u32 = 6;
/// So often SYN-ACK is sent again: 63 s in all.
const SYN_ACK_RETRIES: u32 = 5;

impl Connection {
    /// Begins to connect: `isn` is the initial sequence number, `path_mtu` the largest IP packet.
    #[must_use]
    pub fn connect(
        endpoints: Endpoints,
        options: &SocketOptions,
        isn: u32,
        path_mtu: u32,
        now: Nanos,
    ) -> Self {
        let mut this = Self::new(endpoints, options, State::SynSent, isn, path_mtu, now);
        this.due.syn = true;
        this.ecn.on = options.ecn;
        this.limit_patience(now);
        this
    }

    /// A SYN has come and is to be answered: the connection that does.
    pub(in crate::stack) fn accept(
        endpoints: Endpoints,
        options: &SocketOptions,
        syn: &Segment<'_>,
        isn: u32,
        path_mtu: u32,
        now: Nanos,
    ) -> Self {
        let mut this = Self::new(endpoints, options, State::SynReceived, isn, path_mtu, now);
        this.agree(syn, now);
        this.ecn.on = options.ecn && Ecn::is_offered(syn.flags);
        this.due.syn = true;
        this.limit_patience(now);
        this
    }

    /// A SYN cookie has come back: the connection that was not kept when its SYN came. The segment
    /// that brought it is still to be handed on.
    pub(in crate::stack::tcp) fn from_cookie(
        endpoints: Endpoints,
        options: &SocketOptions,
        syn: &Segment<'_>,
        isn: u32,
        path_mtu: u32,
        now: Nanos,
    ) -> Self {
        let mut this = Self::accept(endpoints, options, syn, isn, path_mtu, now);
        this.due.syn = false;
        this.last_ack_sent = this.inbox.next();
        this
    }

    /// SYN, or SYN-ACK, where it is due.
    pub(super) fn plan_syn(&mut self, _room: usize, now: Nanos) -> Option<Plan> {
        let again = std::mem::take(&mut self.due.syn_again);
        if std::mem::take(&mut self.due.syn) {
            self.on_syn_sent(now);
        } else if again {
            self.syn_sent = None;
        } else {
            return None;
        }
        Some(Plan::bare(match self.state {
            State::SynSent => self.syn(now),
            _ => self.syn_ack(now),
        }))
    }

    fn on_syn_sent(&mut self, now: Nanos) {
        // One that was sent again is no sample of the round trip (RFC 6298 §3).
        self.syn_sent = (self.tries == 0).then_some(now);
        let wait = FIRST_TIMEOUT << self.tries.min(SYN_RETRIES);
        self.timers.set(Timer::Handshake, now + wait);
        self.tries += 1;
    }

    fn syn(&self, now: Nanos) -> Segment<'static> {
        let ecn = if self.ecn.on {
            Ecn::offer()
        } else {
            Flags::default()
        };
        Segment {
            seq: self.origin.seq(0),
            flags: Flags::SYN | ecn,
            window: self.window.field_of_syn(),
            mss: Some(self.path.to_offer()),
            window_scale: Some(self.window.scale_to_offer()),
            sack_permitted: true,
            timestamp: Some((self.timestamps.value(now), 0)),
            ..Segment::default()
        }
    }

    /// Offers only what the peer's SYN offers too (RFC 7323 §1.3, RFC 2018 §2).
    fn syn_ack(&mut self, now: Nanos) -> Segment<'static> {
        let ecn = if self.ecn.on {
            Flags::ECE
        } else {
            Flags::default()
        };
        self.last_ack_sent = self.inbox.next();
        let syn = self.syn(now);
        Segment {
            ack: Some(self.peer_origin.seq(1)),
            flags: Flags::SYN | Flags::ACK | ecn,
            window_scale: syn.window_scale.filter(|_| self.peer.scale.is_some()),
            sack_permitted: self.sack,
            timestamp: self.timestamps.option(now),
            ..syn
        }
    }

    /// The timer went off: SYN again, or the end. A SYN that asks for ECN may be what gets lost, so
    /// the next goes without (RFC 3168 §6.1.1.1).
    pub(super) fn on_handshake_timer(&mut self, now: Nanos) {
        let retries = match self.state {
            State::SynSent => SYN_RETRIES,
            State::SynReceived => SYN_ACK_RETRIES,
            _ => return,
        };
        if self.tries > retries {
            self.give_up(now);
            return;
        }
        if self.state == State::SynSent {
            self.ecn.on = false;
        }
        self.due.syn = true;
    }

    /// RFC 9293 §3.10.7.3.
    pub(super) fn on_segment_in_syn_sent(&mut self, segment: &Segment<'_>, now: Nanos) {
        // First, the ACK bit: only our SYN can be acknowledged.
        let acceptable = segment.ack.map(|ack| ack == self.origin.seq(1));
        if acceptable == Some(false) {
            if !segment.flags.has(Flags::RST) {
                self.due.reset = segment.ack.map(Reset::Answer);
            }
            return;
        }
        // Second, the RST bit.
        if segment.flags.has(Flags::RST) {
            if acceptable == Some(true) {
                self.fail(SocketError::ConnectionRefused, now);
            }
            return;
        }
        // Fourth, the SYN bit.
        if !segment.flags.has(Flags::SYN) {
            return;
        }
        self.agree(segment, now);
        if acceptable == Some(true) {
            self.ecn.on &= Ecn::is_agreed(segment.flags);
            self.on_syn_ack(segment, now);
        } else {
            self.ecn.on &= Ecn::is_offered(segment.flags);
            self.on_simultaneous_open();
        }
    }

    fn on_syn_ack(&mut self, segment: &Segment<'_>, now: Nanos) {
        self.establish(now);
        self.acks.now();
        self.on_text(1, segment, now);
    }

    /// Both have sent a SYN, neither has seen the other's (RFC 9293 §3.5, figure 8).
    fn on_simultaneous_open(&mut self) {
        self.turn(Event::Syn);
        self.tries = 0;
        self.due.syn = true;
    }

    /// Takes over what the peer's SYN says.
    fn agree(&mut self, syn: &Segment<'_>, now: Nanos) {
        self.peer_origin = Origin(syn.seq);
        self.path.set_peer_mss(syn.mss);
        self.sack = syn.sack_permitted;
        if let Some((value, _)) = syn.timestamp {
            self.timestamps.begin(value, now);
        }
        self.window.begin(syn.window_scale.is_some());
        let size = u64::from(syn.window);
        self.peer = PeerWindow {
            edge: 1 + size,
            size,
            largest: size,
            told_by: (0, 0),
            scale: syn.window_scale,
        };
        self.sender.set_mss(self.mss());
    }

    /// Our SYN is acknowledged, and the peer's is here.
    pub(super) fn establish(&mut self, now: Nanos) {
        self.turn(Event::SynAcked);
        let round_trip = self.syn_sent.map(|sent| now - sent);
        self.sender
            .established(self.sack, self.timestamps.on, round_trip, now);
        if let Some(round_trip) = round_trip {
            self.window.on_round_trip(round_trip);
        }
        self.tries = 0;
        (self.due.syn, self.due.syn_again) = (false, false);
        self.timers.clear(Timer::Handshake);
        self.timers.clear(Timer::GiveUp);
        self.expect_life(now);
        self.signals
            .raise(Readiness::CONNECTED.with(Readiness::WRITABLE));
        if self.shut {
            self.finish();
        }
    }
}
