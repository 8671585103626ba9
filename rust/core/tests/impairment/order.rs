//! outage → MTU → policer → loss → queue → serializer → slot → delay.
use super::rig::{MS, RATE, Rig, plain, tcp, train};
use serde_json::{Value, json};
use usernet_core::cause::Cause;

fn causes(config: Value, lens: &[usize]) -> Vec<(u32, Cause)> {
    let sends = lens.iter().zip(0..);
    let sends = sends.map(|(len, number)| plain(MS, number, *len)).collect();
    let mut rig = Rig::new(config, sends);
    rig.advance(1000 * MS);
    let causes = rig.causes();
    rig.stop();
    causes
}

fn ip_causes(config: Value, payloads: &[usize]) -> Vec<Cause> {
    let sends = payloads
        .iter()
        .map(|payload| tcp(MS, *payload, 0))
        .collect();
    let mut rig = Rig::new(config, sends);
    rig.advance(1000 * MS);
    rig.dropped().iter().filter_map(|seen| seen.cause).collect()
}

#[test]
fn an_outage_comes_before_the_mtu() {
    for cut in [
        json!({"down": true, "mtu": 68}),
        json!({"outage": {"down_ns": 10, "period_ns": 10}, "mtu": 68}),
    ] {
        assert_eq!(ip_causes(cut, &[1000]), [Cause::Outage]);
    }
}

#[test]
fn what_is_too_large_takes_no_tokens() {
    let policer = json!({"bits_per_second": 1, "burst": 1000});
    let config = json!({"mtu": 1000, "policer": policer});
    assert_eq!(
        ip_causes(config, &[961, 960, 960]),
        [Cause::Mtu, Cause::Policer]
    );
}

#[test]
fn what_is_lost_has_taken_its_tokens() {
    let policer = json!({"bits_per_second": 1, "burst": 1000});
    let config = json!({"loss": {"model": "random", "p": 1.0}, "policer": policer});
    let causes = causes(config, &[1000, 1000]);
    assert_eq!(causes, [(0, Cause::Loss), (1, Cause::Policer)]);
}

#[test]
fn what_is_lost_takes_no_room_in_the_queue() {
    let config = json!({
        "loss": {"model": "random", "p": 1.0},
        "rate": {"bits_per_second": RATE},
        "queue": {"packets": 1},
    });
    assert!(
        causes(config, &[1000; 9])
            .iter()
            .all(|(_, cause)| *cause == Cause::Loss)
    );
}

#[test]
fn a_copy_takes_its_own_room_in_the_queue() {
    let config = json!({
        "duplicate": {"p": 1.0},
        "rate": {"bits_per_second": RATE},
        "queue": {"packets": 1},
    });
    assert_eq!(causes(config, &[1000; 2]), [(1, Cause::Queue); 2]);
}

#[test]
fn the_slot_comes_behind_the_serializer_and_before_the_delay() {
    let config = json!({
        "rate": {"bits_per_second": RATE},
        "slot": {"min_ns": 10 * MS, "max_ns": 10 * MS},
        "delay": {"ns": 5 * MS},
        "reorder": {"p": 1.0, "gap": 2},
    });
    let mut rig = Rig::new(config, train(2, 0));
    rig.advance(100 * MS);
    // Serialized at 2 and 3 ms; both leave with the slot at 12; one of them skips the delay.
    assert_eq!(rig.times(), [(1, 12 * MS), (0, 17 * MS)]);
    assert_eq!(rig.counters()["reordered"], 1);
}
