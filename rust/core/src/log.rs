//! The event log: what happened to each packet, in fixed records, so that two runs can be compared
//! byte by byte.
use crate::cause::Cause;
use crate::packet::Packet;
use crate::time::Nanos;

/// Bytes of one record: time, packet number, length, app, event, cause.
pub const RECORD: usize = 24;
/// How many bytes a log keeps at most; later events are counted only.
const LIMIT: usize = 1 << 30;

/// What happened to a packet.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Event {
    /// It came in.
    In,
    /// It went out.
    Out,
    /// It was dropped.
    Dropped(Cause),
}

impl Event {
    const fn code(self) -> [u8; 2] {
        match self {
            Self::In => [0, 0],
            Self::Out => [1, 0],
            Self::Dropped(cause) => [2, cause as u8],
        }
    }
}

/// A log that is kept or not.
#[derive(Default)]
pub struct Log {
    records: Option<Vec<u8>>,
    lost: u64,
}

impl Log {
    /// Starts to keep events.
    pub fn keep(&mut self) {
        self.records.get_or_insert_with(Vec::new);
    }

    /// The records so far, little-endian, [`RECORD`] bytes each: time u64, packet number u64,
    /// length u32, app u16 (its place among the names), event u8, cause u8.
    #[must_use]
    pub fn records(&self) -> &[u8] {
        self.records.as_deref().unwrap_or_default()
    }

    /// How many events no longer fitted.
    #[must_use]
    pub fn lost(&self) -> u64 {
        self.lost
    }

    #[inline]
    pub(crate) fn record(&mut self, at: Nanos, app: u16, event: Event, packet: &Packet) {
        if self.records.is_some() {
            self.append(at, app, event, packet);
        }
    }

    #[cold]
    fn append(&mut self, at: Nanos, app: u16, event: Event, packet: &Packet) {
        let Some(records) = self
            .records
            .as_mut()
            .filter(|log| log.len() + RECORD <= LIMIT)
        else {
            self.lost += 1;
            return;
        };
        records.extend_from_slice(&at.to_le_bytes());
        records.extend_from_slice(&packet.id().to_le_bytes());
        records.extend_from_slice(&(packet.len() as u32).to_le_bytes());
        records.extend_from_slice(&app.to_le_bytes());
        records.extend_from_slice(&event.code());
    }
}
