//! A host that hears for everybody, in an app that decides what becomes of those who call.
use super::net::{MS, Net, at, host};
use serde_json::{Value, json};
use usernet_core::app::{App, Context, Direction, Ports};
use usernet_core::packet::Pool;
use usernet_core::stack::compose::{self, Marks};
use usernet_core::stack::host::{Complaint, Offer, Refusal, Stray};
use usernet_core::stack::{Host, Readiness, SocketError, SocketId};
use usernet_core::time::Nanos;

/// Where nobody's host is.
const FAR: [&str; 2] = ["203.0.113.9", "[2001:db8::9]"];

/// Decides by the port that is called: 80 is admitted and hears what it says, 84 is kept waiting.
pub(crate) struct Gate {
    host: Host,
    events: Vec<(SocketId, Readiness)>,
}

impl Gate {
    pub(crate) fn new(name: &str, config: &Value, now: Nanos) -> Self {
        let mut config = config.clone();
        config.as_object_mut().unwrap().remove("app");
        let host = Host::new(name, 7, &config, now).unwrap();
        let events = Vec::new();
        Self { host, events }
    }

    fn decide(&mut self, offer: Offer, context: &mut Context<'_>) {
        let how = match offer.called.port() {
            80 => {
                let options = self.host.options();
                self.host.admit(offer.id, options, context.now).unwrap();
                return;
            }
            81 => Refusal::Reset,
            82 => Refusal::Icmp(Complaint::NoHost),
            83 => Refusal::Silence,
            _ => return,
        };
        self.host.decline(offer.id, how, context);
    }

    /// Answers datagrams to port 7, in pieces of 1000 bytes; nobody is at any other.
    fn answer(&mut self, stray: Stray, context: &mut Context<'_>) {
        let Stray {
            packet,
            source,
            destination,
            payload,
            ..
        } = stray;
        if destination.port() != 7 {
            let complaint = Complaint::NoPort;
            self.host.complain(packet.bytes(), complaint, None, context);
            return context.pool.free(packet);
        }
        let marks = Marks {
            hop_limit: 64,
            traffic_class: 0,
            id: Some(0),
        };
        let said = &packet.bytes()[payload];
        let size = (said.len() < 60_000).then_some(1000);
        let fill = |bytes: &mut [u8]| bytes.copy_from_slice(said);
        let ends = (destination, source);
        let answer = compose::datagram(context.pool, ends, marks, (said.len(), size), fill);
        let answer = answer.unwrap();
        context.pool.free(packet);
        self.host.send_packet(answer, context);
    }

    /// Says back what a connection says.
    fn echo(&mut self, id: SocketId, now: Nanos) {
        let mut said = Vec::new();
        let heard = self.host.receive_with(id, now, |one, other| {
            said.extend_from_slice(one);
            said.extend_from_slice(other);
            said.len()
        });
        match heard {
            Ok(Some(count)) => {
                let sent = self.host.send_with(id, count, now, |one, other| {
                    let (first, second) = said.split_at(one.len());
                    one.copy_from_slice(first);
                    other.copy_from_slice(second);
                    said.len()
                });
                assert_eq!(sent, Ok(count));
            }
            Ok(None) => self.host.shutdown(id, now).unwrap(),
            Err(error) => assert_eq!(error, SocketError::WouldBlock),
        }
    }

    fn end(&mut self, context: &mut Context<'_>) {
        self.host.look();
        self.host.take_events(&mut self.events);
        for (id, news) in std::mem::take(&mut self.events) {
            if news.has(Readiness::READABLE) {
                self.echo(id, context.now);
                self.echo(id, context.now);
            }
        }
        self.host.finish(context);
    }
}

