//! Timers: a hierarchical wheel (Varghese and Lauck, SOSP'87, scheme 7) of exact deadlines.
//!
//! A timer waits in the finest wheel that reaches its deadline, and moves to finer ones as that
//! comes near. Setting and cancelling cost the same whatever there is; nothing goes off early, and
//! those that are due go off by deadline, then in the order in which they were set.
use crate::time::Nanos;

/// Slots of a wheel: as many as bits in its map.
const SLOTS: usize = 64;
const SLOT_BITS: u32 = SLOTS.trailing_zeros();
/// A slot of the finest wheel: 2¹⁶ ns, so that it reaches 4 ms, the next wheel 0.27 s, 17 s and so on.
const FINEST: u32 = 16;
/// Wheels: enough for every moment that there is.
const WHEELS: usize = 8;
/// Where a timer stands that is not set.
const NOWHERE: u32 = u32::MAX;

/// A timer's place in its slot, and when it is due.
#[derive(Clone, Copy)]
struct Timer {
    deadline: Nanos,
    /// How many were set before it.
    order: u64,
    slot: u32,
    index: u32,
}

const UNSET: Timer = Timer {
    deadline: 0,
    order: 0,
    slot: NOWHERE,
    index: 0,
};

/// Timers, by numbers that whoever sets them chooses: small ones, for there is an entry for each.
pub struct Wheel {
    timers: Vec<Timer>,
    slots: Vec<Vec<u32>>,
    /// Which slots of each wheel have timers.
    maps: [u64; WHEELS],
    now: Nanos,
    set: u64,
    /// The number of the timer that is due next; none where that is to be found again.
    next: Option<u32>,
    count: usize,
}

impl Default for Wheel {
    fn default() -> Self {
        Self {
            timers: Vec::new(),
            slots: vec![Vec::new(); SLOTS * WHEELS],
            maps: [0; WHEELS],
            now: 0,
            set: 0,
            next: None,
            count: 0,
        }
    }
}

impl Wheel {
    /// Sets a timer, or sets it to another time.
    pub fn set(&mut self, timer: u32, deadline: Nanos) {
        if self.deadline(timer) == Some(deadline) {
            return;
        }
        self.cancel(timer);
        let place = timer as usize;
        if self.timers.len() <= place {
            self.timers.resize(place + 1, UNSET);
        }
        self.timers[place].deadline = deadline;
        self.timers[place].order = self.set;
        self.set += 1;
        self.count += 1;
        self.insert(timer);
        let earlier = |next| deadline < self.timers[next as usize].deadline;
        if self.count == 1 || self.next.is_some_and(earlier) {
            self.next = Some(timer);
        }
    }

    /// Takes a timer back, if it is set.
    pub fn cancel(&mut self, timer: u32) {
        let Some(&Timer { slot, index, .. }) = self.timers.get(timer as usize) else {
            return;
        };
        if slot == NOWHERE {
            return;
        }
        self.remove(slot as usize, index as usize);
        self.timers[timer as usize].slot = NOWHERE;
        self.count -= 1;
        if self.next == Some(timer) {
            self.next = None;
        }
    }

    /// When a timer is due, if it is set.
    #[must_use]
    pub fn deadline(&self, timer: u32) -> Option<Nanos> {
        let timer = self.timers.get(timer as usize)?;
        (timer.slot != NOWHERE).then_some(timer.deadline)
    }

