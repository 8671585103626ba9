//! PcapWriter: writes packets into a pcapng file, to the nanosecond. Ports: for each of its
//! interfaces an input of that name, for packets that passed, and `NAME.dropped` (`NAME:dropped`
//! in a link's text, where a dot ends the app's name), for those that did not and say why.
use crate::capture_file::CaptureFile;
use crate::clock::WallClock;
use crate::pcapng;
use crate::registry::{Late, Time};
use serde::Deserialize;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::path::PathBuf;
use usernet_core::app::{App, AppError, Context, Descriptor, Direction, Ports};
use usernet_core::apps::read;
use usernet_core::packet::{Packet, Pool};
use usernet_core::time::{MILLISECOND, Nanos};
use usernet_core::wire::checksum;

/// How much is handed to the disk at once.
const CHUNK: usize = 256 << 10;
/// How long a packet may wait for others before it is handed to the disk.
const PATIENCE: Nanos = 100 * MILLISECOND;
const DROPPED: &str = "dropped";

/// A pcap writer's config.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Spec {
    /// The file; one that is there is overwritten, a symbolic link is refused.
    pub path: PathBuf,
    /// The names of the interfaces in the capture.
    pub interfaces: Vec<String>,
}

impl Spec {
    fn has(&self, port: &str) -> bool {
        let known = |name: &str| self.interfaces.iter().any(|known| known == name);
        known(port) || known(interface(port))
    }
}

/// Writes packets into a file.
pub struct PcapWriter {
    name: String,
    late: Late,
    spec: Spec,
    file: CaptureFile,
    /// What the wall clock showed when the engine's stood at zero; nothing in virtual time.
    wall: Option<WallClock>,
    chunk: Vec<u8>,
    /// The places in the file of interfaces, by name and link type.
    places: BTreeMap<(String, u16), u32>,
    /// The interface that each input belongs to.
    inputs: Vec<String>,
    deadline: Option<Nanos>,
    written: u64,
    lost: u64,
    begun: bool,
}

impl PcapWriter {
    /// Creates the file.
    ///
    /// # Errors
    /// It cannot be created.
    pub fn create(name: &str, spec: Spec, time: Time, late: Late) -> Result<Self, AppError> {
        let wall = match time {
            Time::Real(clock) => Some(WallClock::new(clock)),
            Time::Virtual => None,
        };
        Ok(Self {
            name: name.into(),
            late,
            file: CaptureFile::create(&spec.path)?,
            spec,
            wall,
            chunk: Vec::new(),
            places: BTreeMap::new(),
            inputs: Vec::new(),
            deadline: None,
            written: 0,
            lost: 0,
            begun: false,
        })
    }

    fn begin(&mut self) {
        self.begun = true;
        pcapng::section(&mut self.chunk);
    }

    /// An interface's place in the file, where it is described when it is first asked for.
    fn place(&mut self, name: &str, link_type: u16) -> u32 {
        let next = self.places.len() as u32;
        let key = (name.to_owned(), link_type);
        *self.places.entry(key).or_insert_with(|| {
            pcapng::interface(&mut self.chunk, name, link_type);
            next
        })
    }

    fn write(&mut self, input: usize, packet: &mut Packet) {
        if self.chunk.len() >= CHUNK {
            self.file.write(&mut self.chunk);
        }
        if self.chunk.len() >= CHUNK || self.file.failure().is_some() {
            self.lost += 1;
            return;
        }
        let name = self.inputs[input].clone();
        let place = self.place(&name, link_type(packet));
        let at = self.wall.map_or(0, |wall| wall.zero()) + packet.arrived();
        let comment = comment(packet);
        checksum::finish(packet);
        pcapng::packet(&mut self.chunk, place, at, packet.bytes(), &comment);
        self.written += 1;
    }

