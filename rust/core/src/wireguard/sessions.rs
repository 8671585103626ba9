//! The sessions of a peer: the one in use, the one before, whose packets may still be under way, and one
//! that the peer has not confirmed yet (WireGuard paper §6.3).
use super::session::Session;

/// Which place a session has.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Place {
    Previous,
    Current,
    /// Made by an answer of ours: not to be sent with before the peer has used it.
    Next,
}

/// At most three sessions.
#[derive(Default)]
pub(crate) struct Sessions {
    previous: Option<Box<Session>>,
    current: Option<Box<Session>>,
    next: Option<Box<Session>>,
    /// How many there ever were.
    count: u64,
}

impl Sessions {
    /// The one to send with.
    pub(crate) fn current(&mut self) -> Option<&mut Session> {
        self.current.as_deref_mut()
    }

    /// The one of this number of ours.
    pub(crate) fn find(&mut self, local: u32) -> Option<(Place, &mut Session)> {
        let places = [
            (Place::Current, &mut self.current),
            (Place::Previous, &mut self.previous),
            (Place::Next, &mut self.next),
        ];
        let filled = places.into_iter();
        let mut filled = filled.filter_map(|(place, slot)| Some((place, slot.as_deref_mut()?)));
        filled.find(|(_, session)| session.local == local)
    }

    /// The one of this number of ours, to look at.
    pub(crate) fn local(&self, local: u32) -> Option<&Session> {
        let all = [&self.current, &self.previous, &self.next];
        let mut all = all.into_iter().flatten().map(Box::as_ref);
        all.find(|session| session.local == local)
    }

    /// The one to send with, to look at.
    pub(crate) fn sender(&self) -> Option<&Session> {
        self.current.as_deref()
    }

    fn counted(&mut self, mut session: Session) -> Box<Session> {
        session.ordinal = self.count;
        self.count += 1;
        Box::new(session)
    }

    /// Adds one that this side has asked for; the numbers of those that are gone go to `gone`.
    pub(crate) fn add_asked(&mut self, session: Session, gone: &mut Vec<u32>) {
        let older = match self.next.take() {
            // Nobody knows whether the peer has got that answer: it may use it.
            Some(next) => {
                gone.extend(self.current.take().map(|it| it.local));
                Some(next)
            }
            None => self.current.take(),
        };
        gone.extend(std::mem::replace(&mut self.previous, older).map(|it| it.local));
        self.current = Some(self.counted(session));
    }

    /// Adds one that the peer has asked for.
    pub(crate) fn add_answered(&mut self, session: Session, gone: &mut Vec<u32>) {
        let session = self.counted(session);
        let next = self.next.replace(session);
        gone.extend(next.map(|it| it.local));
        gone.extend(self.previous.take().map(|it| it.local));
    }

    /// The peer has used the one that was answered: it is the one to send with.
    pub(crate) fn confirm(&mut self, gone: &mut Vec<u32>) {
        if let Some(next) = self.next.take() {
            let older = self.current.replace(next);
            gone.extend(std::mem::replace(&mut self.previous, older).map(|it| it.local));
        }
    }

    /// Forgets all.
    pub(crate) fn clear(&mut self, gone: &mut Vec<u32>) {
        let all = [self.previous.take(), self.current.take(), self.next.take()];
        gone.extend(all.into_iter().flatten().map(|it| it.local));
    }
}

#[cfg(test)]
mod tests {
    use super::super::noise::Keys;
    use super::*;
    use zeroize::Zeroizing;

    fn session(local: u32) -> Session {
        let keys = Keys {
            send: Zeroizing::new([1; 32]),
            receive: Zeroizing::new([2; 32]),
        };
        Session::new(keys, (local, 0), true, 0)
    }

    fn places(sessions: &mut Sessions) -> Vec<(u32, Place)> {
        let found = |local| Some((local, sessions.find(local)?.0));
        (0..9).filter_map(found).collect()
    }

    #[test]
    fn one_that_was_asked_for_is_used_at_once() {
        let (mut sessions, mut gone) = (Sessions::default(), Vec::new());
        (1..=3).for_each(|local| sessions.add_asked(session(local), &mut gone));
        assert_eq!(
            places(&mut sessions),
            [(2, Place::Previous), (3, Place::Current)]
        );
        assert_eq!((sessions.current().unwrap().local, gone), (3, vec![1]));
    }

    #[test]
    fn one_that_was_answered_waits_for_the_peer() {
        let (mut sessions, mut gone) = (Sessions::default(), Vec::new());
        sessions.add_asked(session(1), &mut gone);
        sessions.add_answered(session(2), &mut gone);
        assert_eq!(
            places(&mut sessions),
            [(1, Place::Current), (2, Place::Next)]
        );
        sessions.add_answered(session(3), &mut gone);
        sessions.confirm(&mut gone);
        sessions.confirm(&mut gone);
        assert_eq!(
            places(&mut sessions),
            [(1, Place::Previous), (3, Place::Current)]
        );
        assert_eq!(gone, [2]);
    }

    #[test]
    fn an_answer_that_may_have_got_lost_is_heard_beside_what_was_asked_for() {
        let (mut sessions, mut gone) = (Sessions::default(), Vec::new());
        sessions.add_asked(session(1), &mut gone);
        sessions.add_answered(session(2), &mut gone);
        sessions.add_asked(session(3), &mut gone);
        assert_eq!(
            places(&mut sessions),
            [(2, Place::Previous), (3, Place::Current)]
        );
        sessions.clear(&mut gone);
        assert_eq!(gone, [1, 2, 3]);
    }
}
