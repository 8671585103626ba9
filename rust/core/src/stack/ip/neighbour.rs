//! Who is at which Ethernet address: RFC 4861 §7.3, which serves ARP too (RFC 826, RFC 1122
//! §2.3.2.1).
//!
//! A neighbour is asked for when a packet is for it, and asked again, itself alone, when what is
//! known is old and used. Nobody is learnt who is neither asked for nor asks for us, so that strangers
//! cannot fill the table.
use super::address::Mac;
use crate::packet::Packet;
use crate::stack::hash::{Key, Table};
use crate::time::{Nanos, SECOND};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::net::IpAddr;

/// RFC 4861 §10: between two questions; how often one is asked; how long an answer holds; how long a
/// hint may come before the neighbour is asked again.
const RETRANSMIT: Nanos = SECOND;
const MOST_ASKED: u32 = 3;
const REACHABLE: Nanos = 30 * SECOND;
const DELAY: Nanos = 5 * SECOND;
/// How many neighbours are known; the oldest makes room (Linux: `gc_thresh3`).
const MOST: usize = 1024;
/// How many packets may wait for one neighbour, and for all together.
const MOST_WAITING: usize = 64;
const MOST_WAITING_ALL: usize = 512;

/// A neighbour's place: the number of an interface, and the address there.
pub(super) type At = (usize, IpAddr);

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum State {
    /// Asked for, and not known yet: so often.
    Incomplete(u32),
    /// Known for certain until then.
    Reachable(Nanos),
    /// Known from before: it will be asked when something is sent to it.
    Stale,
    /// Something was sent to it: it will be asked soon.
    Delay,
    /// Asked, itself alone: so often.
    Probe(u32),
}

struct Neighbour {
    mac: Mac,
    state: State,
    /// When its state ends, where that is waited for.
    due: Option<Nanos>,
    waiting: VecDeque<Packet>,
    number: u64,
}

/// What is to be done with a packet for a neighbour.
pub(super) enum Way {
    /// Send it there.
    To(Mac, Packet),
    /// It waits; where a question is due, ask everybody.
    Waits {
        /// Whether to ask now.
        ask: bool,
        /// The packet that had to make room for it.
        lost: Option<Packet>,
    },
}

/// What is due with a neighbour.
pub(super) enum Due {
    /// Ask for it: everybody, or itself alone.
    Ask(At, Option<Mac>),
    /// It does not answer: these packets waited for it.
    Failed(VecDeque<Packet>),
}

/// The neighbours of a host.
pub(super) struct Neighbours {
    known: Table<At, Neighbour>,
    /// When something is due, and with whom.
    due: BTreeSet<(Nanos, u64)>,
    /// Who is who, oldest first; of those in `known` alone.
    numbers: BTreeMap<u64, At>,
    waiting: usize,
    made: u64,
}

impl Neighbours {
    pub(super) fn new(key: Key) -> Self {
        Self {
            known: Table::with_hasher(key),
            due: BTreeSet::new(),
            numbers: BTreeMap::new(),
            waiting: 0,
            made: 0,
        }
    }

    pub(super) fn deadline(&self) -> Option<Nanos> {
        self.due.first().map(|due| due.0)
    }

    /// A packet is to go to a neighbour. What made room for it, if a neighbour had to, comes back
    /// with what waited there.
    pub(super) fn send(&mut self, at: At, packet: Packet, now: Nanos) -> (Way, VecDeque<Packet>) {
        let forgotten = self.make_room(&at);
        let Some(neighbour) = self.known.get_mut(&at) else {
            self.add(
                at,
                Mac::BROADCAST,
                State::Incomplete(1),
                Some(now + RETRANSMIT),
            );
            return (self.queue(at, packet, true), forgotten);
        };
        let way = match neighbour.state {
            State::Incomplete(_) => self.queue(at, packet, false),
            State::Reachable(until) if now < until => Way::To(neighbour.mac, packet),
            State::Reachable(_) | State::Stale => {
                let mac = neighbour.mac;
                self.turn(at, State::Delay, Some(now + DELAY));
                Way::To(mac, packet)
            }
            State::Delay | State::Probe(_) => Way::To(neighbour.mac, packet),
        };
        (way, forgotten)
    }

    /// A neighbour has answered a question, or said by itself where it is (RFC 4861 §7.2.5; an ARP
    /// reply answers and overrides). What waited for it can go.
    pub(super) fn answer(
        &mut self,
        at: At,
        mac: Option<Mac>,
        (solicited, overrides): (bool, bool),
        now: Nanos,
    ) -> Option<(Mac, VecDeque<Packet>)> {
        let neighbour = self.known.get_mut(&at)?;
        let incomplete = matches!(neighbour.state, State::Incomplete(_));
        let told = match mac {
            Some(mac) => mac,
            None if incomplete => return None,
            None => neighbour.mac,
        };
        let changed = told != neighbour.mac;
        if changed && !incomplete && !overrides {
            if matches!(neighbour.state, State::Reachable(_)) {
                self.turn(at, State::Stale, None);
            }
            return None;
        }
        neighbour.mac = told;
        if solicited {
            self.turn(at, State::Reachable(now + REACHABLE), None);
        } else if changed || incomplete {
            self.turn(at, State::Stale, None);
        }
        Some((told, self.release(at)))
    }

