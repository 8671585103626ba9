//! Whole connections: bytes go in at one end and come out at the other, and both ends end.
use super::line::Quality;
use super::pair::{CLIENT, Pair, SERVER};
use crate::stack::event::Readiness;
use crate::stack::options::SocketOptions;
use crate::time::{MILLISECOND, SECOND};

pub(crate) fn bytes(len: usize) -> Vec<u8> {
    (0..len as u32)
        .map(|at| (at.wrapping_mul(2_654_435_761) >> 24) as u8)
        .collect()
}

#[test]
fn a_request_and_its_answer() {
    let mut pair = Pair::new(Quality::default(), &SocketOptions::default(), 1);
    pair.ends[CLIENT].outbox = b"request".to_vec();
    pair.ends[CLIENT].shutdown = true;
    pair.ends[CLIENT].close = true;
    pair.ends[SERVER].outbox = b"answer".to_vec();
    pair.ends[SERVER].shutdown = true;
    pair.ends[SERVER].close = true;
    pair.run(SECOND);
    assert_eq!(pair.ends[SERVER].inbox, b"request");
    assert_eq!(pair.ends[CLIENT].inbox, b"answer");
    assert!(
        pair.ends[CLIENT]
            .events
            .has(Readiness::CONNECTED.with(Readiness::FINISHED))
    );
    assert!(pair.ends[CLIENT].events.has(Readiness::FLUSHED));
    pair.run(1000 * SECOND);
    for end in [CLIENT, SERVER] {
        let connection = pair.connection(end);
        assert_eq!(connection.deadline(), None);
        assert!(connection.is_over());
        assert_eq!(connection.take_error(), None);
    }
}

#[test]
fn a_megabyte_each_way() {
    let quality = Quality {
        rate: 100_000_000,
        ..Quality::default()
    };
    let mut pair = Pair::new(quality, &SocketOptions::default(), 1);
    for end in &mut pair.ends {
        end.outbox = bytes(1 << 20);
        end.shutdown = true;
        end.close = true;
    }
    pair.run(100 * SECOND);
    assert!(pair.ends[SERVER].inbox == bytes(1 << 20));
    assert!(pair.ends[CLIENT].inbox == bytes(1 << 20));
    assert!(pair.connection(CLIENT).is_over() && pair.connection(SERVER).is_over());
}

#[test]
fn super_packets_are_one_segment_each() {
    let quality = Quality {
        whole: true,
        delay: MILLISECOND,
        ..Quality::default()
    };
    let mut pair = Pair::new(quality, &SocketOptions::default(), 1);
    pair.ends[CLIENT].outbox = bytes(4 << 20);
    pair.run_while(10 * SECOND, |pair| pair.ends[SERVER].inbox.len() < 4 << 20);
    assert!(pair.ends[SERVER].inbox == bytes(4 << 20));
    let largest = pair.log.iter().map(|it| it.2.packets).max();
    assert_eq!(largest, Some(45), "64 KiB in whole segments of 1448 bytes");
}
