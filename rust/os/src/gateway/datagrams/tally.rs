//! What a gateway's datagrams add up to.
use serde_json::{Map, Value, json};

/// Counters.
#[derive(Default)]
pub(super) struct Tally {
    /// Datagrams and echo messages sent for programs, and their bytes.
    pub(super) up: u64,
    pub(super) up_bytes: u64,
    /// Those that came for programs.
    pub(super) down: u64,
    pub(super) down_bytes: u64,
    /// Answered by the gateway itself.
    pub(super) answered: u64,
    /// ICMP errors handed on to programs.
    pub(super) errors: u64,
    /// Told that they cannot go there.
    pub(super) refused: u64,
    /// Dropped because the machine's sockets were full.
    pub(super) send_full: u64,
    /// Dropped because the machine refused them without a reason that a program could hear.
    pub(super) send_failed: u64,
    /// Dropped because the machine gave no socket.
    pub(super) no_socket: u64,
    /// Dropped because they came from where a program cannot reach.
    pub(super) strangers: u64,
    /// Dropped because there was no packet for them.
    pub(super) no_memory: u64,
}

impl Tally {
    pub(super) fn sent(&mut self, datagrams: usize, bytes: usize) {
        self.up += datagrams as u64;
        self.up_bytes += bytes as u64;
    }

    pub(super) fn came(&mut self, datagrams: usize, bytes: usize) {
        self.down += datagrams as u64;
        self.down_bytes += bytes as u64;
    }

    pub(super) fn to_json(&self) -> Map<String, Value> {
        let pairs = [
            ("up", self.up),
            ("up_bytes", self.up_bytes),
            ("down", self.down),
            ("down_bytes", self.down_bytes),
            ("answered", self.answered),
            ("errors", self.errors),
            ("refused", self.refused),
        ];
        let counted = pairs.map(|(name, count)| (name.to_string(), count.into()));
        let mut counted: Map<_, _> = counted.into_iter().collect();
        let dropped = json!({
            "send_full": self.send_full,
            "send_failed": self.send_failed,
            "no_socket": self.no_socket,
            "strangers": self.strangers,
            "no_memory": self.no_memory,
        });
        counted.insert("dropped".into(), dropped);
        counted
    }
}
