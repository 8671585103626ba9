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
    fn create(&mut self, name: &str, config: &Value, now: u64) -> Result<Box<dyn App>, AppError> {
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
fn any_name_is_an_output() {
    let split = Split::new(Vec::new(), None);
    let has = |port| split.has_port(Direction::Output, port);
    assert!(has("0") && has("media") && has("rest"));
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

#[test]
fn a_later_fragment_without_its_first_goes_with_the_rest() {
    let all = json!([[6, 0, 0, 1]]);
    let mut engine = engine(vec![(0, udp(1, 0x2003, 0)), (0, udp(2, 0, 9))], &[all]);
    assert_eq!(parted(&mut engine, SECOND), [1, 0, 1]);
}

#[test]
fn flows_have_names_and_keep_their_counters_wherever_they_go() {
    let spec = |names: &[&str], ports: &[u32]| {
        let programs: Vec<Value> = ports.iter().map(|number| port(*number)).collect();
        json!({"app": "split", "names": names, "programs": programs})
    };
    let mut split = create(read(&spec(&["dns", "web"], &[53, 80])).unwrap()).unwrap();
    split.flows[0].counter.packets = 7;
    split.flows[1].counter.packets = 9;
    split
        .check(&spec(&["web", "other", "dns"], &[80, 1, 53]))
        .unwrap();
    split.reconfigure(&spec(&["web", "other", "dns"], &[80, 1, 53]), 0);
    let counted: Vec<u64> = split
        .flows
        .iter()
        .map(|flow| flow.counter.packets)
        .collect();
    assert_eq!(counted, [9, 0, 7]);
    for (names, ports) in [
        (&["a", "a"][..], &[1, 2][..]),
        (&["a"], &[1, 2]),
        (&["rest"], &[1]),
    ] {
        let error = split.check(&spec(names, ports)).unwrap_err();
        assert_eq!(
            error.message,
            "names: one of its own for each program, and none of them rest"
        );
    }
}

#[test]
fn talkers_are_counted_by_their_remote_end() {
    let spec = json!({"app": "split", "programs": [port(53)], "remote": "destination"});
    let mut split = create(read(&spec).unwrap()).unwrap();
    let mut pool = crate::packet::Pool::default();
    for port in [53, 53, 80] {
        let packet = pool.packet_from(&udp(1, 0, port)).unwrap();
        split.choose(&packet, (1, 28), 0);
        pool.free(packet);
    }
    let series = split.series().unwrap();
    let found: Vec<_> = series["talkers"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| {
            (
                one["address"].as_str().unwrap(),
                one["port"].as_u64().unwrap(),
                one["bytes"].as_u64().unwrap(),
            )
        })
        .collect();
    assert_eq!(found, [("10.0.0.2", 53, 56), ("10.0.0.2", 80, 28)]);
    assert_eq!(series["others"]["bytes"], 0);
}

/// A packet of any kind that a filter may tell from others.
fn any_packet() -> impl Strategy<Value = Vec<u8>> {
    let small = |most: u8| 0..most;
    (
        small(2),
        small(2),
        small(3),
        small(3),
        small(2),
        small(2),
        small(60),
    )
        .prop_map(|(v6, tagged, port, address, flags, tcp, payload)| {
            let mut bytes = vec![2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2];
            if tagged == 1 {
                bytes.extend([0x81, 0, 0, address]);
            }
            let protocol = if tcp == 1 { 6 } else { 17 };
            let len = 20 + payload;
            if v6 == 1 {
                bytes.extend([0x86, 0xdd, 0x60, 0, 0, 0, 0, len, protocol, 64]);
                bytes.extend([0; 31]);
                bytes.push(address);
            } else {
                bytes.extend([
                    8,
                    0,
                    0x45,
                    0,
                    0,
                    20 + len,
                    payload,
                    0,
                    0,
                    0,
                    64,
                    protocol,
                    payload,
                    0,
                ]);
                bytes.extend([10, 0, 0, 1, 10, 0, 0, address]);
            }
            if v6 == 1 {
                bytes.extend([0; 16]);
            }
            bytes.extend([0, 1, 0, port, 0, 0, 0, payload, 0, 0, 0, 0, 0x50, flags]);
            bytes.extend(std::iter::repeat_n(payload, usize::from(payload)));
            bytes
        })
}

/// A filter that looks at up to three places anywhere in a packet's headers, or at its length.
fn any_program() -> impl Strategy<Value = Vec<[u32; 4]>> {
    let load = prop_oneof![
        (0_u32..70).prop_map(|at| vec![[0x30, 0, 0, at]]),
        (0_u32..70).prop_map(|at| vec![[0x28, 0, 0, at]]),
        (12_u32..20, 0_u32..20).prop_map(|(at, more)| vec![[0xb1, 0, 0, at], [0x50, 0, 0, more]]),
        Just(vec![[0x80, 0, 0, 0]]),
    ];
    let step = (
        load,
        prop_oneof![0_u32..4, Just(17), Just(0x45), Just(0x800)],
        any::<bool>(),
    );
    prop::collection::vec(step, 0..4).prop_map(|steps| {
        let mut code = Vec::new();
        for (load, value, expected) in steps {
            code.extend(load);
            let (yes, no) = if expected { (1, 0) } else { (0, 1) };
            code.extend([[0x15, yes, no, value], [6, 0, 0, 0]]);
        }
        code.push([6, 0, 0, 1]);
        code
    })
}

proptest! {
    /// What is remembered of a connection says of each packet what its filters would.
    #[test]
    fn the_table_says_what_the_filters_say(
        programs in prop::collection::vec(any_program(), 0..8),
        packets in prop::collection::vec(any_packet(), 0..60),
    ) {
        let mut split = create(Spec { programs, names: vec![], processes: vec![], remote: None }).unwrap();
        let mut pool = crate::packet::Pool::default();
        for bytes in packets {
            let mut packet = pool.packet_from(&bytes).unwrap();
            packet.set_network_offset(14);
            let expected = split.filter(&packet, None);
            prop_assert_eq!(split.choose(&packet, (1, 1), 0), expected);
            prop_assert_eq!(split.choose(&packet, (1, 1), 0), expected);
            pool.free(packet);
        }
        prop_assert!(split.verdicts.len() <= 60);
    }
}

#[test]
fn more_connections_than_there_are_places_for_are_judged_all_the_same() {
    let spec = Spec {
        programs: vec![serde_json::from_value(port(53)).unwrap()],
        names: vec![],
        processes: vec![],
        remote: None,
    };
    let mut split = create(spec).unwrap();
    let mut pool = crate::packet::Pool::default();
    for round in 0..2 {
        for number in 0..20_000_u16 {
            let mut bytes = udp(1, 0, if number % 2 == 0 { 53 } else { 80 });
            bytes[20..22].copy_from_slice(&number.to_be_bytes());
            let packet = pool.packet_from(&bytes).unwrap();
            let choice = split.choose(&packet, (1, 28), 0);
            assert_eq!(choice, (number % 2 == 0).then_some(0), "round {round}");
            pool.free(packet);
        }
    }
    assert!(split.verdicts.len() <= 8192);
}

#[test]
fn a_thousand_connections_are_judged_once() {
    let spec = json!({"app": "split", "programs": [port(53)]});
    let mut split = create(read(&spec).unwrap()).unwrap();
    let mut pool = crate::packet::Pool::default();
    for number in 0..1000_u16 {
        let mut bytes = udp(1, 0, 1000 + number % 200);
        bytes[20..22].copy_from_slice(&(40_000 + number / 200).to_be_bytes());
        let packet = pool.packet_from(&bytes).unwrap();
        assert_eq!(split.choose(&packet, (1, 28), 0), None);
        pool.free(packet);
    }
    assert_eq!(split.verdicts.len(), 1000);
}

fn tcp(flags: u8, port: u16) -> Vec<u8> {
    let mut bytes = udp(1, 0, port);
    bytes[9] = 6;
    bytes.extend([0, 0, 0, 0, 0x50, flags]);
    bytes
}

#[test]
fn a_flow_by_process_takes_what_that_has_once_somebody_says_so() {
    let all = json!([[6, 0, 0, 1]]);
    let spec =
        json!({"app": "split", "programs": [all], "processes": ["curl"], "remote": "destination"});
    let mut split = create(read(&spec).unwrap()).unwrap();
    let mut pool = crate::packet::Pool::default();
    let (syn, data) = (tcp(2, 80), tcp(0x10, 80));
    let mut choose = |split: &mut Split, bytes: &[u8]| {
        let packet = pool.packet_from(bytes).unwrap();
        let choice = split.choose(&packet, (1, 1), 0);
        pool.free(packet);
        choice
    };
    assert_eq!(choose(&mut split, &syn), None, "nobody knows yet");
    let socket = json!({"protocol": 6, "local": "10.0.0.1:9", "remote": "10.0.0.2:80"});
    let asked = split.tell(&json!({"owned": []})).unwrap();
    assert_eq!(asked, json!({"asked": [socket]}));
    let told = json!({"owned": [{"socket": socket, "names": ["curl", "curl-8"]}]});
    assert_eq!(split.tell(&told).unwrap(), json!({"asked": []}));
    assert_eq!(choose(&mut split, &data), Some(0));
    assert_eq!(choose(&mut split, &tcp(0x10, 81)), None);
    assert_eq!(choose(&mut split, &syn), None, "it may be another's now");
    let other = json!({"owned": [{"socket": socket, "names": ["wget"]}]});
    split.tell(&other).unwrap();
    assert_eq!(choose(&mut split, &data), None);
    assert!(split.tell(&json!({"owned": 1})).is_err());
    let nobody = json!({"app": "split", "programs": [port(1)], "processes": ["curl"]});
    assert!(create(read(&nobody).unwrap()).is_err());
}
