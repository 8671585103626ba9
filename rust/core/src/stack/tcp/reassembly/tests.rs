use super::*;
use proptest::prelude::*;

fn blocks(reassembly: &mut Reassembly) -> Vec<Range<u64>> {
    let mut blocks = [const { 0..0 }; 4];
    let count = reassembly.sack(&mut blocks);
    blocks[..count].to_vec()
}

fn read(reassembly: &mut Reassembly) -> Vec<u8> {
    let mut bytes = vec![0; reassembly.readable() as usize];
    assert_eq!(reassembly.read(&mut bytes), bytes.len());
    bytes
}

#[test]
fn a_hole_is_filled() {
    let mut stream = Reassembly::default();
    assert_eq!(stream.insert(1, b"ab", false), Arrival::InOrder);
    assert_eq!(stream.insert(5, b"ef", false), Arrival::OutOfOrder);
    assert_eq!((stream.next(), stream.has_holes()), (3, true));
    assert_eq!(blocks(&mut stream), [Range { start: 5, end: 7 }]);
    assert_eq!(stream.insert(3, b"cdef", false), Arrival::FilledHole);
    assert_eq!((stream.next(), stream.has_holes()), (7, false));
    assert_eq!(read(&mut stream), b"abcdef");
}

/// RFC 2883 §4.1: a duplicate below the next byte; §4.2: one within what waits.
#[test]
fn duplicates_are_reported_once() {
    let mut stream = Reassembly::default();
    stream.insert(1, &[0; 500], false);
    assert_eq!(stream.insert(1, &[0; 500], false), Arrival::Duplicate);
    assert_eq!(blocks(&mut stream), [Range { start: 1, end: 501 }]);
    assert!(!stream.has_sack());

    stream.insert(1001, &[0; 500], false);
    stream.insert(2001, &[0; 500], false);
    assert_eq!(stream.insert(1201, &[0; 100], false), Arrival::Duplicate);
    assert_eq!(blocks(&mut stream), [1201..1301, 1001..1501, 2001..2501]);
    assert_eq!(blocks(&mut stream), [2001..2501, 1001..1501]);
}

#[test]
fn fin_counts_as_a_byte_and_ends_the_stream() {
    let mut stream = Reassembly::default();
    assert_eq!(stream.insert(3, b"c", true), Arrival::OutOfOrder);
    assert_eq!(blocks(&mut stream), [Range { start: 3, end: 5 }]);
    assert!(!stream.is_finished());
    assert_eq!(stream.insert(1, b"ab", false), Arrival::FilledHole);
    assert_eq!((stream.next(), stream.is_finished()), (5, true));
    assert_eq!(read(&mut stream), b"abc");
    assert_eq!(stream.insert(4, b"more", true), Arrival::Duplicate);
    assert_eq!((stream.next(), stream.readable()), (5, 0));
}

#[test]
fn an_end_before_what_came_is_no_end() {
    let mut stream = Reassembly::default();
    stream.insert(5, b"ef", false);
    stream.insert(1, b"a", true);
    assert!(!stream.is_finished());
    assert_eq!(stream.next(), 2);
}

proptest! {
    #[test]
    fn any_order_gives_the_stream(
        len in 1_usize..400,
        pieces in prop::collection::vec((0_usize..400, 1_usize..60), 0..80),
        reads in prop::collection::vec(0_usize..100, 80),
    ) {
        let bytes: Vec<u8> = (0..len).map(|at| at as u8).collect();
        let (mut stream, mut got) = (Reassembly::default(), Vec::new());
        let whole = (0..len).step_by(40).map(|start| (start, 40));
        for ((start, size), read) in pieces.into_iter().chain(whole).zip(reads.into_iter().chain(std::iter::repeat(9))) {
            let (start, end) = (start.min(len), (start + size).min(len));
            stream.insert(start as u64 + 1, &bytes[start..end], end == len);
            let mut into = vec![0; read];
            let count = stream.read(&mut into);
            got.extend_from_slice(&into[..count]);
        }
        prop_assert!(stream.is_finished());
        got.extend(read(&mut stream));
        prop_assert_eq!(got, bytes);
        prop_assert_eq!(stream.next(), len as u64 + 2);
    }
}
