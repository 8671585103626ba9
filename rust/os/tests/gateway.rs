//! Programs in a network namespace whose only way out is a gateway to the sockets of another one, which
//! stands for the machine.
#![allow(clippy::unwrap_used)]
mod namespaces;

use namespaces::Namespace;
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};
use usernet_core::action::parse;
use usernet_os::Run;

const PATIENCE: Duration = Duration::from_secs(20);
/// Addresses of the machine that are not its loopback.
const FAR: [&str; 2] = ["203.0.113.9", "[2001:db8::9]"];

/// A program's network, and the machine's.
struct Gated {
    program: Namespace,
    machine: Namespace,
    run: Arc<Run>,
}

impl Gated {
    fn new() -> Option<Self> {
        Self::with(&json!({}))
    }

    /// With these settings of the gateway beside its addresses.
    fn with(settings: &Value) -> Option<Self> {
        let (program, machine) = (Namespace::new()?, Namespace::new()?);
        machine.ip("addr add 203.0.113.9/32 dev lo");
        machine.ip("addr add 2001:db8::9/128 dev lo nodad");
        let mut gateway = json!({
            "app": "gateway", "addresses": ["192.0.0.1/29", "fd75:7365:726e:6574::1/64"],
        });
        let own = gateway.as_object_mut().unwrap();
        own.extend(settings.as_object().unwrap().clone());
        let actions = json!([
            {"do": "start", "name": "t", "app": {"app": "tun", "interface": "u0"}},
            {"do": "start", "name": "g", "app": gateway},
            {"do": "link", "link": "t.tx -> g.rx"},
            {"do": "link", "link": "g.tx -> t.rx"},
        ]);
        let run = machine.within(move || {
            let run = Run::real(1, false).unwrap();
            run.apply(&parse(&actions.to_string()).unwrap()).unwrap();
            Arc::new(run)
        });
        machine.ip(&format!("link set u0 netns {}", program.task));
        program.ip("addr add 192.0.0.2/29 dev u0");
        program.ip("addr add fd75:7365:726e:6574::2/64 dev u0 nodad");
        program.ip("link set u0 up");
        program.ip("route add default dev u0");
        program.ip("-6 route add default dev u0");
        Some(Self {
            program,
            machine,
            run,
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

    /// What the gateway has counted. Asked on the machine: whoever asks may have to dial for it.
    fn counters(&self) -> Value {
        let run = Arc::clone(&self.run);
        let statistics = self.machine.within(move || run.statistics().unwrap());
        statistics["apps"]["g"].clone()
    }

    /// Waits until a count of connections is as it should be.
    fn expect(&self, name: &str, wanted: u64) {
        let until = Instant::now() + PATIENCE;
        while self.counters()["connections"][name] != wanted {
            assert!(Instant::now() < until, "{name}: {:#}", self.counters());
            std::thread::yield_now();
        }
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

fn receive_stream(stream: &mut TcpStream) -> usize {
    let mut buffer = vec![0; 1 << 16];
    let mut place = 0;
    loop {
        let count = stream.read(&mut buffer).unwrap();
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
    gated.expect("open", 0);
    let counts = gated.counters()["connections"].clone();
    let all = 2 * (30_002 + 50_000_000);
    assert_eq!((&counts["up"], &counts["down"]), (&all.into(), &all.into()));
    assert_eq!(
        (&counts["opened"], &counts["reset"]),
        (&8.into(), &0.into())
    );
}
