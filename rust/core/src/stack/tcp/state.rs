//! The state machine of RFC 9293 §3.3.2, as a table.
//!
//! Rule 1: what state follows is decided in this file and nowhere else. Who finds that an event has
//! happened calls `Connection::turn`, which asks [`State::after`].
//!
//! Rule 2: this file knows nothing of sequence numbers, timers or segments, nor which side it is on.
//!
//! Rule 3: a pair that the table does not have cannot happen; whoever tells it has a bug. A debug
//! build panics, a release build stays where it is.
//!
//! Rule 4: `Gone` leads to `CLOSED` from everywhere: a reset of either side, and every time-out.
//!
//! LISTEN is no state of a connection here: a listener has its own type, and a connection begins
//! with its SYN. What a program asks for before its time (`Close` in SYN-RECEIVED) waits until the
//! state that the table has for it.

/// Where a connection is in its life.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum State {
    /// Our SYN is on its way.
    SynSent,
    /// Both SYNs have been seen, ours is not acknowledged.
    SynReceived,
    /// Both directions are open.
    Established,
    /// We have finished, our FIN is not acknowledged.
    FinWait1,
    /// We have finished, the peer has not.
    FinWait2,
    /// The peer has finished, we have not.
    CloseWait,
    /// Both have finished at the same time, our FIN is not acknowledged.
    Closing,
    /// The peer finished first, then we; our FIN is not acknowledged.
    LastAck,
    /// Both are done; stray segments may come.
    TimeWait,
    /// Nothing is left.
    Closed,
}

/// What moves a connection on.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Event {
    /// A SYN came that does not acknowledge ours.
    Syn,
    /// Our SYN is acknowledged, and the peer's is here.
    SynAcked,
    /// Our program finishes sending.
    Close,
    /// The peer's FIN is here, and everything before it.
    Fin,
    /// Our FIN is acknowledged.
    FinAcked,
    /// Twice the life of a segment has passed (or the peer of a closed program is silent).
    Expired,
    /// The connection is given up.
    Gone,
}

impl State {
    /// The state after an event; none where that event cannot happen.
    pub(crate) const fn after(self, event: Event) -> Option<Self> {
        use State::{
            CloseWait, Closed, Closing, Established, FinWait1, FinWait2, LastAck, SynReceived,
            SynSent, TimeWait,
        };
        Some(match (self, event) {
            (_, Event::Gone) => Closed,

            (SynSent, Event::Syn) => SynReceived,
            (SynSent | SynReceived, Event::SynAcked) => Established,

            (Established, Event::Close) => FinWait1,
            (CloseWait, Event::Close) => LastAck,

            (Established, Event::Fin) => CloseWait,
            (FinWait1, Event::Fin) => Closing,
            (FinWait2, Event::Fin) => TimeWait,

            (FinWait1, Event::FinAcked) => FinWait2,
            (Closing, Event::FinAcked) => TimeWait,
            (LastAck, Event::FinAcked) => Closed,

            (TimeWait | FinWait2, Event::Expired) => Closed,

            _ => return None,
        })
    }

    /// Its name in RFC 9293, in lower case.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::SynSent => "syn-sent",
            Self::SynReceived => "syn-received",
            Self::Established => "established",
            Self::FinWait1 => "fin-wait-1",
            Self::FinWait2 => "fin-wait-2",
            Self::CloseWait => "close-wait",
            Self::Closing => "closing",
            Self::LastAck => "last-ack",
            Self::TimeWait => "time-wait",
            Self::Closed => "closed",
        }
    }

    /// Whether both SYNs have been acknowledged (RFC 9293 §3.4.2: a synchronized state).
    pub(crate) const fn is_synchronized(self) -> bool {
        !matches!(self, Self::SynSent | Self::SynReceived | Self::Closed)
    }

    /// Whether bytes, or the FIN, can be on their way to the peer.
    pub(crate) const fn may_send(self) -> bool {
        matches!(
            self,
            Self::Established | Self::CloseWait | Self::FinWait1 | Self::Closing | Self::LastAck
        )
    }

    /// Whether the peer may still send.
    pub(crate) const fn may_receive(self) -> bool {
        matches!(self, Self::Established | Self::FinWait1 | Self::FinWait2)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STATES: [State; 10] = [
        State::SynSent,
        State::SynReceived,
        State::Established,
        State::FinWait1,
        State::FinWait2,
        State::CloseWait,
        State::Closing,
        State::LastAck,
        State::TimeWait,
        State::Closed,
    ];

    fn walk(from: State, events: &[Event]) -> Vec<&'static str> {
        let step = |state: &mut State, event: &Event| {
            *state = state.after(*event).unwrap();
            Some(state.name())
        };
        events.iter().scan(from, step).collect()
    }

    /// RFC 9293, figures 6, 7, 12 and 13.
    #[test]
    fn the_figures_of_rfc_9293() {
        use Event::{Close, Expired, Fin, FinAcked, Syn, SynAcked};
        let active = walk(State::SynSent, &[SynAcked, Close, FinAcked, Fin, Expired]);
        assert_eq!(
            active,
            [
                "established",
                "fin-wait-1",
                "fin-wait-2",
                "time-wait",
                "closed"
            ]
        );
        let passive = walk(State::SynReceived, &[SynAcked, Fin, Close, FinAcked]);
        assert_eq!(passive, ["established", "close-wait", "last-ack", "closed"]);
        let both = walk(
            State::SynSent,
            &[Syn, SynAcked, Close, Fin, FinAcked, Expired],
        );
        assert_eq!(
            both,
            [
                "syn-received",
                "established",
                "fin-wait-1",
                "closing",
                "time-wait",
                "closed"
            ]
        );
    }

    #[test]
    fn every_state_can_be_given_up_and_no_state_comes_back() {
        for state in STATES {
            assert_eq!(state.after(Event::Gone), Some(State::Closed));
        }
        for event in [
            Event::Syn,
            Event::SynAcked,
            Event::Close,
            Event::Fin,
            Event::FinAcked,
        ] {
            assert_eq!(State::Closed.after(event), None);
            assert_eq!(State::TimeWait.after(event), None);
        }
    }
}
