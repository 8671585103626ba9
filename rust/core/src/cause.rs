//! Why a packet was dropped: one word each, the same in counters, logs and captures.
use serde::{Deserialize, Serialize};
use std::fmt;

/// Why a packet was dropped.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// A loss model chose it.
    Loss,
    /// A queue stood at its limit.
    Queue,
    /// Active queue management chose it.
    Aqm,
    /// It was above a policer's rate.
    Policer,
    /// The line was down.
    Outage,
    /// It was larger than the line's MTU.
    Mtu,
    /// It was a super-packet of a kind that cannot be cut.
    Offload,
    /// netem's limit of packets in flight was reached.
    Limit,
}

impl Cause {
    /// Every cause, in the order of counters.
    pub const ALL: [Self; 8] = [
        Self::Loss,
        Self::Queue,
        Self::Aqm,
        Self::Policer,
        Self::Outage,
        Self::Mtu,
        Self::Offload,
        Self::Limit,
    ];

    /// The word for it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Loss => "loss",
            Self::Queue => "queue",
            Self::Aqm => "aqm",
            Self::Policer => "policer",
            Self::Outage => "outage",
            Self::Mtu => "mtu",
            Self::Offload => "offload",
            Self::Limit => "limit",
        }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.word())
    }
}
