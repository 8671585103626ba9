//! What became of datagrams: from the machine's error queues to ICMP errors for programs.
use super::super::datagram_socket::Kind;
use super::echo::raw_family;
use super::{Datagrams, HEADER};
use crate::datagram::trouble::{self, Trouble};
use crate::relay::End;
use std::net::SocketAddr;
use usernet_core::app::Context;
use usernet_core::packet::Packet;
use usernet_core::stack::Host;
use usernet_core::stack::compose::{self, IcmpError, Marks};
use usernet_core::stack::host::Complaint;

/// How many errors are taken at once.
const MOST: usize = 64;
/// Hop limit of a packet that is only quoted.
const QUOTED_HOPS: u8 = 1;

/// What an error queue held.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Found {
    /// Errors about what had been sent.
    pub(super) others: usize,
    /// The MTU that the last datagram exceeded.
    pub(super) mtu: Option<u32>,
}

/// What a program hears where the machine does not take a datagram for this reason; nothing where it is none
/// of the program's business.
pub(super) fn complaint(errno: i32) -> Option<Complaint> {
    match errno {
        libc::ENETUNREACH | libc::EAFNOSUPPORT | libc::EADDRNOTAVAIL | libc::ENETDOWN => {
            Some(Complaint::NoRoute)
        }
        libc::EHOSTUNREACH | libc::EHOSTDOWN | libc::EINVAL => Some(Complaint::NoHost),
        libc::ECONNREFUSED => Some(Complaint::NoPort),
        libc::EACCES | libc::EPERM => Some(Complaint::Prohibited),
        _ => None,
    }
}

impl Datagrams {
    /// Hands on what a socket knows of earlier datagrams.
    pub(super) fn drain_errors(
        &mut self,
        key: u32,
        host: &mut Host,
        context: &mut Context<'_>,
    ) -> Found {
        let mut found = Found::default();
        let Some(socket) = self.socket_of(key) else {
            return found;
        };
        for _ in 0..MOST {
            let Some(trouble) = trouble::take(socket) else {
                break;
            };
            if trouble.is_local {
                found.mtu = Some(trouble.info).filter(|_| trouble.errno == libc::EMSGSIZE);
            } else {
                found.others += 1;
                self.hand_on(key, &trouble, host, context);
            }
        }
        found
    }

    /// Tells a program what became of a datagram of its own.
    fn hand_on(&mut self, key: u32, trouble: &Trouble, host: &mut Host, context: &mut Context<'_>) {
        let place = match raw_family(key) {
            Some(v4) => identifier(trouble).and_then(|id| self.flows.find_id(v4, id)),
            None => Some(key),
        };
        let Some(place) = place else {
            return;
        };
        let Some((quoted, destination)) = self.quote(place, trouble, context) else {
            return;
        };
        self.tally.errors += 1;
        if let Some(flow) = self.flows.get_mut(place) {
            flow.fail(end(trouble.errno));
        }
        self.send_error(place, trouble, &quoted, destination, host, context);
        context.pool.free(quoted);
    }

    /// The packet that a program had sent, as far as it is known.
    fn quote(
        &self,
        place: u32,
        trouble: &Trouble,
        context: &mut Context<'_>,
    ) -> Option<(Packet, SocketAddr)> {
        let flow = self.flows.get(place)?;
        let destination = self.face(flow, trouble.destination)?;
        let ends = (flow.key.program, destination);
        let marks = Marks {
            hop_limit: QUOTED_HOPS,
            traffic_class: 0,
            id: None,
        };
        let bytes = &trouble.quoted;
        let packet = if flow.key.kind == Kind::Udp {
            let fill = |room: &mut [u8]| room.copy_from_slice(bytes);
            compose::datagram(context.pool, ends, marks, (bytes.len(), None), fill)?
        } else {
            let mut rest = bytes
                .get(HEADER - 4..)
                .filter(|rest| rest.len() >= 4)?
                .to_vec();
            rest[..2].copy_from_slice(&flow.key.program.port().to_be_bytes());
            let ends = (ends.0.ip(), ends.1.ip());
            compose::echo(context.pool, ends, marks, false, &rest)?
        };
        Some((packet, destination))
    }

    /// As the machine has heard it, in the name of the same router or host; where that is the machine itself,
    /// in the name that the program knows it by.
    fn send_error(
        &mut self,
        place: u32,
        trouble: &Trouble,
        quoted: &Packet,
        destination: SocketAddr,
        host: &mut Host,
        context: &mut Context<'_>,
    ) {
        let Some(program) = self.flows.get(place).map(|flow| flow.key.program) else {
            return;
        };
        let from = trouble.offender.and_then(|offender| {
            if offender == trouble.destination.ip() {
                return Some(destination.ip());
            }
            let plain = SocketAddr::new(offender, 0);
            let face = self.redirects.face_of(offender);
            face.or_else(|| (self.redirects.way(plain) == Some(plain)).then_some(offender))
        });
        let from = from.filter(|from| from.is_ipv4() == program.is_ipv4());
        let same = trouble.destination.is_ipv4() == program.is_ipv4();
        match from.filter(|_| same) {
            Some(from) => {
                let ends = (from, program.ip());
                let error = compose::error(context.pool, ends, icmp(trouble), quoted.bytes());
                self.hand_in(error, host, context);
            }
            None => {
                let what = complaint(trouble.errno).unwrap_or(Complaint::NoHost);
                host.complain(quoted.bytes(), what, None, context);
            }
        }
    }
}

fn icmp(trouble: &Trouble) -> IcmpError {
    let v4 = trouble.destination.is_ipv4();
    let (kind, code) = (trouble.kind, trouble.code);
    let too_big = if v4 {
        (kind, code) == (3, 4)
    } else {
        kind == 2
    };
    let word = if too_big { trouble.info } else { 0 };
    IcmpError { kind, code, word }
}

/// What an error means for a flow that nothing has come back by.
fn end(errno: i32) -> End {
    match errno {
        libc::ECONNREFUSED => End::Refused,
        _ => End::Unreachable,
    }
}

/// The identifier of the echo request that an error quotes.
fn identifier(trouble: &Trouble) -> Option<u16> {
    let bytes = trouble.quoted.get(4..)?.first_chunk()?;
    Some(u16::from_be_bytes(*bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_hear_what_is_theirs() {
        assert_eq!(complaint(libc::ENETUNREACH), Some(Complaint::NoRoute));
        assert_eq!(complaint(libc::EAFNOSUPPORT), Some(Complaint::NoRoute));
        assert_eq!(complaint(libc::EPERM), Some(Complaint::Prohibited));
        assert_eq!(complaint(libc::EMFILE), None);
        assert_eq!(complaint(libc::EAGAIN), None);
    }
}
