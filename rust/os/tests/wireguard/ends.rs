//! Both ends: a device of ours on a socket, and wireguard-go on a TUN device.
use super::namespaces::Namespace;
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::os::unix::net::UnixStream;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use usernet_core::packet::Pool;
use usernet_core::time::{Nanos, SECOND};
use usernet_core::wire::checksum::checksum;
use usernet_core::wireguard::{Device, Identity, PeerSpec, PresharedKey, PrivateKey};
use usernet_os::entropy::System;

pub(super) const PATIENCE: Duration = Duration::from_secs(20);
const OURS: [u8; 4] = [10, 0, 0, 1];
const THEIRS: [u8; 4] = [10, 0, 0, 2];
const PORT: u16 = 51820;

/// Two namespaces with a cable between; nothing, and a line that says why, where that cannot be.
pub(super) fn between() -> Option<(Namespace, Namespace)> {
    if Command::new("wireguard-go")
        .arg("--version")
        .output()
        .is_err()
    {
        eprintln!("skipped: needs wireguard-go (Debian's package of this name)");
        return None;
    }
    let (here, there) = (Namespace::new()?, Namespace::new()?);
    here.ip(&format!(
        "link add w0 type veth peer name w1 netns {}",
        there.task
    ));
    for (place, end, number) in [(&here, "w0", 1), (&there, "w1", 2)] {
        place.ip(&format!("addr add 203.0.113.{number}/24 dev {end}"));
        place.ip(&format!("addr add 2001:db8::{number}/64 dev {end} nodad"));
        place.ip(&format!("link set {end} up"));
    }
    Some((here, there))
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

pub(super) fn public(byte: u8) -> String {
    hex(&PrivateKey::new([byte; 32]).public().0)
}

/// wireguard-go, and where it is told what to do.
pub(super) struct Theirs<'a> {
    place: &'a Namespace,
    process: Child,
    socket: String,
}

impl<'a> Theirs<'a> {
    /// With these lines about its peer, in the words of its control socket.
    pub(super) fn begin(place: &'a Namespace, about_us: &str) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let interface = format!("wg{}x{count}", std::process::id() % 100_000);
        let name = interface.clone();
        let process = place.within(move || {
            let mut command = Command::new("wireguard-go");
            command.args(["-f", &name]).env("LOG_LEVEL", "error");
            command.stdout(Stdio::null()).stderr(Stdio::null());
            command.spawn().unwrap()
        });
        let socket = format!("/var/run/wireguard/{interface}.sock");
        let theirs = Self {
            place,
            process,
            socket,
        };
        let (own, peer) = (hex(&[2; 32]), public(1));
        theirs.tell(&format!(
            "private_key={own}\nlisten_port={PORT}\npublic_key={peer}\nallowed_ip=10.0.0.1/32\n{about_us}"
        ));
        place.ip(&format!("addr add 10.0.0.2/24 dev {interface}"));
        place.ip(&format!("link set {interface} up"));
        theirs
    }

    /// Says something to the control socket, once that is there.
    fn tell(&self, lines: &str) {
        let until = Instant::now() + PATIENCE;
        let mut control = loop {
            match UnixStream::connect(&self.socket) {
                Ok(control) => break control,
                Err(error) => assert!(Instant::now() < until, "{error}"),
            }
            std::thread::yield_now();
        };
        write!(control, "set=1\n{lines}\n").unwrap();
        let mut answer = [0; 64];
        let len = control.read(&mut answer).unwrap();
        assert_eq!(std::str::from_utf8(&answer[..len]).unwrap(), "errno=0\n\n");
    }

    /// Where it is, by IPv4 or IPv6.
    pub(super) fn outside(&self, family: u8) -> SocketAddr {
        let address = if family == 4 {
            "203.0.113.2"
        } else {
            "2001:db8::2"
        };
        SocketAddr::new(address.parse().unwrap(), PORT)
    }

