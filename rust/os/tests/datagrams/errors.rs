//! What becomes of datagrams, as programs hear it.
use super::network::{FAR, Patient, ROUTER, bind, get, plain, program_socket, routed, set, with};
use crate::gated::Gated;
use crate::namespaces::Namespace;
use serde_json::json;
use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::os::fd::AsRawFd;

/// A connected socket of a program, which hears also what may pass (`IP_RECVERR`).
fn connected(gated: &Gated, to: SocketAddr) -> UdpSocket {
    let socket = program_socket(gated, &to.ip().to_string());
    socket.connect(to).unwrap();
    let (level, option) = if to.is_ipv4() {
        (libc::IPPROTO_IP, libc::IP_RECVERR)
    } else {
        (libc::IPPROTO_IPV6, libc::IPV6_RECVERR)
    };
    assert!(set(&socket, level, option, 1));
    socket
}

/// What a program hears of a datagram that it sends.
fn heard(socket: &UdpSocket) -> Option<i32> {
    socket.send(b"hello").unwrap();
    let error = socket.take(&mut [0; 100]).unwrap_err();
    error.raw_os_error()
}

#[test]
fn a_port_where_nobody_listens_refuses() {
    let Some((gated, _router, _far)) = routed(1500) else {
        return;
    };
    for address in FAR {
        let program = connected(&gated, SocketAddr::new(address.parse().unwrap(), 9));
        // Each is told, also where the one before has been.
        for _ in 0..3 {
            assert_eq!(heard(&program), Some(libc::ECONNREFUSED));
        }
    }
    let counted = gated.counters()["datagrams"].clone();
    assert_eq!((&counted["errors"], &counted["up"]), (&json!(6), &json!(6)));
}

#[test]
fn the_gateways_own_ports_refuse() {
    let Some(gated) = plain() else {
        return;
    };
    for address in ["192.0.0.1", "fd75:7365:726e:6574::1"] {
        let program = connected(&gated, SocketAddr::new(address.parse().unwrap(), 9));
        assert_eq!(heard(&program), Some(libc::ECONNREFUSED));
    }
}

#[test]
fn what_is_shut_is_prohibited() {
    let shut = [json!({"from": "192.0.0.3", "to": null})];
    let Some(gated) = with(&json!({"redirects": shut})) else {
        return;
    };
    let program = connected(&gated, "192.0.0.3:9".parse().unwrap());
    assert_eq!(heard(&program), Some(libc::EHOSTUNREACH));
    let program = connected(&gated, "[fd75:7365:726e:6574::3]:9".parse().unwrap());
    assert_eq!(heard(&program), Some(libc::EACCES));
    assert_eq!(gated.counters()["datagrams"]["refused"], 2);
}

#[test]
fn a_machine_without_a_way_says_so_at_once() {
    let Some(gated) = Gated::with(&json!({}), |machine: &Namespace| {
        machine.within(|| {
            std::fs::write("/proc/sys/net/ipv6/conf/all/disable_ipv6", "1").unwrap();
        });
    }) else {
        return;
    };
    for address in FAR {
        let program = connected(&gated, SocketAddr::new(address.parse().unwrap(), 9));
        assert_eq!(heard(&program), Some(libc::ENETUNREACH));
    }
}

#[test]
fn a_host_that_is_not_there_is_told_of() {
    let Some((gated, _router, _far)) = routed(1500) else {
        return;
    };
    // The router asks for its neighbour, and gives up.
    let program = connected(&gated, "198.51.100.77:9".parse().unwrap());
    assert_eq!(heard(&program), Some(libc::EHOSTUNREACH));
}

#[test]
fn each_hop_says_where_a_datagram_ended() {
    let Some((gated, _router, far)) = routed(1500) else {
        return;
    };
    let server = bind(&far, FAR[0], 0);
    let program = connected(&gated, server.local_addr().unwrap());
    for (hops, router) in [(1, "192.0.0.1"), (2, ROUTER[0])] {
        assert!(set(&program, libc::IPPROTO_IP, libc::IP_TTL, hops));
        assert_eq!(heard(&program), Some(libc::EHOSTUNREACH));
        assert_eq!(offender(&program), router);
    }
    assert!(set(&program, libc::IPPROTO_IP, libc::IP_TTL, 3));
    program.send(b"hello").unwrap();
    assert_eq!(server.take(&mut [0; 10]).unwrap(), 5);
}

