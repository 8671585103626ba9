//! What became of each connection, for whoever reports it.
use crate::relay::End;
use serde_json::{Value, json};
use std::collections::VecDeque;
use std::net::SocketAddr;
use usernet_core::time::Nanos;

/// How many are kept; the oldest make room.
const MOST: usize = 10_000;

/// One connection.
#[derive(Clone, Debug)]
pub(super) struct Record {
    pub(super) protocol: &'static str,
    /// The program's end.
    pub(super) program: SocketAddr,
    /// The other end, as the program sees it.
    pub(super) remote: SocketAddr,
    /// The name by which the remote was looked up, if it was.
    pub(super) name: Option<String>,
    pub(super) opened: Nanos,
    /// How long it took to connect.
    pub(super) connect: Option<Nanos>,
    pub(super) closed: Option<Nanos>,
    /// Bytes from the program, and to it.
    pub(super) up: u64,
    pub(super) down: u64,
    pub(super) end: End,
}

impl Record {
    pub(super) fn new(protocol: &'static str, ends: (SocketAddr, SocketAddr), now: Nanos) -> Self {
        let (program, remote) = ends;
        Self {
            protocol,
            program,
            remote,
            name: None,
            opened: now,
            connect: None,
            closed: None,
            up: 0,
            down: 0,
            end: End::Open,
        }
    }

    fn to_json(&self) -> Value {
        json!({
            "protocol": self.protocol,
            "program": self.program.to_string(),
            "remote": self.remote.to_string(),
            "name": self.name,
            "opened": self.opened,
            "connect_ns": self.connect,
            "closed": self.closed,
            "up": self.up,
            "down": self.down,
            "end": self.end.name(),
        })
    }
}

/// Those that have ended.
#[derive(Default)]
pub(super) struct Records {
    ended: VecDeque<Record>,
    left_out: u64,
}

impl Records {
    pub(super) fn keep(&mut self, record: Record) {
        if self.ended.len() == MOST {
            self.ended.pop_front();
            self.left_out += 1;
        }
        self.ended.push_back(record);
    }

    /// These and those that are open, the latest of them, in the order in which they began.
    pub(super) fn to_json<'a>(&'a self, open: impl Iterator<Item = &'a Record>) -> Value {
        let mut all: Vec<_> = self.ended.iter().chain(open).collect();
        all.sort_by_key(|record| record.opened);
        let over = all.len().saturating_sub(MOST);
        let shown: Vec<_> = all[over..].iter().map(|record| record.to_json()).collect();
        json!({"connections": shown, "left_out": self.left_out + over as u64})
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(opened: Nanos) -> Record {
        let at = |text: &str| text.parse().unwrap();
        Record::new("tcp", (at("192.0.0.2:4000"), at("203.0.113.9:80")), opened)
    }

    #[test]
    fn they_come_in_the_order_in_which_they_began() {
        let mut records = Records::default();
        records.keep(record(3));
        records.keep(record(1));
        let open = record(2);
        let all = records.to_json([&open].into_iter());
        let opened = |number: usize| all["connections"][number]["opened"].clone();
        assert_eq!([0, 1, 2].map(opened), [1, 2, 3]);
        assert_eq!(all["left_out"], 0);
    }

    #[test]
    fn the_oldest_make_room_and_are_counted() {
        let mut records = Records::default();
        (0..MOST as Nanos + 5).for_each(|opened| records.keep(record(opened)));
        let open = record(MOST as Nanos * 2);
        let all = records.to_json([&open].into_iter());
        assert_eq!(all["connections"].as_array().unwrap().len(), MOST);
        assert_eq!(
            (&all["connections"][0]["opened"], &all["left_out"]),
            (&6.into(), &6.into())
        );
    }
}
