//! Real interfaces, joined by the engine, with the kernel's own network stack at both ends.
#![allow(clippy::unwrap_used)]
mod namespaces;

use namespaces::Namespace;
use serde_json::Value;
use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream, UdpSocket};
use std::os::fd::AsRawFd;
use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};
use usernet_core::action::parse;
use usernet_core::app::ErrorKind;
use usernet_os::{Run, Waking, capture};

const PATIENCE: Duration = Duration::from_secs(20);

/// Two hosts, and the engine between their interfaces.
struct Path {
    client: Namespace,
    middle: Namespace,
    server: Namespace,
    run: Arc<Run>,
}

impl Path {
    /// Hosts behind raw sockets on `m0` and `m1`.
    fn of_raw_sockets() -> Option<Self> {
        Self::new("raw_socket", "m0", "m1", |client, middle, server| {
            add_veth(middle, "m0", client, "c0");
            add_veth(middle, "m1", server, "s0");
        })
    }

    /// Hosts that have a device of this kind each.
    fn of_devices(kind: &str) -> Option<Self> {
        let path = Self::new(kind, "c0", "s0", |_, _, _| ())?;
        for (host, name) in [(&path.client, "c0"), (&path.server, "s0")] {
            path.middle
                .ip(&format!("link set {name} netns {}", host.task));
        }
        path.set_addresses();
        Some(path)
    }

    fn new(
        kind: &str,
        a: &str,
        b: &str,
        wire: impl FnOnce(&Namespace, &Namespace, &Namespace),
    ) -> Option<Self> {
        let (client, middle, server) = (Namespace::new()?, Namespace::new()?, Namespace::new()?);
        wire(&client, &middle, &server);
        let start = |name: &str, interface: &str| {
            format!(
                r#"{{"do":"start","name":"{name}","app":{{"app":"{kind}","interface":"{interface}"}}}}"#
            )
        };
        let links = r#"{"do":"link","link":"a.tx -> b.rx"},{"do":"link","link":"b.tx -> a.rx"}"#;
        let actions = format!("[{},{},{links}]", start("a", a), start("b", b));
        let run = middle.within(move || {
            let run = Run::real(1, Waking::default()).unwrap();
            run.apply(&parse(&actions).unwrap()).unwrap();
            Arc::new(run)
        });
        let path = Self {
            client,
            middle,
            server,
            run,
        };
        if kind == "raw_socket" {
            path.set_addresses();
        }
        Some(path)
    }

    fn set_addresses(&self) {
        for (host, name, last) in [(&self.client, "c0", 1), (&self.server, "s0", 2)] {
            host.ip(&format!("addr add 10.99.0.{last}/24 dev {name}"));
            host.ip(&format!("addr add fd99::{last}/64 dev {name} nodad"));
            host.ip(&format!("link set {name} up"));
        }
    }

    /// What was counted. Asked in the middle: whoever asks may have to do the engine's work, such as to look
    /// for an interface that has vanished.
    fn statistics(&self) -> Value {
        let run = Arc::clone(&self.run);
        self.middle.within(move || run.statistics().unwrap())
    }

    fn counter(&self, app: &str, name: &str) -> Value {
        self.statistics()["apps"][app][name].clone()
    }

    /// Waits until a counter is as it should be.
    fn expect(&self, app: &str, name: &str, good: impl Fn(&Value) -> bool) {
        let until = Instant::now() + PATIENCE;
        while !good(&self.counter(app, name)) {
            assert!(
                Instant::now() < until,
                "{app}.{name}: {:#}",
                self.statistics()
            );
            std::thread::yield_now();
        }
    }

    /// Sends a stream and checks each byte of it, and that it ends where it should.
    fn check_stream(&self, server: &'static str, len: usize) {
        let listener = self
            .server
            .within(move || TcpListener::bind((server, 5001)).unwrap());
        let sender = self.client.within(move || {
            let stream = TcpStream::connect((server, 5001)).unwrap();
            std::thread::spawn(move || send_stream(stream, len))
        });
        let (stream, _) = listener.accept().unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        assert_eq!(receive_stream(stream), len);
        sender.join().unwrap();
    }
}

