//! Effects by chance: each has draws of its own.
use super::rig::{MS, Rig, tcp, train};
use serde_json::{Value, json};
use usernet_core::cause::Cause;
use usernet_core::log::RECORD;

fn loss(p: f64) -> Value {
    json!({"model": "random", "p": p})
}

fn lost(seed: u64, config: Value) -> Vec<u32> {
    let mut rig = Rig::seeded(seed, config, train(900, MS));
    rig.advance(5000 * MS);
    let mut lost: Vec<_> = rig.causes().iter().map(|(number, _)| *number).collect();
    lost.sort_unstable();
    lost
}

#[test]
fn an_effect_disturbs_no_other_one() {
    let alone = lost(7, json!({"loss": loss(0.1)}));
    assert!((60..120).contains(&alone.len()), "{}", alone.len());
    for more in [
        json!({"delay": {"ns": MS, "jitter_ns": MS / 2}}),
        json!({"corrupt": {"p": 0.2}}),
        json!({"reorder": {"p": 0.2}, "delay": {"ns": MS}}),
        json!({"slot": {"min_ns": 1, "max_ns": 20 * MS}}),
        json!({"rate": {"bits_per_second": 1_000_000_000}}),
        json!({"outage": {"down_ns": 1, "period_ns": 4_000_000 * MS, "random": true}}),
    ] {
        let mut both = more.clone();
        both["loss"] = loss(0.1);
        assert_eq!(lost(7, both), alone, "{more}");
    }
    // Of a packet lost and duplicated one goes on: fewer are lost, and no others.
    let with_copies = lost(7, json!({"loss": loss(0.1), "duplicate": {"p": 0.3}}));
    assert!(with_copies.len() < alone.len());
    assert!(with_copies.iter().all(|number| alone.contains(number)));
}

#[test]
fn the_seed_alone_decides() {
    let config = json!({
        "loss": loss(0.1), "duplicate": {"p": 0.1}, "corrupt": {"p": 0.1},
        "delay": {"ns": 9 * MS, "jitter_ns": 3 * MS, "distribution": "normal"},
    });
    let log = |seed| {
        let mut rig = Rig::seeded(seed, config.clone(), train(500, MS));
        rig.advance(5000 * MS);
        rig.engine.log().records().to_vec()
    };
    let first = log(1);
    assert!(first.len() > 900 * RECORD && first.len() % RECORD == 0);
    assert!(first == log(1) && first != log(2));
}

#[test]
fn of_a_packet_lost_and_duplicated_one_goes_on() {
    for compat in [None, Some("netem")] {
        let config = json!({"loss": loss(1.0), "duplicate": {"p": 1.0}, "compat": compat});
        let mut rig = Rig::new(config, train(100, MS));
        rig.advance(1000 * MS);
        let numbers: Vec<_> = rig.times().iter().map(|(number, _)| *number).collect();
        assert_eq!((numbers, rig.causes()), ((0..100).collect(), vec![]));
        assert_eq!(rig.counters()["duplicated"], 0);
    }
}

#[test]
fn duplicates_are_two() {
    let mut rig = Rig::new(json!({"duplicate": {"p": 1.0}}), train(100, MS));
    rig.advance(1000 * MS);
    let numbers: Vec<_> = rig.times().iter().map(|(number, _)| *number).collect();
    assert_eq!(numbers, (0..100).flat_map(|n| [n, n]).collect::<Vec<_>>());
    let counters = rig.counters();
    assert_eq!(
        (&counters["packets_in"], &counters["packets_out"]),
        (&json!(100), &json!(200))
    );
    assert_eq!(counters["duplicated"], 100);
}

#[test]
fn a_mark_takes_the_place_of_a_loss_where_the_transport_knows_marks() {
    for (ecn, bits, marked) in [(true, 1, 10), (true, 2, 10), (true, 0, 0), (false, 2, 0)] {
        let sends = (0..10).map(|_| tcp(MS, 100, bits)).collect();
        let mut rig = Rig::new(json!({"loss": loss(1.0), "ecn": ecn}), sends);
        rig.advance(10 * MS);
        assert_eq!(rig.counters()["marked"], marked);
        assert_eq!(
            (rig.left().len(), rig.dropped().len()),
            (marked, 10 - marked)
        );
        assert!(rig.left().iter().all(|seen| seen.bytes[1] & 3 == 3));
    }
}

#[test]
fn a_queue_marks_too() {
    let aqm = json!({"kind": "codel", "target_ns": MS, "interval_ns": 10 * MS});
    let config = |ecn: bool| json!({"rate": {"bits_per_second": 1_000_000}, "queue": {"aqm": aqm}, "ecn": ecn});
    let run = |ecn| {
        let sends = (0..300).map(|_| tcp(MS, 100, 2)).collect();
        let mut rig = Rig::new(config(ecn), sends);
        rig.advance(10_000 * MS);
        (rig.counters()["marked"].as_u64().unwrap(), rig.dropped())
    };
    let (marked, dropped) = run(true);
    assert!(marked > 5 && dropped.is_empty());
    let (marked, dropped) = run(false);
    assert!(marked == 0 && dropped.len() > 5);
    assert!(dropped.iter().all(|seen| seen.cause == Some(Cause::Aqm)));
}
