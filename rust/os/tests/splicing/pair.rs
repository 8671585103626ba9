//! What the tests share: two hosts of one engine, connections between them, and sockets to splice.
use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::time::{Duration, Instant};
use usernet_core::action::parse;
use usernet_core::engine::HostKey;
use usernet_core::stack::{Host, SocketError, SocketId};
use usernet_core::time::Nanos;
use usernet_os::splicing::{self, Outcome, Refused};
use usernet_os::{Run, Waking};

pub(crate) const PATIENCE: Duration = Duration::from_secs(20);
const SERVER: &str = "10.0.0.2:80";

/// Two hosts, of which the second listens.
pub(crate) struct Pair {
    pub(crate) run: Run,
    pub(crate) client: HostKey,
    pub(crate) server: HostKey,
    listener: SocketId,
}

impl Pair {
    pub(crate) fn new() -> Self {
        Self::of(Run::real(1, Waking::default()).unwrap())
    }

    pub(crate) fn of(run: Run) -> Self {
        let host = |last| {
            format!(
                r#"{{"app":"host","interfaces":{{"eth0":{{"addresses":["10.0.0.{last}/24"]}}}}}}"#
            )
        };
        let (client, server) = (host(1), host(2));
        let actions = format!(
            r#"[{{"do":"start","name":"client","app":{client}}},
                {{"do":"start","name":"server","app":{server}}},
                {{"do":"link","link":"client.eth0 -> server.eth0"}},
                {{"do":"link","link":"server.eth0 -> client.eth0"}}]"#
        );
        run.apply(&parse(&actions).unwrap()).unwrap();
        let key = |name| run.turn().with(|engine, _| engine.host_key(name)).unwrap();
        let (client, server) = (key("client").unwrap(), key("server").unwrap());
        let listen =
            |host: &mut Host, now| host.listen(SERVER.parse().unwrap(), 100, host.options(), now);
        let listener = run.turn().with_host(server, listen).unwrap().unwrap();
        Self {
            listener: listener.unwrap(),
            run,
            client,
            server,
        }
    }

    pub(crate) fn on<R>(&self, host: HostKey, work: impl FnOnce(&mut Host, Nanos) -> R) -> R {
        self.run.turn().with_host(host, work).unwrap().unwrap()
    }

    /// Begins a connection of the client's.
    pub(crate) fn dial(&self, to: &str) -> SocketId {
        let to = to.parse().unwrap();
        self.on(self.client, |host, now| {
            host.connect(to, None, host.options(), now).unwrap()
        })
    }

    /// A connection, and its other end.
    pub(crate) fn connect(&self) -> (SocketId, SocketId) {
        let client = self.dial(SERVER);
        let mut server = Err(SocketError::WouldBlock);
        until(|| {
            server = self.on(self.server, |host, now| host.accept(self.listener, now));
            server.is_ok()
        });
        (client, server.unwrap())
    }

    pub(crate) fn splice(
        &self,
        host: HostKey,
        id: SocketId,
        fd: &impl AsRawFd,
    ) -> Result<Arc<Outcome>, Refused> {
        let fd = fd.as_raw_fd();
        let turn = self.run.turn();
        turn.with(|engine, _| splicing::splice(engine, host, id, fd))
            .unwrap()
    }

    /// A connection whose ends are spliced to sockets: the other ends of these, and what becomes of both.
    pub(crate) fn joined<S: System>(&self) -> ((S, S), [Arc<Outcome>; 2]) {
        let (client, server) = self.connect();
        let ((ours, inner), (theirs, outer)) = (S::pair(), S::pair());
        let outcomes = [
            self.splice(self.client, client, &inner).unwrap(),
            self.splice(self.server, server, &outer).unwrap(),
        ];
        ((ours, theirs), outcomes)
    }

    /// The memory that both hosts use for sockets.
    pub(crate) fn memory(&self) -> u64 {
        let statistics = self.run.statistics().unwrap();
        let used = |host: &str| statistics["apps"][host]["memory_used"].as_u64().unwrap();
        used("client") + used("server")
    }
}

/// Waits until that is so.
pub(crate) fn until(mut so: impl FnMut() -> bool) {
    let end = Instant::now() + PATIENCE;
    while !so() {
        assert!(Instant::now() < end, "it does not come about");
        std::thread::yield_now();
    }
}

/// Waits until a splice is over; how.
pub(crate) fn end(outcome: &Outcome) -> &'static str {
    until(|| outcome.report().2 != "open");
    outcome.report().2
}

/// A stream socket of this machine.
pub(crate) trait System: Read + Write + AsRawFd + Send + Sized {
    fn pair() -> (Self, Self);
    fn other(&self) -> Self;
    fn finish(&self);
}

impl System for TcpStream {
    fn pair() -> (Self, Self) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let one = Self::connect(listener.local_addr().unwrap()).unwrap();
        let other = listener.accept().unwrap().0;
        one.set_read_timeout(Some(PATIENCE)).unwrap();
        one.set_write_timeout(Some(PATIENCE)).unwrap();
        (one, other)
    }

    fn other(&self) -> Self {
        self.try_clone().unwrap()
    }

    fn finish(&self) {
        self.shutdown(Shutdown::Write).unwrap();
    }
}

impl System for UnixStream {
    fn pair() -> (Self, Self) {
        let (one, other) = Self::pair().unwrap();
        one.set_read_timeout(Some(PATIENCE)).unwrap();
        one.set_write_timeout(Some(PATIENCE)).unwrap();
        (one, other)
    }

    fn other(&self) -> Self {
        self.try_clone().unwrap()
    }

    fn finish(&self) {
        self.shutdown(Shutdown::Write).unwrap();
    }
}

/// Closes with a reset.
pub(crate) fn reset(stream: TcpStream) {
    let linger = libc::linger {
        l_onoff: 1,
        l_linger: 0,
    };
    let (value, len) = ((&raw const linger).cast(), size_of_val(&linger));
    // SAFETY: `linger` has so many bytes, and lives through the call.
    let set = unsafe {
        let fd = stream.as_raw_fd();
        libc::setsockopt(fd, libc::SOL_SOCKET, libc::SO_LINGER, value, len as u32)
    };
    assert_eq!(set, 0);
    drop(OwnedFd::from(stream));
}

/// The byte at this place of each stream.
pub(crate) fn byte(at: usize) -> u8 {
    (at ^ (at >> 8) ^ (at >> 16)) as u8
}

/// Sends so much of a stream.
pub(crate) fn send(stream: &mut impl Write, range: std::ops::Range<usize>) {
    let bytes: Vec<u8> = range.map(byte).collect();
    stream.write_all(&bytes).unwrap();
}

/// Receives to the end, and checks each byte; how many.
pub(crate) fn receive(stream: &mut impl Read) -> usize {
    let (mut count, mut chunk) = (0, vec![0; 1 << 16]);
    loop {
        match stream.read(&mut chunk) {
            Ok(0) => return count,
            Ok(len) => {
                let good = (count..).zip(&chunk[..len]).all(|(at, &is)| is == byte(at));
                assert!(good, "other bytes than were sent, after {count}");
                count += len;
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => panic!("{error}"),
        }
    }
}