    /// A neighbour asks for us, and says where it is itself (RFC 4861 §7.2.3, RFC 826). What waited
    /// for it can go, and what waited at a neighbour that had to make room is lost.
    pub(super) fn hint(&mut self, at: At, mac: Mac) -> (VecDeque<Packet>, VecDeque<Packet>) {
        let forgotten = self.make_room(&at);
        match self.known.get_mut(&at) {
            None => self.add(at, mac, State::Stale, None),
            Some(neighbour) if neighbour.mac != mac => {
                neighbour.mac = mac;
                self.turn(at, State::Stale, None);
            }
            Some(_) => {}
        }
        (self.release(at), forgotten)
    }

    /// The next thing that is due.
    pub(super) fn next_due(&mut self, now: Nanos) -> Option<Due> {
        let &(_, number) = self.due.first().filter(|due| due.0 <= now)?;
        let at = *self.numbers.get(&number)?;
        let neighbour = self.known.get(&at)?;
        let (mac, again) = (neighbour.mac, Some(now + RETRANSMIT));
        match neighbour.state {
            State::Incomplete(asked) if asked < MOST_ASKED => {
                self.turn(at, State::Incomplete(asked + 1), again);
                Some(Due::Ask(at, None))
            }
            State::Probe(asked) if asked < MOST_ASKED => {
                self.turn(at, State::Probe(asked + 1), again);
                Some(Due::Ask(at, Some(mac)))
            }
            State::Delay => {
                self.turn(at, State::Probe(1), again);
                Some(Due::Ask(at, Some(mac)))
            }
            _ => Some(Due::Failed(self.forget(at))),
        }
    }

    /// Forgets the neighbours at interfaces that are not there any more: what waited for them.
    pub(super) fn clear(&mut self) -> VecDeque<Packet> {
        let mut lost = VecDeque::new();
        while let Some(at) = self.numbers.values().next().copied() {
            lost.append(&mut self.forget(at));
        }
        lost
    }

    fn queue(&mut self, at: At, packet: Packet, ask: bool) -> Way {
        let full = self.waiting >= MOST_WAITING_ALL;
        let Some(neighbour) = self.known.get_mut(&at) else {
            let lost = Some(packet);
            return Way::Waits { ask, lost };
        };
        if full && neighbour.waiting.is_empty() {
            let lost = Some(packet);
            return Way::Waits { ask, lost };
        }
        neighbour.waiting.push_back(packet);
        // The newest are wanted most (RFC 1122 §2.3.2.2 saves the latest).
        let many = full || neighbour.waiting.len() > MOST_WAITING;
        let lost = many.then(|| neighbour.waiting.pop_front()).flatten();
        self.waiting += usize::from(lost.is_none());
        Way::Waits { ask, lost }
    }

    fn release(&mut self, at: At) -> VecDeque<Packet> {
        let neighbour = self.known.get_mut(&at);
        let waiting = neighbour.map(|neighbour| std::mem::take(&mut neighbour.waiting));
        let waiting = waiting.unwrap_or_default();
        self.waiting -= waiting.len();
        waiting
    }

    fn add(&mut self, at: At, mac: Mac, state: State, due: Option<Nanos>) {
        let number = self.made;
        self.made += 1;
        self.numbers.insert(number, at);
        self.due.extend(due.map(|due| (due, number)));
        self.known.insert(
            at,
            Neighbour {
                mac,
                state,
                due,
                waiting: VecDeque::new(),
                number,
            },
        );
    }

    fn turn(&mut self, at: At, state: State, due: Option<Nanos>) {
        let Some(neighbour) = self.known.get_mut(&at) else {
            return;
        };
        let number = neighbour.number;
        if let Some(before) = std::mem::replace(&mut neighbour.due, due) {
            self.due.remove(&(before, number));
        }
        self.due.extend(due.map(|due| (due, number)));
        neighbour.state = state;
    }

    fn forget(&mut self, at: At) -> VecDeque<Packet> {
        self.turn(at, State::Stale, None);
        let waiting = self.release(at);
        if let Some(neighbour) = self.known.remove(&at) {
            self.numbers.remove(&neighbour.number);
        }
        waiting
    }

