//! The engine as its users see it: changes are whole, order follows from the config, time is given.
#![allow(clippy::unwrap_used)]
use serde_json::{Value, json};
use usernet_core::action::{Action, parse};
use usernet_core::app::{App, AppError};
use usernet_core::engine::Engine;
use usernet_core::{Registry, apps};

struct Core;

impl Registry for Core {
    fn create(&mut self, name: &str, config: &Value, now: u64) -> Result<Box<dyn App>, AppError> {
        apps::create(name, 7, config, now).unwrap_or_else(|| Err(AppError::config("unknown kind")))
    }
}

fn actions(json: Value) -> Vec<Action> {
    parse(&json.to_string()).unwrap()
}

fn start(name: &str, app: Value) -> Value {
    json!({"do": "start", "name": name, "app": app})
}

fn link(link: &str) -> Value {
    json!({"do": "link", "link": link})
}

fn pipeline(source: Value) -> Engine {
    let mut engine = Engine::new();
    let steps = json!([
        start("source", source),
        start("tee", json!({"app": "tee"})),
        start("sink", json!({"app": "sink"})),
        link("source.tx -> tee.rx"),
        link("tee.a -> sink.a"),
        link("tee.b -> sink.b"),
    ]);
    engine.apply(&actions(steps), &mut Core).unwrap();
    engine
}

fn counter(engine: &Engine, app: &str, name: &str) -> u64 {
    engine.statistics()["apps"][app][name].as_u64().unwrap()
}

#[test]
fn a_packet_crosses_the_graph_in_one_breath() {
    let mut engine = pipeline(json!({"app": "source", "size": 60, "count": 5}));
    engine.breathe(0, &mut Core);
    assert_eq!(counter(&engine, "sink", "packets"), 10);
    assert_eq!(counter(&engine, "sink", "bytes"), 600);
}

#[test]
fn a_paced_source_keeps_its_rate_to_the_nanosecond() {
    let mut engine = pipeline(json!({"app": "source", "size": 60, "packets_per_second": 3.0}));
    engine.advance(999_999_999, &mut Core);
    assert_eq!(counter(&engine, "source", "packets"), 3);
    engine.advance(1_000_000_000, &mut Core);
    assert_eq!(counter(&engine, "source", "packets"), 4);
}

#[test]
fn a_source_without_a_rate_does_not_stop_virtual_time() {
    let mut engine = pipeline(json!({"app": "source", "size": 60}));
    engine.advance(1_000_000, &mut Core);
    assert_eq!(counter(&engine, "source", "packets"), 128 * 101);
}

#[test]
fn a_change_that_fails_changes_nothing() {
    let mut engine = pipeline(json!({"app": "source", "size": 60, "count": 5}));
    let before = engine.statistics();
    for wrong in [
        json!([
            start("more", json!({"app": "sink"})),
            link("tee.c -> nobody.rx")
        ]),
        json!([start("sink", json!({"app": "sink"}))]),
        json!([{"do": "stop", "name": "sink"}]),
        json!([{"do": "stop", "name": "nobody"}]),
        json!([{"do": "unlink", "link": "a.b -> c.d"}]),
        json!([link("tee.a -> sink.c")]),
        json!([link("sink.tx -> tee.x")]),
        json!([start("s", json!({"app": "source", "size": 0}))]),
        json!([start("s", json!({"app": "source", "size": 1, "colour": 2}))]),
        json!([start("s", json!({"app": "nothing"}))]),
        json!([{"do": "reconfigure", "name": "tee", "app": {"app": "tee"}}]),
    ] {
        assert!(
            engine.apply(&actions(wrong.clone()), &mut Core).is_err(),
            "{wrong}"
        );
        assert_eq!(engine.statistics(), before);
    }
}

#[test]
fn what_a_change_does_not_name_keeps_its_state() {
    let mut engine = pipeline(json!({"app": "source", "size": 60, "count": 5}));
    engine.breathe(0, &mut Core);
    let steps = json!([
        start("other", json!({"app": "sink"})),
        {"do": "unlink", "link": "tee.b -> sink.b"},
        link("tee.b -> other.rx"),
        {"do": "reconfigure", "name": "source", "app": {"app": "source", "size": 100, "count": 7}},
    ]);
    assert_eq!(engine.apply(&actions(steps), &mut Core).unwrap(), 2);
    engine.breathe(1, &mut Core);
    assert_eq!(counter(&engine, "sink", "packets"), 12);
    assert_eq!(counter(&engine, "other", "bytes"), 200);
}

