//! Split: each packet goes to the output of the first filter that takes it. Ports: `rx`; `0`, `1`
//! and so on, one for each filter, and `rest` for what no filter takes. What goes to an output
//! without a link is let go.
//!
//! A filter sees a packet from its first byte on, so it has to be compiled for what that is:
//! Ethernet, or IP where there is no link header. The later fragments of an IP packet have no ports
//! to look at, and follow the first one.
use super::read;
use crate::app::{App, AppError, Context, Direction, Ports};
use crate::packet::Packet;
use crate::time::Nanos;
use crate::wire::bpf::Program;
use fragments::{Choice, Fragments, Key};
use serde::Deserialize;
use serde_json::{Map, Value, json};

mod fragments;

/// How many filters a split may have.
pub const MOST: usize = 1024;
/// A split's config.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Spec {
    /// The filters, in the order in which they are asked: `code`, `jt`, `jf`, `k` of each
    /// instruction.
    pub programs: Vec<Vec<[u32; 4]>>,
}

impl Spec {
    fn compile(self) -> Result<Vec<Program>, AppError> {
        if self.programs.len() > MOST {
            return Err(AppError::config(format!(
                "programs: {} of them, and {MOST} are allowed",
                self.programs.len()
            )));
        }
        let named = self.programs.into_iter().enumerate().map(|(number, code)| {
            let wrong = |fault| AppError::config(format!("programs[{number}]: {fault}"));
            Program::new(code).map_err(wrong)
        });
        named.collect()
    }
}

/// What went to an output.
#[derive(Clone, Copy, Debug, Default)]
struct Counter {
    packets: u64,
    bytes: u64,
}

/// Parts packets by filters.
pub struct Split {
    programs: Vec<Program>,
    fragments: Fragments,
    /// The links of the filters' outputs, as far as there are any, and of the rest.
    outputs: Vec<Option<usize>>,
    rest: Option<usize>,
    counters: Vec<Counter>,
    unmatched: Counter,
    followed: u64,
}

impl Split {
    fn new(programs: Vec<Program>) -> Self {
        Self {
            counters: vec![Counter::default(); programs.len()],
            programs,
            fragments: Fragments::default(),
            outputs: Vec::new(),
            rest: None,
            unmatched: Counter::default(),
            followed: 0,
        }
    }

    fn forward(&mut self, packet: Packet, context: &mut Context<'_>) {
        let choice = self.choose(&packet, context.now);
        let (counter, output) = match choice {
            Some(number) => (
                self.counters.get_mut(number),
                self.outputs.get(number).copied().flatten(),
            ),
            None => (Some(&mut self.unmatched), self.rest),
        };
        if let Some(counter) = counter {
            counter.packets += 1;
            counter.bytes += packet.len() as u64;
        }
        match output {
            Some(output) => context.transmit(output, packet),
            None => context.pool.free(packet),
        }
    }

    fn choose(&mut self, packet: &Packet, now: Nanos) -> Choice {
        match Key::of(packet) {
            None => self.filter(packet),
            Some((key, true)) => {
                let choice = self.filter(packet);
                self.fragments.remember(key, choice, now);
                choice
            }
            Some((key, false)) => {
                let first = self.fragments.recall(&key, now);
                self.followed += u64::from(first.is_some());
                first.unwrap_or_else(|| self.filter(packet))
            }
        }
    }

    fn filter(&self, packet: &Packet) -> Choice {
        let (bytes, len) = (packet.bytes(), packet.len() as u32);
        self.programs
            .iter()
            .position(|program| program.run(bytes, len) != 0)
    }
}

/// The number that a port stands for. Any that some config could have is a port: a change of the
/// config may bring its filter together with its link.
fn number(port: &str) -> Option<usize> {
    let number: usize = port.parse().ok().filter(|number| *number < MOST)?;
    (number.to_string() == port).then_some(number)
}

