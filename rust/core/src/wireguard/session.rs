//! A session: two keys, and the numbers of the packets under each (WireGuard paper §5.4.6).
use super::keys::Secret;
use super::message::{TAG, TRANSPORT_HEADER, write_transport};
use super::noise::Keys;
use super::replay::Replay;
use super::{REJECT_AFTER_MESSAGES, REJECT_AFTER_TIME, REKEY_AFTER_MESSAGES};
use crate::time::Nanos;
use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, Nonce, UnboundKey};

/// The keys of one handshake, in use.
pub(crate) struct Session {
    keys: Keys,
    /// The number that we gave it, and the one that the peer did.
    pub(crate) local: u32,
    pub(crate) remote: u32,
    /// Whether we began the handshake.
    pub(crate) initiator: bool,
    pub(crate) since: Nanos,
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
        let Some((header, rest)) = place.split_first_chunk_mut::<TRANSPORT_HEADER>() else {
            return false;
        };
        let Some((text, tag)) = rest.split_last_chunk_mut::<TAG>() else {
            return false;
        };
        let counter = self.next;
        let sealed = key(&self.keys.send).and_then(|key| {
            let made = key.seal_in_place_separate_tag(nonce(counter), Aad::empty(), text);
            made.ok()
        });
        let Some(made) = sealed else { return false };
        tag.copy_from_slice(made.as_ref());
        write_transport(header, self.remote, counter);
        self.next += 1;
        true
    }

    /// Opens what follows the header of a packet of this number, and says how long it is; nothing where
    /// it is not from the peer, came before, or came too late.
    #[inline]
    pub(crate) fn open(&mut self, counter: u64, sealed: &mut [u8], now: Nanos) -> Option<usize> {
        let timely = counter < REJECT_AFTER_MESSAGES && self.is_young(now);
        if !timely || !self.replay.is_new(counter) {
            return None;
        }
        let key = key(&self.keys.receive)?;
        let text = key.open_in_place(nonce(counter), Aad::empty(), sealed);
        let len = text.ok()?.len();
        self.replay.take(counter).then_some(len)
    }
}

/// The cipher of a key. The key itself is kept where it is wiped when it is dropped, which `ring` does not
/// do; to make the cipher of it costs as much as to copy it.
#[inline]
fn key(secret: &Secret) -> Option<LessSafeKey> {
    let key = UnboundKey::new(&CHACHA20_POLY1305, secret.as_slice()).ok()?;
    Some(LessSafeKey::new(key))
}

#[inline]
fn nonce(counter: u64) -> Nonce {
    let mut bytes = [0; 12];
    bytes[4..].copy_from_slice(&counter.to_le_bytes());
    Nonce::assume_unique_for_key(bytes)
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
        let len = session.open(counter, &mut message[TRANSPORT_HEADER..], now)?;
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
    fn numbers_end_before_they_wrap() {
        let (mut one, mut other) = pair();
        one.next = REKEY_AFTER_MESSAGES + 1;
        assert!(one.is_worn() && one.may_send(0));
        one.next = REJECT_AFTER_MESSAGES - 1;
        let last = sealed(&mut one, b"last");
        assert!(!one.may_send(0));
        assert_eq!(opened(&mut other, last, 0).unwrap(), b"last");
        assert_eq!(other.open(REJECT_AFTER_MESSAGES, &mut [0; 32], 0), None);
    }
}