#[test]
fn scheduled_actions_happen_exactly_then() {
    let mut engine = pipeline(json!({"app": "source", "size": 60, "packets_per_second": 1000.0}));
    let faster = json!({"app": "source", "size": 60, "packets_per_second": 2000.0});
    let step = json!([{"do": "reconfigure", "name": "source", "app": faster}]);
    engine.schedule(1_000_000_000, actions(step));
    engine.advance(1_999_999_999, &mut Core);
    assert_eq!(counter(&engine, "source", "packets"), 1000 + 2000);
}

#[test]
fn what_is_taken_back_does_not_happen() {
    let mut engine = pipeline(json!({"app": "source", "size": 60, "packets_per_second": 1000.0}));
    let faster = json!({"app": "source", "size": 60, "packets_per_second": 2000.0});
    let step = json!([{"do": "reconfigure", "name": "source", "app": faster}]);
    engine.schedule(1_000_000_000, actions(step));
    engine.unschedule();
    engine.advance(1_999_999_999, &mut Core);
    assert_eq!(counter(&engine, "source", "packets"), 2000);
}

#[test]
fn every_packet_comes_back() {
    let mut engine = pipeline(json!({"app": "source", "size": 1500}));
    engine.advance(1_000_000, &mut Core);
    engine.stop();
    assert_eq!(engine.pool().lent(), 0);
}

#[test]
fn a_ring_of_links_does_not_stop_time() {
    let mut engine = Engine::new();
    let steps = json!([
        start("source", json!({"app": "source", "size": 60, "count": 3})),
        start("join", json!({"app": "join"})),
        start("tee", json!({"app": "tee"})),
        start("repeat", json!({"app": "repeater"})),
        link("source.tx -> join.a"),
        link("repeat.tx -> join.b"),
        link("join.tx -> tee.rx"),
        link("tee.a -> repeat.rx"),
    ]);
    engine.apply(&actions(steps), &mut Core).unwrap();
    engine.advance(1_000_000, &mut Core);
    assert_eq!(engine.now(), 1_000_000);
    assert!(counter(&engine, "repeat", "packets") > 100);
}

#[test]
fn a_host_takes_an_interface_and_its_link_in_one_change() {
    let host = |names: &[&str]| {
        let interfaces: serde_json::Map<String, Value> = names
            .iter()
            .map(|name| ((*name).into(), json!({"addresses": []})))
            .collect();
        json!({"app": "host", "interfaces": interfaces})
    };
    let mut engine = Engine::new();
    let steps = json!([
        start("h", host(&["eth0"])),
        start("sink", json!({"app": "sink"}))
    ]);
    engine.apply(&actions(steps), &mut Core).unwrap();
    let change = |names: &[&str], port: &str| {
        let link = format!("h.{port} -> sink.{port}");
        json!([
            {"do": "reconfigure", "name": "h", "app": host(names)},
            {"do": "link", "link": link},
        ])
    };
    let refused = engine.apply(&actions(change(&["eth0"], "eth1")), &mut Core);
    assert!(refused.unwrap_err().message.contains("no Output port eth1"));
    let done = engine.apply(&actions(change(&["eth0", "eth1"], "eth1")), &mut Core);
    assert_eq!(done, Ok(2));
    let gone = json!([{"do": "reconfigure", "name": "h", "app": host(&["eth0"])}]);
    assert!(engine.apply(&actions(gone), &mut Core).is_err());
}

fn ring(impairment: Value) -> Engine {
    let mut engine = Engine::new();
    let steps = json!([
        start("source", json!({"app": "source", "size": 60, "count": 3})),
        start("join", json!({"app": "join"})),
        start("line", impairment),
        link("source.tx -> join.a"),
        link("join.tx -> line.rx"),
        link("line.tx -> join.b"),
    ]);
    engine.apply(&actions(steps), &mut Core).unwrap();
    engine
}

#[test]
fn packets_that_go_round_without_a_delay_are_a_failure_and_not_a_hang() {
    let mut engine = ring(json!({"app": "impairment"}));
    engine.advance(1_000_000, &mut Core);
    let (_, error) = engine.failure().unwrap();
    assert!(error.message.contains("go round") && error.message.contains("impairment"));
    assert_eq!(
        engine.advance_to_event(2_000_000, 10, &mut Core),
        Some(false)
    );
    engine.stop();
    assert_eq!(engine.pool().lent(), 0);
}

#[test]
fn packets_that_go_round_with_a_delay_do_so_for_as_long_as_time_passes() {
    let mut engine = ring(json!({"app": "impairment", "delay": {"ns": 10}}));
    engine.advance(1_000_000, &mut Core);
    assert!(engine.failure().is_none());
    assert_eq!(counter(&engine, "line", "packets_in"), 3 * (100_000 + 1));
}
