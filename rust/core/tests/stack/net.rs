//! Hosts and lines, and calls to their sockets.
use serde_json::{Value, json};
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use usernet_core::action::parse;
use usernet_core::app::{App, AppError, Context, Direction};
use usernet_core::engine::Engine;
use usernet_core::packet::Offload;
use usernet_core::stack::{Host, Readiness, SocketError, SocketId, SocketOptions};
use usernet_core::time::Nanos;
use usernet_core::wire::checksum::finish;
use usernet_core::wireguard::{Crew, Task};
use usernet_core::{Registry, apps};

/// A millisecond.
pub(crate) const MS: u64 = 1_000_000;

/// What a wire is to send, and what came to it.
#[derive(Default)]
pub(crate) struct Traffic {
    pub(crate) to_send: VecDeque<(Vec<u8>, Offload)>,
    pub(crate) came: Vec<Vec<u8>>,
}

pub(crate) type Shared = Arc<Mutex<Traffic>>;

/// An app that sends given packets and keeps what it gets. Ports: `tx`, `rx`.
struct End(Shared);

impl App for End {
    fn kind(&self) -> &'static str {
        "wire"
    }

    fn has_port(&self, _direction: Direction, _port: &str) -> bool {
        true
    }

    fn pull(&mut self, context: &mut Context<'_>) -> bool {
        let mut traffic = self.0.lock().unwrap();
        for (bytes, offload) in traffic.to_send.drain(..) {
            let mut packet = context.pool.packet_from(&bytes).unwrap();
            packet.set_offload(offload);
            context.transmit(0, packet);
        }
        false
    }

    fn push(&mut self, context: &mut Context<'_>) {
        while let Some(mut packet) = context.receive(0) {
            finish(&mut packet);
            self.0.lock().unwrap().came.push(packet.bytes().to_vec());
            context.pool.free(packet);
        }
    }
}

/// Makes the apps of the core, all with one seed, and ends of wires.
pub(crate) struct Core(u64, Shared);

impl Registry for Core {
    fn create(&mut self, name: &str, config: &Value, now: u64) -> Result<Box<dyn App>, AppError> {
        if config["app"] == "wire" {
            return Ok(Box::new(End(Arc::clone(&self.1))));
        }
        if config["app"] == "gate" {
            return Ok(Box::new(super::everybody::Gate::new(name, config, now)));
        }
        let unknown = || Err(AppError::config("unknown kind"));
        let mut app = apps::create(name, self.0, config, now).unwrap_or_else(unknown)?;
        if let Some(tunnel) = app.tunnel()
            && tunnel.workers() > 0
        {
            tunnel.set_crew(Box::new(Backwards));
        }
        Ok(app)
    }
}

/// Seals and opens from the last message to the first, and leaves every third.
struct Backwards;

