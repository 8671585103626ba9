//! Bytes straight into a connection's ring and out of it.
use super::net::{MS, Net};
use serde_json::json;
use usernet_core::stack::{Readiness, SocketError};

#[test]
fn what_is_not_taken_stays() {
    let mut net = Net::pair(&json!({"delay": {"ns": MS}}));
    let listener = net.listen("b", "10.0.0.2:80");
    let client = net.connect("a", "10.0.0.2:80");
    net.pass(3 * MS);
    let server = net.accept("b", listener).unwrap();
    let take = |net: &mut Net, most: usize| {
        net.with("b", |host, now| {
            let mut seen = Vec::new();
            let taken = host.receive_with(server, now, |one, other| {
                seen.extend_from_slice(one);
                seen.extend_from_slice(other);
                most
            });
            (taken, seen)
        })
    };
    assert_eq!(take(&mut net, 9).0, Err(SocketError::WouldBlock));
    net.with("a", |host, now| host.send(client, b"hello", now))
        .unwrap();
    net.with("a", |host, now| host.shutdown(client, now))
        .unwrap();
    net.pass(3 * MS);
    assert_eq!(take(&mut net, 0), (Ok(Some(0)), b"hello".to_vec()));
    assert_eq!(take(&mut net, 2), (Ok(Some(2)), b"hello".to_vec()));
    assert_eq!(take(&mut net, 9), (Ok(Some(3)), b"llo".to_vec()));
    assert_eq!(take(&mut net, 9).0, Ok(None));
}

#[test]
fn who_was_lent_all_room_there_was_is_woken_for_more() {
    let mut net = Net::pair(&json!({"delay": {"ns": MS}}));
    let listener = net.listen("b", "10.0.0.2:80");
    let client = net.connect("a", "10.0.0.2:80");
    net.pass(3 * MS);
    let server = net.accept("b", listener).unwrap();
    net.events("a");
    let fill = |net: &mut Net, room: usize, most: usize| {
        net.with("a", |host, now| {
            host.send_with(client, room, now, |one, other| {
                let (first, second) = (one.len().min(most), other.len());
                one[..first].fill(7);
                other.fill(7);
                (first + second).min(most)
            })
        })
    };
    assert_eq!(fill(&mut net, 1000, 400), Ok(400));
    let Ok(rest) = fill(&mut net, 1 << 20, usize::MAX) else {
        panic!("no room");
    };
    assert!(rest < 1 << 20);
    assert_eq!(fill(&mut net, 1, 1), Err(SocketError::WouldBlock));
    net.pass(10 * MS);
    assert_eq!(net.events("a"), [(client, Readiness::WRITABLE)]);
    let mut buffer = vec![0; 1 << 20];
    let mut got = 0;
    while let Ok(count) = net.with("b", |host, now| host.receive(server, &mut buffer, now)) {
        assert!(buffer[..count].iter().all(|&byte| byte == 7));
        got += count;
        net.pass(10 * MS);
    }
    assert_eq!(got, 400 + rest);
}
