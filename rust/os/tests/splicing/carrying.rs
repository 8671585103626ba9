//! Bytes on their way: whole, in order, and held back where nobody reads.
use crate::pair::{Pair, System, end, receive, send, until};
use std::io::{ErrorKind, Write};
use std::net::TcpStream;
use std::os::unix::net::UnixStream;
use std::time::Duration;

fn streams_arrive<S: System>() {
    let pair = Pair::new();
    for len in [0, 1, 30_001, 20_000_000] {
        let ((mut ours, mut theirs), outcomes) = pair.joined::<S>();
        let (mut down, mut up) = (ours.other(), theirs.other());
        std::thread::scope(|scope| {
            scope.spawn(|| {
                send(&mut ours, 0..len);
                ours.finish();
            });
            scope.spawn(|| {
                send(&mut theirs, 0..len);
                theirs.finish();
            });
            let up = scope.spawn(|| receive(&mut up));
            assert_eq!(receive(&mut down), len);
            assert_eq!(up.join().unwrap(), len);
        });
        for outcome in outcomes {
            assert_eq!(end(&outcome), "closed");
            assert_eq!(outcome.report(), (len as u64, len as u64, "closed"));
        }
    }
}

#[test]
fn streams_arrive_bit_for_bit_both_ways() {
    streams_arrive::<TcpStream>();
    streams_arrive::<UnixStream>();
}

#[test]
fn one_side_may_finish_long_before_the_other() {
    let pair = Pair::new();
    let ((mut ours, mut theirs), outcomes) = pair.joined::<TcpStream>();
    send(&mut ours, 0..10);
    ours.finish();
    assert_eq!(receive(&mut theirs), 10);
    send(&mut theirs, 0..100_000);
    assert_eq!(outcomes[0].report().2, "open");
    theirs.finish();
    assert_eq!(receive(&mut ours), 100_000);
    assert_eq!(end(&outcomes[0]), "closed");
    assert_eq!(end(&outcomes[1]), "closed");
}

#[test]
fn what_waits_on_either_side_comes_first() {
    let pair = Pair::new();
    let (client, server) = pair.connect();
    let said = |host: &mut usernet_core::stack::Host, now| host.send(server, b"\x00\x01", now);
    assert_eq!(pair.on(pair.server, said), Ok(2));
    until(|| pair.on(pair.client, |host, _| host.readable(client)) == 2);
    let (mut ours, inner) = <TcpStream as System>::pair();
    let (mut theirs, outer) = <UnixStream as System>::pair();
    send(&mut ours, 0..5);
    ours.finish();
    pair.splice(pair.client, client, &inner).unwrap();
    pair.splice(pair.server, server, &outer).unwrap();
    assert_eq!(receive(&mut theirs), 5);
    send(&mut theirs, 2..9);
    theirs.finish();
    assert_eq!(receive(&mut ours), 9);
}

#[test]
fn who_does_not_read_is_not_read_for() {
    let pair = Pair::new();
    let ((mut ours, mut theirs), _) = pair.joined::<TcpStream>();
    ours.set_write_timeout(Some(Duration::from_millis(300)))
        .unwrap();
    let mut sent = 0;
    loop {
        let chunk: Vec<u8> = (sent..sent + (1 << 16)).map(crate::pair::byte).collect();
        match ours.write(&chunk) {
            Ok(count) => sent += count,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => break assert_eq!(error.kind(), ErrorKind::WouldBlock),
        }
        assert!(sent < 256 << 20, "it goes on for ever");
    }
    let memory = pair.memory();
    assert!(memory < 32 << 20, "{sent} sent, {memory} in use");
    ours.finish();
    assert_eq!(receive(&mut theirs), sent);
}

#[test]
fn many_at_once_keep_apart() {
    let pair = Pair::new();
    let mut all: Vec<_> = (0..200).map(|_| pair.joined::<UnixStream>()).collect();
    for (number, ((ours, _), _)) in all.iter_mut().enumerate() {
        send(ours, 0..number);
        ours.finish();
    }
    for (number, ((_, theirs), _)) in all.iter_mut().enumerate() {
        assert_eq!(receive(theirs), number);
        theirs.finish();
    }
    for (_, outcomes) in &all {
        assert_eq!(outcomes.each_ref().map(|one| end(one)), ["closed"; 2]);
    }
}
