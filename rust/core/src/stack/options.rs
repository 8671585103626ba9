//! What a program may say of a socket, or of all sockets of a host.
use crate::time::{MILLISECOND, Nanos, SECOND};
use serde::{Deserialize, Serialize};

/// Which algorithm decides how much may be under way.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Algorithm {
    /// CUBIC (RFC 9438) with HyStart++ (RFC 9406).
    #[default]
    Cubic,
    /// NewReno (RFC 5681, RFC 6582).
    Reno,
    /// BBR (draft-ietf-ccwg-bbr).
    Bbr,
}

/// Options of a socket; a host's are those that its sockets start with.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct SocketOptions {
    /// The congestion control of TCP.
    pub congestion: Algorithm,
    /// Send small segments at once (`TCP_NODELAY`); else Nagle's algorithm (RFC 9293 §3.7.4).
    pub nodelay: bool,
    /// Use Explicit Congestion Notification (RFC 3168) where the peer does too.
    pub ecn: bool,
    /// Spread a window over the round trip, for CUBIC and Reno too (BBR always does).
    pub pacing: bool,
    /// Bytes that may wait to be sent or acknowledged; grows with the window up to this.
    pub send_buffer: u32,
    /// Bytes that may wait to be read; the window grows up to this as the connection needs it.
    pub receive_buffer: u32,
    /// How long nothing may come before a keepalive probe goes out (RFC 9293 §3.8.4); none where absent.
    pub keepalive_idle: Option<Nanos>,
    /// Between two keepalive probes.
    pub keepalive_interval: Nanos,
    /// After how many unanswered probes the connection ends.
    pub keepalive_count: u32,
    /// How long sent bytes may stay unacknowledged (RFC 5482); about 15 minutes by retries where absent.
    pub user_timeout: Option<Nanos>,
    /// How long an acknowledgement may wait (RFC 9293 §3.8.6.3: at most half a second).
    pub delayed_ack: Nanos,
    /// Hop limit of what the socket sends.
    pub hop_limit: u8,
    /// Let several sockets be bound to the address (as `SO_REUSEPORT` does), or take one that lingers.
    pub reuse: bool,
}

impl Default for SocketOptions {
    fn default() -> Self {
        Self {
            congestion: Algorithm::Cubic,
            nodelay: false,
            ecn: false,
            pacing: true,
            send_buffer: 4 << 20,
            receive_buffer: 6 << 20,
            keepalive_idle: None,
            keepalive_interval: 75 * SECOND,
            keepalive_count: 9,
            user_timeout: None,
            delayed_ack: 40 * MILLISECOND,
            hop_limit: 64,
            reuse: false,
        }
    }
}
