//! Whenever the line is woken, everything happens at the same exact times.
use super::rig::{MS, RATE, Rig, Send, plain};
use proptest::prelude::*;
use serde_json::{Value, json};

/// One of these values, or none.
fn maybe(values: Vec<Value>) -> impl Strategy<Value = Value> {
    let off = values.iter().map(|_| Value::Null).collect::<Vec<_>>();
    prop::sample::select([values, off].concat())
}

fn queues() -> Vec<Value> {
    vec![
        json!({"packets": 5}),
        json!({"bytes": 9000, "aqm": {"kind": "drophead"}}),
        json!({"aqm": {"kind": "codel", "target_ns": MS, "interval_ns": 5 * MS}}),
        json!({"aqm": {"kind": "fq_codel", "target_ns": MS, "interval_ns": 5 * MS,
            "flows": 4, "quantum": 300}}),
        json!({"aqm": {"kind": "red", "min": 3000, "max": 12_000, "probability": 0.1,
            "weight": 0.1}}),
        json!({"ns": 9 * MS, "aqm": {"kind": "pie", "target_ns": MS, "tupdate_ns": MS,
            "alpha": 0.5, "beta": 5.0, "max_burst_ns": 0}}),
    ]
}

prop_compose! {
    fn line()(
        line in maybe(vec![
            json!({"rate": {"bits_per_second": RATE}}),
            json!({"rate": {"bits_per_second": 999_983, "overhead": 4, "cell": 48,
                "cell_overhead": 5}}),
            json!({"trace": {"opportunities_ms": [1, 1, 3, 7]}}),
        ]),
        queue in maybe(queues()),
        slot in maybe(vec![
            json!({"min_ns": MS, "max_ns": 5 * MS}),
            json!({"min_ns": 0, "max_ns": 2 * MS, "packets": 2}),
            json!({"distribution": "normal", "delay_ns": 3 * MS, "jitter_ns": MS, "bytes": 2000}),
        ]),
        delay in maybe(vec![
            json!({"ns": 7 * MS}),
            json!({"ns": 7 * MS, "jitter_ns": 3 * MS, "correlation": 0.3}),
            json!({"ns": 2 * MS, "jitter_ns": 9 * MS, "distribution": "pareto",
                "allow_reordering": false}),
        ]),
    ) -> Value {
        let mut config = if line.is_null() { json!({}) } else { line };
        config["queue"] = queue;
        config["slot"] = slot;
        config["delay"] = delay;
        config
    }
}

prop_compose! {
    fn spec()(
        mut config in line(),
        loss in maybe(vec![
            json!({"model": "random", "p": 0.2, "correlation": 0.3}),
            json!({"model": "gilbert_elliott", "p": 0.1, "r": 0.4}),
        ]),
        duplicate in maybe(vec![json!({"p": 0.2})]),
        corrupt in maybe(vec![json!({"p": 0.2})]),
        reorder in maybe(vec![json!({"p": 0.3, "gap": 3})]),
        policer in maybe(vec![json!({"bits_per_second": 3_000_000, "burst": 5000})]),
        outage in maybe(vec![
            json!({"down_ns": 5 * MS, "period_ns": 30 * MS, "offset_ns": 3 * MS}),
            json!({"down_ns": 5 * MS, "period_ns": 30 * MS, "random": true}),
        ]),
    ) -> Value {
        for (key, effect) in [("loss", loss), ("duplicate", duplicate), ("corrupt", corrupt),
            ("reorder", reorder), ("policer", policer), ("outage", outage)] {
            config[key] = effect;
        }
        config
    }
}

fn sends(steps: &[(u64, usize)]) -> Vec<Send> {
    let mut at = 1;
    let numbered = steps.iter().zip(0..);
    numbered
        .map(|((gap, len), number)| {
            at += gap;
            plain(at, number, *len)
        })
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn one_breath_far_ahead_is_as_good_as_one_at_each_event(
        config in spec(),
        steps in prop::collection::vec((prop_oneof![Just(0), 0..3 * MS], 60_usize..1500), 1..200),
        wakes in prop::collection::vec(0..300 * MS, 0..4),
        seed in any::<u64>(),
    ) {
        let mut exact = Rig::seeded(seed, config.clone(), sends(&steps));
        exact.advance(1 << 45);
        let mut late = Rig::seeded(seed, config, sends(&steps));
        let mut wakes = wakes;
        wakes.sort_unstable();
        wakes.push(1 << 45);
        for at in wakes {
            late.breathe(at);
        }
        prop_assert_eq!(exact.left(), late.left());
        let (mut a, mut b) = (exact.dropped(), late.dropped());
        a.sort();
        b.sort();
        prop_assert_eq!(a, b);
        exact.stop();
        late.stop();
    }

    #[test]
    fn changes_lose_no_packet(
        configs in prop::collection::vec(spec(), 1..5),
        steps in prop::collection::vec((0..3 * MS, 60_usize..1500), 1..200),
        seed in any::<u64>(),
    ) {
        let mut rig = Rig::seeded(seed, configs[0].clone(), sends(&steps));
        for (config, number) in configs.into_iter().zip(0..) {
            rig.schedule(number * 40 * MS, config);
        }
        rig.advance(1 << 45);
        let counters = rig.counters();
        let duplicated = counters["duplicated"].as_u64().unwrap() as usize;
        prop_assert_eq!(rig.left().len() + rig.dropped().len(), steps.len() + duplicated);
        prop_assert!(rig.left().is_sorted_by_key(|seen| seen.at));
        rig.stop();
    }
}
