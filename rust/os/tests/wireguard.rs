//! A WireGuard device beside wireguard-go, which is the real thing: in two namespaces, by real sockets.
#![allow(clippy::unwrap_used)]

#[path = "wireguard/ends.rs"]
mod ends;
mod namespaces;

use ends::{Ours, Theirs, between, echo_request};
use std::time::Duration;

#[test]
fn we_begin_and_they_answer() {
    let Some((here, there)) = between() else {
        return;
    };
    let theirs = Theirs::begin(&there, "");
    let mut ours = Ours::begin(&here, Some(theirs.outside(4)), [0; 32]);
    for payload in [0, 1, 56, 1392] {
        assert_eq!(ours.ask(payload).len(), 28 + payload, "{payload} bytes");
    }
    assert!(ours.device.peers().next().unwrap().2.handshake.is_some());
}

#[test]
fn they_begin_and_we_answer() {
    let Some((here, there)) = between() else {
        return;
    };
    let mut ours = Ours::begin(&here, None, [0; 32]);
    let theirs = Theirs::begin(&there, &ours.endpoint());
    let mut ping = theirs.ping(&["-c", "3", "-i", "0.2", "-s", "1392", "-M", "do", "10.0.0.1"]);
    ours.answer_until(|| ping.try_wait().unwrap().is_some());
    assert!(ping.wait().unwrap().success());
}

#[test]
fn by_ipv6_and_with_a_shared_key() {
    let Some((here, there)) = between() else {
        return;
    };
    let shared = format!("preshared_key={}\n", "07".repeat(32));
    let theirs = Theirs::begin(&there, &shared);
    let mut ours = Ours::begin(&here, Some(theirs.outside(6)), [7; 32]);
    assert_eq!(ours.ask(100).len(), 128);
}

#[test]
fn another_shared_key_is_no_session() {
    let Some((here, there)) = between() else {
        return;
    };
    let shared = format!("preshared_key={}\n", "07".repeat(32));
    let theirs = Theirs::begin(&there, &shared);
    let mut ours = Ours::begin(&here, Some(theirs.outside(4)), [8; 32]);
    ours.send(&echo_request(1, 10));
    ours.run(Duration::from_secs(1));
    assert!(ours.came.is_empty());
    assert_eq!(ours.device.drops().handshake, 1);
}

#[test]
fn they_follow_us_to_another_port_and_we_follow_them() {
    let Some((here, there)) = between() else {
        return;
    };
    let theirs = Theirs::begin(&there, "");
    let mut ours = Ours::begin(&here, Some(theirs.outside(4)), [0; 32]);
    ours.ask(10);
    ours.move_to_another_port(&here);
    ours.ask(11);
    theirs.listen_at(51999);
    let mut ping = theirs.ping(&["-c", "1", "-W", "5", "10.0.0.1"]);
    ours.answer_until(|| ping.try_wait().unwrap().is_some());
    assert!(ping.wait().unwrap().success());
    let (_, endpoint, _) = ours.device.peers().next().unwrap();
    assert_eq!(endpoint.unwrap().port(), 51999);
}

#[test]
#[ignore = "lasts four minutes: new keys come after two, each time"]
fn keys_change_while_both_talk() {
    let Some((here, there)) = between() else {
        return;
    };
    let theirs = Theirs::begin(&there, "");
    let mut ours = Ours::begin(&here, Some(theirs.outside(4)), [0; 32]);
    ours.ask(10);
    let mut ping = theirs.ping(&["-c", "500", "-i", "0.5", "-W", "2", "-q", "10.0.0.1"]);
    ours.answer_until(|| ping.try_wait().unwrap().is_some());
    let said = ping.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&said.stdout).into_owned();
    assert!(said.contains("500 received"), "{said}");
    assert!(ours.handshakes >= 2, "{}", ours.handshakes);
}
