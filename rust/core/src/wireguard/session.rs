//! A session: two keys, and the numbers of the packets under each (WireGuard paper §5.4.6).
use super::cipher;
use super::crew::{Ahead, Task};
use super::message::{Message, TAG, TRANSPORT_HEADER, write_transport};
use super::noise::Keys;
use super::replay::Replay;
use super::{REJECT_AFTER_MESSAGES, REJECT_AFTER_TIME, REKEY_AFTER_MESSAGES};
use crate::time::Nanos;

/// The keys of one handshake, in use.
pub(crate) struct Session {
    keys: Keys,
    /// The number that we gave it, and the one that the peer did.
    pub(crate) local: u32,
    pub(crate) remote: u32,
    /// Whether we began the handshake.
    pub(crate) initiator: bool,
    pub(crate) since: Nanos,
    /// Which of the peer's sessions it is, counted from the first.
    pub(crate) ordinal: u64,
    /// The number of the next packet.
    next: u64,
    replay: Replay,
}

impl Session {
    pub(crate) fn new(
        keys: Keys,
        (local, remote): (u32, u32),
        initiator: bool,
        now: Nanos,
    ) -> Self {
        Self {
            keys,
            local,
            remote,
            initiator,
            since: now,
            ordinal: 0,
            next: 0,
            replay: Replay::default(),
        }
    }

    /// Whether it may still be used to send.
    pub(crate) fn may_send(&self, now: Nanos) -> bool {
        self.next < REJECT_AFTER_MESSAGES && self.is_young(now)
    }

    /// Whether so much was sent that another is to follow.
    pub(crate) fn is_worn(&self) -> bool {
        self.next > REKEY_AFTER_MESSAGES
    }

    /// How long it has been there.
    pub(crate) fn age(&self, now: Nanos) -> Nanos {
        now.saturating_sub(self.since)
    }

    fn is_young(&self, now: Nanos) -> bool {
        self.age(now) < REJECT_AFTER_TIME
    }

    /// Seals what stands between the header and the tag, and writes both. False, and nothing done, where
    /// there is no room for them.
    #[inline]
    pub(crate) fn seal(&mut self, place: &mut [u8]) -> bool {
        let counter = self.next;
        self.number(place) && cipher::seal(&self.keys.send, counter, &mut place[TRANSPORT_HEADER..])
    }

    /// Writes the header of a message alone: it has its number, and is to be sealed before it leaves. False,
    /// and nothing done, where there is no room for header and tag.
    #[inline]
    pub(crate) fn number(&mut self, place: &mut [u8]) -> bool {
        if place.len() < TRANSPORT_HEADER + TAG {
            return false;
        }
        let Some(header) = place.first_chunk_mut() else {
            return false;
        };
        write_transport(header, self.remote, self.next);
        self.next += 1;
        true
    }

    /// The task to seal a message that has its number from here; one that has not is wiped.
    pub(crate) fn sealing<'a>(&'a self, message: &'a mut [u8]) -> Option<Task<'a>> {
        match Message::read(message) {
            Some(Message::Transport { receiver, counter })
                if receiver == self.remote && counter < self.next =>
            {
                let place = message.get_mut(TRANSPORT_HEADER..)?;
                Some(Task::seal(&self.keys.send, counter, place))
            }
            _ => {
                message.fill(0);
                None
            }
        }
    }