/// Who has sent the ICMP error that stands first in a socket's queue.
fn offender(socket: &UdpSocket) -> String {
    let mut said = [0_u64; 32];
    // SAFETY: the message points to room that lives through the calls; what it says is read as ip(7) has it.
    unsafe {
        let mut message: libc::msghdr = std::mem::zeroed();
        message.msg_control = said.as_mut_ptr().cast();
        message.msg_controllen = size_of_val(&said) as _;
        assert!(libc::recvmsg(socket.as_raw_fd(), &raw mut message, libc::MSG_ERRQUEUE) >= 0);
        let first = libc::CMSG_FIRSTHDR(&raw const message);
        let error = libc::CMSG_DATA(first).cast::<libc::sock_extended_err>();
        let address = libc::SO_EE_OFFENDER(error).cast::<libc::sockaddr_in>();
        let address = address.read_unaligned().sin_addr.s_addr;
        std::net::Ipv4Addr::from(u32::from_be(address)).to_string()
    }
}

#[test]
fn the_mtu_of_the_path_is_learned() {
    let Some((gated, _router, far)) = routed(1300) else {
        return;
    };
    for (address, level, discover, always, mtu) in [
        (
            FAR[0],
            libc::IPPROTO_IP,
            libc::IP_MTU_DISCOVER,
            libc::IP_PMTUDISC_DO,
            libc::IP_MTU,
        ),
        (
            FAR[1],
            libc::IPPROTO_IPV6,
            libc::IPV6_MTU_DISCOVER,
            libc::IPV6_PMTUDISC_DO,
            libc::IPV6_MTU,
        ),
    ] {
        let server = bind(&far, address, 0);
        let program = connected(&gated, server.local_addr().unwrap());
        assert!(set(&program, level, discover, always));
        assert_eq!(get(&program, level, mtu), 1500);
        program.send(&[7; 1400]).unwrap();
        let error = program.take(&mut [0; 10]).unwrap_err();
        assert_eq!(error.raw_os_error(), Some(libc::EMSGSIZE));
        assert_eq!(get(&program, level, mtu), 1300);
        // The machine knows it by now, and another program is told at once.
        let other = connected(&gated, server.local_addr().unwrap());
        assert_eq!(too_long(&other), Some(libc::EMSGSIZE));
        program.send(&[7; 1200]).unwrap();
        let mut buffer = [0; 2000];
        assert_eq!(server.take(&mut buffer).unwrap(), 1200);
        // A datagram that may be cut goes through.
        assert!(set(&program, level, discover, libc::IP_PMTUDISC_WANT));
        program.send(&[7; 1400]).unwrap();
        assert_eq!(server.take(&mut buffer).unwrap(), 1400);
    }
}

/// What sending more than the path takes ends with.
fn too_long(socket: &UdpSocket) -> Option<i32> {
    let level = if socket.local_addr().unwrap().is_ipv4() {
        (libc::IPPROTO_IP, libc::IP_MTU_DISCOVER)
    } else {
        (libc::IPPROTO_IPV6, libc::IPV6_MTU_DISCOVER)
    };
    assert!(set(socket, level.0, level.1, libc::IP_PMTUDISC_DO));
    socket
        .send(&[7; 1400])
        .err()
        .and_then(|error: io::Error| error.raw_os_error())
}

#[test]
fn a_super_packet_above_the_paths_mtu_is_told_of() {
    let Some((gated, _router, far)) = routed(1300) else {
        return;
    };
    let server = bind(&far, FAR[0], 0);
    let program = connected(&gated, server.local_addr().unwrap());
    let (level, discover) = (libc::IPPROTO_IP, libc::IP_MTU_DISCOVER);
    assert!(set(&program, level, discover, libc::IP_PMTUDISC_DO));
    assert!(set(&program, libc::SOL_UDP, libc::UDP_SEGMENT, 1400));
    program.send(&[7; 7000]).unwrap();
    let refused = program.take(&mut [0; 10]).unwrap_err();
    assert_eq!(refused.raw_os_error(), Some(libc::EMSGSIZE));
    // Another is refused by the machine, which knows it by now.
    let other = bind(&gated.program, "0.0.0.0", 0);
    assert!(set(&other, level, discover, libc::IP_PMTUDISC_PROBE));
    assert!(set(&other, libc::SOL_UDP, libc::UDP_SEGMENT, 1400));
    other.connect(server.local_addr().unwrap()).unwrap();
    other.send(&[7; 7000]).unwrap();
    let refused = other.take(&mut [0; 10]).unwrap_err();
    assert_eq!(refused.raw_os_error(), Some(libc::EMSGSIZE));
}
