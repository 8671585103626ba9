//! Sockets of hosts in real time: their events wake whoever polls, and none is lost.
use super::*;
use crate::poll;
use std::net::SocketAddr;
use usernet_core::stack::{Host, SocketError, SocketOptions};

const PRODUCERS: u64 = 3;
const DATAGRAMS: u64 = 500;

/// Two hosts on one wire.
fn hosts() -> (Drive, HostKey, HostKey) {
    let drive = Drive::start(1, Waking::default()).unwrap();
    let host = |name: &str, address: &str| {
        format!(
            r#"{{"do":"start","name":"{name}","app":{{"app":"host",
                "interfaces":{{"eth0":{{"addresses":["{address}/24"]}}}}}}}}"#
        )
    };
    let actions = parse(&format!(
        r#"[{},{},{{"do":"link","link":"a.eth0 -> b.eth0"}},{{"do":"link","link":"b.eth0 -> a.eth0"}}]"#,
        host("a", "10.0.0.1"),
        host("b", "10.0.0.2")
    ))
    .unwrap();
    let apply = |engine: &mut Engine, apps: &mut Apps| {
        engine.apply(&actions, apps).unwrap();
        (engine.host_key("a").unwrap(), engine.host_key("b").unwrap())
    };
    let (a, b) = drive.turn().with(apply).unwrap();
    (drive, a, b)
}

fn on<R>(
    drive: &Drive,
    host: HostKey,
    work: impl FnOnce(&mut Host, Nanos) -> Result<R, SocketError>,
) -> Result<R, SocketError> {
    let work = |engine: &mut Engine, _: &mut Apps| engine.with_host(host, work);
    drive.turn().with(work).unwrap().unwrap()
}

fn bind(drive: &Drive, host: HostKey, address: &str) -> SocketId {
    let local = address.parse().unwrap();
    on(drive, host, |host, now| {
        host.bind(local, None, SocketOptions::default(), now)
    })
    .unwrap()
}

fn send(drive: &Drive, host: HostKey, from: SocketId, to: SocketAddr) {
    on(drive, host, |host, now| host.send_to(from, b"x", to, now)).unwrap();
}

fn is_readable(drive: &Drive, timeout: Nanos) -> bool {
    let mut polled = [libc::pollfd {
        fd: drive.fd(),
        events: libc::POLLIN,
        revents: 0,
    }];
    poll::wait(&mut polled, Some(timeout)) == 1
}

fn events(drive: &Drive) -> Vec<(HostKey, SocketId, Readiness)> {
    drive.clear();
    let mut taken = Vec::new();
    let tell = |host, socket, readiness| taken.push((host, socket, readiness));
    drive.turn().take_events(tell).unwrap();
    taken
}

#[test]
fn the_descriptor_is_readable_from_the_event_until_it_is_taken() {
    let (drive, a, b) = hosts();
    let from = bind(&drive, a, "10.0.0.1:0");
    let to = bind(&drive, b, "10.0.0.2:53");
    assert!(!is_readable(&drive, 0));
    for _ in 0..3 {
        send(&drive, a, from, "10.0.0.2:53".parse().unwrap());
        assert!(is_readable(&drive, 0));
    }
    assert_eq!(events(&drive), [(b, to, Readiness::READABLE)]);
    assert!(!is_readable(&drive, 0));
    assert_eq!(events(&drive), []);
}

#[test]
fn no_event_is_lost_between_threads() {
    let (drive, a, b) = hosts();
    let to = bind(&drive, b, "10.0.0.2:53");
    std::thread::scope(|scope| {
        for _ in 0..PRODUCERS {
            scope.spawn(|| {
                let from = bind(&drive, a, "10.0.0.1:0");
                for _ in 0..DATAGRAMS {
                    send(&drive, a, from, "10.0.0.2:53".parse().unwrap());
                }
            });
        }
        let mut received = receive_all(&drive, b, to);
        while received < PRODUCERS * DATAGRAMS {
            assert!(is_readable(&drive, PATIENCE.as_nanos() as Nanos));
            if events(&drive).contains(&(b, to, Readiness::READABLE)) {
                received += receive_all(&drive, b, to);
            }
        }
    });
}

/// Receives until nothing is there: only then the next event comes.
fn receive_all(drive: &Drive, host: HostKey, socket: SocketId) -> u64 {
    let receive = || {
        on(drive, host, |host, _| {
            host.receive_from(socket, &mut [0; 8])
        })
    };
    std::iter::from_fn(|| receive().ok()).count() as u64
}

#[test]
fn what_is_abandoned_while_somebody_has_the_engine_is_closed_after_that() {
    let (drive, a, _) = hosts();
    let socket = bind(&drive, a, "10.0.0.1:53");
    let turn = drive.turn();
    drive.abandon(a, socket);
    turn.with(|_, _| ()).unwrap();
    let gone = || on(&drive, a, |host, _| Ok(host.local(socket).is_none()));
    while gone() != Ok(true) {}
}
