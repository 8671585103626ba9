//! netem's pipeline in a graph.
use super::rig::{MS, Rig, train};
use serde_json::json;
use usernet_core::cause::Cause;

#[test]
fn the_limit_counts_what_is_in_flight() {
    let config = json!({"compat": "netem", "delay": {"ns": 50 * MS}, "limit": 3});
    let mut rig = Rig::new(config, train(10, 10 * MS));
    rig.advance(30 * MS);
    assert_eq!(rig.counters()["delayed"], 3);
    rig.advance(1000 * MS);
    // Those of 1, 11 and 21 ms fill it; the one of 51 ms comes when the first has left.
    let left: Vec<_> = rig.times().iter().map(|(number, _)| *number).collect();
    assert_eq!(left, [0, 1, 2, 5, 6, 7]);
    assert!(rig.causes().iter().all(|(_, cause)| *cause == Cause::Limit));
    assert_eq!(rig.causes().len(), 4);
    rig.stop();
}

#[test]
fn one_late_breath_gives_the_same() {
    let config = json!({
        "compat": "netem", "delay": {"ns": 50 * MS, "jitter_ns": 10 * MS}, "limit": 4,
        "rate": {"bits_per_second": 10_000_000},
    });
    let mut exact = Rig::new(config.clone(), train(50, 10 * MS));
    let mut late = Rig::new(config, train(50, 10 * MS));
    exact.advance(2000 * MS);
    late.breathe(2000 * MS);
    assert_eq!(exact.times(), late.times());
    assert_eq!(exact.causes(), late.causes());
}
