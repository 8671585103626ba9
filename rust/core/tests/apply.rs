//! Whatever actions come, a change happens whole or not at all.
#![allow(clippy::unwrap_used)]
use proptest::prelude::*;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use usernet_core::action::parse;
use usernet_core::app::{App, AppError};
use usernet_core::engine::Engine;
use usernet_core::{Registry, apps};

struct Core;

impl Registry for Core {
    fn create(&mut self, name: &str, config: &Value, now: u64) -> Result<Box<dyn App>, AppError> {
        apps::create(name, 7, config, now).unwrap_or_else(|| Err(AppError::config("unknown kind")))
    }
}

const NAMES: [&str; 4] = ["a", "b", "c", "no name"];

fn configs() -> Vec<Value> {
    vec![
        json!({"app": "source", "size": 60, "packets_per_second": 1000.0}),
        json!({"app": "source", "size": 0}),
        json!({"app": "sink"}),
        json!({"app": "tee"}),
        json!({"app": "impairment", "delay": {"ns": 1_000_000}}),
        json!({"app": "impairment", "rate": {"bits_per_second": 10_000}}),
        json!({"app": "impairment", "compat": "netem"}),
        json!({"app": "impairment", "mtu": 1}),
        json!({"app": "nothing"}),
    ]
}

fn action() -> impl Strategy<Value = Value> {
    let name = || prop::sample::select(&NAMES[..]);
    let app = || prop::sample::select(configs());
    let port = || prop::sample::select(&["tx", "rx", "dropped"][..]);
    let link = || {
        (name(), port(), name(), port()).prop_map(|(from, out, to, into)| {
            let text = format!("{from}.{out} -> {to}.{into}");
            text.replace("no name", "nobody")
        })
    };
    prop_oneof![
        3 => (name(), app()).prop_map(|(name, app)| json!({"do": "start", "name": name, "app": app})),
        1 => (name(), app())
            .prop_map(|(name, app)| json!({"do": "reconfigure", "name": name, "app": app})),
        1 => name().prop_map(|name| json!({"do": "stop", "name": name})),
        3 => link().prop_map(|link| json!({"do": "link", "link": link})),
        1 => link().prop_map(|link| json!({"do": "unlink", "link": link})),
    ]
}

/// What the graph is to be, worked out from the actions alone: kinds by name, and links.
type Plan = (BTreeMap<String, String>, BTreeSet<String>);

fn planned((mut apps, mut links): Plan, actions: &[Value]) -> Plan {
    for action in actions {
        let text = |key: &str| action[key].as_str().unwrap_or_default().to_owned();
        match action["do"].as_str().unwrap() {
            "start" => {
                apps.insert(text("name"), action["app"]["app"].as_str().unwrap().into());
            }
            "stop" => drop(apps.remove(&text("name"))),
            "link" => assert!(links.insert(text("link"))),
            "unlink" => assert!(links.remove(&text("link"))),
            _ => {}
        }
    }
    (apps, links)
}

fn running(engine: &Engine) -> Plan {
    let statistics = engine.statistics();
    let apps = statistics["apps"].as_object().unwrap().iter();
    let links = statistics["links"].as_object().unwrap().keys();
    let kind = |app: &Value| app["kind"].as_str().unwrap().to_owned();
    let apps = apps.map(|(name, app)| (name.clone(), kind(app)));
    (apps.collect(), links.cloned().collect())
}

/// Applies a change; whether it happened.
fn change(engine: &mut Engine, actions: &[Value]) -> Result<bool, TestCaseError> {
    let (before, graph) = (engine.statistics(), running(engine));
    let happened = engine.apply(&parse(&json!(actions).to_string()).unwrap(), &mut Core);
    match &happened {
        Ok(generation) => {
            prop_assert_eq!(running(engine), planned(graph, actions));
            prop_assert_eq!(*generation, before["generation"].as_u64().unwrap() + 1);
        }
        Err(_) => prop_assert_eq!(engine.statistics(), before),
    }
    Ok(happened.is_ok())
}

/// Whether links lead back to where they come from: without a delay, packets go round there.
fn has_ring(links: &BTreeSet<String>) -> bool {
    let app = |end: &str| end.rsplit_once('.').map(|(app, _)| app.to_owned());
    let ends = |link: &String| {
        link.split_once(" -> ")
            .map(|(from, to)| (app(from), app(to)))
    };
    let mut edges: Vec<_> = links.iter().filter_map(ends).collect();
    loop {
        let fed: BTreeSet<_> = edges.iter().map(|(_, to)| to.clone()).collect();
        let before = edges.len();
        edges.retain(|(from, _)| fed.contains(from));
        if edges.len() == before {
            return before > 0;
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn a_change_happens_whole_or_not_at_all(
        changes in prop::collection::vec(prop::collection::vec(action(), 1..5), 1..30),
    ) {
        let (mut engine, mut rings) = (Engine::new(), false);
        for actions in changes {
            if change(&mut engine, &actions)? {
                rings |= has_ring(&running(&engine).1);
                let until = engine.now() + 3_000_000;
                engine.advance(until, &mut Core);
                prop_assert_eq!(engine.now(), until);
                prop_assert!(rings || engine.failure().is_none());
            }
        }
        engine.stop();
        prop_assert_eq!(engine.pool().lent(), 0);
    }

    #[test]
    fn one_impossible_action_undoes_all_others(
        good in prop::collection::vec(action(), 0..4),
        at in any::<prop::sample::Index>(),
    ) {
        let mut engine = Engine::new();
        let start = |name: &str, app: Value| json!({"do": "start", "name": name, "app": app});
        let graph = [
            start("a", json!({"app": "source", "size": 60, "count": 5})),
            start("b", json!({"app": "impairment", "delay": {"ns": 1_000_000}})),
            json!({"do": "link", "link": "a.tx -> b.rx"}),
        ];
        prop_assert!(change(&mut engine, &graph)?);
        engine.advance(1000, &mut Core);
        let mut actions = good;
        let bad = json!({"do": "stop", "name": "nobody"});
        actions.insert(at.index(actions.len() + 1), bad);
        prop_assert!(!change(&mut engine, &actions)?);
        engine.advance(1_000_000, &mut Core);
        prop_assert_eq!(&engine.statistics()["apps"]["b"]["packets_out"], &json!(5));
    }
}

#[test]
fn a_source_that_is_all_but_still_does_not_flood() {
    let mut engine = Engine::new();
    let source = json!({"app": "source", "size": 60, "packets_per_second": 1e-300});
    let start = json!([{"do": "start", "name": "a", "app": source}]);
    engine.advance(1, &mut Core);
    engine
        .apply(&parse(&start.to_string()).unwrap(), &mut Core)
        .unwrap();
    engine.advance(1_000_000_000, &mut Core);
    assert_eq!(engine.statistics()["apps"]["a"]["packets"], 1);
}