    /// Forgets the oldest neighbour where there are too many for another one.
    fn make_room(&mut self, at: &At) -> VecDeque<Packet> {
        if self.known.len() < MOST || self.known.contains_key(at) {
            return VecDeque::new();
        }
        let oldest = self.numbers.values().next().copied();
        oldest.map(|oldest| self.forget(oldest)).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::packet::Pool;

    const HERE: Mac = Mac([2, 0, 0, 0, 0, 1]);
    const THERE: Mac = Mac([2, 0, 0, 0, 0, 2]);

    fn at(last: u32) -> At {
        (0, std::net::Ipv4Addr::from_bits(0x0a00_0000 | last).into())
    }

    struct Rig {
        neighbours: Neighbours,
        pool: Pool,
    }

    impl Rig {
        fn new() -> Self {
            let neighbours = Neighbours::new(Key::default());
            let pool = Pool::default();
            Self { neighbours, pool }
        }

        /// Where a packet goes, whether somebody is asked, and whether a packet is lost.
        fn send(&mut self, last: u32, now: Nanos) -> (Option<Mac>, bool, bool) {
            let packet = self.pool.packet(1).unwrap();
            match self.neighbours.send(at(last), packet, now).0 {
                Way::To(mac, _) => (Some(mac), false, false),
                Way::Waits { ask, lost } => (None, ask, lost.is_some()),
            }
        }

        fn answer(&mut self, mac: Mac, flags: (bool, bool), now: Nanos) -> Option<usize> {
            let answered = self.neighbours.answer(at(1), Some(mac), flags, now);
            answered.map(|(_, waiting)| waiting.len())
        }

        /// Whom to ask at the next deadline, and when that is.
        fn next(&mut self) -> Option<(Nanos, Result<Option<Mac>, usize>)> {
            let now = self.neighbours.deadline()?;
            Some(match self.neighbours.next_due(now)? {
                Due::Ask(_, mac) => (now, Ok(mac)),
                Due::Failed(waiting) => (now, Err(waiting.len())),
            })
        }
    }

    #[test]
    fn packets_wait_until_the_neighbour_answers() {
        let mut rig = Rig::new();
        assert_eq!(rig.send(1, 0), (None, true, false));
        assert_eq!(rig.send(1, 5), (None, false, false));
        assert_eq!(rig.next(), Some((SECOND, Ok(None))));
        assert_eq!(rig.answer(HERE, (true, true), SECOND + 7), Some(2));
        assert_eq!(rig.send(1, SECOND + 8), (Some(HERE), false, false));
        assert_eq!(rig.next(), None);
    }

    #[test]
    fn one_that_never_answers_is_given_up_after_three_questions() {
        let mut rig = Rig::new();
        rig.send(1, 0);
        rig.send(1, 0);
        assert_eq!(rig.next(), Some((SECOND, Ok(None))));
        assert_eq!(rig.next(), Some((2 * SECOND, Ok(None))));
        assert_eq!(rig.next(), Some((3 * SECOND, Err(2))));
        assert_eq!(rig.send(1, 4 * SECOND), (None, true, false));
    }

    #[test]
    fn one_that_is_used_and_old_is_asked_itself() {
        let mut rig = Rig::new();
        rig.send(1, 0);
        rig.answer(HERE, (true, true), 0);
        assert_eq!(rig.send(1, REACHABLE - 1), (Some(HERE), false, false));
        assert_eq!(rig.next(), None);
        assert_eq!(rig.send(1, REACHABLE), (Some(HERE), false, false));
        assert_eq!(rig.next(), Some((REACHABLE + DELAY, Ok(Some(HERE)))));
        assert_eq!(
            rig.next(),
            Some((REACHABLE + DELAY + SECOND, Ok(Some(HERE))))
        );
        rig.answer(HERE, (true, false), REACHABLE + DELAY + SECOND);
        assert_eq!(rig.next(), None);
    }

    #[test]
    fn nobody_takes_anothers_place_without_saying_so() {
        let mut rig = Rig::new();
        assert_eq!(rig.answer(HERE, (false, true), 0), None);
        rig.send(1, 0);
        rig.answer(HERE, (true, true), 0);
        assert_eq!(rig.answer(THERE, (false, false), 1), None);
        assert_eq!(rig.send(1, 2), (Some(HERE), false, false));
        assert_eq!(rig.answer(THERE, (false, true), 3), Some(0));
        assert_eq!(rig.send(1, 4), (Some(THERE), false, false));
    }

    #[test]
    fn who_asks_for_us_is_known() {
        let mut rig = Rig::new();
        rig.neighbours.hint(at(1), HERE);
        assert_eq!(rig.send(1, 0), (Some(HERE), false, false));
        rig.send(2, 0);
        assert_eq!(rig.neighbours.hint(at(2), THERE).0.len(), 1);
    }

    #[test]
    fn queues_and_the_table_are_bounded() {
        let mut rig = Rig::new();
        for _ in 0..MOST_WAITING {
            assert!(!rig.send(1, 0).2);
        }
        assert!(rig.send(1, 0).2);
        for last in 2..3000 {
            rig.send(last, 0);
            assert!(rig.neighbours.known.len() <= MOST);
            assert!(rig.neighbours.waiting <= MOST_WAITING_ALL);
        }
        let lost = rig.neighbours.clear();
        assert!(!lost.is_empty() && rig.neighbours.waiting == 0);
        assert!(rig.neighbours.due.is_empty() && rig.neighbours.numbers.is_empty());
    }
}
