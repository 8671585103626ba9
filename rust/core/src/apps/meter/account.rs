//! What passed a point from one address to another.
use super::series::Series;
use crate::time::Nanos;
use serde_json::{Map, Value, json};

/// What passed from one address to another.
#[derive(Clone, Debug, Default)]
pub(super) struct Account {
    packets: u64,
    bytes: u64,
    fresh: u64,
    repeated: u64,
    repeated_segments: u64,
    /// When the first and the last new data passed.
    span: Option<(Nanos, Nanos)>,
    series: Series,
}

/// What a packet, or a super-packet, carries.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) struct Load {
    /// How many packets there are on the wire.
    pub(super) packets: u64,
    /// Their bytes, from the IP header on.
    pub(super) bytes: u64,
    /// Bytes of data that pass for the first time.
    pub(super) fresh: u64,
    /// Bytes of data that passed before.
    pub(super) repeated: u64,
    /// In how many segments those are; a SYN that comes again is one.
    pub(super) repeated_segments: u64,
}

impl Account {
    pub(super) fn add(&mut self, at: Nanos, load: Load) {
        self.packets += load.packets;
        self.bytes += load.bytes;
        self.fresh += load.fresh;
        self.repeated += load.repeated;
        self.repeated_segments += load.repeated_segments;
        if load.fresh > 0 {
            let (first, last) = self.span.unwrap_or((at, at));
            self.span = Some((first.min(at), last.max(at)));
            self.series.add(at, load.fresh);
        }
    }

    pub(super) fn count(&self, into: &mut Map<String, Value>) {
        let (first, last) = self.span.unzip();
        let counted = json!({
            "packets": self.packets,
            "bytes": self.bytes,
            "fresh": self.fresh,
            "repeated": self.repeated,
            "repeated_segments": self.repeated_segments,
            "first_ns": first,
            "last_ns": last,
        });
        if let Value::Object(counted) = counted {
            into.extend(counted);
        }
    }

    pub(super) fn series(&self) -> Value {
        json!({"period_ns": self.series.period(), "fresh": self.series.stretches()})
    }
}
