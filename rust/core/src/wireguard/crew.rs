//! Messages that are sealed and opened side by side, by whoever has threads. What is done is the same, in the
//! same order: a device gives numbers out, looks at windows and takes packets one after the other, and has
//! only the cipher done by others.
use super::cipher;
use super::keys::Secret;

/// Fewer bytes than these are sealed or opened at once: about ten microseconds of the cipher, less than it
/// takes to wake somebody.
const WORTH: usize = 24 << 10;

/// Somebody who does several things side by side.
pub trait Crew: Send {
    /// Has every task [run](Task::run), and returns when all are done.
    fn share(&mut self, tasks: &mut [Task<'_>]);
}

enum Work {
    Seal,
    Open,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum State {
    Waits,
    Failed,
    /// So many bytes were opened, or all sealed.
    Done(usize),
}

/// A message to be sealed or opened, which any thread may do.
pub struct Task<'a> {
    work: Work,
    secret: &'a Secret,
    counter: u64,
    /// What is behind the message's header.
    place: &'a mut [u8],
    state: State,
}

impl<'a> Task<'a> {
    pub(super) fn seal(secret: &'a Secret, counter: u64, place: &'a mut [u8]) -> Self {
        Self::new(Work::Seal, secret, counter, place)
    }

    pub(super) fn open(secret: &'a Secret, counter: u64, place: &'a mut [u8]) -> Self {
        Self::new(Work::Open, secret, counter, place)
    }

    fn new(work: Work, secret: &'a Secret, counter: u64, place: &'a mut [u8]) -> Self {
        Self {
            work,
            secret,
            counter,
            place,
            state: State::Waits,
        }
    }

    /// Does it, unless it is done.
    #[inline]
    pub fn run(&mut self) {
        if self.state != State::Waits {
            return;
        }
        let done = match self.work {
            Work::Seal => {
                let sealed = cipher::seal(self.secret, self.counter, self.place);
                sealed.then_some(self.place.len())
            }
            Work::Open => cipher::open(self.secret, self.counter, self.place),
        };
        self.state = done.map_or(State::Failed, State::Done);
    }

    /// How long what was opened is; nothing where it was not sealed by the peer.
    pub(super) fn opened(&self) -> Option<usize> {
        match self.state {
            State::Done(len) => Some(len),
            State::Waits | State::Failed => None,
        }
    }
}

/// Whether tasks are worth a crew.
pub(super) fn is_worth(tasks: &[Task<'_>]) -> bool {
    let bytes: usize = tasks.iter().map(|task| task.place.len()).sum();
    bytes >= WORTH
}

/// Has tasks done: what a crew leaves, and what is not worth a crew, is done here.
pub(super) fn share(crew: &mut dyn Crew, tasks: &mut [Task<'_>]) {
    if is_worth(tasks) {
        crew.share(tasks);
    }
    tasks.iter_mut().for_each(Task::run);
}

/// What has become of a message that was opened before its turn.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Ahead {
    /// It stands there as it came.
    #[default]
    Sealed,
    /// It was opened, if it could be, as one of this session of this peer, and this number.
    Opened {
        /// The place of the peer.
        peer: u32,
        /// Which of the peer's sessions, counted from its first.
        session: u64,
        /// The packet's number.
        counter: u64,
        /// How long what is in it is; nothing where it is not from the peer.
        text: Option<usize>,
    },
}

impl Ahead {
    /// Where to say how long what was opened is.
    pub(super) fn text(&mut self) -> Option<&mut Option<usize>> {
        match self {
            Self::Sealed => None,
            Self::Opened { text, .. } => Some(text),
        }
    }

    /// Whether it may have been opened as this peer's.
    #[inline]
    pub(super) fn is_of(self, owner: u32) -> bool {
        match self {
            Self::Sealed => true,
            Self::Opened { peer, .. } => peer == owner,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use zeroize::Zeroizing;

    /// Does nothing of what it is asked.
    struct Idle(usize);

    impl Crew for Idle {
        fn share(&mut self, tasks: &mut [Task<'_>]) {
            self.0 += tasks.len();
        }
    }

    #[test]
    fn what_nobody_does_is_done_all_the_same() {
        let (secret, mut crew) = (Zeroizing::new([1; 32]), Idle(0));
        let mut places = vec![vec![7; 8192]; 4];
        let tasks = places.iter_mut().zip(0..);
        let mut tasks: Vec<Task<'_>> = tasks
            .map(|(place, counter)| Task::seal(&secret, counter, place))
            .collect();
        share(&mut crew, &mut tasks);
        assert_eq!(crew.0, 4);
        for (place, counter) in places.iter_mut().zip(0..) {
            assert_eq!(cipher::open(&secret, counter, place), Some(8192 - 16));
        }
    }

    #[test]
    fn little_is_no_work_for_a_crew() {
        let (secret, mut crew) = (Zeroizing::new([1; 32]), Idle(0));
        let mut place = [0; 1000];
        let mut tasks = [Task::seal(&secret, 0, &mut place)];
        share(&mut crew, &mut tasks);
        assert_eq!((crew.0, tasks[0].state), (0, State::Done(1000)));
    }
}
