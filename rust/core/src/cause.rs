//! Why a packet was dropped.

use core::fmt;

use serde::{Deserialize, Serialize};

/// The cause of a drop, by the name that statistics, captures and reports give it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Cause {
    /// The loss model.
    Loss,
    /// A queue at its limit of packets, bytes or time.
    Queue,
    /// Active queue management: RED, CoDel, FQ-CoDel or PIE.
    Aqm,
    /// A policer without tokens.
    Policer,
    /// The line was down.
    Outage,
    /// Larger than the link's MTU.
    Mtu,
    /// An offloaded super-packet that could not be cut into packets.
    Offload,
    /// netem's limit of packets in flight.
    Limit,
}

impl Cause {
    /// Every cause, in the order of their numbers.
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

    /// The cause's name, as `Display` and serde write it.
    #[must_use]
    pub const fn name(self) -> &'static str {
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
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::Cause;

    #[test]
    fn display_and_json_say_the_same_word() {
        for cause in Cause::ALL {
            let json = serde_json::to_string(&cause).unwrap();
            assert_eq!(json, format!("\"{cause}\""));
            assert_eq!(Cause::ALL[cause as usize], cause);
        }
    }
}
