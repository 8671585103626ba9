//! Datagrams on their way out of the machine.
use super::super::datagram_socket::{Kind, Marks};
use super::super::sending::{self, Outgoing, Run, send_one};
use super::{Datagrams, HEADER, UDP, echo, errors, marks};
use std::io;
use std::mem;
use std::net::SocketAddr;
use std::os::fd::RawFd;
use usernet_core::app::Context;
use usernet_core::stack::Host;
use usernet_core::stack::host::{Complaint, Stray};

/// The smallest MTU of IPv6 (RFC 8200 §5), where the system does not say which was exceeded.
const LEAST_MTU: u32 = 1280;

impl Datagrams {
    /// What of a stray is sent.
    pub(super) fn outgoing_of(
        &self,
        mut stray: Stray,
        place: u32,
        to: SocketAddr,
        id: u16,
    ) -> Outgoing {
        let is_udp = stray.protocol == UDP;
        let marks = marks(&stray);
        let mut payload = stray.payload.clone();
        if !is_udp {
            payload.start = payload.start.saturating_sub(HEADER);
            let message = stray.packet.bytes_mut().get_mut(payload.clone());
            // A socket of one identifier writes it itself.
            let raw = self.echo[usize::from(to.is_ipv4())].kind() == Some(Kind::RawEcho);
            if let Some(message) = message.filter(|_| raw) {
                echo::identify(message, id, to.is_ipv4());
            }
        }
        let fits = stray.packet.len() <= self.mtu && !payload.is_empty();
        Outgoing {
            place,
            payload,
            to,
            marks,
            segment_size: stray.segment_size,
            joins: is_udp && fits && stray.segment_size.is_none(),
            packet: stray.packet,
        }
    }

    /// Sends what has come together.
    pub(in super::super) fn flush(&mut self, host: &mut Host, context: &mut Context<'_>) {
        if self.outgoing.is_empty() {
            return;
        }
        let mut outgoing = mem::take(&mut self.outgoing);
        // Within a flow the order stays.
        outgoing.sort_by_key(|datagram| datagram.place);
        let alike =
            |one: &Outgoing, next: &Outgoing| one.place == next.place && one.marks == next.marks;
        for group in outgoing.chunk_by(alike) {
            self.send_group(group, host, context);
        }
        for datagram in outgoing.drain(..) {
            context.pool.free(datagram.packet);
        }
        self.outgoing = outgoing;
    }

    /// Sends datagrams of one flow that say the same of themselves.
    fn send_group(&mut self, group: &[Outgoing], host: &mut Host, context: &mut Context<'_>) {
        let Some(first) = group.first() else {
            return;
        };
        let Some(socket) = self.socket_marked(first.place, first.marks) else {
            return;
        };
        let mut runs = mem::take(&mut self.runs);
        let uncut = self.flows.get(first.place).is_some_and(|flow| flow.uncut);
        sending::runs(group, uncut, &mut runs);
        let mut left = runs.as_slice();
        let mut again = false;
        while !left.is_empty() {
            let done = self.send_runs(socket, left, group, again, host, context);
            again = done == 0;
            left = &left[done..];
        }
        self.runs = runs;
    }

    /// Sends what the socket takes of these messages, or finds out what becomes of the first; how many are
    /// done with. None where what the socket said was about an earlier datagram: that is so once at most.
    fn send_runs(
        &mut self,
        socket: RawFd,
        runs: &[Run],
        group: &[Outgoing],
        again: bool,
        host: &mut Host,
        context: &mut Context<'_>,
    ) -> usize {
        let error = match sending::send(socket, runs, group) {
            Ok(count) => {
                self.tally_runs(&runs[..count], group);
                return count.max(1);
            }
            Err(error) => error,
        };
        let (Some(run), Some(first)) = (runs.first(), group.first()) else {
            return runs.len();
        };
        let found = self.drain_errors(first.place, host, context);
        if found.others > 0 && !again && !is_full(&error) {
            return 0;
        }
        let reason = (&error, found.mtu);
        self.give_up(socket, run, group, reason, host, context);
        1
    }

