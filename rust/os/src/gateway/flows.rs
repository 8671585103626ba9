//! Flows: for each address that a program sends datagrams from, one socket of the machine (an endpoint-
//! independent mapping, RFC 4787 §4.1), for as long as it is used.
use super::datagram_socket::{DatagramSocket, Kind};
use super::record::Record;
use crate::relay::End;
use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::net::SocketAddr;
use usernet_core::time::{Nanos, SECOND};

/// How many flows there are at once; beyond these the one that would end first goes.
const MOST: usize = 4096;
/// How long a flow is kept after its last datagram: RFC 4787 §4.3 recommends five minutes; less where nothing
/// ever came back, and where it only asked for names, as each question comes from a port of its own.
const KEPT: Nanos = 300 * SECOND;
const KEPT_UNHEARD: Nanos = 30 * SECOND;
const KEPT_NAMES: Nanos = 10 * SECOND;
/// How many redirected ends a flow remembers: resolvers and the like.
const MOST_FACES: usize = 16;

/// What tells flows apart.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(super) struct Key {
    pub(super) kind: Kind,
    /// The program's address; of echo the port is the identifier.
    pub(super) program: SocketAddr,
    /// The family of the machine's socket: a redirect may lead to the other one.
    pub(super) v4: bool,
}

/// A flow.
pub(super) struct Flow {
    pub(super) key: Key,
    /// Its socket; of raw echo there is one for all.
    pub(super) socket: Option<DatagramSocket>,
    /// Its identifier of raw echo.
    pub(super) id: u16,
    /// Whether the system cannot cut messages for it.
    pub(super) uncut: bool,
    /// Whether it has only asked for names.
    pub(super) names_only: bool,
    /// Whether it is a published port, which never ends.
    pub(super) is_published: bool,
    /// What has become of it; the other end is the first that it was used for.
    pub(super) record: Record,
    heard: bool,
    used: Nanos,
    /// Redirected ends: what the machine calls them, and what the program does. Latest last.
    faces: Vec<(SocketAddr, SocketAddr)>,
}

impl Flow {
    /// One that begins with a datagram to this end.
    pub(super) fn new(
        key: Key,
        socket: Option<DatagramSocket>,
        id: u16,
        (remote, now): (SocketAddr, Nanos),
    ) -> Self {
        let protocol = if key.kind == Kind::Udp { "udp" } else { "echo" };
        Self {
            record: Record::new(protocol, (key.program, remote), now),
            key,
            socket,
            id,
            uncut: false,
            names_only: true,
            is_published: false,
            heard: false,
            used: now,
            faces: Vec::new(),
        }
    }

    /// A datagram leaves by it.
    #[inline]
    pub(super) fn send(&mut self, bytes: usize, now: Nanos) {
        self.used = now;
        self.record.up += bytes as u64;
    }

    /// A datagram has come back.
    #[inline]
    pub(super) fn hear(&mut self, bytes: usize, now: Nanos) {
        self.used = now;
        self.heard = true;
        self.record.down += bytes as u64;
        self.record.end = End::Open;
    }

    /// It was told that there is no way to the other end, or nobody.
    pub(super) fn fail(&mut self, end: End) {
        if !self.heard {
            self.record.end = end;
        }
    }

    /// What has become of it, once it has ended; nothing where that was only questions for names.
    fn close(mut self) -> Option<Record> {
        self.record.closed = Some(self.used);
        if self.record.end == End::Open {
            self.record.end = End::Closed;
        }
        Some(self.record).filter(|_| !self.names_only)
    }

    /// Remembers under which address the program knows an end.
    pub(super) fn remember(&mut self, outer: SocketAddr, face: SocketAddr) {
        if self.faces.last() == Some(&(outer, face)) {
            return;
        }
        self.faces.retain(|known| known.0 != outer);
        if self.faces.len() == MOST_FACES {
            self.faces.remove(0);
        }
        self.faces.push((outer, face));
    }

    /// Under which address the program knows an end.
    #[inline]
    pub(super) fn face(&self, outer: SocketAddr) -> Option<SocketAddr> {
        let mut known = self.faces.iter().rev();
        known.find(|known| known.0 == outer).map(|known| known.1)
    }

    /// What the machine calls an end that the program knows by this address.
    pub(super) fn outer(&self, face: SocketAddr) -> Option<SocketAddr> {
        let mut known = self.faces.iter().rev();
        known.find(|known| known.1 == face).map(|known| known.0)
    }

    /// When it ends, if nothing more happens.
    fn ends(&self) -> Nanos {
        let kept = match (self.heard, self.names_only) {
            (_, true) => KEPT_NAMES,
            (false, _) => KEPT_UNHEARD,
            (true, _) => KEPT,
        };
        self.used.saturating_add(kept)
    }
}

