//! netem's pipeline on packets that remember what befell them.

use super::{Netem, Outcome};
use crate::apps::impairment::goodness::{lag_one, moments};
use crate::apps::impairment::parcel::Parcel;
use crate::apps::impairment::spec::ImpairmentSpec;
use crate::cause::Cause;
use crate::time::{MILLISECOND, Nanos, SECOND};

#[derive(Clone, Debug, Default, PartialEq)]
struct Probe {
    number: u32,
    bytes: u32,
    capable: bool,
    marked: bool,
    flipped: Option<u64>,
}

impl Parcel for Probe {
    /// Copies that may still be made.
    type Pool = u32;

    fn wire_len(&self) -> u32 {
        self.bytes
    }

    fn ecn_capable(&self) -> bool {
        self.capable
    }

    fn mark_congestion(&mut self) {
        self.marked = true;
    }

    fn flow_hash(&self) -> u32 {
        0
    }

    fn flip_bit(&mut self, choice: u64) {
        self.flipped = Some(choice);
    }

    fn duplicate(&self, pool: &mut u32) -> Option<Self> {
        *pool = pool.checked_sub(1)?;
        Some(self.clone())
    }
}

struct Bench {
    netem: Netem<Probe>,
    out: Outcome<Probe>,
    pool: u32,
    sent: u32,
}

fn spec(json: &str) -> ImpairmentSpec {
    let spec: ImpairmentSpec = serde_json::from_str(json).unwrap();
    spec.validate().unwrap();
    spec
}

impl Bench {
    fn new(json: &str) -> Self {
        let netem = Netem::new(&spec(json), 81, "up");
        Self {
            netem,
            out: Outcome::default(),
            pool: u32::MAX,
            sent: 0,
        }
    }

    fn send(&mut self, bytes: u32, now: Nanos) {
        let number = self.sent;
        self.sent += 1;
        let packet = Probe {
            number,
            bytes,
            ..Probe::default()
        };
        self.netem
            .enqueue(packet, now, &mut self.pool, &mut self.out);
    }

    /// Everything that leaves up to `until`, at the times it may: (when, which).
    fn drain(&mut self, until: Nanos) -> Vec<(Nanos, u32)> {
        let mut left = Vec::new();
        while let Some(now) = self.netem.next_event().filter(|&now| now <= until) {
            let (due, packet) = self.netem.dequeue(now).unwrap();
            assert_eq!(due, now, "nothing is late here");
            left.push((due, packet.number));
        }
        left
    }

    /// The copies that survive each of `count` packets.
    fn copies(&mut self, count: u32) -> Vec<u32> {
        let mut copies = vec![0; count as usize];
        for _ in 0..count {
            self.send(100, 0);
            let left = self.drain(0);
            left.iter()
                .for_each(|&(_, number)| copies[number as usize] += 1);
        }
        copies
    }
}

#[test]
fn duplication_and_loss_of_one_packet_leave_one() {
    let both =
        r#"{"duplicate":{"p":1},"loss":{"model":"gilbert_elliott","p":0,"r":0,"good_loss":1}}"#;
    let mut bench = Bench::new(both);
    assert_eq!(bench.copies(10), [1; 10]);
    assert_eq!((bench.out.duplicated, bench.out.dropped.len()), (0, 0));
}