    /// When the next timer is due: exactly then.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Nanos> {
        let next = self.next.or_else(|| self.find_next())?;
        Some(self.timers[next as usize].deadline)
    }

    /// As [`Self::next_deadline`], and remembers which it is.
    pub fn settle(&mut self) -> Option<Nanos> {
        if self.next.is_none() {
            self.next = self.find_next();
        }
        self.next_deadline()
    }

    /// Takes the timers that are due out, and says which they are, in their order.
    pub fn expire(&mut self, now: Nanos, due: &mut Vec<u32>) {
        let (first, before) = (due.len(), self.now);
        self.now = before.max(now);
        for wheel in 0..WHEELS {
            // What is due later within the present slot waits in finer wheels.
            if wheel > 0 && tick(before, wheel) == tick(self.now, wheel) {
                break;
            }
            self.turn(wheel, before, due);
        }
        if due.len() > first {
            let timers = &self.timers;
            due[first..].sort_unstable_by_key(|&timer| {
                let timer = &timers[timer as usize];
                (timer.deadline, timer.order)
            });
            self.count -= due.len() - first;
            self.next = None;
        }
    }

    /// How many are set.
    #[must_use]
    pub fn len(&self) -> usize {
        self.count
    }

    /// Whether none is set.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Empties the slots of a wheel that begin by now: what is due, and what moves to finer wheels,
    /// which have turned already.
    fn turn(&mut self, wheel: usize, before: Nanos, due: &mut Vec<u32>) {
        let present = tick(self.now, wheel);
        while let Some((at, slot)) = self.first_slot(wheel, before) {
            if at > present {
                break;
            }
            self.empty(slot, due);
            // In the finest wheel, what is due later within this slot has gone back into it.
            if at == present {
                break;
            }
        }
    }

    fn empty(&mut self, slot: usize, due: &mut Vec<u32>) {
        let timers = std::mem::take(&mut self.slots[slot]);
        self.maps[slot / SLOTS] &= !(1 << (slot % SLOTS));
        for timer in timers {
            if self.timers[timer as usize].deadline <= self.now {
                self.timers[timer as usize].slot = NOWHERE;
                due.push(timer);
            } else {
                self.insert(timer);
            }
        }
    }

    fn insert(&mut self, timer: u32) {
        let deadline = self.timers[timer as usize].deadline;
        let slot = self.slot_for(deadline);
        let timers = &mut self.slots[slot];
        self.timers[timer as usize].slot = slot as u32;
        self.timers[timer as usize].index = timers.len() as u32;
        timers.push(timer);
        self.maps[slot / SLOTS] |= 1 << (slot % SLOTS);
    }

    fn remove(&mut self, slot: usize, index: usize) {
        let timers = &mut self.slots[slot];
        timers.swap_remove(index);
        if let Some(&moved) = timers.get(index) {
            self.timers[moved as usize].index = index as u32;
        }
        if timers.is_empty() {
            self.maps[slot / SLOTS] &= !(1 << (slot % SLOTS));
        }
    }

    /// The slot of the finest wheel that reaches so far.
    fn slot_for(&self, deadline: Nanos) -> usize {
        let deadline = deadline.max(self.now);
        let ahead = |wheel: usize| tick(deadline, wheel) - tick(self.now, wheel);
        let reaches = (0..WHEELS).find(|&wheel| ahead(wheel) < SLOTS as u64);
        let wheel = reaches.unwrap_or(WHEELS - 1);
        wheel * SLOTS + tick(deadline, wheel) as usize % SLOTS
    }

    /// Looks through the first slot of each wheel that may hold something earlier than was found.
    fn find_next(&self) -> Option<u32> {
        let mut best: Option<(Nanos, u64, u32)> = None;
        for wheel in 0..WHEELS {
            let Some((at, slot)) = self.first_slot(wheel, self.now) else {
                continue;
            };
            if best.is_some_and(|(deadline, ..)| tick(deadline, wheel) < at) {
                continue;
            }
            let timers = self.slots[slot].iter().map(|&number| {
                let timer = &self.timers[number as usize];
                (timer.deadline, timer.order, number)
            });
            best = timers.chain(best).min();
        }
        best.map(|(.., timer)| timer)
    }

    /// The first slot of a wheel that has timers, seen from a moment at which the wheel had turned:
    /// how many slots after time zero it is, and which.
    fn first_slot(&self, wheel: usize, from: Nanos) -> Option<(u64, usize)> {
        let map = self.maps[wheel];
        let from = tick(from, wheel);
        let turned = map.rotate_right((from % SLOTS as u64) as u32);
        (map != 0).then(|| {
            let at = from + u64::from(turned.trailing_zeros());
            (at, wheel * SLOTS + at as usize % SLOTS)
        })
    }
}

