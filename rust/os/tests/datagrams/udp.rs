//! UDP of programs, and its answers.
use super::network::{
    FAR, MACHINE, Patient, TO_LOOPBACK, bind, bytes, echo, get, plain, program_socket, routed, set,
    to_loopback, with,
};
use serde_json::json;
use std::net::{SocketAddr, UdpSocket};
use std::os::fd::AsRawFd;

#[test]
fn datagrams_of_every_size_arrive_and_come_back() {
    let Some(gated) = plain() else {
        return;
    };
    let sizes = [0, 1, 1000, 1452, 1472, 1473, 9000, 65_000, 65_507];
    for address in MACHINE {
        let server = bind(&gated.machine, address, 0);
        let to = server.local_addr().unwrap();
        let program = program_socket(&gated, address);
        std::thread::scope(|scope| {
            scope.spawn(|| echo(&server, sizes.len()));
            let mut buffer = vec![0; 1 << 16];
            for sent in sizes.map(bytes) {
                program.send_to(&sent, to).unwrap();
                let (len, from) = program.take_from(&mut buffer).unwrap();
                assert!(
                    buffer[..len] == sent[..],
                    "{} bytes, of {}",
                    len,
                    sent.len()
                );
                assert_eq!(from, to);
            }
        });
    }
    let counted = &gated.counters()["datagrams"];
    let total: usize = sizes.iter().sum();
    assert_eq!(counted["up"], 2 * sizes.len());
    assert_eq!(counted["down"], 2 * sizes.len());
    assert_eq!(
        (&counted["up_bytes"], &counted["down_bytes"]),
        (&json!(2 * total), &json!(2 * total))
    );
    assert_eq!(counted["flows"], 2);
}

#[test]
fn bursts_of_small_datagrams_keep_their_order() {
    let Some(gated) = plain() else {
        return;
    };
    let server = bind(&gated.machine, MACHINE[0], 0);
    let to = server.local_addr().unwrap();
    let program = program_socket(&gated, MACHINE[0]);
    let count = 2000_u32;
    for number in 0..count {
        // Some are shorter, so that they cannot all go as one.
        let len = if number % 7 == 0 { 20 } else { 64 };
        let mut datagram = vec![1; len];
        datagram[..4].copy_from_slice(&number.to_be_bytes());
        program.send_to(&datagram, to).unwrap();
        if number % 200 == 199 {
            gated.expect("datagrams", "up", u64::from(number) + 1);
        }
    }
    let mut buffer = [0; 100];
    for number in 0..count {
        let (len, _) = server.take_from(&mut buffer).unwrap();
        assert_eq!(len, if number % 7 == 0 { 20 } else { 64 });
        assert_eq!(buffer[..4], number.to_be_bytes());
    }
}

#[test]
fn super_packets_arrive_apart_both_ways() {
    let Some(gated) = plain() else {
        return;
    };
    for address in MACHINE {
        let server = bind(&gated.machine, address, 0);
        let program = program_socket(&gated, address);
        let mut buffer = vec![0; 1 << 16];
        program
            .send_to(b"hello", server.local_addr().unwrap())
            .unwrap();
        let (_, back) = server.take_from(&mut buffer).unwrap();
        for (from, to, at) in [
            (&program, &server, server.local_addr().unwrap()),
            (&server, &program, back),
        ] {
            for size in [1000, 1400] {
                let sent = bytes(20_500);
                assert!(set(from, libc::SOL_UDP, libc::UDP_SEGMENT, size));
                from.send_to(&sent, at).unwrap();
                for piece in sent.chunks(size as usize) {
                    let len = to.take(&mut buffer).unwrap();
                    assert!(buffer[..len] == *piece);
                }
            }
            assert!(set(from, libc::SOL_UDP, libc::UDP_SEGMENT, 0));
        }
    }
}

#[test]
fn a_port_stays_the_same_to_all_and_anybody_may_answer() {
    let Some((gated, router, far)) = routed(1500) else {
        return;
    };
    let one = bind(&far, FAR[0], 4001);
    let other = bind(&router, "192.0.2.2", 4002);
    let program = program_socket(&gated, FAR[0]);
    let own = program.local_addr().unwrap().port();
    let mut buffer = [0; 100];
    program.send_to(b"one", one.local_addr().unwrap()).unwrap();
    program
        .send_to(b"other", other.local_addr().unwrap())
        .unwrap();
    let (_, seen_by_one) = one.take_from(&mut buffer).unwrap();
    let (_, seen_by_other) = other.take_from(&mut buffer).unwrap();
    assert_eq!(seen_by_one, SocketAddr::from(([192, 0, 2, 1], own)));
    assert_eq!(seen_by_other, seen_by_one);
    let stranger = bind(&far, FAR[0], 4003);
    stranger.send_to(b"stranger", seen_by_one).unwrap();
    let (len, from) = program.take_from(&mut buffer).unwrap();
    assert_eq!(
        (&buffer[..len], from),
        (&b"stranger"[..], stranger.local_addr().unwrap())
    );
    assert_eq!(gated.counters()["datagrams"]["flows"], 1);
}