    /// Writes the rest: interfaces without a packet, too, are in the file.
    fn finish(&mut self) {
        if !std::mem::take(&mut self.begun) {
            return;
        }
        for name in self.spec.interfaces.clone() {
            if !self.places.keys().any(|(known, _)| *known == name) {
                self.place(&name, pcapng::ETHERNET);
            }
        }
        if let Some(ending) = self.file.finish(std::mem::take(&mut self.chunk)) {
            self.late.leave(&self.name, ending);
        }
    }
}

fn link_type(packet: &Packet) -> u16 {
    if packet.network_offset() == 0 {
        pcapng::RAW
    } else {
        pcapng::ETHERNET
    }
}

/// Why a packet was dropped, and what it stands for.
fn comment(packet: &Packet) -> String {
    let Some(cause) = packet.dropped() else {
        return String::new();
    };
    let size = packet.offload().segment_size;
    if packet.is_super() {
        format!("dropped: {cause}; a super-packet, cut every {size} bytes")
    } else {
        format!("dropped: {cause}")
    }
}

/// The interface of an input port.
fn interface(port: &str) -> &str {
    let (name, end) = port.rsplit_once(['.', ':']).unwrap_or((port, ""));
    if end == DROPPED { name } else { port }
}

impl App for PcapWriter {
    fn kind(&self) -> &'static str {
        "pcap_writer"
    }

    fn has_port(&self, direction: Direction, port: &str) -> bool {
        direction == Direction::Input && self.spec.has(port)
    }

    fn linked(&mut self, ports: &Ports) {
        let inputs = ports.inputs.iter().map(|port| interface(port).to_owned());
        self.inputs = inputs.collect();
        if !self.begun {
            self.begin();
        }
    }

    fn pull(&mut self, _context: &mut Context<'_>) -> bool {
        if self.file.failure().is_some() {
            self.file.note();
        }
        false
    }

    fn check(&self, config: &Value) -> Result<(), AppError> {
        let spec: Spec = read(config)?;
        if spec.path == self.spec.path {
            return Ok(());
        }
        let path = spec.path.display();
        Err(AppError::config(format!(
            "a pcap_writer that runs cannot go on in {path}: stop it, and start another"
        )))
    }

    fn will_have_port(&self, config: &Value, direction: Direction, port: &str) -> bool {
        read(config).is_ok_and(|spec: Spec| direction == Direction::Input && spec.has(port))
    }

    fn reconfigure(&mut self, config: &Value, _now: Nanos) {
        if let Ok(spec) = read(config) {
            self.spec = spec;
        }
    }

    fn push(&mut self, context: &mut Context<'_>) {
        for input in 0..context.inputs() {
            let mut packets = context.take(input);
            let written = packets.iter_mut();
            written.for_each(|packet| self.write(input, packet));
            context.pool.free_all(&mut packets);
            context.restore(input, packets);
        }
        if self.deadline.is_some_and(|at| at <= context.now) {
            self.file.write(&mut self.chunk);
        }
        let waits = self.wall.is_some() && !self.chunk.is_empty() && self.file.failure().is_none();
        let since = self.deadline.filter(|at| *at > context.now);
        self.deadline = waits.then(|| since.unwrap_or(context.now + PATIENCE));
    }

    fn deadline(&self) -> Option<Nanos> {
        self.deadline
    }

    fn descriptors(&self, into: &mut Vec<Descriptor>) {
        into.push(Descriptor {
            fd: self.file.failed(),
            readable: true,
            writable: false,
        });
    }

    fn count(&self, _now: Nanos, into: &mut Map<String, Value>) {
        into.insert("written".into(), self.written.into());
        into.insert("lost".into(), self.lost.into());
    }

    fn failure(&self) -> Option<AppError> {
        self.file.failure().cloned()
    }

    fn stop(&mut self, _pool: &mut Pool) {
        self.finish();
    }
}

impl Drop for PcapWriter {
    fn drop(&mut self) {
        self.finish();
    }
}