const fn shift(wheel: usize) -> u32 {
    FINEST + SLOT_BITS * wheel as u32
}

/// The number of the slot, counted from time zero, in which a moment lies.
const fn tick(at: Nanos, wheel: usize) -> u64 {
    at >> shift(wheel)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::SECOND;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    fn expired(wheel: &mut Wheel, now: Nanos) -> Vec<u32> {
        let mut due = Vec::new();
        wheel.expire(now, &mut due);
        due
    }

    #[test]
    fn nothing_goes_off_early_and_all_that_is_due_does() {
        let mut wheel = Wheel::default();
        let deadlines = [
            0,
            1,
            65_535,
            65_536,
            4_194_304,
            SECOND,
            3600 * SECOND,
            u64::MAX,
        ];
        for (timer, &deadline) in deadlines.iter().enumerate() {
            wheel.set(timer as u32, deadline);
        }
        for (timer, &deadline) in deadlines.iter().enumerate() {
            assert_eq!(wheel.next_deadline(), Some(deadline));
            if deadline > 0 {
                assert!(expired(&mut wheel, deadline - 1).is_empty());
            }
            assert_eq!(expired(&mut wheel, deadline), [timer as u32]);
        }
        assert!(wheel.is_empty() && wheel.next_deadline().is_none());
    }

    #[test]
    fn equal_deadlines_keep_the_order_in_which_they_were_set() {
        let mut wheel = Wheel::default();
        for timer in [5, 3, 9, 1] {
            wheel.set(timer, SECOND);
        }
        wheel.set(3, 2 * SECOND);
        wheel.set(3, SECOND);
        wheel.set(9, SECOND);
        assert_eq!(expired(&mut wheel, 2 * SECOND), [5, 9, 1, 3]);
    }

    #[derive(Clone, Debug)]
    enum Step {
        Set(u32, u64),
        Cancel(u32),
        Pass(u64),
    }

    fn steps() -> impl Strategy<Value = Vec<Step>> {
        // Spans of every size, so that every wheel is used.
        let span = || (0_u32..64, any::<u64>()).prop_map(|(bits, any)| any & ((1 << bits) - 1));
        let step = prop_oneof![
            4 => (0_u32..20, span()).prop_map(|(timer, after)| Step::Set(timer, after)),
            1 => (0_u32..20).prop_map(Step::Cancel),
            2 => span().prop_map(|span| Step::Pass(span >> 8)),
        ];
        prop::collection::vec(step, 0..120)
    }

    proptest! {
        #[test]
        fn a_wheel_does_what_a_sorted_list_does(steps in steps()) {
            let (mut wheel, mut naive) = (Wheel::default(), BTreeMap::new());
            let (mut now, mut order) = (0_u64, 0);
            for step in steps {
                match step {
                    Step::Set(timer, after) => {
                        let deadline = now.saturating_add(after);
                        wheel.set(timer, deadline);
                        if naive.get(&timer).is_none_or(|&(old, _)| old != deadline) {
                            naive.insert(timer, (deadline, order));
                            order += 1;
                        }
                    }
                    Step::Cancel(timer) => {
                        wheel.cancel(timer);
                        naive.remove(&timer);
                    }
                    Step::Pass(span) => {
                        now = now.saturating_add(span);
                        let due = |entry: &(u64, i32)| entry.0 <= now;
                        let mut expected: Vec<_> = naive.iter().filter(|(_, entry)| due(entry)).collect();
                        expected.sort_by_key(|(_, entry)| **entry);
                        let expected: Vec<u32> = expected.into_iter().map(|(&timer, _)| timer).collect();
                        naive.retain(|_, entry| !due(entry));
                        prop_assert_eq!(expired(&mut wheel, now), expected);
                    }
                }
                prop_assert_eq!(wheel.next_deadline(), naive.values().map(|entry| entry.0).min());
                prop_assert_eq!(wheel.settle(), wheel.next_deadline());
                prop_assert_eq!(wheel.len(), naive.len());
            }
        }
    }
}