impl App for Split {
    fn kind(&self) -> &'static str {
        "split"
    }

    fn has_port(&self, direction: Direction, port: &str) -> bool {
        match direction {
            Direction::Input => port == "rx",
            Direction::Output => port == "rest" || number(port).is_some(),
        }
    }

    fn linked(&mut self, ports: &Ports) {
        self.rest = ports.output("rest");
        self.outputs.clear();
        for (output, port) in ports.outputs.iter().enumerate() {
            if let Some(number) = number(port) {
                let len = self.outputs.len().max(number + 1);
                self.outputs.resize(len, None);
                self.outputs[number] = Some(output);
            }
        }
    }

    fn push(&mut self, context: &mut Context<'_>) {
        for input in 0..context.inputs() {
            let mut ring = context.take(input);
            ring.drain(..)
                .for_each(|packet| self.forward(packet, context));
            context.restore(input, ring);
        }
    }

    fn check(&self, config: &Value) -> Result<(), AppError> {
        read::<Spec>(config)?.compile().map(drop)
    }

    fn reconfigure(&mut self, config: &Value, _now: Nanos) {
        if let Ok(programs) = read(config).and_then(Spec::compile) {
            self.counters.resize(programs.len(), Counter::default());
            self.fragments.keep_below(programs.len());
            self.programs = programs;
        }
    }

    fn count(&self, _now: Nanos, into: &mut Map<String, Value>) {
        let value = |counter: &Counter| json!({"packets": counter.packets, "bytes": counter.bytes});
        let numbered = self.counters.iter().enumerate();
        let mut outputs: Map<String, Value> = numbered
            .map(|(number, counter)| (number.to_string(), value(counter)))
            .collect();
        outputs.insert("rest".into(), value(&self.unmatched));
        into.insert("outputs".into(), outputs.into());
        into.insert("fragments_followed".into(), self.followed.into());
    }
}

/// A split of this config.
///
/// # Errors
/// There are too many filters, or one is no program.
pub fn create(spec: Spec) -> Result<Split, AppError> {
    spec.compile().map(Split::new)
}

#[cfg(test)]
mod tests {
    use super::super::create as create_app;
    use super::fragments::TIME_OUT;
    use super::*;
    use crate::change::Registry;
    use crate::engine::Engine;
    use crate::time::SECOND;
    use proptest::prelude::*;
    use std::collections::VecDeque;

    /// Takes UDP to this port over IPv4 without options, not in a later fragment.
    fn port(number: u32) -> Value {
        json!([
            [48, 0, 0, 9],
            [21, 0, 5, 17],
            [40, 0, 0, 6],
            [69, 3, 0, 0x1fff],
            [40, 0, 0, 22],
            [21, 0, 1, number],
            [6, 0, 0, 1],
            [6, 0, 0, 0]
        ])
    }

    fn udp(id: u8, pieces: u16, port: u16) -> Vec<u8> {
        let mut bytes = vec![0x45, 0, 0, 28, 0, id];
        bytes.extend(pieces.to_be_bytes());
        bytes.extend([64, 17, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2, 0, 9]);
        bytes.extend(port.to_be_bytes());
        bytes.extend([0, 8, 0, 0]);
        bytes
    }

    /// Sends packets at their times.
    struct Script(VecDeque<(Nanos, Vec<u8>)>);

    impl App for Script {
        fn kind(&self) -> &'static str {
            "script"
        }

        fn has_port(&self, _direction: Direction, _port: &str) -> bool {
            true
        }

        fn pull(&mut self, context: &mut Context<'_>) -> bool {
            while self.0.front().is_some_and(|(at, _)| *at <= context.now) {
                let (_, bytes) = self.0.pop_front().unwrap();
                let packet = context.pool.packet_from(&bytes).unwrap();
                context.transmit(0, packet);
            }
            false
        }