#[test]
fn a_duplicate_is_not_duplicated_again() {
    let mut bench = Bench::new(r#"{"duplicate":{"p":1}}"#);
    assert_eq!(bench.copies(10), [2; 10]);
    assert_eq!(bench.out.duplicated, 10);
}

#[test]
fn a_duplicate_meets_a_loss_of_its_own() {
    let json = r#"{"duplicate":{"p":0.5},"loss":{"model":"random","p":0.5}}"#;
    let mut bench = Bench::new(json);
    let copies = bench.copies(40_000);
    let share = |n| copies.iter().filter(|&&c| c == n).count() as f64 / 40_000.0;
    // Not doubled (1/2): 0 or 1 at a half each. Doubled and lost (1/4): 1. Doubled and kept
    // (1/4): 1, or 2 where the copy passes.
    assert!((share(0) - 0.25).abs() < 0.01, "{}", share(0));
    assert!((share(2) - 0.125).abs() < 0.01, "{}", share(2));
    let kept: u32 = copies.iter().sum();
    let lost = bench.out.dropped.len() as u64;
    assert_eq!(u64::from(kept) + lost, 40_000 + bench.out.duplicated);
}

#[test]
fn an_empty_pool_makes_no_copies() {
    let mut bench = Bench::new(r#"{"duplicate":{"p":1}}"#);
    bench.pool = 3;
    assert_eq!(bench.copies(5), [2, 2, 2, 1, 1]);
}

#[test]
fn capable_packets_are_marked_and_others_dropped() {
    let mut bench = Bench::new(r#"{"loss":{"model":"random","p":1},"ecn":true}"#);
    let packet = Probe {
        capable: true,
        ..Probe::default()
    };
    bench
        .netem
        .enqueue(packet, 0, &mut bench.pool, &mut bench.out);
    bench.send(100, 0);
    let (_, marked) = bench.netem.dequeue(0).unwrap();
    assert!(marked.marked && bench.netem.is_empty());
    assert_eq!((bench.out.marked, bench.out.dropped[0].1), (1, Cause::Loss));
}

#[test]
fn the_manual_pages_correlated_loss_loses_nothing() {
    let json = r#"{"loss":{"model":"random","p":0.003,"correlation":0.25}}"#;
    let mut bench = Bench::new(json);
    for _ in 0..3_000_000 {
        bench.send(100, 0);
        bench.netem.dequeue(0);
    }
    assert_eq!(bench.out.dropped.len(), 0);
}

#[test]
fn exact_counts_by_seed() {
    let mut bench = Bench::new(
        r#"{"duplicate":{"p":0.1},"corrupt":{"p":0.05},"loss":{"model":"random","p":0.02},
            "reorder":{"p":0.25,"gap":5},"delay":{"ns":1000000},"limit":100000}"#,
    );
    (0..10_000).for_each(|i| bench.send(100, i * 1000));
    let out = &bench.out;
    let counts = (
        out.dropped.len() as u64,
        out.duplicated,
        out.corrupted,
        out.reordered,
    );
    assert_eq!(counts, (201, 935, 543, 1370));
}

#[test]
fn the_copy_is_taken_before_corruption() {
    let mut bench = Bench::new(r#"{"duplicate":{"p":1},"corrupt":{"p":1}}"#);
    bench.send(100, 0);
    let first = bench.netem.dequeue(0).unwrap().1.flipped.unwrap();
    let second = bench.netem.dequeue(0).unwrap().1.flipped.unwrap();
    assert_ne!(first, second);
}

#[test]
fn the_limit_counts_packets_in_flight() {
    let mut bench = Bench::new(r#"{"delay":{"ns":1000},"limit":3}"#);
    (0..5).for_each(|now| bench.send(100, now));
    let causes: Vec<Cause> = bench.out.dropped.iter().map(|drop| drop.1).collect();
    assert_eq!(causes, [Cause::Limit; 2]);
    assert_eq!(bench.drain(1000), [(1000, 0)]);
    bench.send(100, 1000);
    assert_eq!(bench.drain(5000), [(1001, 1), (1002, 2), (2000, 5)]);
    assert_eq!(Bench::new("{}").netem.settings.limit, 1000);
}

#[test]
fn a_full_queue_drops_packet_and_copy() {
    let mut bench = Bench::new(r#"{"delay":{"ns":1000},"limit":1,"duplicate":{"p":1}}"#);
    bench.send(100, 0);
    assert_eq!(
        bench.netem.len(),
        2,
        "the original is past the limit when its copy is admitted"
    );
    bench.send(100, 0);
    assert_eq!(bench.out.dropped.len(), 2);
}

#[test]
fn certain_reordering_sends_every_fifth_at_once() {
    let json = r#"{"delay":{"ns":10000000},"reorder":{"p":1,"gap":5}}"#;
    let mut bench = Bench::new(json);
    let mut left = Vec::new();
    for i in 0..10 {
        bench.send(100, i * MILLISECOND);
        left.extend(bench.drain(i * MILLISECOND));
    }
    left.extend(bench.drain(SECOND));
    let order: Vec<u32> = left.iter().map(|&(_, number)| number).collect();
    assert_eq!(order, [4, 9, 0, 1, 2, 3, 5, 6, 7, 8]);
    assert_eq!(left[0].0, 4 * MILLISECOND);
}

/// Deviation and lag-1 correlation of uniform delays, in units of `sigma` nanoseconds.
fn jitter(sigma: u64, correlation: f64) -> (f64, f64) {
    let mut bench = Bench::new(&format!(
        r#"{{"delay":{{"ns":{sigma},"jitter_ns":{sigma},"correlation":{correlation}}}}}"#
    ));
    let mut delays = Vec::new();
    for _ in 0..200_000 {
        bench.send(100, 0);
        delays.push(bench.drain(Nanos::MAX)[0].0 as f64 / sigma as f64);
    }
    (moments(&delays).1, lag_one(&delays))
}

#[test]
fn correlation_narrows_jitter_where_the_draws_are_not_folded() {
    let plain = jitter(1 << 31, 0.0).0;
    assert!((plain - 1.0 / 3_f64.sqrt()).abs() < 0.005, "{plain}");
    let (narrowed, lag) = jitter(1 << 31, 0.5);
    assert!(
        (narrowed / plain - 0.577).abs() < 0.01,
        "sqrt((1-ρ)/(1+ρ)): {narrowed}"
    );
    assert!((lag - 0.5).abs() < 0.01, "{lag}");
}

/// x mod 2σ keeps the low bits alone: nothing of the correlation is left in a short jitter.
#[test]
fn correlation_of_a_short_jitter_is_lost_in_the_remainder() {
    let (deviation, lag) = jitter(10 * MILLISECOND, 0.5);
    assert!(
        (deviation - 1.0 / 3_f64.sqrt()).abs() < 0.005,
        "{deviation}"
    );
    assert!(lag.abs() < 0.02, "{lag}");
}

#[test]
fn jitter_reorders() {
    let mut bench = Bench::new(r#"{"delay":{"ns":10000,"jitter_ns":10000}}"#);
    (0..100).for_each(|now| bench.send(100, now));
    let order: Vec<u32> = bench
        .drain(SECOND)
        .iter()
        .map(|&(_, number)| number)
        .collect();
    assert!(!order.is_sorted());
}

#[test]
fn the_greatest_numbers_overflow_nothing() {
    let greatest = 1_u64 << 53;
    let json = format!(
        r#"{{"delay":{{"ns":{greatest},"jitter_ns":{greatest},"distribution":{{"table":[32767]}},
            "correlation":1}},"rate":{{"bits_per_second":1,"overhead":65535,"cell":1,
            "cell_overhead":65535}},"slot":{{"min_ns":{greatest},"max_ns":{greatest},"packets":1}},
            "reorder":{{"p":0,"gap":4294967295}},"limit":4294967295}}"#
    );
    let mut bench = Bench::new(&json);
    for now in [0, Nanos::MAX - 1, Nanos::MAX] {
        bench.send(u32::MAX, now);
    }
    assert_eq!(bench.drain(Nanos::MAX).len(), 3);
}

#[test]
fn a_rate_is_in_series_with_the_packet_before() {
    // 1000 bytes at 8 Mbit/s take 1 ms; 5 ms of latency.
    let json = r#"{"delay":{"ns":5000000},"rate":{"bits_per_second":8000000}}"#;
    let mut bench = Bench::new(json);
    (0..3).for_each(|_| bench.send(1000, 0));
    bench.send(1000, 4 * MILLISECOND);
    let times: Vec<Nanos> = bench.drain(SECOND).iter().map(|&(due, _)| due).collect();
    // The fourth waits 4 ms for the third, and only the rest of its latency after that.
    assert_eq!(times, [6, 7, 8, 10].map(|ms| ms * MILLISECOND));
    bench.send(1000, SECOND);
    assert_eq!(bench.drain(2 * SECOND), [(SECOND + 6 * MILLISECOND, 4)]);
}

#[test]
fn a_rate_keeps_jittered_packets_in_order() {
    let json = r#"{"delay":{"ns":10000,"jitter_ns":10000},"rate":{"bits_per_second":1000000000}}"#;
    let mut bench = Bench::new(json);
    (0..500).for_each(|now| bench.send(100, now));
    let order: Vec<u32> = bench
        .drain(SECOND)
        .iter()
        .map(|&(_, number)| number)
        .collect();
    assert_eq!(order.len(), 500);
    assert!(order.is_sorted());
}

#[test]
fn cells_are_sent_whole() {
    let json = r#"{"rate":{"bits_per_second":8000,"overhead":10,"cell":48,"cell_overhead":5}}"#;
    let mut bench = Bench::new(json);
    bench.send(90, 0);
    // 100 bytes in three cells of 53, a millisecond a byte.
    assert_eq!(bench.drain(SECOND), [(159 * MILLISECOND, 0)]);
}

#[test]
fn a_slot_releases_its_packets_and_shuts() {
    let json = r#"{"slot":{"min_ns":1000,"max_ns":1000,"packets":2}}"#;
    let mut bench = Bench::new(json);
    (0..5).for_each(|_| bench.send(100, 0));
    let times: Vec<Nanos> = bench.drain(SECOND).iter().map(|&(due, _)| due).collect();
    assert_eq!(times, [0, 0, 1000, 1000, 2000]);
}

#[test]
fn a_slot_counts_bytes_too() {
    let json = r#"{"slot":{"distribution":"normal","delay_ns":5000,"bytes":250}}"#;
    let mut bench = Bench::new(json);
    (0..4).for_each(|_| bench.send(100, 0));
    let times: Vec<Nanos> = bench.drain(SECOND).iter().map(|&(due, _)| due).collect();
    assert_eq!(times, [0, 0, 0, 5000]);
}

#[test]
fn a_change_leaves_packets_in_flight_alone() {
    let mut bench = Bench::new(r#"{"delay":{"ns":1000}}"#);
    bench.send(100, 0);
    bench.netem.reconfigure(&spec(r#"{"delay":{"ns":10}}"#));
    bench.send(100, 5);
    assert_eq!(bench.drain(SECOND), [(15, 1), (1000, 0)]);
}
