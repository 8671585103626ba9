//! Switch: Ethernet frames go to the port behind which their station was last heard, and to all others
//! where that is not known (IEEE 802.1D §7.9, without a spanning tree: links must not form a ring).
//! Ports: any names; an input and an output of one name are one port.
use crate::app::{App, Context, Direction, Ports};
use crate::packet::Packet;
use crate::rng::Stream;
use crate::stack::hash::{Key, Table};
use crate::time::{Nanos, SECOND};
use serde::Deserialize;
use serde_json::{Map, Value};
use std::collections::VecDeque;

/// How long a station is remembered that is not heard (IEEE 802.1D §7.9.2).
const AGEING: Nanos = 300 * SECOND;
/// How many stations are remembered; the one learnt first makes room.
const MOST: usize = 4096;
/// Bytes of a frame's two addresses.
const ADDRESSES: usize = 12;

/// A switch's config: there is nothing to say.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Spec {}

type Station = [u8; 6];

#[derive(Clone, Copy)]
struct Place {
    input: usize,
    heard: Nanos,
    number: u64,
}

/// Sends frames where their stations are.
pub struct Switch {
    /// The output of the same name as each input, and back.
    outputs: Vec<Option<usize>>,
    stations: Table<Station, Place>,
    /// Stations in the order in which they were learnt; one whose number is another's was learnt anew.
    order: VecDeque<(Station, u64)>,
    learnt: u64,
    forwarded: u64,
    flooded: u64,
    dropped: u64,
}

impl Switch {
    /// A switch that knows nobody.
    #[must_use]
    pub fn new(name: &str, seed: u64) -> Self {
        let key = Key::draw(&mut Stream::new(seed, &format!("{name}/switch")));
        Self {
            outputs: Vec::new(),
            stations: Table::with_hasher(key),
            order: VecDeque::new(),
            learnt: 0,
            forwarded: 0,
            flooded: 0,
            dropped: 0,
        }
    }

    fn forward(&mut self, packet: Packet, input: usize, context: &mut Context<'_>) {
        let Some((to, from)) = stations(&packet) else {
            self.dropped += 1;
            context.pool.free(packet);
            return;
        };
        if from[0] & 1 == 0 {
            self.learn(from, input, context.now);
        }
        match self.find(to, context.now) {
            Some(place) if place == input => {
                self.dropped += 1;
                context.pool.free(packet);
            }
            Some(place) => self.send(packet, place, context),
            None => self.flood(packet, input, context),
        }
    }

    fn find(&self, station: Station, now: Nanos) -> Option<usize> {
        let place = self.stations.get(&station)?;
        let fresh = now.saturating_sub(place.heard) < AGEING;
        fresh.then_some(place.input)
    }

    fn learn(&mut self, station: Station, input: usize, now: Nanos) {
        if let Some(place) = self.stations.get_mut(&station) {
            (place.input, place.heard) = (input, now);
            return;
        }
        if self.order.len() >= MOST {
            self.forget_first();
        }
        let number = self.learnt;
        self.learnt += 1;
        let heard = now;
        let place = Place {
            input,
            heard,
            number,
        };
        self.stations.insert(station, place);
        self.order.push_back((station, number));
    }

    fn forget_first(&mut self) {
        let Some((station, number)) = self.order.pop_front() else {
            return;
        };
        let known = self.stations.get(&station);
        if known.is_some_and(|place| place.number == number) {
            self.stations.remove(&station);
        }
    }

    fn send(&mut self, packet: Packet, place: usize, context: &mut Context<'_>) {
        match self.outputs.get(place).copied().flatten() {
            Some(output) => {
                self.forwarded += 1;
                context.transmit(output, packet);
            }
            None => {
                self.dropped += 1;
                context.pool.free(packet);
            }
        }
    }

    fn flood(&mut self, packet: Packet, input: usize, context: &mut Context<'_>) {
        self.flooded += 1;
        let back = self.outputs.get(input).copied().flatten();
        for output in (0..context.outputs()).filter(|&output| Some(output) != back) {
            if let Some(mut copy) = context.pool.copy(&packet) {
                copy.set_arrived(packet.arrived());
                context.transmit(output, copy);
            }
        }
        context.pool.free(packet);
    }
}

/// Whom a frame is for and who sent it.
fn stations(packet: &Packet) -> Option<(Station, Station)> {
    let addresses: &[u8; ADDRESSES] = packet.bytes().first_chunk()?;
    let [a, b, c, d, e, f, from @ ..] = *addresses;
    Some(([a, b, c, d, e, f], from))
}

impl App for Switch {
    fn kind(&self) -> &'static str {
        "switch"
    }

    fn has_port(&self, _direction: Direction, _port: &str) -> bool {
        true
    }

    /// What was learnt is forgotten: a station may be behind another port now.
    fn linked(&mut self, ports: &Ports) {
        let outputs = ports.inputs.iter().map(|name| ports.output(name));
        self.outputs = outputs.collect();
        self.stations.clear();
        self.order.clear();
    }

    fn push(&mut self, context: &mut Context<'_>) {
        for input in 0..context.inputs() {
            let mut packets = context.take(input);
            for packet in packets.drain(..) {
                self.forward(packet, input, context);
            }
            context.restore(input, packets);
        }
    }

    fn count(&self, _now: Nanos, into: &mut Map<String, Value>) {
        let counts = [
            ("forwarded", self.forwarded),
            ("flooded", self.flooded),
            ("dropped", self.dropped),
            ("stations", self.stations.len() as u64),
        ];
        into.extend(counts.map(|(name, count)| (name.into(), count.into())));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn station(number: u16) -> Station {
        let [high, low] = number.to_be_bytes();
        [2, 0, 0, 0, high, low]
    }

    #[test]
    fn stations_age_and_the_first_learnt_make_room() {
        let mut switch = Switch::new("s", 7);
        switch.learn(station(0), 3, 0);
        assert_eq!(switch.find(station(0), AGEING - 1), Some(3));
        assert_eq!(switch.find(station(0), AGEING), None);
        switch.learn(station(0), 4, AGEING);
        assert_eq!(switch.find(station(0), AGEING), Some(4));
        for number in 1..=MOST as u16 {
            switch.learn(station(number), 1, AGEING);
        }
        assert_eq!((switch.stations.len(), switch.order.len()), (MOST, MOST));
        assert_eq!(switch.find(station(0), AGEING), None);
    }
}
