//! A gateway behind a TUN device until a line comes on standard input, then what it counted:
//! `gateway u0 [cubic]`, whose interface can be moved into a network namespace meanwhile. There the machine's
//! loopback is 192.0.0.3 and fd75:7365:726e:6574::3.
use serde_json::json;
use std::error::Error;
use usernet_core::action::parse;
use usernet_os::{Run, Waking};

fn main() -> Result<(), Box<dyn Error>> {
    let interface = std::env::args().nth(1);
    let interface = interface.ok_or("the name of an interface is needed")?;
    let congestion = std::env::args().nth(2);
    let gateway = json!({
        "congestion": congestion,
        "app": "gateway", "addresses": ["192.0.0.1/29", "fd75:7365:726e:6574::1/64"],
        "redirects": [
            {"from": "192.0.0.3", "to": "127.0.0.1"},
            {"from": "fd75:7365:726e:6574::3", "to": "::1"},
        ],
    });
    let run = Run::real(1, Waking::default())?;
    let actions = json!([
        {"do": "start", "name": "t", "app": {"app": "tun", "interface": interface}},
        {"do": "start", "name": "g", "app": gateway},
        {"do": "link", "link": "t.tx -> g.rx"},
        {"do": "link", "link": "g.tx -> t.rx"},
    ]);
    run.apply(&parse(&actions.to_string())?)?;
    println!("ready");
    std::io::stdin().read_line(&mut String::new())?;
    println!("{:#}", run.statistics()?);
    Ok(())
}
