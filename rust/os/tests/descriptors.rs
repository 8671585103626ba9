//! TUN devices that somebody else has opened: wherever they are, the engine reads and writes them.
#![allow(clippy::unwrap_used)]
mod namespaces;

use namespaces::Namespace;
use std::fs::File;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::fd::AsRawFd;
use std::time::{Duration, Instant};
use usernet_core::action::parse;
use usernet_core::app::ErrorKind;
use usernet_os::{Run, Waking};

const PATIENCE: Duration = Duration::from_secs(20);

/// A TUN device of this name, in the namespace of whoever calls, as `run` makes them.
fn open_tun(name: &str) -> File {
    let path = "/dev/net/tun";
    let file = File::options().read(true).write(true).open(path).unwrap();
    // SAFETY: an ifreq is plain numbers, for which zero is valid.
    let mut wish: libc::ifreq = unsafe { std::mem::zeroed() };
    for (to, from) in wish.ifr_name.iter_mut().zip(name.bytes()) {
        *to = from as libc::c_char;
    }
    let flags = libc::IFF_TUN | libc::IFF_NO_PI | libc::IFF_VNET_HDR;
    wish.ifr_ifru.ifru_flags = flags as libc::c_short;
    // SAFETY: the call reads and writes one ifreq, which lives through it.
    let set = unsafe { libc::ioctl(file.as_raw_fd(), libc::TUNSETIFF, &raw mut wish) };
    assert_eq!(set, 0);
    file
}

#[test]
fn a_device_that_is_open_already_may_be_anywhere() {
    let (Some(client), Some(server)) = (Namespace::new(), Namespace::new()) else {
        return;
    };
    let Some(middle) = Namespace::new() else {
        return;
    };
    let files = [
        client.within(|| open_tun("c0")),
        server.within(|| open_tun("s0")),
    ];
    let descriptors = files.each_ref().map(File::as_raw_fd);
    let run = middle.within(move || {
        let start = |app: &str, fd| {
            let device = format!(r#"{{"app":"tun","interface":"{app}0","descriptor":{fd}}}"#);
            format!(r#"{{"do":"start","name":"{app}","app":{device}}}"#)
        };
        let links = r#"{"do":"link","link":"c.tx -> s.rx"},{"do":"link","link":"s.tx -> c.rx"}"#;
        let [c, s] = descriptors;
        let actions = format!("[{},{},{links}]", start("c", c), start("s", s));
        let run = Run::real(1, Waking::default()).unwrap();
        run.apply(&parse(&actions).unwrap()).unwrap();
        run
    });
    drop(files);
    for (host, name, last) in [(&client, "c0", 1), (&server, "s0", 2)] {
        host.ip(&format!("addr add 10.99.0.{last}/24 dev {name}"));
        host.ip(&format!("link set {name} up"));
    }
    let listener = server.within(|| TcpListener::bind(("10.99.0.2", 5001)).unwrap());
    let mut stream = client.within(|| TcpStream::connect(("10.99.0.2", 5001)).unwrap());
    let sent: Vec<u8> = (0..1_000_000_u32).flat_map(u32::to_be_bytes).collect();
    let sender = {
        let sent = sent.clone();
        std::thread::spawn(move || stream.write_all(&sent).unwrap())
    };
    let mut received = Vec::new();
    let (mut stream, _) = listener.accept().unwrap();
    stream.read_to_end(&mut received).unwrap();
    sender.join().unwrap();
    assert_eq!(received, sent);
    client.ip("link del c0");
    let until = Instant::now() + PATIENCE;
    while run.statistics().unwrap()["apps"]["c"]["down"] != true {
        assert!(Instant::now() < until, "a vanished device is told");
        std::thread::yield_now();
    }
    assert_eq!(run.failure(), None);
}

#[test]
fn a_descriptor_that_is_no_device_is_refused() {
    let run = Run::real(1, Waking::default()).unwrap();
    for descriptor in [0, 9999] {
        let app = format!(r#"{{"app":"tun","interface":"t0","descriptor":{descriptor}}}"#);
        let actions = format!(r#"[{{"do":"start","name":"t","app":{app}}}]"#);
        let told = run.apply(&parse(&actions).unwrap()).unwrap_err();
        assert_eq!(told.kind, ErrorKind::Interface);
        assert!(told.message.starts_with("t0: "), "{}", told.message);
    }
}
