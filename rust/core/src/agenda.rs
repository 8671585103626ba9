//! The agenda: which apps the next breath has to call. A breath costs what is on it, not how many
//! apps there are: an idle host among a thousand is never looked at.
use crate::deadlines::Deadlines;
use crate::time::Nanos;

/// What the next breath has to do.
#[derive(Default)]
pub(crate) struct Agenda {
    deadlines: Deadlines,
    /// The places of the apps to pull, whatever the time.
    pub(crate) pulls: Marks,
    /// The ranks of the apps to push: their places in the order of a breath.
    pub(crate) pushes: Marks,
}

impl Agenda {
    /// An agenda of so many apps, on which each is to be pulled.
    pub(crate) fn of(count: usize) -> Self {
        let mut pulls = Marks::of(count);
        (0..count).for_each(|place| pulls.set(place));
        Self {
            deadlines: Deadlines::of(count),
            pulls,
            pushes: Marks::of(count),
        }
    }

    /// Notes when an app wants to be called.
    #[inline]
    pub(crate) fn set_deadline(&mut self, place: usize, deadline: Option<Nanos>) {
        self.deadlines.set(place, deadline);
    }

    /// Whether the app wants to be called by now.
    #[inline]
    pub(crate) fn is_due(&self, place: usize, now: Nanos) -> bool {
        self.deadlines.get(place) <= now
    }

    /// Has every app called that wants to be by now: pulled, or pushed where it has a rank for that.
    #[inline]
    pub(crate) fn call_due(&mut self, now: Nanos, rank: impl Fn(usize) -> Option<usize>) {
        let (pulls, pushes) = (&mut self.pulls, &mut self.pushes);
        self.deadlines.due(now, &mut |place| match rank(place) {
            Some(rank) => pushes.set(rank),
            None => pulls.set(place),
        });
    }

    /// Whether nobody is to be called before the time comes.
    pub(crate) fn is_empty(&self) -> bool {
        self.pulls.is_empty() && self.pushes.is_empty()
    }

    /// When the first app wants to be called, if one does.
    pub(crate) fn next_deadline(&self) -> Option<Nanos> {
        Some(self.deadlines.earliest()).filter(|&at| at < Nanos::MAX)
    }
}

const BITS: usize = u64::BITS as usize;

/// A set of small numbers, walked in ascending order while it changes.
#[derive(Default)]
pub(crate) struct Marks(Vec<u64>);

impl Marks {
    fn of(count: usize) -> Self {
        Self(vec![0; count.div_ceil(BITS)])
    }

    #[inline]
    pub(crate) fn set(&mut self, number: usize) {
        self.0[number / BITS] |= 1 << (number % BITS);
    }

    /// Takes out those of the 64 numbers from `64 * word` on, to be walked.
    #[inline]
    pub(crate) fn walk(&mut self, word: usize) -> Walk {
        Walk {
            left: std::mem::take(&mut self.0[word]),
            base: word * BITS,
            next: word * BITS,
        }
    }

    /// How many walks there are.
    #[inline]
    pub(crate) fn words(&self) -> usize {
        self.0.len()
    }

    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.0.iter().all(|&word| word == 0)
    }
}

/// A walk in ascending order over numbers that were taken out of a set.
pub(crate) struct Walk {
    left: u64,
    base: usize,
    next: usize,
}

impl Walk {
    #[inline(always)]
    pub(crate) fn next(&mut self) -> Option<usize> {
        if self.left == 0 {
            return None;
        }
        let number = self.base + self.left.trailing_zeros() as usize;
        self.left &= self.left - 1;
        self.next = number + 1;
        Some(number)
    }

    /// Marks a number: for this walk if it comes by there yet, for a later one else.
    #[inline(always)]
    pub(crate) fn mark(&mut self, number: usize, marks: &mut Marks) {
        if number >= self.next && number - self.base < BITS {
            self.left |= 1 << (number - self.base);
        } else {
            marks.set(number);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(marks: &mut Marks) -> Vec<usize> {
        let words = 0..marks.words();
        let walks = words.flat_map(|word| {
            let mut walk = marks.walk(word);
            std::iter::from_fn(move || walk.next())
        });
        walks.collect()
    }

    #[test]
    fn marks_are_taken_in_ascending_order() {
        let mut marks = Marks::of(200);
        for number in [199, 0, 64, 63, 127, 5] {
            marks.set(number);
        }
        assert_eq!(all(&mut marks), [0, 5, 63, 64, 127, 199]);
        assert!(marks.is_empty());
    }

    #[test]
    fn a_mark_behind_the_walk_waits_for_the_next_one() {
        let mut marks = Marks::of(200);
        marks.set(70);
        let mut walk = marks.walk(1);
        assert_eq!(walk.next(), Some(70));
        for number in [70, 3, 64, 71, 127, 128] {
            walk.mark(number, &mut marks);
        }
        assert_eq!(walk.next(), Some(71));
        assert_eq!(walk.next(), Some(127));
        assert_eq!(walk.next(), None);
        assert_eq!(all(&mut marks), [3, 64, 70, 128]);
    }

    #[test]
    fn who_is_due_is_pulled_and_nobody_else() {
        let mut agenda = Agenda::of(70);
        all(&mut agenda.pulls);
        agenda.set_deadline(69, Some(7));
        agenda.set_deadline(0, Some(8));
        agenda.set_deadline(1, Some(9));
        assert_eq!(agenda.next_deadline(), Some(7));
        agenda.call_due(8, |place| (place == 0).then_some(5));
        assert_eq!(all(&mut agenda.pulls), [69]);
        assert_eq!(all(&mut agenda.pushes), [5]);
        agenda.set_deadline(69, None);
        assert_eq!(agenda.next_deadline(), Some(8));
    }

    #[test]
    fn an_agenda_starts_with_everybody_on_it() {
        assert_eq!(all(&mut Agenda::of(65).pulls).len(), 65);
        assert_eq!(Agenda::of(3).next_deadline(), None);
    }
}