/// All flows.
#[derive(Default)]
pub(super) struct Flows {
    most: usize,
    places: HashMap<Key, u32>,
    /// The places of raw echo's identifiers, of each family.
    ids: HashMap<(bool, u16), u32>,
    flows: Vec<Option<Flow>>,
    free: Vec<u32>,
    /// When each flow is to be looked at: no later than it ends, for one that is used ends later.
    due: BinaryHeap<Reverse<(Nanos, u32)>>,
    /// Those that have ended since somebody asked.
    ended: Vec<Record>,
    pub(super) opened: u64,
    pub(super) crowded_out: u64,
}

impl Flows {
    /// Room for so many.
    pub(super) fn new(most: usize) -> Self {
        Self {
            most: most.clamp(1, MOST),
            ..Self::default()
        }
    }

    #[inline]
    pub(super) fn find(&self, key: &Key) -> Option<u32> {
        self.places.get(key).copied()
    }

    /// The flow of an identifier of raw echo.
    pub(super) fn find_id(&self, v4: bool, id: u16) -> Option<u32> {
        self.ids.get(&(v4, id)).copied()
    }

    #[inline]
    pub(super) fn get(&self, place: u32) -> Option<&Flow> {
        self.flows.get(place as usize)?.as_ref()
    }

    #[inline]
    pub(super) fn get_mut(&mut self, place: u32) -> Option<&mut Flow> {
        self.flows.get_mut(place as usize)?.as_mut()
    }

    pub(super) fn len(&self) -> usize {
        self.places.len()
    }

    /// Where the next flow will be: its socket can be watched by that.
    pub(super) fn next_place(&self) -> u32 {
        self.free.last().copied().unwrap_or(self.flows.len() as u32)
    }

    /// Adds a flow at [`Self::next_place`]. Who calls has made room.
    pub(super) fn add(&mut self, flow: Flow) -> u32 {
        let place = self.next_place();
        self.places.insert(flow.key, place);
        if flow.socket.is_none() {
            self.ids.insert((flow.key.v4, flow.id), place);
        }
        if !flow.is_published {
            self.due.push(Reverse((flow.ends(), place)));
        }
        self.opened += 1;
        match self.free.pop() {
            Some(_) => self.flows[place as usize] = Some(flow),
            None => self.flows.push(Some(flow)),
        }
        place
    }

    /// Whether there is no room for another.
    pub(super) fn is_full(&self) -> bool {
        self.len() >= self.most
    }

    /// An identifier of raw echo that no flow has: this one, if it can be.
    pub(super) fn free_id(&self, v4: bool, wanted: u16) -> u16 {
        let others = (0..=u16::MAX).map(|number| wanted.wrapping_add(number));
        let mut free = others.filter(|id| self.find_id(v4, *id).is_none());
        free.next().unwrap_or(wanted)
    }

    /// Ends the flow that would end first; whether there was one.
    pub(super) fn crowd_out(&mut self) -> bool {
        let first = self.first_to_end(Nanos::MAX);
        self.crowded_out += u64::from(first.is_some());
        first.map(|place| self.remove(place)).is_some()
    }

    /// Ends those that nothing has happened to for long.
    pub(super) fn expire(&mut self, now: Nanos) {
        while let Some(place) = self.first_to_end(now) {
            self.remove(place);
        }
    }

    /// When there may be one to end.
    pub(super) fn deadline(&self) -> Option<Nanos> {
        self.due.peek().map(|Reverse((at, _))| *at)
    }

    /// Takes the flow that ends first out of the order, if it ends by then.
    fn first_to_end(&mut self, by: Nanos) -> Option<u32> {
        loop {
            let Reverse((at, place)) = self.due.peek().copied().filter(|next| next.0.0 <= by)?;
            self.due.pop();
            let ends = self.get(place).map_or(at, Flow::ends);
            if ends <= at {
                return Some(place);
            }
            self.due.push(Reverse((ends, place)));
        }
    }

    fn remove(&mut self, place: u32) {
        let flow = self.flows.get_mut(place as usize).and_then(Option::take);
        if let Some(flow) = flow {
            self.places.remove(&flow.key);
            if flow.socket.is_none() {
                self.ids.remove(&(flow.key.v4, flow.id));
            }
            self.free.push(place);
            self.ended.extend(flow.close());
        }
    }

    /// What has become of those that have ended since the last call.
    pub(super) fn take_ended(&mut self) -> Vec<Record> {
        std::mem::take(&mut self.ended)
    }