impl Crew for Backwards {
    fn share(&mut self, tasks: &mut [Task<'_>]) {
        let all = tasks.iter_mut().enumerate().rev();
        all.filter(|(place, _)| place % 3 > 0)
            .for_each(|(_, task)| task.run());
    }
}

/// A network under test.
pub(crate) struct Net {
    pub(crate) engine: Engine,
    core: Core,
}

pub(crate) fn at(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

/// A host with one interface, `eth0`.
pub(crate) fn host(addresses: &[&str]) -> Value {
    json!({"app": "host", "interfaces": {"eth0": {"addresses": addresses}}})
}

impl Net {
    pub(crate) fn new() -> Self {
        Self::seeded(7)
    }

    pub(crate) fn seeded(seed: u64) -> Self {
        Self {
            engine: Engine::new(),
            core: Core(seed, Shared::default()),
        }
    }

    pub(crate) fn shared(&self) -> Shared {
        Arc::clone(&self.core.1)
    }

    /// Says that an app has something to bring in.
    pub(crate) fn wake(&mut self, name: &str) {
        let statistics = self.engine.statistics();
        let mut names = statistics["apps"].as_object().unwrap().keys();
        self.engine
            .wake(names.position(|other| other == name).unwrap());
    }

    /// Two hosts, `a` and `b`, on a line with these impairments each way.
    pub(crate) fn pair(line: &Value) -> Self {
        Self::pair_of(
            host(&["10.0.0.1/24", "fd00::1/64"]),
            host(&["10.0.0.2/24", "fd00::2/64"]),
            line,
        )
    }

    pub(crate) fn pair_of(a: Value, b: Value, line: &Value) -> Self {
        let mut net = Self::new();
        net.start("a", a);
        net.start("b", b);
        net.line(("a", "eth0"), ("b", "eth0"), line);
        net
    }

    pub(crate) fn try_apply(&mut self, steps: Value) -> Result<u64, AppError> {
        let steps = parse(&steps.to_string()).unwrap();
        self.engine.apply(&steps, &mut self.core)
    }

    pub(crate) fn apply(&mut self, steps: Value) {
        self.try_apply(steps).unwrap();
    }

    pub(crate) fn start(&mut self, name: &str, app: Value) {
        self.apply(json!([{"do": "start", "name": name, "app": app}]));
    }

    pub(crate) fn reconfigure(&mut self, name: &str, app: Value) {
        self.apply(json!([{"do": "reconfigure", "name": name, "app": app}]));
    }

    /// Joins two ports by an impairment each way.
    pub(crate) fn line(&mut self, one: (&str, &str), other: (&str, &str), line: &Value) {
        for ((from, out), (to, into)) in [(one, other), (other, one)] {
            let name = format!("{from}.{out}-{to}.{into}").replace('.', "_");
            let mut config = line.clone();
            config["app"] = "impairment".into();
            self.start(&name, config);
            self.apply(json!([
                {"do": "link", "link": format!("{from}.{out} -> {name}.rx")},
                {"do": "link", "link": format!("{name}.tx -> {to}.{into}")},
            ]));
        }
    }

    pub(crate) fn advance(&mut self, until: Nanos) {
        self.engine.advance(until, &mut self.core);
    }

    /// Advances by so much.
    pub(crate) fn pass(&mut self, span: Nanos) {
        self.advance(self.engine.now() + span);
    }

    /// Does something with a host.
    pub(crate) fn with<R>(&mut self, name: &str, work: impl FnOnce(&mut Host, Nanos) -> R) -> R {
        let key = self.engine.host_key(name).unwrap();
        self.engine.with_host(key, work).unwrap()
    }

    pub(crate) fn udp(&mut self, name: &str, local: &str) -> SocketId {
        self.bind(name, local, None).unwrap()
    }

    pub(crate) fn bind(
        &mut self,
        name: &str,
        local: &str,
        remote: Option<&str>,
    ) -> Result<SocketId, SocketError> {
        self.with(name, |host, now| {
            host.bind(at(local), remote.map(at), SocketOptions::default(), now)
        })
    }

    pub(crate) fn echo(&mut self, name: &str) -> SocketId {
        self.with(name, |host, now| host.echo(SocketOptions::default(), now))
            .unwrap()
    }

    pub(crate) fn send_to(
        &mut self,
        name: &str,
        id: SocketId,
        bytes: &[u8],
        remote: &str,
    ) -> Result<(), SocketError> {
        self.with(name, |host, now| host.send_to(id, bytes, at(remote), now))
    }

    pub(crate) fn receive_from(
        &mut self,
        name: &str,
        id: SocketId,
    ) -> Result<(Vec<u8>, SocketAddr), SocketError> {
        let mut buffer = vec![0; 65_536];
        let (len, from) = self.with(name, |host, _| host.receive_from(id, &mut buffer))?;
        buffer.truncate(len);
        Ok((buffer, from))
    }

    pub(crate) fn listen(&mut self, name: &str, local: &str) -> SocketId {
        self.with(name, |host, now| {
            host.listen(at(local), 100, host.options(), now)
        })
        .unwrap()
    }

    pub(crate) fn connect(&mut self, name: &str, remote: &str) -> SocketId {
        self.with(name, |host, now| {
            host.connect(at(remote), None, host.options(), now)
        })
        .unwrap()
    }

    pub(crate) fn accept(
        &mut self,
        name: &str,
        listener: SocketId,
    ) -> Result<SocketId, SocketError> {
        self.with(name, |host, now| host.accept(listener, now))
    }

    /// Sends bytes from one end of a connection to the other, a millisecond at a time, as far as they
    /// arrive within a minute.
    pub(crate) fn carry(
        &mut self,
        from: (&str, SocketId),
        to: (&str, SocketId),
        bytes: &[u8],
    ) -> Vec<u8> {
        let (mut sent, mut got) = (0, Vec::new());
        let mut buffer = vec![0; 65_536];
        for _ in 0..60_000 {
            while sent < bytes.len() {
                match self.with(from.0, |host, now| host.send(from.1, &bytes[sent..], now)) {
                    Ok(count) => sent += count,
                    Err(error) => {
                        assert_eq!(error, SocketError::WouldBlock);
                        break;
                    }
                }
            }
            self.pass(MS);
            while let Ok(count) = self.with(to.0, |host, now| host.receive(to.1, &mut buffer, now))
            {
                got.extend_from_slice(&buffer[..count]);
                if count == 0 {
                    return got;
                }
            }
            if got.len() == bytes.len() {
                return got;
            }
        }
        got
    }

    /// The events of a host since the last call.
    pub(crate) fn events(&mut self, name: &str) -> Vec<(SocketId, Readiness)> {
        let mut events = Vec::new();
        self.with(name, |host, _| host.take_events(&mut events));
        events
    }

    pub(crate) fn local(&mut self, name: &str, id: SocketId) -> String {
        self.with(name, |host, _| host.local(id))
            .unwrap()
            .to_string()
    }

    pub(crate) fn remote(&mut self, name: &str, id: SocketId) -> String {
        self.with(name, |host, _| host.remote(id))
            .unwrap()
            .to_string()
    }

    pub(crate) fn counters(&self, name: &str) -> Value {
        self.engine.statistics()["apps"][name].clone()
    }

    /// What a host has dropped, by cause.
    pub(crate) fn dropped(&self, name: &str) -> Value {
        self.counters(name)["dropped"].clone()
    }

    /// Stops everything: all packets have to come back.
    pub(crate) fn stop(mut self) {
        self.engine.stop();
        assert_eq!(self.engine.pool().lent(), 0);
    }
}
