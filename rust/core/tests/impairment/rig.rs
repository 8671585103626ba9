//! A line between an app that sends given packets and one that keeps what it gets.
use serde_json::{Map, Value, json};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use usernet_core::action::parse;
use usernet_core::app::{App, AppError, Context, Direction};
use usernet_core::cause::Cause;
use usernet_core::engine::Engine;
use usernet_core::packet::{Offload, Segmentation};
use usernet_core::{Registry, apps};

/// A millisecond.
pub(crate) const MS: u64 = 1_000_000;
/// The rate at which a packet of 1500 bytes takes a millisecond.
pub(crate) const RATE: u64 = 12_000_000;

/// A packet to send.
#[derive(Clone, Debug)]
pub(crate) struct Send {
    pub(crate) at: u64,
    /// Its time of arrival, where that is another.
    pub(crate) stamp: Option<u64>,
    pub(crate) bytes: Vec<u8>,
    pub(crate) offload: Offload,
}

/// A packet that came out.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) struct Seen {
    pub(crate) at: u64,
    pub(crate) cause: Option<Cause>,
    pub(crate) bytes: Vec<u8>,
    pub(crate) is_super: bool,
}

impl Seen {
    /// The number of a packet made by [`plain`].
    pub(crate) fn number(&self) -> u32 {
        u32::from_be_bytes(*self.bytes[4..].first_chunk().unwrap())
    }
}

/// A numbered packet that is not IP.
pub(crate) fn plain(at: u64, number: u32, len: usize) -> Send {
    let mut bytes = vec![0; len];
    bytes[4..8].copy_from_slice(&number.to_be_bytes());
    Send {
        at,
        stamp: None,
        bytes,
        offload: Offload::default(),
    }
}

/// `count` packets of 1500 bytes, one every `gap`, from 1 ms on.
pub(crate) fn train(count: u32, gap: u64) -> Vec<Send> {
    (0..count)
        .map(|number| plain(MS + u64::from(number) * gap, number, 1500))
        .collect()
}

/// A TCP packet over IPv4 with `payload` bytes and these ECN bits.
pub(crate) fn tcp(at: u64, payload: usize, ecn: u8) -> Send {
    let len = 40 + payload;
    let mut bytes = vec![0; len];
    bytes[..2].copy_from_slice(&[0x45, ecn]);
    bytes[2..4].copy_from_slice(&(len as u16).to_be_bytes());
    bytes[8..10].copy_from_slice(&[64, 6]);
    bytes[12..20].copy_from_slice(&[10, 0, 0, 1, 10, 0, 0, 2]);
    bytes[32] = 0x50;
    let offload = Offload::default();
    Send {
        at,
        stamp: None,
        bytes,
        offload,
    }
}

/// A TCP super-packet of `payload` bytes that is cut into segments of `segment`.
pub(crate) fn super_packet(at: u64, payload: usize, segment: u16) -> Send {
    let mut send = tcp(at, payload, 0);
    send.offload = Offload {
        partial_checksum: true,
        segmentation: Segmentation::Tcp4,
        ecn: false,
        header_len: 40,
        segment_size: segment,
        checksum_start: 20,
        checksum_offset: 16,
    };
    send
}

struct Sender(VecDeque<Send>);

impl App for Sender {
    fn kind(&self) -> &'static str {
        "sender"
    }

    fn has_port(&self, direction: Direction, _port: &str) -> bool {
        direction == Direction::Output
    }

    fn pull(&mut self, context: &mut Context<'_>) -> bool {
        while self.deadline().is_some_and(|at| at <= context.now) {
            let send = self.0.pop_front().unwrap();
            let mut packet = context.pool.packet_from(&send.bytes).unwrap();
            packet.set_offload(send.offload);
            packet.set_arrived(send.stamp.unwrap_or(send.at));
            context.transmit(0, packet);
        }
        false
    }

    fn deadline(&self) -> Option<u64> {
        self.0.front().map(|send| send.at)
    }
}

type Shared = Arc<Mutex<Vec<Seen>>>;

struct Catcher(Shared);

impl App for Catcher {
    fn kind(&self) -> &'static str {
        "catcher"
    }

    fn has_port(&self, direction: Direction, _port: &str) -> bool {
        direction == Direction::Input
    }

    fn push(&mut self, context: &mut Context<'_>) {
        for input in 0..context.inputs() {
            while let Some(packet) = context.receive(input) {
                self.0.lock().unwrap().push(Seen {
                    at: packet.arrived(),
                    cause: packet.dropped(),
                    bytes: packet.bytes().to_vec(),
                    is_super: packet.is_super(),
                });
                context.pool.free(packet);
            }
        }
    }

    fn count(&self, _now: u64, into: &mut Map<String, Value>) {
        into.insert("packets".into(), self.0.lock().unwrap().len().into());
    }
}

struct Apps {
    seed: u64,
    sends: VecDeque<Send>,
    seen: Shared,
}

impl Registry for Apps {
    fn create(&mut self, name: &str, config: &Value, now: u64) -> Result<Box<dyn App>, AppError> {
        match config["app"].as_str().unwrap() {
            "sender" => Ok(Box::new(Sender(std::mem::take(&mut self.sends)))),
            "catcher" => Ok(Box::new(Catcher(Arc::clone(&self.seen)))),
            _ => apps::create(name, self.seed, config, now).unwrap(),
        }
    }
}

