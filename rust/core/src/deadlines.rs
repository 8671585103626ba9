//! Deadlines: when each app wants to be called, as a tournament: of each eight the earliest meets
//! those of the neighbours. So the earliest of all is known, a change is played again only on its
//! own way up, and who is due is found without a look at the others.
use crate::time::Nanos;

/// How many meet at once.
const FANOUT: usize = 8;
const NEVER: Nanos = Nanos::MAX;

/// The deadlines of so many apps, by their places.
pub(crate) struct Deadlines {
    /// The deadlines, then the winners of each round; the last has one alone. All are filled up to a
    /// multiple of the fan-out with those who never want anything.
    rounds: Vec<Vec<Nanos>>,
}

impl Default for Deadlines {
    fn default() -> Self {
        Self::of(0)
    }
}

impl Deadlines {
    /// So many apps, of which none wants to be called.
    pub(crate) fn of(count: usize) -> Self {
        let mut width = count.max(1).next_multiple_of(FANOUT);
        let mut rounds = vec![vec![NEVER; width]];
        while width > FANOUT {
            width = (width / FANOUT).next_multiple_of(FANOUT);
            rounds.push(vec![NEVER; width]);
        }
        rounds.push(vec![NEVER]);
        Self { rounds }
    }

    /// When an app wants to be called; the largest number for never.
    #[inline]
    pub(crate) fn get(&self, place: usize) -> Nanos {
        self.rounds[0][place]
    }

    /// Notes when an app wants to be called.
    #[inline]
    pub(crate) fn set(&mut self, place: usize, deadline: Option<Nanos>) {
        let (mut place, mut earliest) = (place, deadline.unwrap_or(NEVER));
        for round in &mut self.rounds {
            if round[place] == earliest {
                return;
            }
            round[place] = earliest;
            place /= FANOUT;
            let Some(group) = round.as_chunks::<FANOUT>().0.get(place) else {
                return;
            };
            earliest = group.iter().fold(NEVER, |least, &at| least.min(at));
        }
    }

    /// The earliest of all; the largest number where there is none.
    #[inline]
    pub(crate) fn earliest(&self) -> Nanos {
        self.rounds[self.rounds.len() - 1][0]
    }

    /// Names every app that wants to be called by `now`, in the order of their places.
    #[inline]
    pub(crate) fn due(&self, now: Nanos, name: &mut impl FnMut(usize)) {
        // Never does not come, not even at the end of time.
        let now = now.min(NEVER - 1);
        if self.earliest() <= now {
            self.due_below(self.rounds.len() - 1, 0, now, name);
        }
    }

    fn due_below(&self, round: usize, place: usize, now: Nanos, name: &mut impl FnMut(usize)) {
        let Some(below) = round.checked_sub(1) else {
            return name(place);
        };
        let group = &self.rounds[below].as_chunks::<FANOUT>().0[place];
        for (offset, &at) in group.iter().enumerate() {
            if at <= now {
                self.due_below(below, place * FANOUT + offset, now, name);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn due(deadlines: &Deadlines, now: Nanos) -> Vec<usize> {
        let mut named = Vec::new();
        deadlines.due(now, &mut |place| named.push(place));
        named
    }

    #[test]
    fn nobody_wants_anything_at_first() {
        for count in [0, 1, 8, 9, 64, 65, 1000] {
            let deadlines = Deadlines::of(count);
            assert_eq!(deadlines.earliest(), NEVER);
            assert!(due(&deadlines, NEVER).is_empty());
        }
    }

    proptest! {
        #[test]
        fn it_is_as_if_all_were_looked_at(
            count in 1_usize..700,
            changes in prop::collection::vec((any::<prop::sample::Index>(), prop::option::of(0_u64..50)), 0..200),
            now in 0_u64..50,
        ) {
            let mut deadlines = Deadlines::of(count);
            let mut plain = vec![NEVER; count];
            for (place, deadline) in changes {
                let place = place.index(count);
                deadlines.set(place, deadline);
                plain[place] = deadline.unwrap_or(NEVER);
                prop_assert_eq!(Some(deadlines.earliest()), plain.iter().min().copied());
            }
            let all = plain.iter().enumerate();
            let expected: Vec<usize> = all.filter(|(_, at)| **at <= now).map(|(place, _)| place).collect();
            prop_assert_eq!(due(&deadlines, now), expected);
            prop_assert!((0..count).all(|place| deadlines.get(place) == plain[place]));
        }
    }
}
