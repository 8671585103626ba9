//! A line between a split and a join gets its packets one by one, past its links: nothing else is different.
use super::rig::{MS, RATE, Rig, plain, super_packet, train};
use proptest::prelude::*;
use serde_json::{Value, json};

fn configs() -> Vec<Value> {
    let rate = json!({"bits_per_second": RATE});
    vec![
        json!({}),
        json!({"delay": {"ns": 5 * MS}}),
        json!({"delay": {"ns": 9 * MS, "jitter_ns": 4 * MS, "distribution": "uniform"}}),
        json!({"loss": {"model": "random", "p": 0.3}, "delay": {"ns": MS}}),
        json!({"rate": rate, "queue": {"packets": 3}}),
        json!({"rate": rate, "delay": {"ns": 20 * MS}, "queue": {"bytes": 9000}}),
        json!({"slot": {"min_ns": 3 * MS, "max_ns": 7 * MS, "packets": 2}}),
        json!({"mtu": 1400}),
        json!({"duplicate": {"p": 0.2}, "corrupt": {"p": 0.2}}),
        json!({"compat": "netem", "delay": {"ns": 5 * MS, "jitter_ns": MS, "distribution": "uniform"}}),
    ]
}

fn same(config: &Value, sends: &[super::rig::Send], change: Option<(u64, Value)>) {
    let mut rigs = [
        Rig::new(config.clone(), sends.to_vec()),
        Rig::in_lane(config.clone(), sends.to_vec()),
    ];
    for rig in &mut rigs {
        if let Some((at, config)) = &change {
            rig.schedule(*at, config.clone());
        }
        rig.advance(10_000 * MS);
    }
    let [plain, lane] = rigs.each_ref();
    assert_eq!(plain.left(), lane.left(), "{config}");
    assert_eq!(plain.dropped(), lane.dropped(), "{config}");
    assert_eq!(plain.counters(), lane.counters(), "{config}");
    rigs.iter_mut().for_each(Rig::stop);
}

#[test]
fn whatever_the_line_does_it_does_in_a_lane() {
    for config in configs() {
        same(&config, &train(40, MS / 2), None);
        same(&config, &train(40, 0), None);
        same(&config, &[super_packet(MS, 14_000, 1400)], None);
    }
}

#[test]
fn links_count_what_goes_past_them() {
    let mut rig = Rig::in_lane(
        json!({"mtu": 100, "delay": {"ns": MS}}),
        Vec::from([plain(MS, 0, 60), plain(MS, 1, 200), plain(2 * MS, 2, 70)]),
    );
    rig.advance(100 * MS);
    let links = rig.engine.statistics()["links"].clone();
    let counted =
        |packets: u64, bytes: u64| json!({"packets": packets, "bytes": bytes, "dropped": 0});
    assert_eq!(links["split.rest -> line.rx"], counted(3, 330));
    assert_eq!(links["line.tx -> join.0"], counted(2, 130));
    assert_eq!(links["join.tx -> out.tx"], counted(2, 130));
    assert_eq!(links["line.dropped -> out.dropped"], counted(1, 200));
}

#[test]
fn a_line_that_becomes_a_lane_keeps_what_it_holds_and_the_order() {
    let mut rig = Rig::new(json!({"delay": {"ns": 10 * MS}}), train(30, MS));
    rig.advance(15 * MS);
    rig.put_in_lane();
    rig.advance(25 * MS);
    rig.take_out_of_lane();
    rig.advance(1000 * MS);
    let expected: Vec<_> = (0..30_u32).map(|n| (n, (11 + u64::from(n)) * MS)).collect();
    assert_eq!(rig.times(), expected);
    rig.stop();
}

proptest! {
    #[test]
    fn however_packets_come_and_the_config_changes(
        gaps in prop::collection::vec(0..3 * MS, 1..60),
        first in prop::sample::select(configs()),
        second in prop::sample::select(configs()),
        at in MS..90 * MS,
    ) {
        prop_assume!(first.get("compat") == second.get("compat"));
        let mut now = MS;
        let sends: Vec<_> = gaps.iter().zip(0..).map(|(gap, number)| {
            now += gap;
            plain(now, number, 1500)
        }).collect();
        same(&first, &sends, Some((at, second)));
    }
}
