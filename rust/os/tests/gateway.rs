//! Programs in a network namespace whose only way out is a gateway to the sockets of another one, which
//! stands for the machine.
#![allow(clippy::unwrap_used)]
mod gated;
mod namespaces;

use gated::{Gated, PATIENCE};
use namespaces::Namespace;
use serde_json::{Value, json};
use std::io::{ErrorKind, Read, Write};
use std::net::{IpAddr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::os::fd::AsRawFd;
use std::time::{Duration, Instant};
use usernet_core::action::parse;
use usernet_core::wire::checksum::{add, checksum, pseudo_header, sum};
use usernet_os::Run;

/// Addresses of the machine that are not its loopback.
const FAR: [&str; 2] = ["203.0.113.9", "[2001:db8::9]"];

/// Tests of connections.
trait Connecting: Sized {
    fn new() -> Option<Self>;
    fn set(settings: &Value) -> Option<Self>;
    fn listen(&self, address: &str) -> TcpListener;
    fn dial(&self, to: SocketAddr) -> std::io::Result<TcpStream>;
    fn pair(&self, address: &str) -> (TcpStream, TcpStream);
    fn ends(&self) -> Vec<String>;
    fn inject(&self, packet: &[u8]);
    fn await_count(&self, name: &str, wanted: u64);
}

impl Connecting for Gated {
    fn new() -> Option<Self> {
        Self::set(&json!({}))
    }

    fn set(settings: &Value) -> Option<Self> {
        Self::with(settings, |machine| {
            machine.ip("addr add 203.0.113.9/32 dev lo");
            machine.ip("addr add 2001:db8::9/128 dev lo nodad");
        })
    }

    fn listen(&self, address: &str) -> TcpListener {
        let at: SocketAddr = format!("{address}:0").parse().unwrap();
        self.machine.within(move || TcpListener::bind(at).unwrap())
    }

    fn dial(&self, to: SocketAddr) -> std::io::Result<TcpStream> {
        self.program.within(move || {
            let stream = TcpStream::connect_timeout(&to, PATIENCE)?;
            stream.set_read_timeout(Some(PATIENCE))?;
            stream.set_write_timeout(Some(PATIENCE))?;
            Ok(stream)
        })
    }

    /// A connection, and its other end.
    fn pair(&self, address: &str) -> (TcpStream, TcpStream) {
        let listener = self.listen(address);
        let inside = self.dial(listener.local_addr().unwrap()).unwrap();
        let (outside, _) = listener.accept().unwrap();
        outside.set_read_timeout(Some(PATIENCE)).unwrap();
        outside.set_write_timeout(Some(PATIENCE)).unwrap();
        (inside, outside)
    }

    /// How connections ended, in the order in which they began.
    fn ends(&self) -> Vec<String> {
        let all = self.connections().as_array().unwrap().clone();
        let ends = all.iter().map(|one| one["end"].as_str().unwrap().into());
        ends.collect()
    }

    /// Has a packet go out of the program's network as it is.
    fn inject(&self, packet: &[u8]) {
        let packet = packet.to_vec();
        self.program.within(move || {
            // SAFETY: the calls read an address and a packet that live through them.
            unsafe {
                let fd = libc::socket(libc::AF_PACKET, libc::SOCK_DGRAM, 0);
                let mut to: libc::sockaddr_ll = std::mem::zeroed();
                to.sll_family = libc::AF_PACKET as u16;
                let v4 = packet[0] >> 4 == 4;
                to.sll_protocol = (if v4 { 0x0800_u16 } else { 0x86dd }).to_be();
                to.sll_ifindex = libc::if_nametoindex(c"u0".as_ptr()) as i32;
                let len = size_of_val(&to) as libc::socklen_t;
                let (at, to) = (packet.as_ptr().cast(), (&raw const to).cast());
                let sent = libc::sendto(fd, at, packet.len(), 0, to, len);
                assert_eq!(sent, packet.len() as isize);
                libc::close(fd);
            }
        });
    }

    fn await_count(&self, name: &str, wanted: u64) {
        self.expect("connections", name, wanted);
    }
}

/// Byte number `place` of every stream here: no piece of it is like another.
fn byte(place: usize) -> u8 {
    (place as u64)
        .wrapping_mul(0x9e37_79b9_7f4a_7c15)
        .to_be_bytes()[0]
}

fn send_stream(stream: &mut TcpStream, len: usize) {
    for start in (0..len).step_by(1 << 16) {
        let end = len.min(start + (1 << 16));
        let chunk: Vec<u8> = (start..end).map(byte).collect();
        stream.write_all(&chunk).unwrap();
    }
    stream.shutdown(Shutdown::Write).unwrap();
}

/// Reads; a signal, of which the system may have its own, is no answer.
fn hear(stream: &mut TcpStream, into: &mut [u8]) -> std::io::Result<usize> {
    loop {
        match stream.read(into) {
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            read => return read,
        }
    }
}

fn receive_stream(stream: &mut TcpStream) -> usize {
    let mut buffer = vec![0; 1 << 16];
    let mut place = 0;
    loop {
        let count = hear(stream, &mut buffer).unwrap();
        if count == 0 {
            return place;
        }
        let right = (place..place + count)
            .map(byte)
            .eq(buffer[..count].iter().copied());
        assert!(right, "wrong bytes from {place} on");
        place += count;
    }
}

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
fn who_has_finished_can_still_be_told_much() {
    let Some(gated) = Gated::new() else {
        return;
    };
    for address in FAR {
        let (mut inside, mut outside) = gated.pair(address);
        inside.shutdown(Shutdown::Write).unwrap();
        assert_eq!(hear(&mut outside, &mut [0; 9]).unwrap(), 0);
        std::thread::scope(|scope| {
            scope.spawn(|| send_stream(&mut outside, 3_000_000));
            assert_eq!(receive_stream(&mut inside), 3_000_000);
        });
        let (mut inside, mut outside) = gated.pair(address);
        outside.shutdown(Shutdown::Write).unwrap();
        assert_eq!(hear(&mut inside, &mut [0; 9]).unwrap(), 0);
        std::thread::scope(|scope| {
            scope.spawn(|| send_stream(&mut inside, 3_000_000));
            assert_eq!(receive_stream(&mut outside), 3_000_000);
        });
    }
    gated.await_count("open", 0);
    assert_eq!(gated.ends(), ["closed"; 4]);
}

/// Closes with a reset.
fn reset(stream: TcpStream) {
    let at_once = libc::linger {
        l_onoff: 1,
        l_linger: 0,
    };
    let len = size_of_val(&at_once) as libc::socklen_t;
    let value = (&raw const at_once).cast();
    // SAFETY: the option's value lives through the call.
    let set = unsafe {
        let (level, option) = (libc::SOL_SOCKET, libc::SO_LINGER);
        libc::setsockopt(stream.as_raw_fd(), level, option, value, len)
    };
    assert_eq!(set, 0);
}

#[test]
fn a_reset_is_passed_on_both_ways() {
    let Some(gated) = Gated::new() else {
        return;
    };
    for address in FAR {
        let (mut inside, outside) = gated.pair(address);
        reset(outside);
        let told = hear(&mut inside, &mut [0; 9]).unwrap_err();
        assert_eq!(told.kind(), ErrorKind::ConnectionReset);
        let (inside, mut outside) = gated.pair(address);
        reset(inside);
        let told = hear(&mut outside, &mut [0; 9]).unwrap_err();
        assert_eq!(told.kind(), ErrorKind::ConnectionReset);
        // After both have said something, and one has finished.
        let (mut inside, mut outside) = gated.pair(address);
        inside.write_all(b"x").unwrap();
        outside.read_exact(&mut [0]).unwrap();
        outside.shutdown(Shutdown::Write).unwrap();
        assert_eq!(hear(&mut inside, &mut [0; 9]).unwrap(), 0);
        reset(outside);
        gated.await_count("open", 0);
        let told = inside.write_all(b"x").unwrap_err();
        let kinds = [ErrorKind::ConnectionReset, ErrorKind::BrokenPipe];
        assert!(kinds.contains(&told.kind()), "{told}");
    }
    assert_eq!(gated.ends(), ["reset"; 6]);
}

#[test]
fn what_the_machine_is_told_programs_are_told() {
    let Some(gated) = Gated::new() else {
        return;
    };
    gated.machine.ip("route add unreachable 198.51.100.0/24");
    gated.machine.ip("route add prohibit 192.0.2.0/24");
    for (to, kind) in [
        ("203.0.113.9:9", ErrorKind::ConnectionRefused),
        ("[2001:db8::9]:9", ErrorKind::ConnectionRefused),
        ("198.51.100.9:9", ErrorKind::HostUnreachable),
        ("192.0.2.9:9", ErrorKind::HostUnreachable),
        ("198.18.0.9:9", ErrorKind::NetworkUnreachable),
        ("[2001:db8:1::9]:9", ErrorKind::NetworkUnreachable),
        // What is nowhere but in the program's own network.
        ("192.0.0.3:9", ErrorKind::ConnectionRefused),
        ("192.0.0.1:9", ErrorKind::ConnectionRefused),
    ] {
        let began = Instant::now();
        let told = gated.dial(to.parse().unwrap()).unwrap_err();
        assert_eq!(told.kind(), kind, "{to}: {told}");
        // Not by a second SYN, a second later.
        assert!(began.elapsed() < Duration::from_secs(1), "{to}");
    }
    let counts = gated.counters()["connections"].clone();
    assert_eq!(
        (&counts["refused"], &counts["unreachable"]),
        (&4.into(), &4.into())
    );
    assert_eq!(counts["open"], 0);
}

#[test]
fn redirects_lead_to_the_machines_loopback_and_nothing_else_does() {
    let listening = json!({"redirects": [
        {"from": "192.0.0.3", "to": "127.0.0.1"},
        {"from": "[fd75:7365:726e:6574::3]:80", "to": "127.0.0.1:8000"},
    ]});
    let Some(gated) = Gated::set(&listening) else {
        return;
    };
    let listener = gated
        .machine
        .within(|| TcpListener::bind("127.0.0.1:8000").unwrap());
    for to in ["192.0.0.3:8000", "[fd75:7365:726e:6574::3]:80"] {
        let mut inside = gated.dial(to.parse().unwrap()).unwrap();
        let (mut outside, _) = listener.accept().unwrap();
        outside.write_all(b"x").unwrap();
        inside.read_exact(&mut [0]).unwrap();
    }
    let told = gated.dial("[fd75:7365:726e:6574::3]:8000".parse().unwrap());
    assert_eq!(told.unwrap_err().kind(), ErrorKind::ConnectionRefused);
    // Packets that no program's system would send.
    gated.inject(&syn("192.0.0.2", "127.0.0.1", 8000));
    gated.inject(&syn("fd75:7365:726e:6574::2", "::1", 8000));
    gated.inject(&syn("fd75:7365:726e:6574::2", "::ffff:127.0.0.1", 8000));
    gated.await_count("refused", 2);
    let counts = gated.counters();
    assert!(counts["host"]["dropped"]["bad_address"].as_u64() >= Some(2));
    assert_eq!(counts["connections"]["opened"], 2);
    listener.set_nonblocking(true).unwrap();
    assert_eq!(listener.accept().unwrap_err().kind(), ErrorKind::WouldBlock);
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

#[test]
fn published_ports_lead_to_programs() {
    let Some(gated) = Gated::set(&json!({
        "redirects": [{"from": "192.0.0.3", "to": "127.0.0.1"}],
        "publish": [
            {"protocol": "tcp", "listen": "127.0.0.1:8080", "to": "192.0.0.2:80"},
            {"protocol": "tcp", "listen": "203.0.113.9:8081", "to": "192.0.0.2:80"},
        ],
    })) else {
        return;
    };
    let call = |to: &'static str| {
        let stream = gated
            .machine
            .within(move || TcpStream::connect(to).unwrap());
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream
    };
    // Nobody listens inside yet.
    let told = hear(&mut call("127.0.0.1:8080"), &mut [0]).unwrap_err();
    assert_eq!(told.kind(), ErrorKind::ConnectionReset);
    let listener = gated
        .program
        .within(|| TcpListener::bind("0.0.0.0:80").unwrap());
    for (at, face) in [
        ("127.0.0.1:8080", "192.0.0.3"),
        ("203.0.113.9:8081", "203.0.113.9"),
    ] {
        let mut outside = call(at);
        let (mut inside, peer) = listener.accept().unwrap();
        let own = outside.local_addr().unwrap();
        assert_eq!(peer.to_string(), format!("{face}:{}", own.port()));
        inside.set_read_timeout(Some(PATIENCE)).unwrap();
        std::thread::scope(|scope| {
            scope.spawn(|| send_stream(&mut outside, 3_000_000));
            assert_eq!(receive_stream(&mut inside), 3_000_000);
        });
        drop(inside);
        assert_eq!(hear(&mut outside, &mut [0; 9]).unwrap(), 0);
    }
}

#[test]
fn who_has_not_finished_when_the_gateway_stops_was_cut_off() {
    let Some(gated) = Gated::new() else {
        return;
    };
    let (mut unfinished, mut cut) = gated.pair(FAR[0]);
    unfinished.write_all(b"half").unwrap();
    cut.read_exact(&mut [0; 4]).unwrap();
    let (mut finished, mut whole) = gated.pair(FAR[0]);
    finished.write_all(b"all").unwrap();
    finished.shutdown(Shutdown::Write).unwrap();
    whole.read_exact(&mut [0; 3]).unwrap();
    assert_eq!(hear(&mut whole, &mut [0; 9]).unwrap(), 0);
    gated.run.stop();
    let told = hear(&mut cut, &mut [0; 9]).unwrap_err();
    assert_eq!(told.kind(), ErrorKind::ConnectionReset);
    whole.write_all(b"x").unwrap();
}

#[test]
fn a_port_that_is_taken_is_named() {
    let Some(machine) = Namespace::new() else {
        return;
    };
    let told = machine.within(|| {
        let _taken = TcpListener::bind("127.0.0.1:8080").unwrap();
        let run = Run::real(1, false).unwrap();
        let start = json!([{"do": "start", "name": "g", "app": {
            "app": "gateway", "addresses": ["192.0.0.1/29"],
            "publish": [{"protocol": "tcp", "listen": "127.0.0.1:8080", "to": "192.0.0.2:80"}],
        }}]);
        run.apply(&parse(&start.to_string()).unwrap()).unwrap_err()
    });
    assert!(told.message.contains("127.0.0.1:8080"), "{}", told.message);
}

/// A SYN with its checksum.
fn syn(from: &str, to: &str, port: u16) -> Vec<u8> {
    let mut tcp = vec![0x12, 0x34];
    tcp.extend(port.to_be_bytes());
    tcp.extend([0, 0, 0, 1, 0, 0, 0, 0, 0x50, 2, 0xff, 0xff, 0, 0, 0, 0]);
    let (from, to): (IpAddr, IpAddr) = (from.parse().unwrap(), to.parse().unwrap());
    let octets = |address: IpAddr| match address {
        IpAddr::V4(address) => address.octets().to_vec(),
        IpAddr::V6(address) => address.octets().to_vec(),
    };
    let addresses = [octets(from), octets(to)].concat();
    let pseudo = pseudo_header(&addresses, 6, 20);
    let sum = !add(pseudo, sum(&tcp));
    tcp[16..18].copy_from_slice(&sum.to_be_bytes());
    let mut packet = if from.is_ipv4() {
        vec![0x45, 0, 0, 40, 0, 0, 0x40, 0, 64, 6, 0, 0]
    } else {
        vec![0x60, 0, 0, 0, 0, 20, 6, 64]
    };
    packet.extend(addresses);
    if from.is_ipv4() {
        let sum = checksum(&packet);
        packet[10..12].copy_from_slice(&sum.to_be_bytes());
    }
    [packet, tcp].concat()
}
