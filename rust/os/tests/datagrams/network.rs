//! What is behind the gateway: the machine, a router, and a host behind that.
use crate::gated::{Gated, PATIENCE};
use crate::namespaces::Namespace;
use serde_json::{Value, json};
use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::os::fd::AsRawFd;

/// Addresses of the machine that are not its loopback.
pub(crate) const MACHINE: [&str; 2] = ["203.0.113.9", "2001:db8::9"];
/// Addresses of a host behind a router.
pub(crate) const FAR: [&str; 2] = ["198.51.100.2", "2001:db8:2::2"];
/// Those of the router at the machine's side.
pub(crate) const ROUTER: [&str; 2] = ["192.0.2.2", "2001:db8:1::2"];
/// What leads from the program to the machine's loopback.
pub(crate) const TO_LOOPBACK: [&str; 2] = ["192.0.0.3", "fd75:7365:726e:6574::3"];

/// A gateway without further settings.
pub(crate) fn plain() -> Option<Gated> {
    with(&json!({}))
}

/// A gateway with these settings, on a machine that has no network.
pub(crate) fn with(settings: &Value) -> Option<Gated> {
    Gated::with(settings, |machine| {
        machine.ip(&format!("addr add {}/32 dev lo", MACHINE[0]));
        machine.ip(&format!("addr add {}/128 dev lo nodad", MACHINE[1]));
    })
}

/// Redirects to the machine's loopback.
pub(crate) fn to_loopback() -> Value {
    let redirects = [
        json!({"from": TO_LOOPBACK[0], "to": "127.0.0.1"}),
        json!({"from": TO_LOOPBACK[1], "to": "::1"}),
    ];
    json!({"redirects": redirects})
}

/// A gateway on a machine with a network: a router, and a host behind it, whose link takes `mtu` bytes.
pub(crate) fn routed(mtu: u32) -> Option<(Gated, Namespace, Namespace)> {
    let (router, far) = (Namespace::new()?, Namespace::new()?);
    let gated = Gated::with(&json!({}), |machine| {
        machine.ip(&format!(
            "link add m0 type veth peer name r0 netns {}",
            router.task
        ));
        router.ip(&format!(
            "link add r1 type veth peer name f0 netns {}",
            far.task
        ));
        for (host, name, v4, v6) in [
            (machine, "m0", "192.0.2.1/24", "2001:db8:1::1/64"),
            (&router, "r0", "192.0.2.2/24", "2001:db8:1::2/64"),
            (&router, "r1", "198.51.100.1/24", "2001:db8:2::1/64"),
            (&far, "f0", "198.51.100.2/24", "2001:db8:2::2/64"),
        ] {
            host.ip(&format!("addr add {v4} dev {name}"));
            host.ip(&format!("addr add {v6} dev {name} nodad"));
            host.ip(&format!("link set {name} up"));
        }
        router.ip(&format!("link set r1 mtu {mtu}"));
        far.ip(&format!("link set f0 mtu {mtu}"));
        machine.ip("route add default via 192.0.2.2");
        machine.ip("-6 route add default via 2001:db8:1::2");
        far.ip("route add default via 198.51.100.1");
        far.ip("-6 route add default via 2001:db8:2::1");
        router.within(|| {
            std::fs::write("/proc/sys/net/ipv4/ip_forward", "1").unwrap();
            std::fs::write("/proc/sys/net/ipv6/conf/all/forwarding", "1").unwrap();
        });
    })?;
    Some((gated, router, far))
}

/// A socket at this address of a host.
pub(crate) fn bind(host: &Namespace, address: &str, port: u16) -> UdpSocket {
    let at = SocketAddr::new(address.parse().unwrap(), port);
    host.within(move || {
        let socket = UdpSocket::bind(at).unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        // As much as the system lets it be: a burst is not to be lost here.
        set(&socket, libc::SOL_SOCKET, libc::SO_RCVBUFFORCE, 8 << 20);
        socket
    })
}

/// A socket of a program, of the family of this address.
pub(crate) fn program_socket(gated: &Gated, towards: &str) -> UdpSocket {
    let any = if towards.contains(':') {
        "::"
    } else {
        "0.0.0.0"
    };
    bind(&gated.program, any, 0)
}

/// Receiving that goes on where the process was stopped meanwhile.
pub(crate) trait Patient {
    fn take(&self, buffer: &mut [u8]) -> io::Result<usize>;
    fn take_from(&self, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr)>;
}

impl Patient for UdpSocket {
    fn take(&self, buffer: &mut [u8]) -> io::Result<usize> {
        go_on(|| self.recv(buffer))
    }

    fn take_from(&self, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        go_on(|| self.recv_from(buffer))
    }
}

fn go_on<R>(mut work: impl FnMut() -> io::Result<R>) -> io::Result<R> {
    loop {
        match work() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            done => return done,
        }
    }
}

/// Answers a number of datagrams with themselves.
pub(crate) fn echo(socket: &UdpSocket, count: usize) {
    let mut buffer = vec![0; 1 << 16];
    for _ in 0..count {
        let (len, from) = socket.take_from(&mut buffer).unwrap();
        socket.send_to(&buffer[..len], from).unwrap();
    }
}

/// Sets a number of a socket's; whether the system takes it.
pub(crate) fn set(socket: &UdpSocket, level: i32, option: i32, value: i32) -> bool {
    let len = size_of_val(&value) as libc::socklen_t;
    let value = (&raw const value).cast();
    // SAFETY: the option is an int that lives through the call.
    unsafe { libc::setsockopt(socket.as_raw_fd(), level, option, value, len) == 0 }
}

/// Asks a socket for a number.
pub(crate) fn get(socket: &UdpSocket, level: i32, option: i32) -> i32 {
    let mut value = 0_i32;
    let mut len = size_of_val(&value) as libc::socklen_t;
    // SAFETY: there is room for an int, which lives through the call.
    let asked = unsafe {
        libc::getsockopt(
            socket.as_raw_fd(),
            level,
            option,
            (&raw mut value).cast(),
            &raw mut len,
        )
    };
    assert_eq!(asked, 0);
    value
}

/// Bytes of which no piece is like another.
pub(crate) fn bytes(len: usize) -> Vec<u8> {
    let byte = |place: usize| {
        (place as u64)
            .wrapping_mul(0x9e37_79b9_7f4a_7c15)
            .to_be_bytes()[0]
    };
    (0..len).map(byte).collect()
}
