use super::*;
use proptest::prelude::*;

fn written(segment: &Segment<'_>) -> Vec<u8> {
    let mut bytes = vec![0xaa; segment.header_len()];
    segment.emit(&mut bytes, 0);
    bytes
}

/// The SYN that Linux sends.
#[test]
fn a_syn_is_written_as_linux_does() {
    let syn = Segment {
        source_port: 0x1234,
        destination_port: 80,
        seq: 0x0102_0304,
        flags: Flags::SYN,
        window: 64240,
        mss: Some(1460),
        window_scale: Some(7),
        sack_permitted: true,
        timestamp: Some((5, 0)),
        ..Segment::default()
    };
    let options = "020405b4 0402080a 00000005 00000000 01030307";
    assert_eq!(hex(&written(&syn)[20..]), options);
    let header = "12340050 01020304 00000000 a002faf0 00000000";
    assert_eq!(hex(&written(&syn)[..20]), header);
    let bare = Segment {
        timestamp: None,
        ..syn
    };
    assert_eq!(hex(&written(&bare)[20..]), "020405b4 01010402 01030307");
}

fn hex(bytes: &[u8]) -> String {
    let words = bytes
        .chunks(4)
        .map(|word| word.iter().map(|byte| format!("{byte:02x}")).collect());
    words.collect::<Vec<String>>().join(" ")
}

#[test]
fn sack_blocks_follow_the_timestamps() {
    let ack = Segment {
        ack: Some(1),
        flags: Flags::ACK,
        timestamp: Some((1, 2)),
        sack: [(3, 4), (5, 6), (0, 0), (0, 0)],
        sack_count: 2,
        ..Segment::default()
    };
    let options = "0101080a 00000001 00000002 01010512 00000003 00000004 00000005 00000006";
    assert_eq!(hex(&written(&ack)[20..]), options);
}

fn with_options(options: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0; 20];
    bytes.extend_from_slice(options);
    bytes.resize(20 + options.len().next_multiple_of(4), 0);
    bytes[12] = (bytes.len() << 2) as u8;
    bytes
}

#[test]
fn options_that_make_no_sense_are_left_out() {
    let read = |options: &[u8]| {
        let bytes = with_options(options);
        let segment = Segment::parse(&bytes, 0, 1).unwrap();
        (segment.mss, segment.window_scale)
    };
    assert_eq!(read(&[3, 3, 15]), (None, Some(14)));
    assert_eq!(read(&[2, 4, 0, 0, 3, 3, 7]), (None, Some(7)));
    assert_eq!(read(&[2, 3, 9, 3, 3, 7]), (None, Some(7)), "a wrong length");
    assert_eq!(
        read(&[30, 6, 1, 2, 3, 4, 2, 4, 5, 180]),
        (Some(1460), None),
        "unknown"
    );
    assert_eq!(
        read(&[30, 0, 2, 4, 5, 180]),
        (None, None),
        "length zero ends them"
    );
    assert_eq!(read(&[30, 1, 2, 4, 5, 180]), (None, None));
    assert_eq!(read(&[0, 2, 4, 5, 180]), (None, None), "the end");
    assert_eq!(read(&[2, 9, 5, 180]), (None, None), "beyond the header");
}

#[test]
fn what_is_cut_short_is_no_segment() {
    let bytes = with_options(&[1, 1, 1, 1]);
    assert!(Segment::parse(&bytes, 0, 1).is_some());
    assert!(Segment::parse(&bytes[..23], 0, 1).is_none());
    let mut short = bytes;
    short[12] = 4 << 4;
    assert!(Segment::parse(&short, 0, 1).is_none());
}

prop_compose! {
    fn segments()(
        ports: (u16, u16), seq: u32, ack: Option<u32>, flags in 0_u16..0x200, window: u16,
        mss in prop::option::of(1_u16..), window_scale in prop::option::of(0_u8..15),
        sack_permitted: bool, timestamp: Option<(u32, u32)>, sack: [(u32, u32); 2], count in 0_usize..3,
    ) -> Segment<'static> {
        let flags = Flags(flags & !Flags::ACK.0 | if ack.is_some() { Flags::ACK.0 } else { 0 });
        let mut blocks = [(0, 0); 4];
        blocks[..count].copy_from_slice(&sack[..count]);
        // All together must fit the header's 40 bytes of options.
        let timestamp = timestamp.filter(|_| count < 2 || mss.is_none());
        Segment {
            source_port: ports.0, destination_port: ports.1, seq, ack, flags, window, mss,
            window_scale, sack_permitted, timestamp, sack: blocks, sack_count: count as u8,
            packets: 1, ..Segment::default()
        }
    }
}

proptest! {
    #[test]
    fn what_is_written_is_read(segment in segments(), payload in prop::collection::vec(any::<u8>(), 0..9)) {
        prop_assert!(segment.header_len() <= LONGEST_HEADER);
        let mut bytes = written(&segment);
        bytes.extend_from_slice(&payload);
        let expected = Segment { payload: &payload, ..segment };
        prop_assert_eq!(Segment::parse(&bytes, 0, 1), Some(expected));
    }

    #[test]
    fn any_bytes_can_be_read(mut bytes in prop::collection::vec(any::<u8>(), 0..80), words in 0_u8..16) {
        if let Some(offset) = bytes.get_mut(12) {
            *offset = words << 4;
        }
        let segment = Segment::parse(&bytes, 0, 1);
        let len = usize::from(words) * 4;
        prop_assert_eq!(segment.is_some(), len >= 20 && len <= bytes.len());
    }
}
