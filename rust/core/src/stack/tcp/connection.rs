//! A connection: the state of one end, and what each part of it does with it.
//!
//! The parts stand in files of their own: `handshake`, `input` (RFC 9293 §3.10.7, in its order),
//! `acknowledge`, `text`, `output`, `timing`, `program` (the calls of whoever uses it), `close`,
//! `icmp`.
mod acknowledge;
mod close;
mod handshake;
mod icmp;
mod info;
mod input;
mod outgoing;
mod output;
mod path;
mod program;
mod signals;
mod text;
mod timing;

use super::acks::Acks;
use super::ecn::Ecn;
use super::mtu::PathMtu;
use super::reassembly::Reassembly;
use super::receive_window::ReceiveWindow;
use super::ring::Ring;
use super::sender::Sender;
use super::seq::Origin;
use super::state::{Event, State};
use super::throttle::Throttle;
use super::timers::Timers;
use super::timestamps::Timestamps;
use crate::stack::error::SocketError;
use crate::stack::options::SocketOptions;
use crate::time::Nanos;
pub use icmp::IcmpError;
use info::Counters;
pub use info::Info;
pub use outgoing::Outgoing;
use path::Probe;
use signals::Signals;
use std::net::SocketAddr;

/// Both ends of a connection.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct Endpoints {
    /// This side.
    pub local: SocketAddr,
    /// The other side.
    pub remote: SocketAddr,
}

/// A TCP connection.
pub struct Connection {
    endpoints: Endpoints,
    options: SocketOptions,
    state: State,
    timers: Timers,
    signals: Signals,
    due: Due,
    counters: Counters,
    /// What it failed with; `take_error` gives it once.
    failure: Option<SocketError>,
    /// What ICMP said that may pass (RFC 9293 §3.9.2.2): the reason, should the peer stay silent.
    soft_error: Option<SocketError>,
    /// The program does not use it any more.
    closed: bool,
    /// The program has finished sending.
    shut: bool,

    // What both SYNs agreed on.
    sack: bool,
    timestamps: Timestamps,
    ecn: Ecn,
    path: PathMtu,
    /// The larger segment that is under way to try the path.
    probe: Option<Probe>,

    // Sending.
    origin: Origin,
    outbox: Ring,
    /// FIN follows what is in the outbox.
    fin: bool,
    sender: Sender,
    peer: PeerWindow,
    /// The offset behind the last segment sent that was not full (Minshall's variant of Nagle's
    /// algorithm, draft-minshall-nagle).
    small: u64,
    /// How many bytes may wait to be sent or acknowledged, now.
    send_limit: u64,
    /// Memory is short: buffers do not grow.
    held: bool,
    /// More would have been sent, but for the congestion window.
    held_by_congestion: bool,
    /// When nothing was left that could be sent.
    looked: Nanos,
    /// How often in a row SYN, or a window probe, was sent.
    tries: u32,
    /// When SYN was sent, where it was sent once.
    syn_sent: Option<Nanos>,
    /// Keepalive probes since the peer was heard.
    keepalives: u32,

    // Receiving.
    peer_origin: Origin,
    inbox: Reassembly,
    window: ReceiveWindow,
    acks: Acks,
    last_ack_sent: u64,
    throttle: Throttle,
    last_heard: Nanos,
    /// When the program, or we, did something last.
    last_active: Nanos,
    /// Where both streams stood at the end: for the reset.
    reset_at: (u64, u64),
}

/// What the peer lets us send.
#[derive(Debug, Default)]
struct PeerWindow {
    /// The offset behind the last byte that it takes (SND.UNA + SND.WND).
    edge: u64,
    /// SND.WND.
    size: u64,
    /// The largest that it ever was (RFC 9293 §3.8.6.2.1).
    largest: u64,
    /// SND.WL1 and SND.WL2: which segment told it.
    told_by: (u64, u64),
    /// By how many bits its field is shifted; none where either side does not scale
    /// (RFC 7323 §2.2).
    scale: Option<u8>,
}

/// What is to be sent beside data and its acknowledgements.
#[derive(Debug, Default)]
struct Due {
    syn: bool,
    /// SYN-ACK for a peer whose SYN came again; our own timer does not mind.
    syn_again: bool,
    reset: Option<Reset>,
    /// A tail loss probe (RFC 8985 §7).
    loss_probe: bool,
    /// A segment that makes the peer answer: for its window, or for a sign of life.
    window_probe: bool,
    /// What the window has room for, though it is silly (RFC 9293 §3.8.6.2.1, the override).
    forced: bool,
}

