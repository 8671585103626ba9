use super::super::opportunity::OPPORTUNITY;
use super::super::probe::Probe;
use super::*;
use crate::cause::Cause;
use crate::time::{MILLISECOND, SECOND};
use proptest::prelude::*;

fn rate(bits_per_second: u64) -> Line {
    Line::Rate {
        bits_per_second,
        framing: Framing::default(),
    }
}

fn trace(milliseconds: &[u32]) -> Line {
    Line::Trace(Trace::new(milliseconds, OPPORTUNITY).unwrap())
}

fn params(line: Line, limits: Limits, aqm: &str) -> BottleneckParams {
    let aqm = serde_json::from_str(&format!(r#"{{"kind":"{aqm}"}}"#)).unwrap();
    BottleneckParams {
        line,
        limits,
        aqm,
        weights: Vec::new(),
        ecn: false,
    }
}

fn bottleneck(line: Line, limits: Limits, aqm: &str) -> Bottleneck<Probe> {
    let random = Stream::new(1, "bottleneck");
    Bottleneck::new(&params(line, limits, aqm), 0, random)
}

fn packets(packets: u64) -> Limits {
    Limits {
        packets: Some(packets),
        ..Limits::default()
    }
}

/// Keeps a queue of 100 packets of 1500 bytes full for 10 s: how many bytes had left when.
fn saturate(line: Line) -> Vec<(Nanos, u64)> {
    let mut link = bottleneck(line, packets(100), "droptail");
    let (mut left, mut bytes, mut now) = (vec![], 0, 0);
    while now < 10 * SECOND {
        let mut drops = vec![];
        while drops.is_empty() {
            link.push(Probe::new(0, 1500), now, &mut drops);
        }
        now = link.next_event().unwrap();
        let mut out = |_, packet: Probe| bytes += u64::from(packet.len);
        link.advance(now, &mut out, &mut drops);
        left.push((now, bytes));
    }
    left
}

#[test]
fn a_saturated_line_delivers_its_rate_to_a_packet() {
    for bits in [56_000, 1_000_000, 10_000_000, 99_999_989, 1_000_000_000] {
        for (at, bytes) in saturate(rate(bits)) {
            let exact = at as f64 * bits as f64 / 8e9;
            assert!(bytes as f64 <= exact + 1e-3, "{bits} at {at}");
            assert!(exact - bytes as f64 <= 1500.0, "{bits} at {at}");
        }
    }
}

#[test]
fn a_backlogged_trace_is_replayed_to_a_packet() {
    let burst: Vec<u32> = (1..=1000).map(|i| i * i / 1000 + 1).collect();
    for times in [vec![1], vec![3, 3, 3, 10], vec![250], burst] {
        let last = u64::from(*times.last().unwrap());
        for (at, bytes) in saturate(trace(&times)) {
            let (rounds, within) = (at / MILLISECOND / last, at / MILLISECOND % last);
            let passed = times.partition_point(|time| u64::from(*time) <= within) as u64;
            let paid = (rounds * times.len() as u64 + passed) * u64::from(OPPORTUNITY);
            assert!(
                bytes <= paid && paid - bytes < 1500,
                "{bytes} of {paid} at {at}"
            );
        }
    }
}

#[test]
fn an_idle_trace_wastes_its_opportunities_at_no_cost() {
    let mut link = bottleneck(trace(&[1]), packets(10), "droptail");
    assert_eq!(link.next_event(), None);
    let year = 365 * 24 * 3600 * SECOND;
    link.push(Probe::new(0, 1500), year + 1, &mut vec![]);
    assert_eq!(link.next_event(), Some(year + MILLISECOND));
}

#[test]
fn the_longest_wait_of_a_drop_tail_queue_is_its_limit() {
    let bytes = Limits {
        bytes: Some(125_000),
        ..Limits::default()
    };
    let time = Limits {
        ns: Some(100 * MILLISECOND),
        ..Limits::default()
    };
    let transmission = 1500 * 8 * SECOND / 10_000_000;
    for limits in [bytes, time] {
        let mut link = bottleneck(rate(10_000_000), limits, "droptail");
        let (mut waits, mut drops) = (vec![], vec![]);
        for id in 0..5_000 {
            let now = u64::from(id) * 400_000;
            let mut out = |at, packet: Probe| waits.push(at - u64::from(packet.id) * 400_000);
            link.advance(now, &mut out, &mut drops);
            link.push(Probe::new(id, 1500), now, &mut drops);
        }
        assert!(drops.iter().all(|(_, cause)| *cause == Cause::Queue) && drops.len() > 2000);
        let longest = waits.iter().max().unwrap() - transmission;
        assert!(
            longest.abs_diff(100 * MILLISECOND) <= transmission,
            "{longest}"
        );
    }
}

/// Mean wait of Poisson arrivals at a line with one packet size: ρ / (2 (1 − ρ)) of a
/// transmission.
#[test]
fn the_mean_wait_is_that_of_m_d_1() {
    for load in [0.5, 0.7] {
        let mut link = bottleneck(rate(8_000_000), packets(1_000_000), "droptail");
        let mut random = Stream::new(11, "arrivals");
        let transmission = MILLISECOND as f64;
        let (mut now, mut total, mut count) = (0, 0_u64, 0_u32);
        let (mut arrived, mut drops) = (VecDeque::new(), vec![]);
        for id in 0..1_000_000 {
            now += (-libm::log(1.0 - random.uniform()) * transmission / load) as u64;
            let out = &mut |at, _| {
                total += at - arrived.pop_front().unwrap_or(at) - MILLISECOND;
                count += 1;
            };
            link.advance(now, out, &mut drops);
            arrived.push_back(now);
            link.push(Probe::new(id, 1000), now, &mut drops);
        }
        let mean = total as f64 / f64::from(count) / transmission;
        let expected = load / (2.0 * (1.0 - load));
        assert!(
            (mean / expected - 1.0).abs() < 0.02,
            "{mean} for {expected}"
        );
    }
}

#[test]
fn a_change_of_anything_loses_nothing() {
    let lines = [rate(1_000_000), rate(50_000), trace(&[7, 9]), trace(&[1])];
    for from in &lines {
        for to in &lines {
            let mut link = bottleneck(from.clone(), packets(100), "droptail");
            let (mut left, mut drops) = (vec![], vec![]);
            (0..50).for_each(|id| link.push(Probe::new(id, 1000), 0, &mut drops));
            let changed = params(to.clone(), packets(5), "pie");
            link.reconfigure(&changed, 20 * MILLISECOND, &mut drops);
            link.advance(
                100 * SECOND,
                &mut |_, packet: Probe| left.push(packet.id),
                &mut drops,
            );
            assert_eq!(left, (0..50).collect::<Vec<_>>(), "{from:?} {to:?}");
            assert_eq!((drops.len(), link.next_event()), (0, None));
        }
    }
}

#[test]
fn a_packet_on_the_line_goes_on_at_the_new_rate() {
    let mut link = bottleneck(rate(8_000_000), packets(9), "droptail");
    link.push(Probe::new(0, 1000), 0, &mut vec![]);
    let slower = params(rate(4_000_000), packets(9), "droptail");
    link.reconfigure(&slower, 250_000, &mut vec![]);
    assert_eq!(link.next_event(), Some(1_750_000));
    let traced = params(trace(&[3]), packets(9), "droptail");
    link.reconfigure(&traced, 750_000, &mut vec![]);
    assert_eq!(link.next_event(), Some(3_750_000));
}

/// All departures and drops of these arrivals, with a call at each of `wakes` and at each arrival.
fn events(
    params: &BottleneckParams,
    arrivals: &[(Nanos, u32)],
    wakes: &[Nanos],
) -> (Vec<(Nanos, u32)>, Vec<u32>) {
    let mut link = Bottleneck::new(params, 0, Stream::new(3, "bottleneck"));
    let (mut left, mut drops) = (vec![], vec![]);
    let mut wakes = wakes.iter().peekable();
    for (id, (at, len)) in (0..).zip(arrivals) {
        while let Some(wake) = wakes.next_if(|wake| *wake <= at) {
            link.advance(
                *wake,
                &mut |at, packet: Probe| left.push((at, packet.id)),
                &mut drops,
            );
        }
        link.push(Probe::new(id, *len), *at, &mut drops);
    }
    link.advance(
        u64::MAX / 2,
        &mut |at, packet: Probe| left.push((at, packet.id)),
        &mut drops,
    );
    (
        left,
        drops.into_iter().map(|(packet, _)| packet.id).collect(),
    )
}

fn any_params() -> impl Strategy<Value = BottleneckParams> {
    let line = prop_oneof![
        (10_000_u64..10_000_000).prop_map(rate),
        prop::collection::vec(0_u32..50, 1..20).prop_map(|mut times| {
            times.sort_unstable();
            times.push(50);
            trace(&times)
        }),
    ];
    let aqm = prop_oneof![
        Just("droptail"),
        Just("drophead"),
        Just("codel"),
        Just("fq_codel"),
        Just("pie")
    ];
    (line, aqm, 1_u64..60).prop_map(|(line, aqm, n)| params(line, packets(n), aqm))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    #[test]
    fn when_the_caller_wakes_changes_nothing(
        params in any_params(),
        gaps in prop::collection::vec((0_u64..3_000_000, 40_u32..1500), 1..150),
        mut wakes in prop::collection::vec(0_u64..200_000_000, 0..80),
    ) {
        wakes.sort_unstable();
        let mut now = 0;
        let arrivals: Vec<_> = gaps.iter().map(|(gap, len)| { now += gap; (now, *len) }).collect();
        let rarely = events(&params, &arrivals, &[]);
        let often = events(&params, &arrivals, &wakes);
        prop_assert_eq!(rarely.0.len() + rarely.1.len(), arrivals.len());
        prop_assert!(rarely.0.is_sorted_by_key(|(at, _)| *at));
        prop_assert_eq!(rarely, often);
    }
}
