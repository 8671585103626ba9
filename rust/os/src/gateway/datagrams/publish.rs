//! Ports of the machine that lead to programs: a flow each, whose socket is bound there and stays.
use super::super::DATAGRAMS;
use super::super::datagram_socket::{DatagramSocket, Kind};
use super::super::flows::{Flow, Key};
use super::super::listen::refused;
use super::super::spec::{Protocol, Publish};
use super::{Datagrams, UDP};
use std::io;
use std::net::SocketAddr;
use usernet_core::app::AppError;
use usernet_core::stack::host::Stray;

impl Datagrams {
    /// Opens what is published of UDP.
    ///
    /// # Errors
    /// The machine refuses one of the addresses: which, and why.
    pub(super) fn publish(&mut self, all: &[Publish]) -> Result<(), AppError> {
        let datagrams = all.iter().filter(|one| one.protocol == Protocol::Udp);
        for one in datagrams {
            self.publish_one(one)
                .map_err(|error| refused(one.listen, &error))?;
        }
        Ok(())
    }

    fn publish_one(&mut self, one: &Publish) -> io::Result<()> {
        let key = Key {
            kind: Kind::Udp,
            program: one.to,
            v4: one.listen.is_ipv4(),
        };
        let socket = DatagramSocket::open(key.kind, key.v4)?;
        socket.bind(one.listen)?;
        let place = self.flows.next_place();
        self.epoll
            .add(socket.fd(), libc::EPOLLIN, DATAGRAMS, place)?;
        let mut flow = Flow::new(key, Some(socket), 0, (one.listen, 0));
        flow.is_published = true;
        self.flows.add(flow);
        Ok(())
    }

    /// Where an answer of a published port goes: back to whom the program knows by an address of the
    /// gateway's, for lack of another.
    pub(super) fn published_way(&self, stray: &Stray) -> Option<SocketAddr> {
        if stray.protocol != UDP || !self.own.contains(&stray.destination.ip()) {
            return None;
        }
        let key = Key {
            kind: Kind::Udp,
            program: stray.source,
            v4: stray.source.is_ipv4(),
        };
        let flow = self.flows.get(self.flows.find(&key)?)?;
        flow.outer(stray.destination).filter(|_| flow.is_published)
    }
}