/// A line under test.
pub(crate) struct Rig {
    pub(crate) engine: Engine,
    apps: Apps,
}

fn impairment(mut config: Value) -> Value {
    config["app"] = "impairment".into();
    config
}

fn change(config: Value) -> Vec<usernet_core::action::Action> {
    let step = json!([{"do": "reconfigure", "name": "line", "app": impairment(config)}]);
    parse(&step.to_string()).unwrap()
}

impl Rig {
    pub(crate) fn new(config: Value, sends: Vec<Send>) -> Self {
        Self::seeded(7, config, sends)
    }

    pub(crate) fn seeded(seed: u64, config: Value, sends: Vec<Send>) -> Self {
        let (sends, seen) = (sends.into(), Shared::default());
        let mut rig = Self {
            engine: Engine::new(),
            apps: Apps { seed, sends, seen },
        };
        let steps = json!([
            {"do": "start", "name": "in", "app": {"app": "sender"}},
            {"do": "start", "name": "line", "app": impairment(config)},
            {"do": "start", "name": "out", "app": {"app": "catcher"}},
            {"do": "link", "link": "in.tx -> line.rx"},
            {"do": "link", "link": "line.tx -> out.tx"},
            {"do": "link", "link": "line.dropped -> out.dropped"},
        ]);
        rig.engine.log().keep();
        let steps = parse(&steps.to_string()).unwrap();
        rig.engine.apply(&steps, &mut rig.apps).unwrap();
        rig
    }

    /// A line that a split feeds, and that ends in a join.
    pub(crate) fn in_lane(config: Value, sends: Vec<Send>) -> Self {
        let mut rig = Self::new(config, sends);
        rig.put_in_lane();
        rig
    }

    /// Puts the line between a split and a join, while it runs.
    pub(crate) fn put_in_lane(&mut self) {
        self.apply(&json!([
            {"do": "unlink", "link": "in.tx -> line.rx"},
            {"do": "unlink", "link": "line.tx -> out.tx"},
            {"do": "start", "name": "split", "app": {"app": "split", "programs": []}},
            {"do": "start", "name": "join", "app": {"app": "join"}},
            {"do": "link", "link": "in.tx -> split.rx"},
            {"do": "link", "link": "split.rest -> line.rx"},
            {"do": "link", "link": "line.tx -> join.0"},
            {"do": "link", "link": "join.tx -> out.tx"},
        ]));
    }

    /// Makes it what it was before.
    pub(crate) fn take_out_of_lane(&mut self) {
        self.apply(&json!([
            {"do": "unlink", "link": "in.tx -> split.rx"},
            {"do": "unlink", "link": "split.rest -> line.rx"},
            {"do": "unlink", "link": "line.tx -> join.0"},
            {"do": "unlink", "link": "join.tx -> out.tx"},
            {"do": "stop", "name": "split"},
            {"do": "stop", "name": "join"},
            {"do": "link", "link": "in.tx -> line.rx"},
            {"do": "link", "link": "line.tx -> out.tx"},
        ]));
    }

    fn apply(&mut self, steps: &Value) {
        let steps = parse(&steps.to_string()).unwrap();
        self.engine.apply(&steps, &mut self.apps).unwrap();
    }

    /// Runs from deadline to deadline.
    pub(crate) fn advance(&mut self, until: u64) -> &mut Self {
        self.engine.advance(until, &mut self.apps);
        self
    }

    /// Wakes once.
    pub(crate) fn breathe(&mut self, now: u64) -> &mut Self {
        self.engine.breathe(now, &mut self.apps);
        self
    }

    /// Gives the line another config at a moment to come.
    pub(crate) fn schedule(&mut self, at: u64, config: Value) -> &mut Self {
        self.engine.schedule(at, change(config));
        self
    }

    /// Gives the line another config now.
    pub(crate) fn reconfigure(&mut self, now: u64, config: Value) -> Result<u64, AppError> {
        self.engine.tell_time(now);
        self.engine.apply(&change(config), &mut self.apps)
    }

    pub(crate) fn counters(&self) -> Value {
        self.engine.statistics()["apps"]["line"].clone()
    }

    fn seen(&self, wanted: impl Fn(&Seen) -> bool) -> Vec<Seen> {
        let seen = self.apps.seen.lock().unwrap();
        seen.iter().filter(|seen| wanted(seen)).cloned().collect()
    }

    /// What left, in order.
    pub(crate) fn left(&self) -> Vec<Seen> {
        self.seen(|seen| seen.cause.is_none())
    }

    /// Number and time of what left, in order.
    pub(crate) fn times(&self) -> Vec<(u32, u64)> {
        let left = self.left();
        left.iter().map(|seen| (seen.number(), seen.at)).collect()
    }

    /// What was dropped.
    pub(crate) fn dropped(&self) -> Vec<Seen> {
        self.seen(|seen| seen.cause.is_some())
    }

    /// Number and cause of what was dropped.
    pub(crate) fn causes(&self) -> Vec<(u32, Cause)> {
        let dropped = self.dropped();
        let named = dropped.iter();
        named
            .map(|seen| (seen.number(), seen.cause.unwrap()))
            .collect()
    }

    /// Stops the engine: all packets have to come back.
    pub(crate) fn stop(&mut self) {
        self.engine.stop();
        assert_eq!(self.engine.pool().lent(), 0);
    }
}
