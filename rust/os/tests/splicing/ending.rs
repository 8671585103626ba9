//! How splices end: closed, reset, failed, and stopped.
use crate::pair::{PATIENCE, Pair, System, end, receive, reset, send, until};
use std::convert::Infallible;
use std::io::{ErrorKind, Read};
use std::net::TcpStream;
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;
use usernet_core::stack::Readiness;
use usernet_os::splicing::{self, Outcome};

#[test]
fn a_reset_is_passed_on() {
    let pair = Pair::new();
    let ((ours, mut theirs), outcomes) = pair.joined::<TcpStream>();
    reset(ours);
    let told = theirs.read(&mut [0]).unwrap_err();
    assert_eq!(told.kind(), ErrorKind::ConnectionReset);
    assert_eq!(outcomes.each_ref().map(|one| end(one)), ["reset"; 2]);
}

#[test]
fn a_reset_is_passed_on_although_somebody_else_has_the_socket() {
    let pair = Pair::new();
    let (client, _server) = pair.connect();
    let (mut ours, inner) = <TcpStream as System>::pair();
    pair.splice(pair.client, client, &inner).unwrap();
    let turn = pair.run.turn();
    turn.with(|engine, _| splicing::reset(engine, pair.client, client))
        .unwrap();
    let told = ours.read(&mut [0]).unwrap_err();
    assert_eq!(told.kind(), ErrorKind::ConnectionReset);
    drop(inner);
}

#[test]
fn one_that_is_over_at_once_keeps_nobody_busy() {
    let pair = Pair::new();
    let (client, _server) = pair.connect();
    let (_ours, inner) = <UnixStream as System>::pair();
    let (host, fd) = (pair.client, inner.as_raw_fd());
    let turn = pair.run.turn();
    turn.with(|engine, _| {
        splicing::splice(engine, host, client, fd).unwrap();
        splicing::reset(engine, host, client);
    })
    .unwrap();
    let deadline = || {
        let turn = pair.run.turn();
        turn.with(|engine, _| engine.next_deadline()).unwrap()
    };
    until(|| deadline() != Some(0));
}

#[test]
fn who_closes_has_said_all_it_wrote() {
    let pair = Pair::new();
    let ((mut ours, mut theirs), outcomes) = pair.joined::<UnixStream>();
    send(&mut ours, 0..200_000);
    drop(ours);
    assert_eq!(receive(&mut theirs), 200_000);
    assert_eq!(end(&outcomes[0]), "closed");
    theirs.finish();
    assert_ne!(end(&outcomes[1]), "open");
}

/// What becomes of the connection.
fn told(outcome: &Outcome) -> Option<i32> {
    let Ok(connected) = outcome.wait(PATIENCE, || Ok::<_, Infallible>(()));
    connected
}

#[test]
fn a_connection_may_be_on_its_way() {
    let pair = Pair::new();
    let (mut ours, inner) = <UnixStream as System>::pair();
    let client = pair.dial("10.0.0.2:80");
    send(&mut ours, 0..3);
    let outcome = pair.splice(pair.client, client, &inner).unwrap();
    assert_eq!(told(&outcome), Some(0));
    until(|| outcome.report().0 == 3);
}

#[test]
fn one_that_does_not_come_about_says_why() {
    let pair = Pair::new();
    let (mut ours, inner) = <UnixStream as System>::pair();
    let client = pair.dial("10.0.0.2:81");
    match pair.splice(pair.client, client, &inner) {
        Ok(outcome) => {
            assert_eq!(told(&outcome), Some(libc::ECONNREFUSED));
            assert_eq!(end(&outcome), "refused");
            assert_eq!(ours.read(&mut [0]).unwrap(), 0);
        }
        // It was refused before it could be spliced.
        Err(refused) => assert!(format!("{refused:?}").contains("ConnectionRefused")),
    }
}

#[test]
fn the_end_is_told_once_to_whoever_has_an_outcome() {
    let pair = Pair::new();
    let (client, server) = pair.connect();
    let (ours, inner) = <UnixStream as System>::pair();
    let (theirs, outer) = <UnixStream as System>::pair();
    let outcome = pair.splice(pair.client, client, &inner).unwrap();
    pair.splice(pair.server, server, &outer).unwrap();
    let over = || {
        let mut told = Vec::new();
        let tell = |host, id, news: Readiness| told.push((host, id, news));
        pair.run.turn().take_events(tell).unwrap();
        told.retain(|(_, _, news)| news.has(Readiness::OVER));
        told
    };
    assert_eq!(over(), []);
    ours.finish();
    theirs.finish();
    assert_eq!(end(&outcome), "closed");
    let mut told = Vec::new();
    until(|| {
        told.extend(over());
        !told.is_empty()
    });
    assert_eq!(told, [(pair.client, client, Readiness::OVER)]);
    assert_eq!(over(), []);
}

#[test]
fn an_engine_that_stops_leaves_nothing_open() {
    let pair = Pair::new();
    let ((mut ours, mut theirs), outcomes) = pair.joined::<TcpStream>();
    send(&mut ours, 0..10);
    theirs.read_exact(&mut [0; 10]).unwrap();
    pair.run.stop();
    for side in [&mut ours, &mut theirs] {
        let told = side.read(&mut [0]).unwrap_err();
        assert_eq!(told.kind(), ErrorKind::ConnectionReset);
    }
    assert_eq!(outcomes.map(|one| one.report().2), ["reset"; 2]);
}

#[test]
fn who_waits_for_a_connection_hears_of_the_engines_end() {
    let pair = Pair::new();
    let (_ours, inner) = <UnixStream as System>::pair();
    // Nobody has that address.
    let client = pair.dial("10.0.0.9:80");
    let outcome = pair.splice(pair.client, client, &inner).unwrap();
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| told(&outcome));
        pair.run.stop();
        assert_eq!(waiting.join().unwrap(), Some(libc::ECONNABORTED));
    });
}

#[test]
fn who_waits_for_a_connection_may_have_enough() {
    let pair = Pair::new();
    let (_ours, inner) = <UnixStream as System>::pair();
    let client = pair.dial("10.0.0.9:80");
    let outcome = pair.splice(pair.client, client, &inner).unwrap();
    assert_eq!(outcome.wait(PATIENCE, || Err("enough")), Err("enough"));
    let waited = outcome.wait(std::time::Duration::ZERO, || Err("not asked"));
    assert_eq!(waited, Ok(None));
}