fn add_veth(middle: &Namespace, name: &str, host: &Namespace, end: &str) {
    let task = host.task;
    middle.ip(&format!(
        "link add {name} type veth peer name {end} netns {task}"
    ));
    middle.ip(&format!("link set {name} up"));
}

/// Byte number `place` of every stream here: no piece of it is like another.
fn byte(place: usize) -> u8 {
    (place as u64)
        .wrapping_mul(0x9e37_79b9_7f4a_7c15)
        .to_be_bytes()[0]
}

fn send_stream(mut stream: TcpStream, len: usize) {
    for start in (0..len).step_by(1 << 16) {
        let end = len.min(start + (1 << 16));
        let chunk: Vec<u8> = (start..end).map(byte).collect();
        stream.write_all(&chunk).unwrap();
    }
    stream.shutdown(Shutdown::Write).unwrap();
}

/// Reads until it is no longer interrupted: a read with a time limit is, where the process is stopped
/// and goes on, even without a handler (signal(7)).
fn uninterrupted(mut read: impl FnMut() -> io::Result<usize>) -> io::Result<usize> {
    loop {
        match read() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            done => return done,
        }
    }
}

fn receive_stream(mut stream: TcpStream) -> usize {
    let mut buffer = vec![0; 1 << 16];
    let mut place = 0;
    loop {
        let count = uninterrupted(|| stream.read(&mut buffer)).unwrap();
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
fn streams_arrive_bit_for_bit_through_raw_sockets() {
    let Some(path) = Path::of_raw_sockets() else {
        return;
    };
    path.check_stream("10.99.0.2", 100_000_000);
    path.check_stream("fd99::2", 100_000_000);
    for len in [0, 1, 20_000, 30_001] {
        path.check_stream("10.99.0.2", len);
    }
    let (packets, bytes) = (
        path.counter("a", "received"),
        path.counter("a", "received_bytes"),
    );
    let mean = bytes.as_f64().unwrap() / packets.as_f64().unwrap();
    assert!(
        mean > 3000.0,
        "super-packets went in pieces: {mean} bytes each"
    );
    assert_eq!(path.counter("a", "receive_lost"), 0);
}

#[test]
fn streams_arrive_bit_for_bit_through_devices() {
    for kind in ["tap", "tun"] {
        let Some(path) = Path::of_devices(kind) else {
            return;
        };
        path.check_stream("10.99.0.2", 30_000_000);
        path.check_stream("fd99::2", 30_000_000);
    }
}

#[test]
fn a_device_is_gone_when_its_app_stops() {
    let Some(namespace) = Namespace::new() else {
        return;
    };
    namespace.within(|| {
        let run = Run::real(1, Waking::default()).unwrap();
        let start =
            r#"[{"do":"start","name":"t","app":{"app":"tap","interface":"t0","mtu":9000}}]"#;
        run.apply(&parse(start).unwrap()).unwrap();
        let mtu = || {
            Command::new("ip")
                .args(["link", "show", "t0"])
                .output()
                .unwrap()
        };
        let shown = String::from_utf8(mtu().stdout).unwrap();
        assert!(shown.contains("mtu 9000") && shown.contains("UP"));
        run.stop();
        assert!(!mtu().status.success());
    });
}

#[test]
fn datagrams_sent_as_one_super_packet_arrive_apart() {
    let Some(path) = Path::of_raw_sockets() else {
        return;
    };
    for (client, server) in [("10.99.0.1", "10.99.0.2"), ("fd99::1", "fd99::2")] {
        let to = path
            .server
            .within(move || UdpSocket::bind((server, 5002)).unwrap());
        let from = path
            .client
            .within(move || UdpSocket::bind((client, 0)).unwrap());
        to.set_read_timeout(Some(PATIENCE)).unwrap();
        let size: libc::c_int = 1000;
        // SAFETY: the option is an int that lives through the call.
        let set = unsafe {
            let (level, option, len) = (libc::SOL_UDP, libc::UDP_SEGMENT, size_of_val(&size));
            libc::setsockopt(
                from.as_raw_fd(),
                level,
                option,
                (&raw const size).cast(),
                len as _,
            )
        };
        assert_eq!(set, 0);
        let sent: Vec<u8> = (0..20_500).map(byte).collect();
        from.send_to(&sent, (server, 5002)).unwrap();
        let mut buffer = [0; 2000];
        for piece in sent.chunks(1000) {
            let len = uninterrupted(|| to.recv(&mut buffer)).unwrap();
            assert_eq!(&buffer[..len], piece);
        }
    }
}

#[test]
fn an_interface_may_go_down_or_vanish_and_returns() {
    let Some(path) = Path::of_raw_sockets() else {
        return;
    };
    path.check_stream("10.99.0.2", 10_000);
    path.middle.ip("link set m1 down");
    path.expect("b", "down", |down| *down == true);
    path.middle.ip("link set m1 up");
    path.expect("b", "down", |down| *down == false);
    path.check_stream("10.99.0.2", 10_000);
    assert_eq!(path.counter("b", "reopened"), 0);
    path.middle.ip("link del m1");
    path.expect("b", "down", |down| *down == true);
    add_veth(&path.middle, "m1", &path.server, "s0");
    path.server.ip("addr add 10.99.0.2/24 dev s0");
    path.server.ip("link set s0 up");
    // The new interface has another address.
    path.client.ip("neigh flush dev c0");
    path.expect("b", "reopened", |times| *times == 1);
    path.check_stream("10.99.0.2", 10_000);
    assert_eq!(path.run.failure(), None);
}

#[test]
fn a_stream_outlives_a_cut_of_its_line() {
    let Some(path) = Path::of_raw_sockets() else {
        return;
    };
    std::thread::scope(|scope| {
        scope.spawn(|| {
            path.expect("a", "received_bytes", |bytes| {
                bytes.as_u64() > Some(1_000_000)
            });
            path.middle.ip("link set m1 down");
            path.expect("b", "down", |down| *down == true);
            path.middle.ip("link set m1 up");
        });
        path.check_stream("10.99.0.2", 100_000_000);
    });
    assert_eq!(path.run.failure(), None);
}

#[test]
fn a_frame_above_the_outer_mtu_is_counted_and_others_pass() {
    let Some(path) = Path::of_raw_sockets() else {
        return;
    };
    path.middle.ip("link set m1 mtu 1000");
    path.client
        .ip("neigh add 10.99.0.9 lladdr 02:00:00:00:00:09 dev c0");
    path.client.within(|| {
        let socket = UdpSocket::bind(("10.99.0.1", 0)).unwrap();
        socket.send_to(&[0; 1400], ("10.99.0.9", 9)).unwrap();
        socket.send_to(&[0; 100], ("10.99.0.9", 9)).unwrap();
    });
    path.expect("b", "too_large", |count| *count == 1);
    let before = path.counter("b", "sent").as_u64().unwrap();
    path.client.within(|| {
        let socket = UdpSocket::bind(("10.99.0.1", 0)).unwrap();
        socket.send_to(&[0; 100], ("10.99.0.9", 9)).unwrap();
    });
    path.expect("b", "sent", |count| count.as_u64().unwrap() > before);
}

/// A frame of a type that is for local experiments (IEEE 802), behind these tags.
fn frame(tags: &[u16], len: usize) -> Vec<u8> {
    let mut frame = vec![2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1];
    for (number, tag) in tags.iter().enumerate() {
        frame.extend(tag.to_be_bytes());
        frame.extend((0x6000 + number as u16 + 7).to_be_bytes());
    }
    frame.extend(0x88b5_u16.to_be_bytes());
    frame.extend((frame.len()..len).map(byte));
    frame
}

/// A classic capture of these frames, one each millisecond.
fn classic(frames: &[Vec<u8>]) -> Vec<u8> {
    let words = |words: &[u32]| -> Vec<u8> { words.iter().flat_map(|w| w.to_le_bytes()).collect() };
    let mut file = words(&[0xa1b2_3c4d, 0x0004_0002, 0, 0, 65535, 1]);
    for (number, frame) in frames.iter().enumerate() {
        let len = frame.len() as u32;
        file.extend(words(&[1, number as u32 * 1_000_000, len, len]));
        file.extend(frame);
    }
    file
}

#[test]
fn frames_arrive_as_they_were_sent_with_their_tags() {
    let Some(path) = Path::of_raw_sockets() else {
        return;
    };
    let scratch = |name: &str| -> PathBuf {
        std::env::temp_dir().join(format!("usernet-{name}-{}", std::process::id()))
    };
    let (from, to) = (scratch("frames.pcap"), scratch("frames.pcapng"));
    let frames = [
        frame(&[], 60),
        frame(&[0x8100], 64),
        frame(&[0x88a8, 0x8100], 1400),
        frame(&[], 1514),
        frame(&[0x8100], 1518),
    ];
    std::fs::write(&from, classic(&frames)).unwrap();
    let written = format!(
        r#"[{{"do":"start","name":"s","app":{{"app":"raw_socket","interface":"s0"}}}},
            {{"do":"start","name":"w","app":{{"app":"pcap_writer","path":{to:?},"interfaces":["s0"]}}}},
            {{"do":"link","link":"s.tx -> w.s0"}}]"#
    );
    let played = format!(
        r#"[{{"do":"start","name":"r","app":{{"app":"pcap_reader","path":{from:?}}}}},
            {{"do":"start","name":"c","app":{{"app":"raw_socket","interface":"c0"}}}},
            {{"do":"link","link":"r.tx -> c.rx"}}]"#
    );
    let run = |host: &Namespace, actions: String| {
        host.within(move || {
            let run = Run::real(1, Waking::default()).unwrap();
            run.apply(&parse(&actions).unwrap()).unwrap();
            run
        })
    };
    let writer = run(&path.server, written);
    let player = run(&path.client, played);
    let until = Instant::now() + PATIENCE;
    let sent = |run: &Run| run.statistics().unwrap()["apps"]["r"]["left"] == 0;
    while !sent(&player) && Instant::now() < until {
        std::thread::yield_now();
    }
    let ours = |file: &[u8]| -> Vec<Vec<u8>> {
        let records = capture::parse(file).unwrap();
        let bytes = records
            .iter()
            .map(|r| file[r.start..r.start + r.len].to_vec());
        bytes
            .filter(|bytes| bytes[..6] == [2, 0, 0, 0, 0, 2])
            .collect()
    };
    path.expect("b", "sent", |count| count.as_u64().unwrap() >= 5);
    let reached = |run: &Run| run.statistics().unwrap()["apps"]["w"]["written"].as_u64() >= Some(5);
    while !reached(&writer) && Instant::now() < until {
        std::thread::yield_now();
    }
    writer.stop();
    let file = std::fs::read(&to).unwrap();
    assert_eq!(ours(&file), frames);
    let records = capture::parse(&file).unwrap();
    assert!(records.windows(2).all(|pair| pair[0].at <= pair[1].at));
    check_with_tshark(&to);
    std::fs::remove_file(from).unwrap();
    std::fs::remove_file(to).unwrap();
}