        fn deadline(&self) -> Option<Nanos> {
            self.0.front().map(|(at, _)| *at)
        }
    }

    struct Apps(Option<Script>);

    impl Registry for Apps {
        fn create(
            &mut self,
            name: &str,
            config: &Value,
            now: u64,
        ) -> Result<Box<dyn App>, AppError> {
            match create_app(name, 0, config, now) {
                Some(app) => app,
                None => Ok(Box::new(self.0.take().unwrap())),
            }
        }
    }

    fn actions(steps: &Value) -> Vec<crate::action::Action> {
        serde_json::from_value(steps.clone()).unwrap()
    }

    /// An engine in which these packets go through a split to ports 0, 1 and the rest.
    fn engine(packets: Vec<(Nanos, Vec<u8>)>, programs: &[Value]) -> Engine {
        let mut engine = Engine::new();
        let steps = json!([
            {"do": "start", "name": "in", "app": {"app": "script"}},
            {"do": "start", "name": "split", "app": {"app": "split", "programs": programs}},
            {"do": "start", "name": "out", "app": {"app": "sink"}},
            {"do": "link", "link": "in.tx -> split.rx"},
            {"do": "link", "link": "split.0 -> out.0"},
            {"do": "link", "link": "split.1 -> out.1"},
            {"do": "link", "link": "split.rest -> out.rest"},
        ]);
        let mut apps = Apps(Some(Script(packets.into())));
        engine.apply(&actions(&steps), &mut apps).unwrap();
        engine
    }

    fn counted(engine: &Engine) -> Value {
        let statistics = serde_json::to_value(engine.statistics()).unwrap();
        statistics["apps"]["split"]["outputs"].clone()
    }

    /// How many packets went to 0, 1 and the rest.
    fn parted(engine: &mut Engine, until: Nanos) -> [u64; 3] {
        engine.advance(until, &mut Apps(None));
        let counted = counted(engine);
        ["0", "1", "rest"].map(|name| counted[name]["packets"].as_u64().unwrap_or(0))
    }

    #[test]
    fn the_first_filter_that_takes_a_packet_has_it() {
        let packets = [53, 80, 53, 99].map(|port| (0, udp(1, 0, port))).to_vec();
        let all = json!([[6, 0, 0, 1]]);
        let engine_of = |programs: &[Value]| {
            let mut engine = engine(packets.clone(), programs);
            parted(&mut engine, SECOND)
        };
        assert_eq!(engine_of(&[port(53), port(80)]), [2, 1, 1]);
        assert_eq!(engine_of(&[port(53), all.clone()]), [2, 2, 0]);
        assert_eq!(engine_of(&[all, port(53)]), [4, 0, 0]);
        assert_eq!(engine_of(&[]), [0, 0, 4]);
    }

    #[test]
    fn links_get_what_the_counters_say_and_the_pool_gets_all_back() {
        let packets = vec![(0, udp(1, 0, 53)), (0, udp(1, 0, 80)), (0, vec![])];
        let mut engine = engine(packets, &[port(53), json!([[6, 0, 0, 0]]), port(80)]);
        assert_eq!(parted(&mut engine, SECOND), [1, 0, 1]);
        let statistics = serde_json::to_value(engine.statistics()).unwrap();
        let expected = json!({
            "0": {"packets": 1, "bytes": 28}, "1": {"packets": 0, "bytes": 0},
            "2": {"packets": 1, "bytes": 28}, "rest": {"packets": 1, "bytes": 0},
        });
        assert_eq!(statistics["apps"]["split"]["outputs"], expected);
        assert_eq!(statistics["links"]["split.0 -> out.0"]["bytes"], 28);
        assert_eq!(statistics["links"]["split.rest -> out.rest"]["packets"], 1);
        assert_eq!(engine.pool().lent(), 0);
    }

    #[test]
    fn later_fragments_follow_their_first() {
        let packets = vec![
            (0, udp(1, 0x2000, 53)),
            (0, udp(2, 0x2000, 80)),
            (0, udp(1, 0x2003, 0)),
            (0, udp(2, 0x0003, 0)),
            (0, udp(1, 0x0006, 0)),
            (0, udp(3, 0x0006, 0)),
        ];
        let mut engine = engine(packets, &[port(53), port(80)]);
        assert_eq!(parted(&mut engine, SECOND), [3, 2, 1]);
    }

    #[test]
    fn a_fragment_follows_for_thirty_seconds() {
        let later = |at| (at, udp(1, 0x2003, 0));
        let packets = vec![
            (5, udp(1, 0x2000, 53)),
            later(TIME_OUT + 4),
            later(TIME_OUT + 5),
        ];
        let mut engine = engine(packets, &[port(53)]);
        assert_eq!(parted(&mut engine, 60 * SECOND), [2, 0, 1]);
    }

    #[test]
    fn a_number_used_again_follows_its_new_first() {
        let packets = vec![
            (0, udp(1, 0x2000, 53)),
            (TIME_OUT, udp(1, 0x2000, 80)),
            (TIME_OUT + 1, udp(1, 0x0003, 0)),
        ];
        let mut engine = engine(packets, &[port(53), port(80)]);
        assert_eq!(parted(&mut engine, 60 * SECOND), [1, 2, 0]);
    }

    fn reconfigure(engine: &mut Engine, programs: &[Value]) -> Result<u64, AppError> {
        let config = json!({"app": "split", "programs": programs});
        let steps = json!([{"do": "reconfigure", "name": "split", "app": config}]);
        engine.apply(&actions(&steps), &mut Apps(None))
    }

    #[test]
    fn new_filters_keep_counters_and_fragments() {
        let packets = vec![
            (0, udp(1, 0x2000, 53)),
            (0, udp(2, 0x2000, 80)),
            (9, udp(1, 0x0003, 0)),
            (9, udp(2, 0x0003, 0)),
            (9, udp(3, 0, 53)),
        ];
        let mut engine = engine(packets, &[port(53), port(80)]);
        assert_eq!(parted(&mut engine, 5), [1, 1, 0]);
        reconfigure(&mut engine, &[port(80)]).unwrap();
        assert_eq!(parted(&mut engine, 9), [2, 0, 2]);
    }

    #[test]
    fn a_filter_that_is_no_program_is_refused_by_its_number() {
        let mut engine = engine(vec![(0, udp(1, 0, 53))], &[port(53)]);
        let error = reconfigure(&mut engine, &[port(1), json!([[5, 0, 0, 9]])]).unwrap_err();
        assert_eq!(error.message, "programs[1]: instruction 0 jumps out");
        let many = vec![port(1); 1025];
        let error = reconfigure(&mut engine, &many).unwrap_err();
        assert_eq!(
            error.message,
            "programs: 1025 of them, and 1024 are allowed"
        );
        assert_eq!(parted(&mut engine, 1), [1, 0, 0]);
    }

    #[test]
    fn ports_are_numbers_as_one_writes_them() {
        let split = Split::new(Vec::new());
        let has = |port| split.has_port(Direction::Output, port);
        assert!(has("0") && has("1023") && has("rest"));
        assert!(!has("00") && !has("+1") && !has("1024") && !has("-1") && !has("tx"));
        assert!(split.has_port(Direction::Input, "rx") && !split.has_port(Direction::Input, "0"));
    }

    proptest! {
        #[test]
        fn every_packet_goes_somewhere(
            sent in prop::collection::vec((0_u8..4, prop_oneof![Just(0), any::<u16>()], 52_u16..55), 0..60),
        ) {
            let packets = sent.iter().map(|&(id, pieces, port)| (0, udp(id, pieces, port)));
            let mut engine = engine(packets.collect(), &[port(53), port(54)]);
            prop_assert_eq!(parted(&mut engine, 1).iter().sum::<u64>(), sent.len() as u64);
            prop_assert_eq!(engine.pool().lent(), 0);
        }
    }
}
