//! Joins interfaces by the engine until a line comes on standard input, then says what it counted:
//! `forward eth0 eth1` for raw sockets, `forward tap:t0 tap:t1` or `tun:` for devices.
use std::error::Error;
use usernet_core::action::parse;
use usernet_os::{Run, Waking};

fn main() -> Result<(), Box<dyn Error>> {
    let ends: Vec<String> = std::env::args().skip(1).collect();
    let [a, b] = ends.as_slice() else {
        return Err("two interfaces are needed".into());
    };
    let run = Run::real(1, Waking::default())?;
    let links = r#"{"do":"link","link":"a.tx -> b.rx"},{"do":"link","link":"b.tx -> a.rx"}"#;
    let actions = format!("[{},{},{links}]", start("a", a), start("b", b));
    run.apply(&parse(&actions)?)?;
    println!("forwarding");
    std::io::stdin().read_line(&mut String::new())?;
    println!("{:#}", run.statistics()?);
    Ok(())
}

fn start(name: &str, end: &str) -> String {
    let (kind, interface) = end.split_once(':').unwrap_or(("raw_socket", end));
    format!(
        r#"{{"do":"start","name":"{name}","app":{{"app":"{kind}","interface":"{interface}"}}}}"#
    )
}