#[test]
fn a_port_that_is_taken_on_the_machine_is_another_there() {
    let Some(gated) = plain() else {
        return;
    };
    let server = bind(&gated.machine, MACHINE[0], 0);
    let program = program_socket(&gated, MACHINE[0]);
    let own = program.local_addr().unwrap().port();
    let _taken = bind(&gated.machine, "0.0.0.0", own);
    program
        .send_to(b"hello", server.local_addr().unwrap())
        .unwrap();
    let mut buffer = [0; 10];
    let (len, from) = server.take_from(&mut buffer).unwrap();
    assert_ne!(from.port(), own);
    server.send_to(&buffer[..len], from).unwrap();
    assert_eq!(program.take(&mut buffer).unwrap(), 5);
}

#[test]
fn the_machines_loopback_is_reached_by_its_own_address_only() {
    let Some(gated) = with(&to_loopback()) else {
        return;
    };
    for (address, loopback) in TO_LOOPBACK.into_iter().zip(["127.0.0.1", "::1"]) {
        let server = bind(&gated.machine, loopback, 0);
        let to = SocketAddr::new(
            address.parse().unwrap(),
            server.local_addr().unwrap().port(),
        );
        let program = program_socket(&gated, address);
        program.send_to(b"hello", to).unwrap();
        echo(&server, 1);
        let mut buffer = [0; 10];
        assert_eq!(program.take_from(&mut buffer).unwrap(), (5, to));
    }
    let server = bind(&gated.machine, "127.0.0.1", 0);
    let port = server.local_addr().unwrap().port();
    gated
        .program
        .within(move || send_raw("u0", &to_loopback_packet(port)));
    let program = program_socket(&gated, TO_LOOPBACK[0]);
    program.send_to(b"good", (TO_LOOPBACK[0], port)).unwrap();
    let mut buffer = [0; 10];
    let len = server.take(&mut buffer).unwrap();
    assert_eq!(&buffer[..len], b"good");
}

/// A datagram that says it goes to 127.0.0.1, which no socket would send on a link.
fn to_loopback_packet(port: u16) -> Vec<u8> {
    let mut packet = vec![0x45, 0, 0, 32, 0, 0, 0x40, 0, 64, 17, 0, 0];
    packet.extend([192, 0, 0, 2, 127, 0, 0, 1]);
    let sum: u32 = packet
        .chunks(2)
        .map(|pair| u32::from(pair[0]) << 8 | u32::from(pair[1]))
        .sum();
    let checksum = !((sum & 0xffff) + (sum >> 16)) as u16;
    packet[10..12].copy_from_slice(&checksum.to_be_bytes());
    packet.extend([15, 160]);
    packet.extend(port.to_be_bytes());
    packet.extend([0, 12, 0, 0, b'e', b'v', b'i', b'l']);
    packet
}

/// Puts an IP packet onto a link as it is.
fn send_raw(interface: &str, packet: &[u8]) {
    let name = std::ffi::CString::new(interface).unwrap();
    // SAFETY: the calls are given a string, an address and bytes that live through them.
    unsafe {
        let protocol = (libc::ETH_P_IP as u16).to_be();
        let socket = libc::socket(libc::AF_PACKET, libc::SOCK_DGRAM, 0);
        assert!(socket >= 0);
        let mut to: libc::sockaddr_ll = std::mem::zeroed();
        to.sll_family = libc::AF_PACKET as u16;
        to.sll_protocol = protocol;
        to.sll_ifindex = libc::if_nametoindex(name.as_ptr()) as i32;
        let (bytes, len) = (packet.as_ptr().cast(), packet.len());
        let (to, size) = ((&raw const to).cast(), size_of_val(&to) as u32);
        assert_eq!(libc::sendto(socket, bytes, len, 0, to, size), len as isize);
        libc::close(socket);
    }
}