    /// The task to open what follows the header of a packet of this number; nothing where that would be in
    /// vain.
    pub(crate) fn opening<'a>(
        &'a self,
        counter: u64,
        sealed: &'a mut [u8],
        now: Nanos,
    ) -> Option<Task<'a>> {
        self.may_open(counter, now)
            .then(|| Task::open(&self.keys.receive, counter, sealed))
    }

    fn may_open(&self, counter: u64, now: Nanos) -> bool {
        counter < REJECT_AFTER_MESSAGES && self.is_young(now) && self.replay.is_new(counter)
    }

    /// Opens what follows the header of a packet of this number, if that has not been done ahead, and says how
    /// long it is; nothing where it is not from the peer, came before, or came too late.
    #[inline]
    pub(crate) fn open(
        &mut self,
        counter: u64,
        sealed: &mut [u8],
        ahead: Ahead,
        now: Nanos,
    ) -> Option<usize> {
        if !self.may_open(counter, now) {
            return None;
        }
        let len = match ahead {
            Ahead::Sealed => cipher::open(&self.keys.receive, counter, sealed),
            Ahead::Opened {
                session,
                counter: number,
                text,
                ..
            } => text.filter(|_| (session, number) == (self.ordinal, counter)),
        }?;
        self.replay.take(counter).then_some(len)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::SECOND;
    use zeroize::Zeroizing;

    fn pair() -> (Session, Session) {
        let keys = |send, receive| Keys {
            send: Zeroizing::new([send; 32]),
            receive: Zeroizing::new([receive; 32]),
        };
        let one = Session::new(keys(1, 2), (10, 20), true, 0);
        (one, Session::new(keys(2, 1), (20, 10), false, 0))
    }

    fn sealed(session: &mut Session, text: &[u8]) -> Vec<u8> {
        let mut place = vec![0; TRANSPORT_HEADER + text.len() + TAG];
        place[TRANSPORT_HEADER..][..text.len()].copy_from_slice(text);
        assert!(session.seal(&mut place));
        place
    }

    fn opened(session: &mut Session, mut message: Vec<u8>, now: Nanos) -> Option<Vec<u8>> {
        let counter = u64::from_le_bytes(message[8..16].try_into().unwrap());
        let len = session.open(
            counter,
            &mut message[TRANSPORT_HEADER..],
            Ahead::Sealed,
            now,
        )?;
        Some(message[TRANSPORT_HEADER..][..len].to_vec())
    }

    #[test]
    fn each_packet_is_opened_once() {
        let (mut one, mut other) = pair();
        let first = sealed(&mut one, b"first");
        let second = sealed(&mut one, b"second");
        assert_eq!(first[..4], [4, 0, 0, 0]);
        assert_eq!((first[4], first[8], second[8]), (20, 0, 1));
        assert_eq!(opened(&mut other, second, 0).unwrap(), b"second");
        assert_eq!(opened(&mut other, first.clone(), 0).unwrap(), b"first");
        assert_eq!(opened(&mut other, first, 0), None);
    }

    #[test]
    fn a_forged_packet_changes_nothing() {
        let (mut one, mut other) = pair();
        let first = sealed(&mut one, b"first");
        let mut forged = first.clone();
        forged[TRANSPORT_HEADER] ^= 1;
        assert_eq!(opened(&mut other, forged, 0), None);
        assert_eq!(opened(&mut other, first, 0).unwrap(), b"first");
    }

    #[test]
    fn an_old_session_neither_sends_nor_opens() {
        let (mut one, mut other) = pair();
        let message = sealed(&mut one, b"late");
        let (last, over) = (180 * SECOND - 1, 180 * SECOND);
        assert!(one.may_send(last) && !one.may_send(over));
        assert_eq!(opened(&mut other, message.clone(), over), None);
        assert_eq!(opened(&mut other, message, last).unwrap(), b"late");
    }

    #[test]
    fn what_was_opened_ahead_is_of_one_session_and_number() {
        let (mut one, mut other) = pair();
        let mut message = sealed(&mut one, b"text");
        let mut task = other
            .opening(0, &mut message[TRANSPORT_HEADER..], 0)
            .unwrap();
        task.run();
        let text = task.opened();
        let ahead = |session, counter| Ahead::Opened {
            peer: 0,
            session,
            counter,
            text,
        };
        for wrong in [ahead(1, 0), ahead(0, 1)] {
            assert_eq!(other.open(0, &mut [], wrong, 0), None);
        }
        assert_eq!(other.open(0, &mut [], ahead(0, 0), 0), Some(4));
        assert_eq!(other.open(0, &mut [], ahead(0, 0), 0), None);
        assert!(other.opening(0, &mut [0; 32], 0).is_none());
    }

    #[test]
    fn numbers_end_before_they_wrap() {
        let (mut one, mut other) = pair();
        one.next = REKEY_AFTER_MESSAGES + 1;
        assert!(one.is_worn() && one.may_send(0));
        one.next = REJECT_AFTER_MESSAGES - 1;
        let last = sealed(&mut one, b"last");
        assert!(!one.may_send(0));
        assert_eq!(opened(&mut other, last, 0).unwrap(), b"last");
        let late = other.open(REJECT_AFTER_MESSAGES, &mut [0; 32], Ahead::Sealed, 0);
        assert_eq!(late, None);
    }
}
