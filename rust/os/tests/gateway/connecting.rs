//! What tests of connections share.
use crate::gated::{Gated, PATIENCE};
use serde_json::{Value, json};
use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};

/// Addresses of the machine that are not its loopback.
pub(super) const FAR: [&str; 2] = ["203.0.113.9", "[2001:db8::9]"];

/// Tests of connections.
pub(super) trait Connecting: Sized {
    fn new() -> Option<Self>;
    fn set(settings: &Value) -> Option<Self>;
    fn listen(&self, address: &str) -> TcpListener;
    fn dial(&self, to: SocketAddr) -> std::io::Result<TcpStream>;
    fn pair(&self, address: &str) -> (TcpStream, TcpStream);
    fn ends(&self) -> Vec<String>;
    fn inject(&self, packet: &[u8]);
    fn await_count(&self, name: &str, wanted: u64);
}

impl Connecting for Gated {
    fn new() -> Option<Self> {
        Self::set(&json!({}))
    }

    fn set(settings: &Value) -> Option<Self> {
        Self::with(settings, |machine| {
            machine.ip("addr add 203.0.113.9/32 dev lo");
            machine.ip("addr add 2001:db8::9/128 dev lo nodad");
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

    /// How connections ended, in the order in which they began.
    fn ends(&self) -> Vec<String> {
        let all = self.connections().as_array().unwrap().clone();
        let ends = all.iter().map(|one| one["end"].as_str().unwrap().into());
        ends.collect()
    }

    /// Has a packet go out of the program's network as it is.
    fn inject(&self, packet: &[u8]) {
        let packet = packet.to_vec();
        self.program.within(move || {
            // SAFETY: the calls read an address and a packet that live through them.
            unsafe {
                let fd = libc::socket(libc::AF_PACKET, libc::SOCK_DGRAM, 0);
                let mut to: libc::sockaddr_ll = std::mem::zeroed();
                to.sll_family = libc::AF_PACKET as u16;
                let v4 = packet[0] >> 4 == 4;
                to.sll_protocol = (if v4 { 0x0800_u16 } else { 0x86dd }).to_be();
                to.sll_ifindex = libc::if_nametoindex(c"u0".as_ptr()) as i32;
                let len = size_of_val(&to) as libc::socklen_t;
                let (at, to) = (packet.as_ptr().cast(), (&raw const to).cast());
                let sent = libc::sendto(fd, at, packet.len(), 0, to, len);
                assert_eq!(sent, packet.len() as isize);
                libc::close(fd);
            }
        });
    }

    fn await_count(&self, name: &str, wanted: u64) {
        self.expect("connections", name, wanted);
    }
}

/// Byte number `place` of every stream here: no piece of it is like another.
pub(super) fn byte(place: usize) -> u8 {
    (place as u64)
        .wrapping_mul(0x9e37_79b9_7f4a_7c15)
        .to_be_bytes()[0]
}

pub(super) fn send_stream(stream: &mut TcpStream, len: usize) {
    for start in (0..len).step_by(1 << 16) {
        let end = len.min(start + (1 << 16));
        let chunk: Vec<u8> = (start..end).map(byte).collect();
        stream.write_all(&chunk).unwrap();
    }
    stream.shutdown(Shutdown::Write).unwrap();
}

/// Reads; a signal, of which the system may have its own, is no answer.
pub(super) fn hear(stream: &mut TcpStream, into: &mut [u8]) -> std::io::Result<usize> {
    loop {
        match stream.read(into) {
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            read => return read,
        }
    }
}

pub(super) fn receive_stream(stream: &mut TcpStream) -> usize {
    let mut buffer = vec![0; 1 << 16];
    let mut place = 0;
    loop {
        let count = hear(stream, &mut buffer).unwrap();
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
