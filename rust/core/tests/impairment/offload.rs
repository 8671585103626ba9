//! Super-packets: whole where an effect treats all packets of one alike, cut where it does not.
use super::rig::{MS, Rig, Send, super_packet};
use serde_json::{Value, json};
use usernet_core::cause::Cause;
use usernet_core::packet::Segmentation;

fn run(config: Value, send: Send) -> Rig {
    let mut rig = Rig::new(config, vec![send]);
    rig.advance(1000 * MS);
    rig
}

#[test]
fn a_plain_delay_keeps_a_super_packet_whole_and_counts_what_it_stands_for() {
    let rig = run(
        json!({"delay": {"ns": 5 * MS}}),
        super_packet(MS, 10_000, 1000),
    );
    let left = rig.left();
    assert_eq!(
        (left.len(), left[0].is_super, left[0].at),
        (1, true, 6 * MS)
    );
    let counters = rig.counters();
    for side in ["in", "out"] {
        assert_eq!(counters[format!("packets_{side}")], 10);
        assert_eq!(counters[format!("bytes_{side}")], 10_400);
    }
}

#[test]
fn effects_on_single_packets_cut() {
    for config in [
        json!({"loss": {"model": "random", "p": 0.0}}),
        json!({"rate": {"bits_per_second": 1_000_000_000}}),
        json!({"delay": {"ns": 5 * MS, "jitter_ns": MS}}),
        json!({"mtu": 1040}),
        json!({"compat": "netem"}),
    ] {
        let mut rig = run(config.clone(), super_packet(MS, 10_000, 1000));
        let left = rig.left();
        assert_eq!(left.len(), 10, "{config}");
        assert!(
            left.iter()
                .all(|seen| !seen.is_super && seen.bytes.len() == 1040)
        );
        let counters = rig.counters();
        for side in ["in", "out"] {
            assert_eq!(counters[format!("packets_{side}")], 10);
            assert_eq!(counters[format!("bytes_{side}")], 10_400);
        }
        rig.stop();
    }
}

#[test]
fn segments_are_serialized_one_by_one() {
    let config = json!({"rate": {"bits_per_second": 8_320_000}});
    let rig = run(config, super_packet(MS, 3000, 1000));
    let times: Vec<_> = rig.left().iter().map(|seen| seen.at).collect();
    assert_eq!(times, [2 * MS, 3 * MS, 4 * MS]);
}

#[test]
fn what_nobody_can_cut_is_dropped_as_one() {
    let mut send = super_packet(MS, 10_000, 1000);
    send.offload.segmentation = Segmentation::Other(77);
    let mut rig = run(json!({"loss": {"model": "random", "p": 0.0}}), send.clone());
    assert_eq!(rig.left(), []);
    let causes: Vec<_> = rig.dropped().iter().map(|seen| seen.cause).collect();
    assert_eq!(causes, [Some(Cause::Offload)]);
    let counters = rig.counters();
    assert_eq!(counters["dropped"], json!({"offload": 1}));
    assert_eq!(counters["packets_in"], 1);
    rig.stop();
    let rig = run(json!({"delay": {"ns": MS}}), send);
    assert_eq!(rig.left().len(), 1);
}
