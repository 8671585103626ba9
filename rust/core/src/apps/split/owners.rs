//! Which process has which connection, as far as somebody has said so: the table is filled from
//! outside, for who owns a socket cannot be seen in a packet.
use super::talkers::Remote;
use super::tuple::Connection;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::net::SocketAddr;

/// How many connections are known, and how many are asked for; of those known the oldest goes.
const KNOWN: usize = 16_384;
const ASKED: usize = 1024;

/// A connection as the program's side sees it.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Socket {
    protocol: u8,
    local: SocketAddr,
    remote: SocketAddr,
}

impl Socket {
    pub(super) fn of(connection: &Connection, remote: Remote) -> Self {
        let Connection {
            protocol,
            source,
            destination,
        } = *connection;
        let (local, remote) = match remote {
            Remote::Source => (destination, source),
            Remote::Destination => (source, destination),
        };
        Self {
            protocol,
            local: local.into(),
            remote: remote.into(),
        }
    }
}

/// Who has a connection.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Owned {
    socket: Socket,
    /// What the processes that have it are called; nobody where nobody was found.
    names: BTreeSet<String>,
}

/// Who has which connection.
#[derive(Default)]
pub(super) struct Owners {
    known: BTreeMap<Socket, BTreeSet<String>>,
    order: VecDeque<Socket>,
    asked: BTreeSet<Socket>,
}

impl Owners {
    /// What the processes are called that have a connection; none where that is to be asked.
    pub(super) fn names(&mut self, socket: Socket) -> Option<&BTreeSet<String>> {
        let known = self.known.get(&socket);
        if known.is_none() && self.asked.len() < ASKED {
            self.asked.insert(socket);
        }
        known
    }

    /// Takes answers; whether any of them says something new.
    pub(super) fn tell(&mut self, owned: Vec<Owned>) -> bool {
        let mut news = false;
        for Owned { socket, names } in owned {
            self.asked.remove(&socket);
            let before = self.known.insert(socket, names.clone());
            if before.is_none() {
                self.order.push_back(socket);
            }
            news |= before.as_ref() != Some(&names);
        }
        while self.order.len() > KNOWN {
            if let Some(oldest) = self.order.pop_front() {
                self.known.remove(&oldest);
            }
        }
        news
    }

    /// Forgets a connection: another begins between the same ends.
    pub(super) fn forget(&mut self, socket: Socket) {
        if self.known.remove(&socket).is_some() {
            self.order.retain(|other| *other != socket);
        }
    }

    /// The connections that are asked for.
    pub(super) fn asked(&self) -> impl Iterator<Item = &Socket> {
        self.asked.iter()
    }
}