    fn tally_runs(&mut self, runs: &[Run], group: &[Outgoing]) {
        for run in runs {
            let sent = &group[run.datagrams.clone()];
            let bytes = sent.iter().map(|one| one.payload.len()).sum();
            self.tally.sent(count(run, sent), bytes);
        }
    }

    /// A message was refused: its datagrams go one by one, or whoever sent them hears why they do not.
    fn give_up(
        &mut self,
        socket: RawFd,
        run: &Run,
        group: &[Outgoing],
        (error, mtu): (&io::Error, Option<u32>),
        host: &mut Host,
        context: &mut Context<'_>,
    ) {
        let datagrams = &group[run.datagrams.clone()];
        let errno = error.raw_os_error().unwrap_or(0);
        let uncuttable = [libc::EIO, libc::EINVAL, libc::EMSGSIZE, libc::ENOPROTOOPT];
        if run.segment_size.is_some() && uncuttable.contains(&errno) {
            return self.send_apart(socket, run, datagrams, errno, host, context);
        }
        let Some(first) = datagrams.first() else {
            return;
        };
        self.tell(first, (errno, mtu), count(run, datagrams), host, context);
    }

    fn send_apart(
        &mut self,
        socket: RawFd,
        run: &Run,
        datagrams: &[Outgoing],
        errno: i32,
        host: &mut Host,
        context: &mut Context<'_>,
    ) {
        let place = datagrams.first().map_or(0, |first| first.place);
        if let Some(flow) = self.flows.get_mut(place).filter(|_| errno == libc::EIO) {
            flow.uncut = true;
        }
        let size = usize::from(run.segment_size.unwrap_or(u16::MAX)).max(1);
        for datagram in datagrams {
            for piece in datagram.bytes().chunks(size) {
                let mut sent = send_one(socket, datagram.to, piece);
                let mut found = errors::Found::default();
                if sent.as_ref().is_err_and(|error| !is_full(error)) {
                    found = self.drain_errors(place, host, context);
                    if found.others > 0 {
                        sent = send_one(socket, datagram.to, piece);
                    }
                }
                match sent {
                    Ok(()) => self.tally.sent(1, piece.len()),
                    Err(error) => {
                        let errno = error.raw_os_error().unwrap_or(0);
                        self.tell(datagram, (errno, found.mtu), 1, host, context);
                    }
                }
            }
        }
    }

    /// Tells a program why the machine has not taken a datagram, where that is for programs to know.
    fn tell(
        &mut self,
        datagram: &Outgoing,
        (errno, mtu): (i32, Option<u32>),
        count: usize,
        host: &mut Host,
        context: &mut Context<'_>,
    ) {
        let complaint = match errno {
            libc::EMSGSIZE => Some(Complaint::TooBig(mtu.unwrap_or(LEAST_MTU))),
            errno => errors::complaint(errno),
        };
        match complaint {
            Some(complaint) => {
                self.tally.refused += count as u64;
                host.complain(datagram.packet.bytes(), complaint, None, context);
            }
            None if errno == libc::EAGAIN || errno == libc::ENOBUFS => {
                self.tally.send_full += count as u64;
            }
            None => self.tally.send_failed += count as u64,
        }
    }

    /// The socket of a flow, once it has been told what its next packets are to say.
    fn socket_marked(&mut self, place: u32, marks: Marks) -> Option<RawFd> {
        let flow = self.flows.get_mut(place)?;
        let v4 = usize::from(flow.key.v4);
        let socket = match &mut flow.socket {
            Some(own) => own,
            None => self.echo[v4].raw_mut()?,
        };
        socket.mark(marks);
        Some(socket.fd())
    }
}

/// Whether a socket had no room for a datagram: nothing is wrong with it.
fn is_full(error: &io::Error) -> bool {
    let errno = error.raw_os_error();
    errno == Some(libc::EAGAIN) || errno == Some(libc::ENOBUFS)
}

/// How many datagrams a message stands for.
fn count(run: &Run, datagrams: &[Outgoing]) -> usize {
    match (run.segment_size, datagrams) {
        (Some(size), [one]) => one.payload.len().div_ceil(usize::from(size).max(1)).max(1),
        _ => datagrams.len(),
    }
}