impl App for Gate {
    fn kind(&self) -> &'static str {
        "gate"
    }

    fn has_port(&self, direction: Direction, port: &str) -> bool {
        self.host.has_port(direction, port)
    }

    fn linked(&mut self, ports: &Ports) {
        self.host.linked(ports);
    }

    fn pull(&mut self, context: &mut Context<'_>) -> bool {
        self.host.fire(context);
        self.end(context);
        false
    }

    fn push(&mut self, context: &mut Context<'_>) {
        self.host.receive_all(context);
        while let Some(offer) = self.host.take_offer() {
            self.decide(offer, context);
        }
        while let Some(stray) = self.host.take_stray() {
            self.answer(stray, context);
        }
        self.end(context);
    }

    fn deadline(&self) -> Option<Nanos> {
        self.host.deadline()
    }

    fn count(&self, now: Nanos, into: &mut serde_json::Map<String, Value>) {
        self.host.count(now, into);
    }

    fn host(&mut self) -> Option<&mut Host> {
        Some(&mut self.host)
    }

    fn stop(&mut self, pool: &mut Pool) {
        self.host.stop(pool);
    }
}

/// A program's host `a`, whose only way leads to the gate `g`, 5 ms away.
fn gated() -> Net {
    let routes = json!([
        {"to": "0.0.0.0/0", "interface": "eth0"}, {"to": "::/0", "interface": "eth0"},
    ]);
    let mut program = host(&["10.0.0.2/24", "fd00::2/64"]);
    program["routes"] = routes.clone();
    let mut gate = host(&["10.0.0.1/24", "fd00::1/64"]);
    gate["routes"] = routes;
    gate["app"] = "gate".into();
    gate["everybody"] = true.into();
    let mut net = Net::new();
    net.start("a", program);
    net.start("g", gate);
    net.line(
        ("a", "eth0"),
        ("g", "eth0"),
        &json!({"delay": {"ns": 5 * MS}}),
    );
    net
}

fn failure(net: &mut Net, id: SocketId) -> Option<SocketError> {
    net.with("a", |host, _| host.take_error(id))
}

#[test]
fn who_is_admitted_talks_to_whom_it_called() {
    for far in FAR {
        let mut net = gated();
        let client = net.connect("a", &format!("{far}:80"));
        net.advance(10 * MS);
        let events = net.events("a");
        assert!(events[0].1.has(Readiness::CONNECTED), "{events:?}");
        assert_eq!(net.remote("a", client), format!("{far}:80"));
        let bytes: Vec<u8> = (0..100_000_u32)
            .map(|number| (number % 251) as u8)
            .collect();
        assert!(net.carry(("a", client), ("a", client), &bytes) == bytes);
        net.with("a", |host, now| host.shutdown(client, now))
            .unwrap();
        net.pass(20 * MS);
        let end = net.with("a", |host, now| host.receive(client, &mut [0; 9], now));
        assert_eq!(end, Ok(0));
        assert_eq!(net.dropped("g"), json!({}));
        net.stop();
    }
}

#[test]
fn who_is_declined_hears_why() {
    for far in FAR {
        for (port, error) in [(81, Some(SocketError::ConnectionRefused)), (83, None)] {
            let mut net = gated();
            let client = net.connect("a", &format!("{far}:{port}"));
            net.advance(10 * MS);
            assert_eq!(failure(&mut net, client), error, "{far} {port}");
            net.stop();
        }
    }
}

/// Hosts of ours believe an ICMP error only in the end (RFC 1122 §4.2.3.9); Linux at once.
#[test]
fn an_unreachable_host_is_told_by_icmp() {
    let mut net = gated();
    let client = net.connect("a", "203.0.113.9:82");
    net.advance(10 * MS);
    assert_eq!(net.counters("a")["interfaces"]["eth0"]["packets_in"], 1);
    assert_eq!(net.dropped("a"), json!({}));
    net.pass(200_000 * MS);
    let error = Some(SocketError::HostUnreachable);
    assert_eq!(failure(&mut net, client), error);
}

#[test]
fn an_offer_is_made_once_and_waits() {
    let mut net = gated();
    let client = net.connect("a", "203.0.113.9:84");
    net.advance(3500 * MS);
    // SYN was sent at 0, 1 and 3 s; the gate's push took the offer, and no second one.
    assert_eq!(net.counters("g")["interfaces"]["eth0"]["packets_in"], 3);
    let offer = net.with("g", |host, _| host.take_offer());
    assert_eq!(offer, None);
    assert_eq!(net.counters("g")["sockets"], json!({}));
    assert_eq!(failure(&mut net, client), None);
    net.stop();
}

