//! Configs: what is impossible is named, what changes keeps its sockets.
use super::net::{MS, Net, host};
use serde_json::{Value, json};

fn refused(config: Value) -> String {
    let steps = json!([{"do": "start", "name": "a", "app": config}]);
    Net::new().try_apply(steps).unwrap_err().message
}

fn interface(interface: Value) -> String {
    refused(json!({"app": "host", "interfaces": {"eth0": interface}}))
}

fn routes(routes: Value) -> String {
    let interfaces = json!({
        "eth0": {"addresses": ["10.0.0.1/24"]},
        "eth1": {"addresses": ["10.1.0.1/24", "fd00::1/64"]},
    });
    refused(json!({"app": "host", "interfaces": interfaces, "routes": routes}))
}

#[test]
fn impossible_interfaces_are_named() {
    for (config, message) in [
        (
            json!({"addresses": ["10.0.0.1"]}),
            "interfaces.eth0.addresses: \"10.0.0.1\" is no address with a prefix, as 10.0.0.1/24 is",
        ),
        (
            json!({"addresses": ["10.0.0.1/33"]}),
            "interfaces.eth0.addresses: \"10.0.0.1/33\" is no address with a prefix, as 10.0.0.1/24 is",
        ),
        (
            json!({"addresses": ["10.0.0.0/24"]}),
            "interfaces.eth0.addresses: 10.0.0.0 means all of 10.0.0.0/24",
        ),
        (
            json!({"addresses": ["10.0.0.255/24"]}),
            "interfaces.eth0.addresses: 10.0.0.255 means all of 10.0.0.0/24",
        ),
        (
            json!({"addresses": ["224.0.0.1/24"]}),
            "interfaces.eth0.addresses: 224.0.0.1 is no address that an interface can have",
        ),
        (
            json!({"addresses": ["::1/64"]}),
            "interfaces.eth0.addresses: ::1 is no address that an interface can have",
        ),
        (
            json!({"addresses": ["10.0.0.1/24", "10.0.0.1/8"]}),
            "interfaces.eth0.addresses: 10.0.0.1 is an address of eth0 already",
        ),
        (
            json!({"addresses": ["10.0.0.1/24"], "mtu": 500}),
            "interfaces.eth0.mtu: 500; IPv4 needs 576 to 65535 bytes",
        ),
        (
            json!({"addresses": ["fd00::1/64"], "mtu": 1279}),
            "interfaces.eth0.mtu: 1279; IPv6 needs 1280 to 65535 bytes",
        ),
        (
            json!({"mtu": 70000}),
            "interfaces.eth0.mtu: 70000; IPv4 needs 576 to 65535 bytes",
        ),
        (
            json!({"mac": "02:00:00:00:00:01"}),
            "interfaces.eth0.mac: only an interface with medium \"ethernet\" has one",
        ),
        (
            json!({"medium": "ethernet", "mac": "03:00:00:00:00:01"}),
            "interfaces.eth0.mac: \"03:00:00:00:00:01\" is no station's address, as 02:00:00:00:00:01 is",
        ),
    ] {
        assert_eq!(interface(config), message);
    }
    assert!(interface(json!({"colour": 1})).contains("unknown field `colour`"));
    assert!(interface(json!({"medium": "air"})).contains("unknown variant `air`"));
    let both =
        json!({"eth0": {"addresses": ["10.0.0.1/24"]}, "eth1": {"addresses": ["10.0.0.1/16"]}});
    assert_eq!(
        refused(json!({"app": "host", "interfaces": both})),
        "interfaces.eth1.addresses: 10.0.0.1 is an address of eth0 already"
    );
}

#[test]
fn impossible_routes_are_named() {
    for (route, message) in [
        (
            json!({"to": "all", "interface": "eth0"}),
            "to: \"all\" is no network, as 10.0.0.0/8 is",
        ),
        (
            json!({"to": "10.0.0.1/8", "interface": "eth0"}),
            "to: 10.0.0.1/8 has bits behind its prefix; 10.0.0.0/8 has not",
        ),
        (
            json!({"to": "0.0.0.0/0"}),
            "to 0.0.0.0/0: needs a router (via) or an interface",
        ),
        (
            json!({"to": "0.0.0.0/0", "via": "192.0.2.1"}),
            "via: no interface reaches 192.0.2.1",
        ),
        (
            json!({"to": "0.0.0.0/0", "via": "10.0.0.9", "interface": "eth1"}),
            "via: no address of eth1 reaches 10.0.0.9",
        ),
        (
            json!({"to": "0.0.0.0/0", "via": "10.0.0.9", "interface": "eth2"}),
            "interface: there is no interface eth2",
        ),
        (
            json!({"to": "0.0.0.0/0", "via": "10.0.0.1"}),
            "via: 10.0.0.1 is the host's own address",
        ),
        (
            json!({"to": "0.0.0.0/0", "via": "fd00::9"}),
            "via: fd00::9 is no router to 0.0.0.0/0",
        ),
        (
            json!({"to": "10.0.0.0/24", "interface": "eth1"}),
            "there is a route to 10.0.0.0/24 already",
        ),
    ] {
        assert_eq!(routes(json!([route])), format!("routes[0]: {message}"));
    }
}