#[test]
fn what_became_of_flows_is_written_down() {
    let Some(gated) = plain() else {
        return;
    };
    let server = bind(&gated.machine, MACHINE[0], 0);
    let (heard, refused) = (
        program_socket(&gated, MACHINE[0]),
        program_socket(&gated, MACHINE[0]),
    );
    heard
        .send_to(b"hello", server.local_addr().unwrap())
        .unwrap();
    echo(&server, 1);
    heard.take(&mut [0; 10]).unwrap();
    refused.connect((MACHINE[0], 9)).unwrap();
    refused.send(b"hey").unwrap();
    refused.take(&mut [0; 10]).unwrap_err();
    let program = |socket: &UdpSocket| format!("192.0.0.2:{}", socket.local_addr().unwrap().port());
    let expected = [
        (
            program(&heard),
            server.local_addr().unwrap().to_string(),
            5,
            "open",
        ),
        (program(&refused), format!("{}:9", MACHINE[0]), 0, "refused"),
    ];
    let connections = gated.connections();
    let told = connections.as_array().unwrap();
    assert_eq!(told.len(), 2);
    for (one, (program, remote, down, end)) in told.iter().zip(expected) {
        assert_eq!(
            (&one["protocol"], &one["program"]),
            (&json!("udp"), &json!(program))
        );
        assert_eq!(
            (&one["remote"], &one["down"], &one["end"]),
            (&json!(remote), &json!(down), &json!(end))
        );
    }
}

#[test]
fn a_published_port_leads_to_a_program() {
    let publish = [
        json!({"protocol": "udp", "listen": "127.0.0.1:4500", "to": "192.0.0.2:4501"}),
        json!({"protocol": "udp", "listen": "203.0.113.9:4500", "to": "192.0.0.2:4502"}),
    ];
    let Some(gated) = with(&json!({"publish": publish})) else {
        return;
    };
    let program = [4501, 4502].map(|port| bind(&gated.program, "192.0.0.2", port));
    for (server, address) in program.iter().zip(["127.0.0.1", "203.0.113.9"]) {
        let caller = bind(&gated.machine, address, 0);
        caller.send_to(b"hello", (address, 4500)).unwrap();
        echo(server, 1);
        let mut buffer = [0; 10];
        let (len, from) = caller.take_from(&mut buffer).unwrap();
        assert_eq!(
            (&buffer[..len], from),
            (&b"hello"[..], format!("{address}:4500").parse().unwrap())
        );
    }
}

#[test]
fn the_type_of_service_and_the_hop_limit_go_through() {
    let Some((gated, _router, far)) = routed(1500) else {
        return;
    };
    let server = bind(&far, FAR[0], 0);
    let program = program_socket(&gated, FAR[0]);
    assert!(set(&program, libc::IPPROTO_IP, libc::IP_TOS, 0xb9));
    assert!(set(&program, libc::IPPROTO_IP, libc::IP_TTL, 40));
    assert!(set(&server, libc::IPPROTO_IP, libc::IP_RECVTOS, 1));
    assert!(set(&server, libc::IPPROTO_IP, libc::IP_RECVTTL, 1));
    program
        .send_to(b"hello", server.local_addr().unwrap())
        .unwrap();
    assert_eq!(received_marks(&server), (0xb9, 38));
    assert_eq!(get(&program, libc::IPPROTO_IP, libc::IP_TTL), 40);
}

/// Receives a datagram: its type of service and its hop limit.
fn received_marks(socket: &UdpSocket) -> (u8, i32) {
    let (mut bytes, mut said) = ([0_u8; 100], [0_u64; 16]);
    let mut piece = libc::iovec {
        iov_base: bytes.as_mut_ptr().cast(),
        iov_len: bytes.len(),
    };
    let (mut class, mut hops) = (0, 0);
    // SAFETY: the message points to room that lives through the calls, and what it says is read as cmsg(3) has
    // it.
    unsafe {
        let mut message: libc::msghdr = std::mem::zeroed();
        message.msg_iov = &raw mut piece;
        message.msg_iovlen = 1;
        message.msg_control = said.as_mut_ptr().cast();
        message.msg_controllen = size_of_val(&said) as _;
        assert!(libc::recvmsg(socket.as_raw_fd(), &raw mut message, 0) >= 0);
        let mut next = libc::CMSG_FIRSTHDR(&raw const message);
        while !next.is_null() {
            match (*next).cmsg_type {
                libc::IP_TOS => class = *libc::CMSG_DATA(next),
                libc::IP_TTL => hops = libc::CMSG_DATA(next).cast::<i32>().read_unaligned(),
                _ => {}
            }
            next = libc::CMSG_NXTHDR(&raw const message, next);
        }
    }
    (class, hops)
}