#[test]
fn the_own_addresses_answer_echo_and_nothing_else_by_itself() {
    let mut net = gated();
    let own = net.echo("a");
    net.send_to("a", own, b"ping", "10.0.0.1:1").unwrap();
    net.advance(10 * MS);
    assert_eq!(
        net.receive_from("a", own),
        Ok((b"ping".to_vec(), at("10.0.0.1:1")))
    );
    let client = net.connect("a", "10.0.0.1:81");
    net.pass(10 * MS);
    let error = Some(SocketError::ConnectionRefused);
    assert_eq!(failure(&mut net, client), error);
    net.stop();
}

#[test]
fn echo_to_others_is_somebody_elses_business() {
    let mut net = gated();
    let echo = net.echo("a");
    net.send_to("a", echo, b"ping", "203.0.113.9:1").unwrap();
    net.advance(10 * MS);
    // The gate says of whatever is not to port 7 that nobody is there.
    assert_eq!(
        net.receive_from("a", echo),
        Err(SocketError::ConnectionRefused)
    );
    net.stop();
}

#[test]
fn datagrams_to_anybody_can_be_answered() {
    for (far, own) in FAR.into_iter().zip(["10.0.0.2", "[fd00::2]"]) {
        let mut net = gated();
        let client = net.udp("a", &format!("{own}:4000"));
        let there = format!("{far}:7");
        let bytes: Vec<u8> = (0..2500_u32).map(|number| (number % 251) as u8).collect();
        net.send_to("a", client, &bytes, &there).unwrap();
        net.advance(10 * MS);
        for piece in bytes.chunks(1000) {
            assert_eq!(
                net.receive_from("a", client),
                Ok((piece.to_vec(), at(&there)))
            );
        }
        let large = vec![7; 65_000];
        net.send_to("a", client, &large, &there).unwrap();
        net.pass(10 * MS);
        assert_eq!(
            net.receive_from("a", client),
            Ok((large, at(&there))),
            "in fragments"
        );
        assert_eq!((net.dropped("a"), net.dropped("g")), (json!({}), json!({})));
        net.stop();
    }
}

#[test]
fn a_port_where_nobody_is_says_so_in_its_own_name() {
    let mut net = gated();
    let client = net.bind("a", "10.0.0.2:0", Some("203.0.113.9:9")).unwrap();
    net.send_to("a", client, b"x", "203.0.113.9:9").unwrap();
    net.advance(10 * MS);
    assert_eq!(
        net.receive_from("a", client),
        Err(SocketError::ConnectionRefused)
    );
    net.stop();
}

#[test]
fn many_strays_are_not_limited_as_errors_of_strangers_are() {
    let mut net = gated();
    let client = net.udp("a", "10.0.0.2:4000");
    for _ in 0..100 {
        net.send_to("a", client, b"x", "203.0.113.9:9").unwrap();
    }
    net.advance(10 * MS);
    assert_eq!(net.counters("a")["interfaces"]["eth0"]["packets_in"], 100);
}

#[test]
fn loopback_and_groups_are_nobodys() {
    let mut net = gated();
    let shared = net.shared();
    net.start("wire", json!({"app": "wire"}));
    net.apply(json!([
        {"do": "unlink", "link": "a.eth0 -> a_eth0-g_eth0.rx"},
        {"do": "unlink", "link": "a_eth0-g_eth0.tx -> g.eth0"},
        {"do": "link", "link": "wire.tx -> g.eth0"},
    ]));
    let mut packet = super::wire::ipv4(17, &super::wire::udp(7, b"x", false), |_| ());
    for (octets, cause) in [
        ([127, 0, 0, 1], "bad_address"),
        ([224, 0, 0, 9], "not_here"),
    ] {
        packet[16..20].copy_from_slice(&octets);
        packet[10..12].fill(0);
        let sum = usernet_core::wire::checksum::checksum(&packet[..20]);
        packet[10..12].copy_from_slice(&sum.to_be_bytes());
        let traffic = (packet.clone(), Default::default());
        shared.lock().unwrap().to_send.push_back(traffic);
        net.wake("wire");
        net.pass(MS);
        assert_eq!(net.dropped("g")[cause], 1, "{cause}");
    }
    net.stop();
}