    pub(super) fn listen_at(&self, port: u16) {
        self.tell(&format!("listen_port={port}\n"));
    }

    /// Sends back what whoever connects to a port of its TUN device sends, until that is `len` bytes.
    pub(super) fn serve(&self, port: u16, len: usize) -> JoinHandle<()> {
        let listener = self
            .place
            .within(move || TcpListener::bind(("10.0.0.2", port)).unwrap());
        std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let (mut bytes, mut left) = (vec![0; 65_536], len);
            while left > 0 {
                let count = stream.read(&mut bytes).unwrap();
                stream.write_all(&bytes[..count]).unwrap();
                left -= count;
            }
        })
    }

    pub(super) fn ping(&self, words: &[&str]) -> Child {
        let words: Vec<String> = words.iter().copied().map(String::from).collect();
        self.place.within(move || {
            let mut command = Command::new("ping");
            command.args(words).stdout(Stdio::piped()).spawn().unwrap()
        })
    }
}

impl Drop for Theirs<'_> {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
        let _ = std::fs::remove_file(&self.socket);
    }
}

/// A device of ours on a socket of its own.
pub(super) struct Ours {
    pub(super) device: Device,
    /// Packets that came out of the tunnel.
    pub(super) came: Vec<Vec<u8>>,
    /// How often a handshake was seen to be complete.
    pub(super) handshakes: usize,
    socket: UdpSocket,
    pool: Pool,
    began: Instant,
}

fn open(place: &Namespace) -> UdpSocket {
    // One socket for both families.
    let socket = place.within(|| UdpSocket::bind("[::]:0").unwrap());
    socket.set_nonblocking(false).unwrap();
    socket
}

impl Ours {
    pub(super) fn begin(place: &Namespace, peer: Option<SocketAddr>, shared: [u8; 32]) -> Self {
        let epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        let own = Identity::new(PrivateKey::new([1; 32]));
        let mut device = Device::new(own, 1420, epoch.as_nanos() as Nanos, Box::new(System));
        let mut pool = Pool::default();
        let spec = PeerSpec {
            preshared: PresharedKey::new(shared),
            endpoint: peer,
            allowed: vec![(THEIRS.into(), 32)],
            keepalive: None,
        };
        let key = PrivateKey::new([2; 32]).public();
        assert!(device.set_peer(key, &spec, &mut pool, 0));
        Self {
            device,
            came: Vec::new(),
            handshakes: 0,
            socket: open(place),
            pool,
            began: Instant::now(),
        }
    }

    /// Where it is, as the control socket of the other wants it.
    pub(super) fn endpoint(&self) -> String {
        let port = self.socket.local_addr().unwrap().port();
        format!("endpoint=203.0.113.1:{port}\n")
    }

    pub(super) fn move_to_another_port(&mut self, place: &Namespace) {
        self.socket = open(place);
    }

    /// Hears nothing but what comes from there.
    pub(super) fn hear_only(&self, remote: SocketAddr) {
        let SocketAddr::V4(remote) = remote else {
            panic!("IPv4")
        };
        let mapped = remote.ip().to_ipv6_mapped();
        self.socket.connect((mapped, remote.port())).unwrap();
    }

    fn now(&self) -> Nanos {
        self.began.elapsed().as_nanos() as Nanos
    }

    /// Sends a packet into the tunnel.
    pub(super) fn send(&mut self, bytes: &[u8]) {
        let (packet, now) = (self.pool.packet_from(bytes).unwrap(), self.now());
        assert!(self.device.send(packet, &mut self.pool, now).is_ok());
        self.launch();
    }

    fn launch(&mut self) {
        let mut out = Vec::new();
        self.device.take_outgoing(&mut out);
        for one in out {
            let to = match one.to {
                SocketAddr::V4(to) => SocketAddr::new(to.ip().to_ipv6_mapped().into(), to.port()),
                to => to,
            };
            self.socket.send_to(one.packet.bytes(), to).unwrap();
            self.pool.free(one.packet);
        }
    }

