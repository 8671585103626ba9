//! Captures, written and read in virtual time.
#![allow(clippy::unwrap_used)]
use proptest::prelude::*;
use std::path::{Path, PathBuf};
use usernet_core::action::parse;
use usernet_os::{Run, capture};

fn scratch(name: &str) -> PathBuf {
    std::env::temp_dir().join(format!("usernet-{name}-{}", std::process::id()))
}

fn start(run: &Run, path: &Path, reader: Option<&Path>) {
    let source = match reader {
        Some(from) => format!(r#"{{"app":"pcap_reader","path":{from:?}}}"#),
        None => r#"{"app":"source","size":70,"packets_per_second":1000,"count":5}"#.into(),
    };
    let actions = format!(
        r#"[{{"do":"start","name":"a","app":{source}}},
            {{"do":"start","name":"b","app":{{"app":"pcap_writer","path":{path:?},"interfaces":["eth0","eth1"]}}}},
            {{"do":"link","link":"a.tx -> b.eth0"}}]"#
    );
    run.apply(&parse(&actions).unwrap()).unwrap();
}

#[test]
fn what_is_written_is_read_and_played_at_its_times() {
    let (first, second) = (scratch("first.pcapng"), scratch("second.pcapng"));
    let run = Run::simulated(1);
    start(&run, &first, None);
    run.advance(1_000_000_000).unwrap();
    run.stop();
    let run = Run::simulated(1);
    start(&run, &second, Some(&first));
    run.advance(1_000_000_000).unwrap();
    run.stop();
    let (written, played) = (
        std::fs::read(&first).unwrap(),
        std::fs::read(&second).unwrap(),
    );
    let records = capture::parse(&written).unwrap();
    let times: Vec<_> = records.iter().map(|record| record.at).collect();
    assert_eq!(times, [0, 1_000_000, 2_000_000, 3_000_000, 4_000_000]);
    let bytes = |file: &[u8]| -> Vec<(u64, Vec<u8>)> {
        let records = capture::parse(file).unwrap();
        let part = |r: &capture::Record| (r.at, file[r.start..r.start + r.len].to_vec());
        records.iter().map(part).collect()
    };
    assert_eq!(bytes(&written), bytes(&played));
    assert_eq!(run.failure(), None);
    std::fs::remove_file(first).unwrap();
    std::fs::remove_file(second).unwrap();
}

#[test]
fn classic_captures_are_read_in_both_orders_and_units() {
    for (magic, unit) in [(0xa1b2_c3d4_u32, 1000), (0xa1b2_3c4d, 1)] {
        for big in [false, true] {
            let long = |n: u32| {
                if big {
                    n.to_be_bytes()
                } else {
                    n.to_le_bytes()
                }
            };
            let mut file = Vec::new();
            for word in [magic, 0x0004_0002, 0, 0, 65535, 1, 7, 9, 3, 60] {
                file.extend(long(word));
            }
            file.extend([1, 2, 3]);
            let records = capture::parse(&file).unwrap();
            assert_eq!(records.len(), 1);
            assert_eq!(records[0].at, 7_000_000_000 + 9 * unit);
            assert_eq!((records[0].start, records[0].len), (40, 3));
        }
    }
}

#[test]
fn a_file_cut_short_names_the_place() {
    let mut file: Vec<u8> = [0xa1b2_c3d4_u32, 0x0004_0002, 0, 0, 65535, 1, 7, 9, 60, 60]
        .iter()
        .flat_map(|word| word.to_le_bytes())
        .collect();
    file.extend([0; 59]);
    let told = capture::parse(&file).unwrap_err();
    assert_eq!(told.to_string(), "byte 40: it is cut short");
}

proptest! {
    #[test]
    fn no_bytes_make_a_packet_outside_of_them(
        bytes in proptest::collection::vec(any::<u8>(), 0..300),
        magic in proptest::sample::select(vec![
            0xa1b2_c3d4_u32, 0xa1b2_3c4d, 0xd4c3_b2a1, 0x4d3c_b2a1, 0x0a0d_0d0a, 0,
        ]),
    ) {
        let mut file = magic.to_le_bytes().to_vec();
        if magic == 0x0a0d_0d0a {
            file.extend(28_u32.to_le_bytes());
            file.extend(0x1a2b_3c4d_u32.to_le_bytes());
            file.extend([0; 16]);
        }
        file.extend(bytes);
        for record in capture::parse(&file).unwrap_or_default() {
            prop_assert!(record.start + record.len <= file.len());
        }
    }
}