/// A reset to be sent.
#[derive(Clone, Copy, Debug)]
enum Reset {
    /// The connection is gone.
    Abort,
    /// A segment acknowledged what was never sent; the connection goes on.
    Answer(u32),
}

impl Connection {
    fn new(
        endpoints: Endpoints,
        options: &SocketOptions,
        state: State,
        isn: u32,
        path_mtu: u32,
        now: Nanos,
    ) -> Self {
        let path = PathMtu::new(endpoints.remote, path_mtu);
        let mss = path.mss();
        Self {
            state,
            timers: Timers::default(),
            signals: Signals::default(),
            due: Due::default(),
            counters: Counters::default(),
            failure: None,
            soft_error: None,
            closed: false,
            shut: false,
            sack: false,
            timestamps: Timestamps::new(&endpoints),
            ecn: Ecn::default(),
            path,
            probe: None,
            origin: Origin(isn),
            outbox: Ring::new(1),
            fin: false,
            sender: Sender::new(options.congestion, mss, options.pacing, isn.into(), now),
            peer: PeerWindow::default(),
            small: 0,
            send_limit: program::FIRST_SEND_LIMIT.min(options.send_buffer.max(1).into()),
            held: false,
            tries: 0,
            syn_sent: None,
            keepalives: 0,
            peer_origin: Origin::default(),
            inbox: Reassembly::default(),
            window: ReceiveWindow::new(options.receive_buffer),
            acks: Acks::new(options.delayed_ack),
            last_ack_sent: 0,
            throttle: Throttle::default(),
            last_heard: now,
            last_active: now,
            reset_at: (0, 0),
            held_by_congestion: false,
            looked: 0,
            options: options.clone(),
            endpoints,
        }
    }

    /// The state that the table has after an event.
    fn turn(&mut self, event: Event) {
        let next = self.state.after(event);
        debug_assert!(
            next.is_some(),
            "{event:?} cannot happen in {:?}",
            self.state
        );
        self.state = next.unwrap_or(self.state);
    }

    /// Both ends.
    #[must_use]
    pub fn endpoints(&self) -> Endpoints {
        self.endpoints
    }

    /// When `on_timer` (or `transmit`, where pacing holds a segment back) has to be called at the
    /// latest.
    #[must_use]
    pub fn deadline(&self) -> Option<Nanos> {
        let sender = self
            .state
            .may_send()
            .then(|| [self.sender.deadline(), self.paced_until()]);
        let sender = sender.into_iter().flatten().flatten();
        sender.chain(self.timers.next()).min()
    }

    /// When pacing lets the next packet go. Not where something else holds it back: then the last
    /// call of `transmit` found nothing, although pacing let it.
    fn paced_until(&self) -> Option<Nanos> {
        let waits = self.has_unsent() || self.sender.has_lost();
        let paced = self.sender.paced_until().filter(|_| waits);
        paced.filter(|&at| at > self.looked)
    }

    /// Whether nothing of it is left: its place in the table can be freed once the program has
    /// closed it.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.state == State::Closed && self.due.reset.is_none()
    }

    /// Whether it lingers in TIME-WAIT, so that [a younger SYN](Self::gives_way_to) may take
    /// its place.
    #[must_use]
    pub fn is_time_wait(&self) -> bool {
        self.state == State::TimeWait
    }

    /// Whether it waits for the handshake's last acknowledgement (SYN-RECEIVED): a segment for it
    /// is to be dropped while its listener [is full](super::Listener::is_full).
    #[must_use]
    pub fn is_half_open(&self) -> bool {
        self.state == State::SynReceived
    }

    /// Bytes of memory that its buffers take.
    #[must_use]
    pub fn memory(&self) -> usize {
        size_of::<Self>() + self.outbox.capacity() + self.inbox.capacity()
    }

    /// The first offset that is not acknowledged (SND.UNA).
    fn una(&self) -> u64 {
        match self.state {
            State::SynSent | State::SynReceived => 0,
            _ => self.sender.una(),
        }
    }

    /// The next offset to be sent (SND.NXT).
    fn next(&self) -> u64 {
        self.sender.next()
    }

    /// The offset behind the last byte, FIN included where it was decided on.
    fn stream_end(&self) -> u64 {
        self.outbox.end() + u64::from(self.fin)
    }

    /// Whether bytes (or FIN) wait that were never sent.
    fn has_unsent(&self) -> bool {
        self.next() < self.stream_end()
    }

    /// Payload of a full segment, behind the options that each carries.
    fn mss(&self) -> u32 {
        self.path.mss() - self.options_len()
    }

    /// Bytes of the options that each segment carries.
    fn options_len(&self) -> u32 {
        if self.timestamps.on { 12 } else { 0 }
    }
}
