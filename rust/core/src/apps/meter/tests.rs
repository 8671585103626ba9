#![allow(clippy::unwrap_used)]
use super::*;
use crate::packet::Pool;
use crate::wire::field::put_u16;
use crate::wire::samples::{Sample, bare, ipv4, ipv6};
use serde_json::json;

const PAIR: &str = "1.2.3.4 5.6.7.8";

fn segment(sequence: u32, payload: usize, flags: u8) -> Packet {
    let sample = Sample {
        sequence,
        flags,
        segment_size: 1000,
        ..Sample::plain(payload)
    };
    sample.packet(&mut Pool::default())
}

fn counted(meter: &Meter) -> Value {
    let mut counters = Map::new();
    meter.count(0, &mut counters);
    counters.into()
}

fn read(meter: &Meter, name: &str) -> u64 {
    counted(meter)["pairs"][PAIR][name].as_u64().unwrap()
}

#[test]
fn data_counts_once() {
    let mut meter = Meter::default();
    meter.see(&segment(99, 0, SYN));
    meter.see(&segment(100, 2500, 0x18));
    assert_eq!(read(&meter, "packets"), 1 + 3);
    let headers = 20 + 32;
    assert_eq!(read(&meter, "bytes"), headers + 2500 + 3 * headers);
    assert_eq!(read(&meter, "fresh"), 2500);
    assert_eq!(read(&meter, "repeated_segments"), 0);
    meter.see(&segment(1200, 1500, 0x18));
    assert_eq!(read(&meter, "fresh"), 2600);
    assert_eq!(read(&meter, "repeated"), 1400);
    assert_eq!(read(&meter, "repeated_segments"), 2);
}

#[test]
fn a_syn_that_comes_again_is_a_repeated_segment_and_another_begins_anew() {
    let mut meter = Meter::default();
    for _ in 0..2 {
        meter.see(&segment(99, 0, SYN));
    }
    assert_eq!(read(&meter, "repeated_segments"), 1);
    meter.see(&segment(100, 10, 0x18));
    meter.see(&segment(7, 0, SYN));
    meter.see(&segment(8, 10, 0x18));
    assert_eq!(read(&meter, "fresh"), 20);
    assert_eq!(read(&meter, "repeated_segments"), 1);
}

#[test]
fn a_stream_that_is_met_on_its_way_begins_there() {
    let mut meter = Meter::default();
    meter.see(&segment(5_000, 10, 0x18));
    meter.see(&segment(5_010, 10, 0x18));
    assert_eq!(read(&meter, "fresh"), 20);
    assert_eq!(read(&meter, "repeated"), 0);
}

#[test]
fn datagrams_and_their_fragments_are_data() {
    let mut meter = Meter::default();
    meter.see(&ipv4(|bytes| put_u16(bytes, 2, 28)));
    let pair = "192.168.0.1 192.168.0.199";
    assert_eq!(counted(&meter)["pairs"][pair]["fresh"], 0);
    assert_eq!(counted(&meter)["pairs"][pair]["bytes"], 28);
    meter.see(&ipv4(|bytes| put_u16(bytes, 6, 185)));
    assert_eq!(counted(&meter)["pairs"][pair]["fresh"], 8);
}

#[test]
fn ipv6_has_its_pairs_and_what_is_not_ip_none() {
    let mut meter = Meter::default();
    meter.see(&ipv6(UDP, &[0; 12]));
    meter.see(&bare(&[0xff; 60], 14));
    let pair = "102:304:506:708:90a:b0c:d0e:f10 1112:1314:1516:1718:191a:1b1c:1d1e:1f20";
    assert_eq!(counted(&meter)["pairs"][pair]["fresh"], 4);
    assert_eq!(counted(&meter)["foreign"], 1);
}

#[test]
fn times_are_those_of_the_packets() {
    let mut meter = Meter::default();
    let mut late = segment(1, 100, 0x18);
    late.set_arrived(3 << 20);
    meter.see(&late);
    let mut later = segment(101, 50, 0x18);
    later.set_arrived(5 << 20);
    meter.see(&later);
    assert_eq!(read(&meter, "first_ns"), 3 << 20);
    assert_eq!(read(&meter, "last_ns"), 5 << 20);
    let series = json!({"period_ns": 1 << 20, "fresh": [[3, 100], [5, 50]]});
    assert_eq!(meter.series().unwrap()[PAIR], series);
}

#[test]
fn pairs_beyond_the_bound_share_an_account() {
    let mut meter = Meter::default();
    for number in 0..MOST_PAIRS as u16 + 10 {
        meter.see(&ipv4(|bytes| put_u16(bytes, 14, number)));
    }
    let counted = counted(&meter);
    assert_eq!(counted["pairs"].as_object().unwrap().len(), MOST_PAIRS + 1);
    assert_eq!(counted["pairs"]["others"]["packets"], 10);
}

#[test]
fn streams_are_bounded_and_the_oldest_goes_first() {
    let mut meter = Meter::default();
    let pair = (IpAddr::from([1, 2, 3, 4]), IpAddr::from([5, 6, 7, 8]));
    for ports in 0..MOST_STREAMS as u32 + 3 {
        meter.follow((pair, ports), 0);
    }
    assert_eq!(meter.streams.len(), MOST_STREAMS);
    assert_eq!(meter.streams.keys().next(), Some(&(pair, 3)));
}
