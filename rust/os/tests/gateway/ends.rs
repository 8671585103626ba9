//! Ends: one side finishes, gives up, or the gateway stops.
use super::connecting::{Connecting, FAR, hear, receive_stream, send_stream};
use crate::gated::Gated;
use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::os::fd::AsRawFd;

#[test]
fn who_has_finished_can_still_be_told_much() {
    let Some(gated) = Gated::new() else {
        return;
    };
    for address in FAR {
        let (mut inside, mut outside) = gated.pair(address);
        inside.shutdown(Shutdown::Write).unwrap();
        assert_eq!(hear(&mut outside, &mut [0; 9]).unwrap(), 0);
        std::thread::scope(|scope| {
            scope.spawn(|| send_stream(&mut outside, 3_000_000));
            assert_eq!(receive_stream(&mut inside), 3_000_000);
        });
        let (mut inside, mut outside) = gated.pair(address);
        outside.shutdown(Shutdown::Write).unwrap();
        assert_eq!(hear(&mut inside, &mut [0; 9]).unwrap(), 0);
        std::thread::scope(|scope| {
            scope.spawn(|| send_stream(&mut inside, 3_000_000));
            assert_eq!(receive_stream(&mut outside), 3_000_000);
        });
    }
    gated.await_count("open", 0);
    assert_eq!(gated.ends(), ["closed"; 4]);
}

/// Closes with a reset.
fn reset(stream: TcpStream) {
    let at_once = libc::linger {
        l_onoff: 1,
        l_linger: 0,
    };
    let len = size_of_val(&at_once) as libc::socklen_t;
    let value = (&raw const at_once).cast();
    // SAFETY: the option's value lives through the call.
    let set = unsafe {
        let (level, option) = (libc::SOL_SOCKET, libc::SO_LINGER);
        libc::setsockopt(stream.as_raw_fd(), level, option, value, len)
    };
    assert_eq!(set, 0);
}

#[test]
fn a_reset_is_passed_on_both_ways() {
    let Some(gated) = Gated::new() else {
        return;
    };
    for address in FAR {
        let (mut inside, outside) = gated.pair(address);
        reset(outside);
        let told = hear(&mut inside, &mut [0; 9]).unwrap_err();
        assert_eq!(told.kind(), ErrorKind::ConnectionReset);
        let (inside, mut outside) = gated.pair(address);
        reset(inside);
        let told = hear(&mut outside, &mut [0; 9]).unwrap_err();
        assert_eq!(told.kind(), ErrorKind::ConnectionReset);
        // After both have said something, and one has finished.
        let (mut inside, mut outside) = gated.pair(address);
        inside.write_all(b"x").unwrap();
        outside.read_exact(&mut [0]).unwrap();
        outside.shutdown(Shutdown::Write).unwrap();
        assert_eq!(hear(&mut inside, &mut [0; 9]).unwrap(), 0);
        reset(outside);
        gated.await_count("open", 0);
        let told = inside.write_all(b"x").unwrap_err();
        let kinds = [ErrorKind::ConnectionReset, ErrorKind::BrokenPipe];
        assert!(kinds.contains(&told.kind()), "{told}");
    }
    assert_eq!(gated.ends(), ["reset"; 6]);
}

#[test]
fn who_has_not_finished_when_the_gateway_stops_was_cut_off() {
    let Some(gated) = Gated::new() else {
        return;
    };
    let (mut unfinished, mut cut) = gated.pair(FAR[0]);
    unfinished.write_all(b"half").unwrap();
    cut.read_exact(&mut [0; 4]).unwrap();
    let (mut finished, mut whole) = gated.pair(FAR[0]);
    finished.write_all(b"all").unwrap();
    finished.shutdown(Shutdown::Write).unwrap();
    whole.read_exact(&mut [0; 3]).unwrap();
    assert_eq!(hear(&mut whole, &mut [0; 9]).unwrap(), 0);
    gated.run.stop();
    let told = hear(&mut cut, &mut [0; 9]).unwrap_err();
    assert_eq!(told.kind(), ErrorKind::ConnectionReset);
    whole.write_all(b"x").unwrap();
}