    /// What becomes of those that have not.
    pub(super) fn records(&self) -> impl Iterator<Item = &Record> {
        let flows = self.flows.iter().flatten();
        flows
            .filter(|flow| !flow.names_only)
            .map(|flow| &flow.record)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(port: u16) -> Key {
        Key {
            kind: Kind::RawEcho,
            program: SocketAddr::from(([192, 0, 0, 2], port)),
            v4: true,
        }
    }

    fn flow(port: u16, now: Nanos) -> Flow {
        let remote = SocketAddr::from(([203, 0, 113, 9], 0));
        Flow::new(key(port), None, port, (remote, now))
    }

    fn add(flows: &mut Flows, port: u16, now: Nanos) -> u32 {
        if flows.is_full() {
            flows.crowd_out();
        }
        let mut flow = flow(port, now);
        flow.names_only = false;
        flows.add(flow)
    }

    #[test]
    fn a_flow_is_kept_longer_once_something_came_back() {
        let mut flows = Flows::new(MOST);
        let (quiet, heard) = (add(&mut flows, 1, 0), add(&mut flows, 2, 0));
        flows.get_mut(heard).unwrap().hear(7, SECOND);
        assert_eq!(flows.deadline(), Some(KEPT_UNHEARD));
        flows.expire(KEPT_UNHEARD - 1);
        assert_eq!(flows.len(), 2);
        flows.expire(KEPT_UNHEARD);
        assert!(flows.get(quiet).is_none() && flows.find(&key(1)).is_none());
        assert_eq!(
            (flows.find(&key(2)), flows.find_id(true, 2)),
            (Some(heard), Some(heard))
        );
        assert_eq!(flows.deadline(), Some(SECOND + KEPT));
        flows.expire(SECOND + KEPT);
        assert_eq!(
            (flows.len(), flows.deadline(), flows.find_id(true, 2)),
            (0, None, None)
        );
    }

    #[test]
    fn what_has_become_of_a_flow_is_written_down_once() {
        let mut flows = Flows::new(MOST);
        let (heard, refused) = (add(&mut flows, 1, 0), add(&mut flows, 2, 0));
        flows.get_mut(heard).unwrap().send(5, 0);
        flows.get_mut(refused).unwrap().fail(End::Refused);
        flows.get_mut(heard).unwrap().fail(End::Refused);
        flows.get_mut(heard).unwrap().hear(7, SECOND);
        flows.get_mut(heard).unwrap().fail(End::Refused);
        flows.add(flow(3, 0));
        assert_eq!(flows.records().count(), 2);
        flows.expire(SECOND + KEPT);
        let ended = flows.take_ended();
        let told: Vec<_> = ended
            .iter()
            .map(|one| (one.program.port(), one.up, one.down, one.end))
            .collect();
        assert_eq!(told, [(2, 0, 0, End::Refused), (1, 5, 7, End::Closed)]);
        assert_eq!(ended[1].closed, Some(SECOND));
        assert_eq!((flows.take_ended().len(), flows.records().count()), (0, 0));
    }

    #[test]
    fn questions_for_names_are_forgotten_soon_after_their_last() {
        let mut flows = Flows::new(MOST);
        let place = flows.add(flow(1, 0));
        flows.get_mut(place).unwrap().hear(7, SECOND);
        flows.expire(KEPT_NAMES);
        assert_eq!(flows.len(), 1);
        flows.expire(SECOND + KEPT_NAMES);
        assert_eq!(flows.len(), 0);
    }

    #[test]
    fn the_one_that_would_end_first_makes_room() {
        let mut flows = Flows::new(MOST);
        for port in 0..MOST as u16 {
            add(&mut flows, port, 0);
        }
        flows.get_mut(0).unwrap().send(5, SECOND);
        let place = add(&mut flows, 5000, 2 * SECOND);
        assert_eq!((flows.len(), flows.crowded_out, place), (MOST, 1, 1));
        assert_eq!((flows.find(&key(0)), flows.find(&key(1))), (Some(0), None));
    }

    #[test]
    fn a_flow_knows_the_latest_face_of_an_end() {
        let address = |text: &str| text.parse::<SocketAddr>().unwrap();
        let mut flow = flow(1, 0);
        let outer = address("127.0.0.53:53");
        flow.remember(outer, address("192.0.0.1:53"));
        flow.remember(outer, address("192.0.0.4:53"));
        assert_eq!(flow.face(outer), Some(address("192.0.0.4:53")));
        for port in 0..MOST_FACES as u16 {
            flow.remember(SocketAddr::from(([127, 0, 0, 1], port)), outer);
        }
        assert_eq!((flow.face(outer), flow.faces.len()), (None, MOST_FACES));
    }
}
