//! PcapReader: plays the packets of a capture at the times at which they were captured, from the
//! first one on. Port: `tx`.
use crate::capture::{self, LinkType, Record};
use crate::ethernet;
use serde::Deserialize;
use serde_json::{Map, Value};
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use usernet_core::app::{App, AppError, Context, Direction, ErrorKind};
use usernet_core::time::Nanos;

/// The largest file that is read, in bytes: it is held in memory whole.
const LIMIT: u64 = 1 << 30;

/// A pcap reader's config.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Spec {
    /// The file: pcap or pcapng.
    pub path: PathBuf,
}

/// Plays a capture.
pub struct PcapReader {
    bytes: Vec<u8>,
    /// In the order of their times.
    records: Vec<Record>,
    began: Option<Nanos>,
    played: usize,
    played_bytes: u64,
}

impl PcapReader {
    /// Reads the file.
    ///
    /// # Errors
    /// It cannot be read, or is no capture.
    pub fn open(spec: &Spec) -> Result<Self, AppError> {
        let wrong = |what: String| AppError {
            kind: ErrorKind::Trace,
            message: format!("capture {}: {what}", spec.path.display()),
        };
        let bytes = read(&spec.path).map_err(|error| wrong(error.to_string()))?;
        if bytes.len() as u64 > LIMIT {
            return Err(wrong(format!("it has over {LIMIT} bytes")));
        }
        let mut records = capture::parse(&bytes).map_err(|error| wrong(error.to_string()))?;
        records.sort_by_key(|record| record.at);
        Ok(Self {
            bytes,
            records,
            began: None,
            played: 0,
            played_bytes: 0,
        })
    }

    /// When the next packet is due.
    fn due(&self) -> Option<Nanos> {
        let (first, next) = (self.records.first()?, self.records.get(self.played)?);
        Some(self.began.unwrap_or(0).saturating_add(next.at - first.at))
    }

    fn play(&mut self, due: Nanos, context: &mut Context<'_>) {
        let record = self.records[self.played];
        let bytes = &self.bytes[record.start..record.start + record.len];
        self.played += 1;
        self.played_bytes += record.len as u64;
        if context.outputs() == 0 {
            return;
        }
        if let Some(mut packet) = context.pool.packet_from(bytes) {
            if record.link_type == LinkType::Ethernet {
                ethernet::set_network_offset(&mut packet);
            }
            packet.set_arrived(due);
            context.transmit(0, packet);
        }
    }
}

fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(LIMIT + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

impl App for PcapReader {
    fn kind(&self) -> &'static str {
        "pcap_reader"
    }

    fn has_port(&self, direction: Direction, port: &str) -> bool {
        direction == Direction::Output && port == "tx"
    }

    fn pull(&mut self, context: &mut Context<'_>) -> bool {
        self.began.get_or_insert(context.now);
        while let Some(due) = self.due().filter(|due| *due <= context.now) {
            let full = context.outputs() > 0 && context.output(0).0.room() == 0;
            if full {
                return true;
            }
            self.play(due, context);
        }
        false
    }

    fn deadline(&self) -> Option<Nanos> {
        self.due().filter(|_| self.began.is_some())
    }

    fn count(&self, _now: Nanos, into: &mut Map<String, Value>) {
        into.insert("packets".into(), self.played.into());
        into.insert("bytes".into(), self.played_bytes.into());
        into.insert("left".into(), (self.records.len() - self.played).into());
    }
}
