//! Bytes on their way: whole, in order, held back where nobody reads, and many at once.
use super::connecting::{Connecting, FAR, byte, receive_stream, send_stream};
use crate::gated::{Gated, PATIENCE};
use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::{Duration, Instant};

#[test]
fn streams_arrive_bit_for_bit_both_ways() {
    let Some(gated) = Gated::new() else {
        return;
    };
    for address in FAR {
        for len in [0, 1, 30_001, 50_000_000] {
            let (mut inside, mut outside) = gated.pair(address);
            let mut back = (inside.try_clone().unwrap(), outside.try_clone().unwrap());
            std::thread::scope(|scope| {
                scope.spawn(|| send_stream(&mut inside, len));
                scope.spawn(|| send_stream(&mut outside, len));
                let up = scope.spawn(|| receive_stream(&mut back.1));
                assert_eq!(receive_stream(&mut back.0), len);
                assert_eq!(up.join().unwrap(), len);
            });
        }
    }
    gated.await_count("open", 0);
    let counts = gated.counters()["connections"].clone();
    let all = 2 * (30_002 + 50_000_000);
    assert_eq!((&counts["up"], &counts["down"]), (&all.into(), &all.into()));
    assert_eq!(
        (&counts["opened"], &counts["reset"]),
        (&8.into(), &0.into())
    );
}

#[test]
fn who_does_not_read_is_not_read_for() {
    let Some(gated) = Gated::new() else {
        return;
    };
    let (mut inside, mut outside) = gated.pair(FAR[0]);
    let sent = fill(&mut outside);
    let used = gated.counters()["host"]["memory_used"].as_u64().unwrap();
    assert!(sent < 64 << 20 && used < 16 << 20, "{sent} {used}");
    outside.shutdown(Shutdown::Write).unwrap();
    assert_eq!(receive_stream(&mut inside), sent);
    let sent = fill(&mut inside);
    let used = gated.counters()["host"]["memory_used"].as_u64().unwrap();
    assert!(sent < 64 << 20 && used < 16 << 20, "{sent} {used}");
    inside.shutdown(Shutdown::Write).unwrap();
    assert_eq!(receive_stream(&mut outside), sent);
    gated.await_count("open", 0);
}

/// Writes until nobody has taken any more for a while; how much.
fn fill(stream: &mut TcpStream) -> usize {
    stream
        .set_write_timeout(Some(Duration::from_millis(300)))
        .unwrap();
    let mut sent = 0;
    loop {
        let chunk: Vec<u8> = (sent..sent + (1 << 16)).map(byte).collect();
        match stream.write(&chunk) {
            Ok(count) => sent += count,
            Err(error) if error.kind() == ErrorKind::WouldBlock => break,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => panic!("{error}"),
        }
        assert!(sent < 256 << 20, "it goes on for ever");
    }
    stream.set_write_timeout(Some(PATIENCE)).unwrap();
    sent
}

#[test]
fn what_a_program_has_said_at_its_end_is_known_to_wait() {
    let Some(gated) = Gated::new() else {
        return;
    };
    let (mut inside, mut outside) = gated.pair(FAR[0]);
    let passed = |sent: usize| gated.counters()["connections"]["up"] == sent;
    let mut sent = 0;
    // Until the machine's side takes no more.
    while passed(sent) {
        let chunk: Vec<u8> = (sent..sent + (1 << 16)).map(byte).collect();
        inside.write_all(&chunk).unwrap();
        sent += chunk.len();
        let until = Instant::now() + Duration::from_millis(200);
        while !passed(sent) && Instant::now() < until {}
    }
    gated.await_count("draining", 0);
    inside.shutdown(Shutdown::Write).unwrap();
    gated.await_count("draining", 1);
    assert_eq!(receive_stream(&mut outside), sent);
    gated.await_count("draining", 0);
}

#[test]
fn a_thousand_connections_stand_at_once_and_leave_nothing() {
    raise_limit();
    let Some(gated) = Gated::new() else {
        return;
    };
    let listener = gated.listen(FAR[0]);
    let to = listener.local_addr().unwrap();
    let mut pairs = Vec::new();
    for _ in 0..1000 {
        let inside = gated.dial(to).unwrap();
        pairs.push((inside, listener.accept().unwrap().0));
    }
    gated.await_count("open", 1000);
    for (number, (inside, outside)) in pairs.iter_mut().enumerate() {
        let said = number.to_be_bytes();
        inside.write_all(&said).unwrap();
        let mut heard = [0; 8];
        outside.read_exact(&mut heard).unwrap();
        assert_eq!(heard, said);
    }
    drop(pairs);
    gated.await_count("open", 0);
    let counts = gated.counters()["connections"].clone();
    assert_eq!(
        (&counts["opened"], &counts["up"]),
        (&1000.into(), &8000.into())
    );
}

/// Lets this process open as many descriptors as it may: three for each connection.
fn raise_limit() {
    let mut limit = libc::rlimit {
        rlim_cur: 0,
        rlim_max: 0,
    };
    // SAFETY: `limit` lives through the calls.
    unsafe {
        libc::getrlimit(libc::RLIMIT_NOFILE, &raw mut limit);
        limit.rlim_cur = limit.rlim_max;
        libc::setrlimit(libc::RLIMIT_NOFILE, &raw const limit);
    }
}
