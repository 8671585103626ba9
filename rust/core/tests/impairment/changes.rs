//! What a new config does to a line that runs.
use super::rig::{MS, RATE, Rig, train};
use serde_json::{Value, json};
use usernet_core::cause::Cause;

fn delay(ms: u64) -> Value {
    json!({"delay": {"ns": ms * MS}})
}

#[test]
fn a_new_delay_is_for_later_packets_alone() {
    let mut rig = Rig::new(delay(50), train(20, 10 * MS));
    rig.schedule(95 * MS, delay(10)).advance(1000 * MS);
    let mut expected: Vec<_> = (0..20_u32)
        .map(|n| {
            (
                n,
                MS + u64::from(n) * 10 * MS + if n < 10 { 50 } else { 10 } * MS,
            )
        })
        .collect();
    expected.sort_by_key(|(_, at)| *at);
    assert_eq!(rig.times(), expected);
}

#[test]
fn a_change_that_comes_late_leaves_what_was_due_before_as_it_was() {
    let with = |ms| json!({"delay": {"ns": ms * MS}, "rate": {"bits_per_second": RATE}});
    let mut rig = Rig::new(with(50), train(1, 0));
    rig.breathe(MS);
    // Serialized at 2 ms, when nobody woke.
    rig.reconfigure(10 * MS, with(5)).unwrap();
    rig.advance(1000 * MS);
    assert_eq!(rig.times(), [(0, 52 * MS)]);
}

#[test]
fn without_its_rate_a_line_releases_what_was_queued() {
    for kind in ["droptail", "drophead", "codel", "fq_codel", "pie"] {
        let aqm = match kind {
            "codel" => json!({"kind": kind, "target_ns": MS, "interval_ns": 5 * MS}),
            "fq_codel" => json!({"kind": kind, "target_ns": MS, "interval_ns": 5 * MS,
                "flows": 16, "quantum": 1514}),
            "pie" => json!({"kind": kind, "target_ns": MS, "tupdate_ns": MS, "alpha": 0.125,
                "beta": 1.25, "max_burst_ns": 0}),
            _ => json!({"kind": kind}),
        };
        let config = json!({"rate": {"bits_per_second": RATE / 10}, "queue": {"aqm": aqm}});
        let mut rig = Rig::new(config, train(30, 0));
        rig.schedule(15 * MS, json!({})).advance(1000 * MS);
        let mut expected = vec![(0, 11 * MS)];
        expected.extend((1..30).map(|number| (number, 15 * MS)));
        assert_eq!((rig.times(), rig.causes()), (expected, vec![]), "{kind}");
    }
}

#[test]
fn without_its_slot_a_line_releases_what_waited() {
    let config = json!({"slot": {"min_ns": 100 * MS, "max_ns": 100 * MS, "packets": 1}});
    let mut rig = Rig::new(config, train(5, 0));
    rig.schedule(15 * MS, delay(5)).advance(1000 * MS);
    assert_eq!(
        rig.times(),
        (0..5).map(|n| (n, 20 * MS)).collect::<Vec<_>>()
    );
}

#[test]
fn a_slot_goes_on_with_its_draws_when_the_queue_changes() {
    let with = |packets: u64| {
        json!({
            "rate": {"bits_per_second": RATE}, "queue": {"packets": packets},
            "slot": {"min_ns": MS, "max_ns": 20 * MS},
        })
    };
    let times = |changed: u64| {
        let mut rig = Rig::new(with(500), train(200, 3 * MS));
        rig.schedule(100 * MS, with(changed)).advance(2000 * MS);
        rig.times()
    };
    assert_eq!(times(500), times(400));
}

#[test]
fn a_line_that_is_cut_drops_what_comes_and_keeps_what_is_under_way() {
    let mut rig = Rig::new(delay(50), train(20, 10 * MS));
    let cut = json!({"delay": {"ns": 50 * MS}, "down": true});
    rig.schedule(51 * MS, cut)
        .schedule(152 * MS, delay(50))
        .advance(1000 * MS);
    let left: Vec<_> = rig.times().iter().map(|(number, _)| *number).collect();
    assert_eq!(left, (0..5).chain(16..20).collect::<Vec<_>>());
    assert_eq!(
        rig.causes(),
        (5..16).map(|n| (n, Cause::Outage)).collect::<Vec<_>>()
    );
}

#[test]
fn another_emulation_needs_another_app() {
    let mut rig = Rig::new(delay(50), train(5, MS));
    rig.advance(10 * MS);
    let before = rig.engine.statistics();
    assert!(
        rig.reconfigure(10 * MS, json!({"compat": "netem"}))
            .is_err()
    );
    assert_eq!(rig.engine.statistics(), before);
    let mut rig = Rig::new(json!({"compat": "netem"}), vec![]);
    assert!(rig.reconfigure(10 * MS, json!({})).is_err());
    assert!(
        rig.reconfigure(10 * MS, json!({"compat": "netem", "down": false}))
            .is_ok()
    );
}

#[test]
fn every_packet_comes_back_from_line_queue_and_slot() {
    for (config, line, queue) in [
        (delay(500), 40, 0),
        (json!({"rate": {"bits_per_second": 1}}), 0, 39),
        (json!({"trace": {"opportunities_ms": [4_000_000]}}), 0, 40),
        (
            json!({"slot": {"min_ns": 500 * MS, "max_ns": 500 * MS, "packets": 1}}),
            0,
            0,
        ),
        (json!({"compat": "netem", "delay": {"ns": 500 * MS}}), 40, 0),
    ] {
        let mut rig = Rig::new(config.clone(), train(40, 0));
        rig.advance(2 * MS);
        let counters = rig.counters();
        assert_eq!(rig.left().len(), 0, "{config}");
        assert_eq!(
            (&counters["delayed"], &counters["queue_packets"]),
            (&json!(line), &json!(queue)),
            "{config}"
        );
        assert_eq!(rig.engine.pool().lent(), 40);
        rig.stop();
    }
}
