//! The DNS of programs: asked of the machine's resolver, but for what the gateway knows itself.
use super::network::{Patient, bind, program_socket, with};
use crate::gated::{Gated, PATIENCE};
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::{IpAddr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::process::Command;
use usernet_core::wire::dns::{self, A, AAAA, INTERNET, PTR, Record};

/// Where the machine's resolver is.
const RESOLVER: &str = "127.0.0.53:53";
/// What it says that every name has.
const ADDRESS: [u8; 4] = [203, 0, 113, 9];

/// A gateway that leads to a resolver at the machine's loopback.
fn gated() -> Option<Gated> {
    with(&json!({
        "redirects": [
            {"from": "192.0.0.1:53", "to": RESOLVER},
            {"from": "[fd75:7365:726e:6574::1]:53", "to": RESOLVER},
            {"from": "192.0.0.3", "to": "127.0.0.1"},
        ],
        "names": {"host.usernet": ["192.0.0.3", "fd75:7365:726e:6574::3"]},
    }))
}

fn answer(query: &[u8]) -> Vec<u8> {
    let question = dns::query(query).unwrap();
    let record = [Record::Address(IpAddr::from(ADDRESS))];
    let records = if question.kind == A { &record[..] } else { &[] };
    dns::answer(query, &question, records, 60)
}

fn serve_udp(socket: UdpSocket, count: usize) {
    let mut buffer = [0; 1500];
    for _ in 0..count {
        let (len, from) = socket.take_from(&mut buffer).unwrap();
        socket.send_to(&answer(&buffer[..len]), from).unwrap();
    }
}

fn serve_tcp(listener: &TcpListener) {
    let (mut stream, _) = listener.accept().unwrap();
    let query = read_framed(&mut stream);
    write_framed(&mut stream, &answer(&query));
}

fn read_framed(stream: &mut TcpStream) -> Vec<u8> {
    let mut len = [0; 2];
    stream.read_exact(&mut len).unwrap();
    let mut message = vec![0; u16::from_be_bytes(len).into()];
    stream.read_exact(&mut message).unwrap();
    message
}

fn write_framed(stream: &mut TcpStream, message: &[u8]) {
    let mut framed = (message.len() as u16).to_be_bytes().to_vec();
    framed.extend(message);
    stream.write_all(&framed).unwrap();
}

fn query(name: &str, kind: u16) -> Vec<u8> {
    let mut message = vec![0, 7, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
    for label in name.split('.') {
        message.push(label.len() as u8);
        message.extend(label.bytes());
    }
    message.push(0);
    message.extend(kind.to_be_bytes());
    message.extend(INTERNET.to_be_bytes());
    message
}

fn found(answer: &[u8]) -> Vec<String> {
    let mut found = Vec::new();
    dns::answers(answer, |_, address| found.push(address.to_string()));
    found
}

/// Asks a server from inside.
fn ask(gated: &Gated, server: &str, query: &[u8]) -> Vec<u8> {
    let server: SocketAddr = server.parse().unwrap();
    let program = program_socket(gated, &server.ip().to_string());
    program.send_to(query, server).unwrap();
    let mut buffer = [0; 1500];
    let (len, from) = program.take_from(&mut buffer).unwrap();
    assert_eq!(from, server);
    buffer[..len].to_vec()
}

const SERVERS: [&str; 2] = ["192.0.0.1:53", "[fd75:7365:726e:6574::1]:53"];

#[test]
fn questions_go_to_the_machines_resolver_by_udp() {
    let Some(gated) = gated() else {
        return;
    };
    let resolver = bind(&gated.machine, "127.0.0.53", 53);
    let server = std::thread::spawn(move || serve_udp(resolver, SERVERS.len()));
    for at in SERVERS {
        assert_eq!(
            found(&ask(&gated, at, &query("www.example.org", A))),
            ["203.0.113.9"]
        );
    }
    server.join().unwrap();
}

#[test]
fn questions_go_to_the_machines_resolver_by_tcp() {
    let Some(gated) = gated() else {
        return;
    };
    let listener = gated
        .machine
        .within(|| TcpListener::bind(RESOLVER).unwrap());
    let server = std::thread::spawn(move || serve_tcp(&listener));
    let answered = gated.program.within(|| {
        let mut stream = TcpStream::connect("192.0.0.1:53").unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        write_framed(&mut stream, &query("www.example.org", A));
        read_framed(&mut stream)
    });
    assert_eq!(found(&answered), ["203.0.113.9"]);
    server.join().unwrap();
}

#[test]
fn names_of_the_gateways_own_need_no_resolver() {
    let Some(gated) = gated() else {
        return;
    };
    for at in SERVERS {
        assert_eq!(
            found(&ask(&gated, at, &query("Host.usernet", A))),
            ["192.0.0.3"]
        );
        assert_eq!(
            found(&ask(&gated, at, &query("host.usernet", AAAA))),
            ["fd75:7365:726e:6574::3"]
        );
        let text = ask(&gated, at, &query("host.usernet", 16));
        assert_eq!((found(&text).len(), text[3] & 0xf), (0, 0));
        let back = ask(&gated, at, &query("3.0.0.192.in-addr.arpa", PTR));
        assert!(back.ends_with(b"\x04host\x07usernet\0"));
    }
    let counted = &gated.counters()["datagrams"];
    assert_eq!(
        (&counted["answered"], &counted["up"]),
        (&json!(8), &json!(0))
    );
}

#[test]
fn a_connection_has_the_name_that_its_address_was_looked_up_by() {
    let Some(gated) = gated() else {
        return;
    };
    let resolver = bind(&gated.machine, "127.0.0.53", 53);
    let server = std::thread::spawn(move || serve_udp(resolver, 1));
    ask(&gated, SERVERS[0], &query("www.Example.org", A));
    server.join().unwrap();
    let listener = gated
        .machine
        .within(|| TcpListener::bind((IpAddr::from(ADDRESS), 0)).unwrap());
    let to = listener.local_addr().unwrap();
    let stream = gated
        .program
        .within(move || TcpStream::connect(to).unwrap());
    let connections = gated.connections();
    let remotes: Vec<(&Value, &Value)> = connections
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (&one["remote"], &one["name"]))
        .collect();
    assert!(
        remotes.contains(&(&json!(to.to_string()), &json!("www.example.org"))),
        "{connections:#}"
    );
    drop(stream);
}

#[test]
fn dig_is_answered_by_udp_and_tcp() {
    let Some(gated) = gated() else {
        return;
    };
    let resolver = bind(&gated.machine, "127.0.0.53", 53);
    let listener = gated
        .machine
        .within(|| TcpListener::bind(RESOLVER).unwrap());
    let servers = [
        std::thread::spawn(move || serve_udp(resolver, 1)),
        std::thread::spawn(move || serve_tcp(&listener)),
    ];
    let mut missing = false;
    for (words, expected) in [
        ("@192.0.0.1 +short www.example.org A", "203.0.113.9\n"),
        ("@192.0.0.1 +short +tcp www.example.org A", "203.0.113.9\n"),
        (
            "@192.0.0.1 +short host.usernet AAAA",
            "fd75:7365:726e:6574::3\n",
        ),
        (
            "@fd75:7365:726e:6574::1 +short -x 192.0.0.3",
            "host.usernet.\n",
        ),
    ] {
        let words: Vec<String> = words.split(' ').map(String::from).collect();
        let asked = words.clone();
        let shown = gated
            .program
            .within(move || Command::new("dig").args(asked).output());
        match shown {
            Ok(shown) => assert_eq!(
                String::from_utf8_lossy(&shown.stdout),
                expected,
                "{words:?}"
            ),
            Err(_) => missing = true,
        }
    }
    if missing {
        eprintln!("skipped: there is no dig");
    } else {
        servers
            .into_iter()
            .for_each(|server| server.join().unwrap());
    }
}
