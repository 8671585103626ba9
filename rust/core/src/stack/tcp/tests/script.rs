//! Scripts: what goes into one connection when, and what comes out of it when, exactly.
//!
//! A line has a time since the line before, in seconds, and
//! - `< SEGMENT`: it arrives;
//! - `> SEGMENT`: it leaves, at this very moment; nothing else has left since the last such line;
//! - `silence`: nothing leaves up to now; `whatever`: anything may have left;
//! - what the program does: `connect`, `listen`, `write 1000`, `read 500`, `shutdown`, `close`,
//!   `abort`;
//! - what it sees: `state established`, `events READABLE|CONNECTED`, `error TimedOut`, `no error`,
//!   `readable 10`, `over`, `read end`;
//! - what the network says: `icmp HostUnreachable seq 1`, `icmp MessageTooLong seq 1 mtu 1280`.
//!
//! Both ends' first sequence numbers are 0, so that the others count from there.
use super::line::Parcel;
use super::notation::{read, write};
use super::pair::{endpoints, turned};
use crate::stack::event::Readiness;
use crate::stack::options::SocketOptions;
use crate::stack::tcp::{Connection, IcmpError, Listener, Verdict};
use crate::time::Nanos;
use std::collections::VecDeque;

const MTU: u32 = 1500;

struct Run {
    now: Nanos,
    options: SocketOptions,
    listener: Option<Listener>,
    connection: Option<Box<Connection>>,
    sent: VecDeque<(Nanos, String)>,
}

/// Plays a script with the default options.
pub(crate) fn play(script: &str) -> Connection {
    play_with(&SocketOptions::default(), script)
}

/// Plays a script.
pub(crate) fn play_with(options: &SocketOptions, script: &str) -> Connection {
    let mut run = Run {
        now: 0,
        options: options.clone(),
        listener: None,
        connection: None,
        sent: VecDeque::new(),
    };
    let lines = script
        .lines()
        .map(|line| line.split("//").next().unwrap_or_default().trim());
    for (number, line) in lines.enumerate().filter(|it| !it.1.is_empty()) {
        let (time, what) = line.split_once(char::is_whitespace).expect("time and what");
        let seconds: f64 = time.parse().expect("a time");
        run.advance((seconds * 1e6).round() as u64 * 1000);
        run.step(what.trim(), &format!("line {number}: {line}"));
    }
    assert_eq!(run.sent, [], "left over at the end");
    *run.connection.expect("a connection")
}

impl Run {
    fn connection(&mut self) -> &mut Connection {
        self.connection.as_mut().expect("a connection")
    }

    /// What our timestamps say at the script's beginning.
    fn clock(&self) -> u32 {
        let ends = endpoints();
        let ends = if self.listener.is_some() {
            turned(ends)
        } else {
            ends
        };
        crate::stack::tcp::timestamps::Timestamps::new(&ends).value(0)
    }

    fn advance(&mut self, by: Nanos) {
        let until = self.now + by;
        while let Some(connection) = &mut self.connection {
            let Some(at) = connection.deadline().filter(|&at| at <= until) else {
                break;
            };
            self.now = self.now.max(at);
            connection.on_timer(self.now);
            self.transmit();
        }
        self.now = until;
    }

    fn transmit(&mut self) {
        let (now, clock) = (self.now, self.clock());
        let Some(connection) = &mut self.connection else {
            return;
        };
        while let Some(outgoing) = connection.transmit(1 << 16, now) {
            for parcel in Parcel::of(&outgoing, true) {
                self.sent.push_back((now, write(&parcel.segment(), clock)));
            }
        }
    }