    /// Lets a moment pass: until something comes, or something is due.
    fn step(&mut self) {
        let now = self.now();
        let due = self
            .device
            .deadline()
            .unwrap_or(now + SECOND)
            .saturating_sub(now);
        let wait = Duration::from_nanos(due.clamp(SECOND / 1000, SECOND / 20));
        self.socket.set_read_timeout(Some(wait)).unwrap();
        let mut bytes = [0; 65_536];
        match self.socket.recv_from(&mut bytes) {
            Ok((len, from)) => self.hear(&bytes[..len], from),
            Err(error) => assert!(
                matches!(
                    error.kind(),
                    ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted
                ),
                "{error}"
            ),
        }
        let now = self.now();
        self.device.fire(&mut self.pool, now);
        self.launch();
    }

    fn hear(&mut self, bytes: &[u8], from: SocketAddr) {
        let plain = SocketAddr::new(from.ip().to_canonical(), from.port());
        let before = self.handshake();
        let (packet, now) = (self.pool.packet_from(bytes).unwrap(), self.now());
        let inner = self.device.receive(packet, plain, &mut self.pool, now);
        if let Some((packet, _)) = inner {
            self.came.push(packet.bytes().to_vec());
            self.pool.free(packet);
        }
        self.handshakes += usize::from(self.handshake() != before);
    }

    fn handshake(&self) -> Option<Nanos> {
        self.device.peers().next()?.traffic.handshake
    }

    /// Lets time pass until something is so.
    pub(super) fn run_until(&mut self, over: impl Fn(&Self) -> bool) {
        let until = Instant::now() + PATIENCE;
        while !over(self) {
            assert!(Instant::now() < until);
            self.step();
        }
    }

    /// Asks the other for an echo with so many bytes; its answer, from the IP header on.
    pub(super) fn ask(&mut self, payload: usize) -> Vec<u8> {
        self.send(&echo_request(7, payload));
        let until = Instant::now() + PATIENCE;
        loop {
            let answers = |packet: &Vec<u8>| packet[9] == 1 && packet[20] == 0;
            if let Some(at) = self.came.iter().position(answers) {
                return self.came.swap_remove(at);
            }
            assert!(Instant::now() < until, "no answer");
            self.step();
        }
    }

    /// Answers echo requests until something is so.
    pub(super) fn answer_until(&mut self, mut over: impl FnMut() -> bool) {
        while !over() {
            self.step();
            for packet in std::mem::take(&mut self.came) {
                if packet[9] == 1 && packet[20] == 8 {
                    self.send(&echo_reply(packet));
                }
            }
        }
    }
}

/// A request for an echo of so many bytes.
pub(super) fn echo_request(number: u8, payload: usize) -> Vec<u8> {
    let mut packet = vec![number; 28 + payload];
    packet[..28].fill(0);
    packet[0] = 0x45;
    packet[2..4].copy_from_slice(&((28 + payload) as u16).to_be_bytes());
    (packet[8], packet[9]) = (64, 1);
    packet[12..16].copy_from_slice(&OURS);
    packet[16..20].copy_from_slice(&THEIRS);
    (packet[20], packet[27]) = (8, number);
    sealed(packet)
}

fn echo_reply(mut packet: Vec<u8>) -> Vec<u8> {
    packet[12..16].copy_from_slice(&OURS);
    packet[16..20].copy_from_slice(&THEIRS);
    packet[20] = 0;
    sealed(packet)
}

/// With both checksums.
fn sealed(mut packet: Vec<u8>) -> Vec<u8> {
    for (from, to, at) in [(0, 20, 10), (20, packet.len(), 22)] {
        packet[at..at + 2].fill(0);
        let sum = checksum(&packet[from..to]);
        packet[at..at + 2].copy_from_slice(&sum.to_be_bytes());
    }
    packet
}
