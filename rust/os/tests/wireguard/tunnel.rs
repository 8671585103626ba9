//! A host in a tunnel whose packets go by the machine's UDP sockets.
use super::ends::{PATIENCE, hex, public};
use super::namespaces::Namespace;
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;
use usernet_core::action::parse;
use usernet_core::app::AppError;
use usernet_core::stack::{Host, SocketError, SocketId};
use usernet_core::time::Nanos;
use usernet_os::{Run, Waking};

/// A host `10.0.0.N`, whose key is made of the byte N, and its only peer the other of both. The first has a
/// worker for its cipher.
pub(super) struct Tunnel<'a> {
    place: &'a Namespace,
    run: Arc<Run>,
}

impl<'a> Tunnel<'a> {
    pub(super) fn begin(place: &'a Namespace, own: u8, peer: Option<SocketAddr>) -> Self {
        Self::try_begin(place, own, peer, 0).unwrap()
    }

    pub(super) fn try_begin(
        place: &'a Namespace,
        own: u8,
        peer: Option<SocketAddr>,
        port: u16,
    ) -> Result<Self, AppError> {
        let other = 3 - own;
        let peer = json!({
            "public_key": public(other), "endpoint": peer,
            "allowed_ips": [format!("10.0.0.{other}/32")],
        });
        let host = json!({"eth0": {"addresses": [format!("10.0.0.{own}/24")], "mtu": 1420}});
        let actions = json!([
            {"do": "start", "name": "h", "app": {"app": "host", "interfaces": host}},
            {"do": "start", "name": "w", "app": {
                "app": "wireguard", "private_key": hex(&[own; 32]), "peers": [peer],
                "workers": u8::from(own == 1),
            }},
            {"do": "start", "name": "s", "app": {"app": "udp_socket", "port": port}},
            {"do": "link", "link": "h.eth0 -> w.inside"},
            {"do": "link", "link": "w.inside -> h.eth0"},
            {"do": "link", "link": "w.outside -> s.rx"},
            {"do": "link", "link": "s.tx -> w.outside"},
        ]);
        let run = place.within(move || {
            let run = Run::real(1, Waking::default()).unwrap();
            run.apply(&parse(&actions.to_string()).unwrap())?;
            Ok(Arc::new(run))
        })?;
        Ok(Self { place, run })
    }

    /// What an app has counted.
    pub(super) fn counters(&self, app: &str) -> Value {
        self.run.statistics().unwrap()["apps"][app].clone()
    }

    /// Waits until a count is not zero any more.
    pub(super) fn expect(&self, app: &str, path: &str) -> u64 {
        let until = Instant::now() + PATIENCE;
        loop {
            let counters = self.counters(app);
            if let Some(count) = counters.pointer(path).and_then(Value::as_u64)
                && count > 0
            {
                return count;
            }
            assert!(Instant::now() < until, "{path}: {counters:#}");
            std::thread::yield_now();
        }
    }

    pub(super) fn port(&self) -> u16 {
        self.counters("s")["port"].as_u64().unwrap() as u16
    }

    /// Does something with the host, in its namespace: whoever asks may have to do its work.
    pub(super) fn with<R: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Host, Nanos) -> R + Send + 'static,
    ) -> R {
        let run = Arc::clone(&self.run);
        self.place.within(move || {
            let key = run.turn().with(|engine, _| engine.host_key("h"));
            let key = key.unwrap().unwrap();
            run.turn().with_host(key, work).unwrap().unwrap()
        })
    }

    /// Sends all these bytes to a port of the other end, and what comes back of them.
    pub(super) fn echo(&self, remote: &str, bytes: &[u8]) -> Vec<u8> {
        let remote: SocketAddr = remote.parse().unwrap();
        let id = self
            .with(move |host, now| host.connect(remote, None, host.options(), now))
            .unwrap();
        let (mut sent, mut got, until) = (0, Vec::new(), Instant::now() + PATIENCE);
        while got.len() < bytes.len() {
            let piece = bytes[sent..bytes.len().min(sent + 65_536)].to_vec();
            let (taken, came) = self.with(move |host, now| step(host, id, &piece, now));
            (sent, got) = (sent + taken, [got, came].concat());
            assert!(Instant::now() < until, "{} of {}", got.len(), bytes.len());
        }
        got
    }
}

/// Sends what there is room for, and takes what is there.
fn step(host: &mut Host, id: SocketId, piece: &[u8], now: Nanos) -> (usize, Vec<u8>) {
    let usual =
        |error: &SocketError| matches!(error, SocketError::WouldBlock | SocketError::NotConnected);
    let taken = if piece.is_empty() {
        0
    } else {
        let sent = host.send(id, piece, now);
        sent.unwrap_or_else(|error| if usual(&error) { 0 } else { panic!("{error}") })
    };
    let mut came = vec![0; 65_536];
    let received = host.receive(id, &mut came, now);
    let count = received.unwrap_or_else(|error| if usual(&error) { 0 } else { panic!("{error}") });
    came.truncate(count);
    (taken, came)
}

impl Drop for Tunnel<'_> {
    fn drop(&mut self) {
        self.run.stop();
    }
}