    fn step(&mut self, what: &str, line: &str) {
        let (verb, rest) = what.split_once(' ').unwrap_or((what, ""));
        let rest = rest.trim();
        match verb {
            ">" => {
                let sent = self.sent.pop_front();
                assert_eq!(sent, Some((self.now, rest.to_owned())), "{line}");
            }
            "whatever" => self.sent.clear(),
            "silence" => assert_eq!(self.sent, [], "{line}"),
            "<" => self.arrive(rest),
            "state" => {
                let now = self.now;
                assert_eq!(self.connection().info(now).state, rest, "{line}");
            }
            "events" => {
                let events = self.connection().events();
                assert_eq!(names(events), rest, "{line}");
            }
            "error" => {
                let error = self.connection().take_error();
                assert_eq!(
                    error.map(|it| format!("{it:?}")).as_deref(),
                    Some(rest),
                    "{line}"
                );
            }
            "no" => assert_eq!(self.connection().take_error(), None, "{line}"),
            "over" => assert!(self.connection().is_over(), "{line}"),
            "readable" => assert_eq!(self.connection().readable().to_string(), rest, "{line}"),
            _ => self.call(verb, rest, line),
        }
    }

    fn call(&mut self, verb: &str, rest: &str, line: &str) {
        let now = self.now;
        match verb {
            "connect" => {
                let connection = Connection::connect(endpoints(), &self.options, 0, MTU, now);
                self.connection = Some(Box::new(connection));
            }
            "listen" => self.listener = Some(Listener::new(&self.options, 4, [1, 2])),
            "write" => {
                let len = rest.parse().expect("a length");
                let sent = self.connection().send(&vec![7; len], now);
                assert_eq!(sent, Ok(len), "{line}");
            }
            "read" => self.read(rest, line),
            "shutdown" => self.connection().shutdown(now),
            "close" => self.connection().close(now),
            "abort" => self.connection().abort(now),
            "icmp" => self.icmp(rest),
            _ => panic!("no such verb: {line}"),
        }
        self.transmit();
    }

    fn read(&mut self, rest: &str, line: &str) {
        let now = self.now;
        if rest == "end" {
            assert_eq!(self.connection().receive(&mut [0], now), Ok(0), "{line}");
            return;
        }
        let len = rest.parse().expect("a length");
        let got = self.connection().receive(&mut vec![0; len], now);
        assert_eq!(got, Ok(len), "{line}");
    }

    fn arrive(&mut self, line: &str) {
        let parcel = read(line, self.clock());
        let (segment, now) = (parcel.segment(), self.now);
        if let Some(connection) = &mut self.connection {
            connection.on_segment(&segment, now);
        } else {
            let listener = self.listener.as_mut().expect("somebody listens");
            match listener.on_segment(&segment, turned(endpoints()), 0, MTU, now) {
                Verdict::Begin(connection) => self.connection = Some(connection),
                _ => panic!("not the beginning of a connection: {line}"),
            }
        }
        self.transmit();
    }

    fn icmp(&mut self, rest: &str) {
        use crate::stack::error::SocketError::{
            ConnectionRefused, HostUnreachable, MessageTooLong,
        };
        let words: Vec<_> = rest.split_whitespace().collect();
        let error = [ConnectionRefused, HostUnreachable, MessageTooLong]
            .into_iter()
            .find(|error| format!("{error:?}") == words[0])
            .expect("an error");
        let value = |name| {
            let at = words.iter().position(|&word| word == name)?;
            words[at + 1].parse().ok()
        };
        let message = IcmpError {
            error,
            seq: value("seq").expect("seq"),
            mtu: value("mtu"),
        };
        let now = self.now;
        self.connection().on_icmp(message, now);
    }
}

fn names(events: Readiness) -> String {
    let all = [
        ("READABLE", Readiness::READABLE),
        ("WRITABLE", Readiness::WRITABLE),
        ("CONNECTED", Readiness::CONNECTED),
        ("FINISHED", Readiness::FINISHED),
        ("FAILED", Readiness::FAILED),
        ("FLUSHED", Readiness::FLUSHED),
    ];
    let names = all.iter().filter(|it| events.has(it.1)).map(|it| it.0);
    let names: Vec<_> = names.collect();
    if names.is_empty() {
        "none".to_owned()
    } else {
        names.join("|")
    }
}