/// Another reader finds the same: the frames' lengths, and the interface's name.
fn check_with_tshark(path: &std::path::Path) {
    let mut tshark = Command::new("tshark");
    let fields = ["-Tfields", "-eframe.len", "-eframe.interface_name"];
    tshark
        .arg("-r")
        .arg(path)
        .args(["-Y", "eth.dst == 02:00:00:00:00:02"]);
    let Ok(shown) = tshark.args(fields).output() else {
        eprintln!("skipped: there is no tshark to read the capture too");
        return;
    };
    let shown = String::from_utf8(shown.stdout).unwrap();
    assert_eq!(shown, "60\ts0\n64\ts0\n1400\ts0\n1514\ts0\n1518\ts0\n");
}

#[test]
fn what_cannot_be_opened_says_why() {
    let Some(namespace) = Namespace::new() else {
        return;
    };
    namespace.ip("tuntap add p0 mode tun");
    let refusal = |kind: &str, interface: &str| {
        let actions = format!(
            r#"[{{"do":"start","name":"a","app":{{"app":"{kind}","interface":"{interface}"}}}}]"#
        );
        namespace.within(move || {
            let run = Run::real(1, Waking::default()).unwrap();
            run.apply(&parse(&actions).unwrap()).unwrap_err()
        })
    };
    let missing = refusal("raw_socket", "nosuch0");
    assert_eq!(missing.kind, ErrorKind::Interface);
    assert!(missing.message.contains("lo, p0"));
    assert!(refusal("raw_socket", "p0").message.contains("no Ethernet"));
    assert!(refusal("tap", "p0").message.contains("is no tap device"));
    assert_eq!(refusal("tap", "too-long-a-name0").kind, ErrorKind::Config);
}