#[test]
fn a_new_config_keeps_sockets_and_counters() {
    let mut net = Net::pair(&json!({"delay": {"ns": 5 * MS}}));
    let server = net.udp("b", "0.0.0.0:53");
    let client = net.udp("a", "0.0.0.0:0");
    net.send_to("a", client, b"one", "10.0.0.2:53").unwrap();
    net.advance(5 * MS);
    net.reconfigure("b", host(&["10.0.0.2/24", "10.0.0.3/24"]));
    net.send_to("a", client, b"two", "10.0.0.3:53").unwrap();
    net.advance(10 * MS);
    assert_eq!(net.receive_from("b", server).unwrap().0, b"one");
    assert_eq!(net.receive_from("b", server).unwrap().0, b"two");
    assert_eq!(net.counters("b")["interfaces"]["eth0"]["packets_in"], 2);
    let wrong = json!([{"do": "reconfigure", "name": "b", "app": host(&["10.0.0.2/99"])}]);
    assert!(net.try_apply(wrong).is_err());
}

#[test]
fn an_interface_comes_and_goes_with_its_link() {
    let mut net = Net::pair(&json!({}));
    let two = json!({"app": "host", "interfaces": {
        "eth0": {"addresses": ["10.0.0.1/24"]},
        "wifi": {"addresses": ["10.9.0.1/24"]},
    }});
    net.start("c", host(&["10.9.0.2/24"]));
    net.apply(json!([
        {"do": "reconfigure", "name": "a", "app": two},
        {"do": "link", "link": "a.wifi -> c.eth0"},
        {"do": "link", "link": "c.eth0 -> a.wifi"},
    ]));
    let echo = net.echo("a");
    for remote in ["10.9.0.2:1", "10.0.0.2:1"] {
        net.send_to("a", echo, b"", remote).unwrap();
    }
    net.pass(MS);
    assert!(net.receive_from("a", echo).is_ok() && net.receive_from("a", echo).is_ok());
    let one = json!({"do": "reconfigure", "name": "a", "app": host(&["10.0.0.1/24"])});
    let error = net.try_apply(json!([one])).unwrap_err().message;
    assert_eq!(error, "a.wifi -> c.eth0: a host has no Output port wifi");
    net.apply(json!([
        {"do": "unlink", "link": "a.wifi -> c.eth0"},
        {"do": "unlink", "link": "c.eth0 -> a.wifi"},
        one,
    ]));
    net.stop();
}

#[test]
fn a_connection_outlives_its_route() {
    let mut net = Net::pair(&json!({"delay": {"ns": 5 * MS}}));
    let listener = net.listen("b", "10.0.0.2:80");
    let client = net.connect("a", "10.0.0.2:80");
    net.pass(15 * MS);
    let server = net.accept("b", listener).unwrap();
    let elsewhere = host(&["10.9.0.1/24"]);
    net.reconfigure("a", elsewhere);
    net.with("a", |host, now| host.send(client, b"hello", now))
        .unwrap();
    net.pass(3000 * MS);
    assert!(net.dropped("a")["no_route"].as_u64().unwrap() >= 3);
    net.reconfigure("a", host(&["10.0.0.1/24"]));
    net.pass(10_000 * MS);
    let mut bytes = [0; 9];
    assert_eq!(
        net.with("b", |host, now| host.receive(server, &mut bytes, now)),
        Ok(5)
    );
}

#[test]
fn an_interface_without_an_address_borrows_one() {
    let mut net = Net::new();
    net.start("a", host(&["10.0.0.1/32"]));
    let mut a = host(&["10.0.0.1/32"]);
    a["routes"] = json!([{"to": "10.0.0.2/32", "interface": "eth0"}]);
    net.reconfigure("a", a);
    // b has its address on another interface than that towards a.
    net.start(
        "b",
        json!({"app": "host", "interfaces": {"lan": {"addresses": ["10.0.0.2/32"]}, "wan": {}},
        "routes": [{"to": "10.0.0.1/32", "interface": "wan"}]}),
    );
    net.line(("a", "eth0"), ("b", "wan"), &json!({}));
    let echo = net.echo("a");
    net.send_to("a", echo, b"x", "10.0.0.2:1").unwrap();
    net.pass(MS);
    assert!(net.receive_from("a", echo).is_ok());
    let source = net.with("b", |host, _| host.source_for("10.0.0.1".parse().unwrap()));
    assert_eq!(source, Ok("10.0.0.2".parse().unwrap()));
}
