//! What comes out of a packet socket: short packets from its ring, long ones from its queue, in the
//! order in which the kernel took them.
use crate::batch;
use crate::clock::{Clock, WallClock};
use crate::ethernet;
use crate::packet_socket::PacketSocket;
use crate::ring::{Arrival, Ring};
use crate::virtio::{self, Header};
use serde_json::{Map, Value};
use std::io;
use std::os::fd::RawFd;
use usernet_core::app::{BATCH, Context};
use usernet_core::packet::{LARGEST, Packet, Pool};
use usernet_core::time::Nanos;

/// About how many bytes a batch has: few enough to stay in a core's own cache on their way.
const BATCH_BYTES: usize = 512 << 10;
/// How often a receive is tried that an error of the interface ends: the first try takes it away.
const TRIES: usize = 2;

/// Packets on their way in.
pub(crate) struct Inbox {
    wall: WallClock,
    /// The long packets of this batch; nothing in the place of one that could not be had.
    long: Vec<Option<Packet>>,
    headers: Box<[Header; batch::BATCH]>,
    last_arrival: Nanos,
    received: u64,
    received_bytes: u64,
    lost: u64,
}

impl Inbox {
    pub(crate) fn new(clock: Clock) -> Self {
        Self {
            wall: WallClock::new(clock),
            long: Vec::with_capacity(batch::BATCH),
            headers: Box::new([[0; virtio::LEN]; batch::BATCH]),
            last_arrival: 0,
            received: 0,
            received_bytes: 0,
            lost: 0,
        }
    }

    /// Receives a batch; how many packets it had, and whether there may be more.
    pub(crate) fn receive(
        &mut self,
        socket: &mut PacketSocket,
        context: &mut Context<'_>,
    ) -> (usize, bool) {
        self.wall.refresh(context.now);
        let (count, more) = self.prepare(&socket.ring, context.pool);
        self.receive_long(socket.fd(), context.pool);
        let mut place = 0;
        for ahead in 0..count {
            let Some(arrival) = socket.ring.arrival(ahead) else {
                break;
            };
            let packet = if arrival.is_queued() {
                place += 1;
                self.take_long(place - 1)
            } else {
                copy(&socket.ring, ahead, &arrival, context.pool)
            };
            self.pass(packet, &arrival, context);
        }
        let rest = self.long.drain(..).flatten();
        rest.for_each(|packet| context.pool.free(packet));
        socket.ring.release(count);
        (count, more)
    }

    /// Adds what it has counted.
    pub(crate) fn count(&self, into: &mut Map<String, Value>) {
        into.insert("received".into(), self.received.into());
        into.insert("received_bytes".into(), self.received_bytes.into());
        into.insert("receive_lost".into(), self.lost.into());
    }

    /// How many frames of the ring this batch takes, and whether there are more; lays a packet out
    /// for each long one.
    fn prepare(&mut self, ring: &Ring, pool: &mut Pool) -> (usize, bool) {
        let (mut count, mut bytes) = (0, 0);
        while let Some(arrival) = ring.arrival(count) {
            let full = count == BATCH || self.long.len() == batch::BATCH;
            if full || bytes >= BATCH_BYTES {
                return (count, true);
            }
            if arrival.is_queued() {
                self.long.push(pool.packet(arrival.len().min(LARGEST)));
            }
            bytes += arrival.len();
            count += 1;
        }
        (count, false)
    }

    fn receive_long(&mut self, socket: RawFd, pool: &mut Pool) {
        if self.long.is_empty() {
            return;
        }
        let mut came = Err(io::ErrorKind::Interrupted.into());
        for _ in 0..TRIES {
            came = came
                .or_else(|_: io::Error| batch::receive(socket, &mut self.long, &mut self.headers));
        }
        for packet in self.long.drain(came.unwrap_or(0)..).flatten() {
            pool.free(packet);
        }
    }

    fn take_long(&mut self, place: usize) -> Option<Packet> {
        let mut packet = self.long.get_mut(place)?.take()?;
        virtio::describe(&mut packet, &self.headers[place]);
        Some(packet)
    }

    /// Hands a packet on as it was on the wire, or counts it as lost.
    fn pass(&mut self, packet: Option<Packet>, arrival: &Arrival, context: &mut Context<'_>) {
        let packet = packet.and_then(|packet| restore(packet, arrival, context.pool));
        let Some(mut packet) = packet else {
            self.lost += 1;
            return;
        };
        let at = self.wall.engine_time(arrival.at());
        self.last_arrival = at.min(context.now).max(self.last_arrival);
        packet.set_arrived(self.last_arrival);
        self.received += 1;
        self.received_bytes += packet.len() as u64;
        if context.outputs() > 0 {
            context.transmit(0, packet);
        } else {
            context.pool.free(packet);
        }
    }
}

#[inline]
fn copy(ring: &Ring, ahead: usize, arrival: &Arrival, pool: &mut Pool) -> Option<Packet> {
    let (header, bytes) = ring.bytes(ahead, arrival);
    let mut packet = pool.packet_from(bytes)?;
    virtio::describe(&mut packet, header);
    Some(packet)
}

/// A packet as it was on the wire: with the tag that the kernel took out. Nothing where it is not
/// whole.
#[inline]
fn restore(mut packet: Packet, arrival: &Arrival, pool: &mut Pool) -> Option<Packet> {
    let whole = packet.len() == arrival.len();
    let tagged = arrival.tag().is_none_or(|(kind, control)| {
        let kind = kind.unwrap_or(ethernet::CUSTOMER);
        ethernet::insert_tag(&mut packet, kind, control)
    });
    if !whole || !tagged {
        pool.free(packet);
        return None;
    }
    ethernet::set_network_offset(&mut packet);
    Some(packet)
}
