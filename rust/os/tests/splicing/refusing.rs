//! What cannot be spliced, and is left as it was.
use crate::pair::{Pair, System};
use std::net::{TcpListener, UdpSocket};
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;
use usernet_core::stack::{Host, SocketError};
use usernet_os::Run;
use usernet_os::splicing::{self, Refused};

fn number(refused: Refused) -> i32 {
    match refused {
        Refused::Machine(error) => error.raw_os_error().unwrap(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn only_connected_stream_sockets_are_taken() {
    let pair = Pair::new();
    let (client, _) = pair.connect();
    let refused = |fd: &dyn Fn() -> i32| {
        let turn = pair.run.turn();
        let host = pair.client;
        let spliced = turn.with(|engine, _| splicing::splice(engine, host, client, fd()));
        number(spliced.unwrap().unwrap_err())
    };
    let file = std::fs::File::open("/dev/null").unwrap();
    let datagrams = UdpSocket::bind("127.0.0.1:0").unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    assert_eq!(refused(&|| file.as_raw_fd()), libc::ENOTSOCK);
    assert_eq!(refused(&|| datagrams.as_raw_fd()), libc::EPROTOTYPE);
    assert_eq!(refused(&|| listener.as_raw_fd()), libc::ENOTCONN);
    assert_eq!(refused(&|| 999_999), libc::EBADF);
    let send = |host: &mut Host, now| host.send(client, b"it goes on", now);
    assert_eq!(pair.on(pair.client, send), Ok(10));
}

#[test]
fn a_socket_is_spliced_once() {
    let pair = Pair::new();
    let (client, _) = pair.connect();
    let (_ours, inner) = <UnixStream as System>::pair();
    let first = pair.splice(pair.client, client, &inner);
    assert!(first.is_ok());
    let again = pair.splice(pair.client, client, &inner);
    assert!(matches!(
        again,
        Err(Refused::Host(SocketError::AlreadyConnected))
    ));
}

#[test]
fn in_virtual_time_nothing_is_spliced() {
    let pair = Pair::of(Run::simulated(1));
    let client = pair.dial("10.0.0.2:80");
    let (_ours, inner) = <UnixStream as System>::pair();
    let spliced = pair.splice(pair.client, client, &inner);
    assert!(matches!(spliced, Err(Refused::Virtual)));
}
