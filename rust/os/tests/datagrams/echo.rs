//! ICMP echo of programs.
use super::network::{FAR, MACHINE, TO_LOOPBACK, plain, routed, to_loopback, with};
use crate::gated::Gated;
use crate::namespaces::Namespace;
use serde_json::json;
use std::process::Command;

/// Pings from inside: what it printed, and whether it was answered.
fn ping(gated: &Gated, words: &str) -> Option<(String, bool)> {
    let words: Vec<String> = words.split(' ').map(String::from).collect();
    let output = gated
        .program
        .within(move || Command::new("ping").args(words).output());
    let Ok(output) = output else {
        eprintln!("skipped: there is no ping");
        return None;
    };
    Some((
        String::from_utf8_lossy(&output.stdout).into(),
        output.status.success(),
    ))
}

fn pings_go_through(gated: &Gated) {
    for address in FAR {
        let Some((shown, answered)) = ping(gated, &format!("-c 3 -i 0.01 -W 5 -s 1000 {address}"))
        else {
            return;
        };
        assert!(answered && shown.contains("3 received"), "{shown}");
        // The machine and the router on the way.
        assert!(shown.contains("ttl=62"), "{shown}");
        let (large, answered) = ping(gated, &format!("-c 1 -W 5 -s 20000 {address}")).unwrap();
        assert!(answered, "{large}");
        let (shown, answered) = ping(gated, &format!("-c 1 -W 5 -t 2 {address}")).unwrap();
        assert!(!answered, "{shown}");
        assert!(
            shown.contains("exceeded") || shown.contains("Hop limit"),
            "{shown}"
        );
    }
}

#[test]
fn ping_goes_by_a_raw_socket() {
    let Some((gated, _router, _far)) = routed(1500) else {
        return;
    };
    pings_go_through(&gated);
    let counted = &gated.counters()["datagrams"];
    assert_eq!(
        (&counted["echo_ipv4"], &counted["echo_ipv6"]),
        (&json!("raw socket"), &json!("raw socket"))
    );
}

#[test]
fn ping_goes_by_sockets_of_users_where_they_may_have_them() {
    let allow = |machine: &Namespace| {
        machine.ip("addr add 203.0.113.9/32 dev lo");
        machine.ip("addr add 2001:db8::9/128 dev lo nodad");
        machine.within(|| {
            std::fs::write("/proc/sys/net/ipv4/ping_group_range", "0 2147483647").unwrap();
        });
    };
    let Some(gated) = Gated::with(&json!({}), allow) else {
        return;
    };
    for address in MACHINE {
        let Some((shown, answered)) = ping(&gated, &format!("-c 3 -i 0.01 -W 5 {address}")) else {
            return;
        };
        assert!(answered && shown.contains("3 received"), "{shown}");
    }
    let counted = &gated.counters()["datagrams"];
    assert_eq!(counted["echo_ipv4"], "ping sockets");
    assert_eq!(counted["echo_ipv6"], "ping sockets");
    assert_eq!((&counted["up"], &counted["down"]), (&json!(6), &json!(6)));
}

#[test]
fn ping_is_prohibited_where_the_system_gives_no_socket_for_it() {
    let Some(gated) = Gated::with(&to_loopback(), |machine: &Namespace| {
        machine.ip("addr add 203.0.113.9/32 dev lo");
        machine.within(give_up_raw_sockets);
    }) else {
        return;
    };
    for (address, expected) in [
        (MACHINE[0], false),
        (TO_LOOPBACK[0], true),
        ("192.0.0.1", true),
    ] {
        let Some((shown, answered)) = ping(&gated, &format!("-c 1 -W 5 {address}")) else {
            return;
        };
        assert_eq!(answered, expected, "{shown}");
        assert!(answered || shown.contains("Packet filtered"), "{shown}");
    }
    let counted = &gated.counters()["datagrams"];
    assert_eq!(
        (&counted["echo_ipv4"], &counted["echo_ipv6"]),
        (&json!("forbidden"), &json!("forbidden"))
    );
}

/// Leaves this thread, and those that it starts, without CAP_NET_RAW (capset(2)).
fn give_up_raw_sockets() {
    const VERSION: u32 = 0x2008_0522;
    const NET_RAW: u32 = 13;
    let header = [VERSION, 0];
    let mut sets = [0_u32; 6];
    // SAFETY: header and sets have the size that this version says, and live through the calls.
    unsafe {
        let (header, sets) = (header.as_ptr(), sets.as_mut_ptr());
        assert_eq!(libc::syscall(libc::SYS_capget, header, sets), 0);
        *sets &= !(1 << NET_RAW);
        *sets.add(1) &= !(1 << NET_RAW);
        assert_eq!(libc::syscall(libc::SYS_capset, header, sets), 0);
    }
}

#[test]
fn the_gateway_answers_for_itself_and_for_the_machine() {
    let Some(gated) = with(&to_loopback()) else {
        return;
    };
    for address in TO_LOOPBACK
        .into_iter()
        .chain(["192.0.0.1", "fd75:7365:726e:6574::1"])
    {
        let Some((shown, answered)) = ping(&gated, &format!("-c 1 -W 5 {address}")) else {
            return;
        };
        assert!(answered, "{shown}");
    }
    let counted = &gated.counters()["datagrams"];
    assert_eq!(
        (&counted["answered"], &counted["up"]),
        (&json!(2), &json!(0))
    );
}

#[test]
fn what_cannot_be_reached_is_told_at_once() {
    let Some(gated) = plain() else {
        return;
    };
    for (address, told) in [
        ("198.51.100.7", "Destination Net Unreachable"),
        ("192.0.0.3", "Packet filtered"),
        ("2001:db8:77::1", "No route"),
    ] {
        let Some((shown, answered)) = ping(&gated, &format!("-c 1 -W 5 {address}")) else {
            return;
        };
        assert!(!answered && shown.contains(told), "{address}: {shown}");
    }
}
