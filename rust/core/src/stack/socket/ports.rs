//! Ephemeral ports and initial sequence numbers: hard to guess for others, and the same for the
//! same seed.
use crate::rng::Stream;
use crate::stack::hash::Key;
use crate::time::Nanos;
use std::net::{IpAddr, SocketAddr};

/// The range from which ports are chosen: Linux's (`ip_local_port_range`).
const FIRST: u16 = 32_768;
const LAST: u16 = 60_999;
const COUNT: u32 = (LAST - FIRST) as u32 + 1;
/// Counters that destinations share (RFC 6056 §3.3.4).
const COUNTERS: usize = 64;
/// The clock of initial sequence numbers ticks every 4 µs (RFC 9293 §3.4.1).
const TICK: Nanos = 4_000;

/// Chooses ports and sequence numbers.
pub(crate) struct Ports {
    offset: Key,
    counter: Key,
    sequence: Key,
    counters: [u16; COUNTERS],
}

impl Ports {
    pub(crate) fn new(stream: &mut Stream) -> Self {
        let [offset, counter, sequence] = [0; 3].map(|_| Key::draw(stream));
        let counters = [0; COUNTERS].map(|_: u16| stream.next_u32() as u16);
        Self {
            offset,
            counter,
            sequence,
            counters,
        }
    }

    /// A port that is free, for a socket of this address that talks to that peer: RFC 6056 §3.3.4,
    /// algorithm 4.
    pub(crate) fn choose(
        &mut self,
        local: IpAddr,
        remote: Option<SocketAddr>,
        free: impl Fn(u16) -> bool,
    ) -> Option<u16> {
        let offset = self.offset.strong(&(local, remote)) as u32 % COUNT;
        let place = self.counter.strong(&(local, remote)) as usize % COUNTERS;
        for _ in 0..COUNT {
            let counter = self.counters[place];
            self.counters[place] = counter.wrapping_add(1);
            let port = FIRST + ((offset + u32::from(counter)) % COUNT) as u16;
            if free(port) {
                return Some(port);
            }
        }
        None
    }

    /// The initial sequence number of a connection: RFC 6528 §3.
    pub(crate) fn initial_sequence(
        &self,
        local: SocketAddr,
        remote: SocketAddr,
        now: Nanos,
    ) -> u32 {
        let secret = self.sequence.strong(&(local, remote)) as u32;
        secret.wrapping_add((now / TICK) as u32)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn ports() -> Ports {
        Ports::new(&mut Stream::new(7, "ports"))
    }

    fn peer(port: u16) -> SocketAddr {
        SocketAddr::from(([10, 0, 0, 2], port))
    }

    const LOCAL: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(10, 0, 0, 1));

    #[test]
    fn every_port_of_the_range_is_found_once() {
        let (mut ports, mut taken) = (ports(), BTreeSet::new());
        while let Some(port) = ports.choose(LOCAL, Some(peer(80)), |port| !taken.contains(&port)) {
            assert!(taken.insert(port));
        }
        assert_eq!(taken.len(), COUNT as usize);
        assert_eq!((taken.first(), taken.last()), (Some(&FIRST), Some(&LAST)));
    }

    #[test]
    fn ports_follow_one_another_for_one_peer_and_not_for_others() {
        let mut ports = ports();
        let mut choose = |remote| ports.choose(LOCAL, Some(remote), |_| true).unwrap();
        let (one, next, other) = (choose(peer(80)), choose(peer(80)), choose(peer(81)));
        assert_eq!(
            (u32::from(one) + 1 - u32::from(FIRST)) % COUNT,
            u32::from(next - FIRST)
        );
        assert!(one.abs_diff(other) > 100);
    }

    #[test]
    fn sequence_numbers_grow_with_time_and_differ_between_connections() {
        let ports = ports();
        let local = SocketAddr::new(LOCAL, 5000);
        let isn = |remote, now| ports.initial_sequence(local, remote, now);
        assert_eq!(isn(peer(80), 8_000).wrapping_sub(isn(peer(80), 0)), 2);
        assert_ne!(isn(peer(80), 0), isn(peer(81), 0));
    }
}
