//! What the filters said of connections: a bounded table, so that most packets need no filter.
//!
//! A filter that looks only at what a [`Tuple`] holds says the same of every packet of it. One that
//! looks at more, such as TCP's flags or the length, is asked of each packet again; whether it does
//! depends on the tuple alone, too.
use super::fragments::Choice;
use super::talkers::Place;
use super::tuple::Tuple;

/// How many connections are remembered: of eight that share a place, the one seen last longest ago
/// makes room. With four, of a thousand connections some took turns there, and asked all filters each time.
const SETS: usize = 1024;
const WAYS: usize = 8;

/// What is known of a connection.
#[derive(Debug)]
pub(super) struct Verdict {
    tuple: Tuple,
    /// Where it goes, if none of `asked` takes the packet.
    pub(super) choice: Choice,
    /// Flows before that whose filters have to be asked of each packet.
    pub(super) asked: Box<[u16]>,
    /// Where its talker is counted.
    pub(super) place: Place,
    seen: u64,
}

/// What the filters said.
#[derive(Default)]
pub(super) struct Verdicts {
    /// Of each place, the number of the verdict and one; 0 where there is none.
    table: Vec<[u16; WAYS]>,
    verdicts: Vec<Verdict>,
    clock: u64,
}

impl Verdicts {
    /// What is known of a connection.
    #[inline]
    pub(super) fn find(&mut self, tuple: &Tuple) -> Option<&mut Verdict> {
        let set = self.table.get(tuple.hash() as usize % SETS)?;
        let held = set.iter().take_while(|number| **number != 0);
        let mut indices = held.map(|number| usize::from(*number - 1));
        let index = indices.find(|index| self.verdicts[*index].tuple.is(tuple))?;
        self.clock += 1;
        let verdict = &mut self.verdicts[index];
        verdict.seen = self.clock;
        Some(verdict)
    }

    /// Remembers what the filters said of a connection that was not known.
    pub(super) fn remember(&mut self, tuple: Tuple, choice: Choice, asked: Vec<u16>, place: Place) {
        if self.table.is_empty() {
            self.table = vec![[0; WAYS]; SETS];
        }
        self.clock += 1;
        let verdict = Verdict {
            tuple,
            choice,
            asked: asked.into(),
            place,
            seen: self.clock,
        };
        let set = &mut self.table[tuple.hash() as usize % SETS];
        if let Some(free) = set.iter_mut().find(|number| **number == 0) {
            self.verdicts.push(verdict);
            *free = self.verdicts.len() as u16;
            return;
        }
        let seen = |number: &&u16| self.verdicts[usize::from(**number - 1)].seen;
        if let Some(oldest) = set.iter().min_by_key(seen) {
            self.verdicts[usize::from(*oldest - 1)] = verdict;
        }
    }

    /// Forgets everything: the filters are others now.
    pub(super) fn clear(&mut self) {
        self.table.clear();
        self.verdicts.clear();
    }

    /// How many connections are remembered.
    pub(super) fn len(&self) -> usize {
        self.verdicts.len()
    }
}
