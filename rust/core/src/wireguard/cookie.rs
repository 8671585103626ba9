//! MACs and cookies (WireGuard paper §5.3, §5.4.4, §5.4.7): who does not know whom a handshake message is
//! for is not answered, and who is under load answers those alone who get mail where they say they are.
use super::keys::{LEN, PublicKey, Secret};
use super::message::{COOKIE, MAC};
use super::symmetric::hash;
use crate::time::{Nanos, SECOND};
use blake2::Blake2sMac;
use blake2::digest::consts::U16;
use blake2::digest::{FixedOutput, KeyInit, Update};
use chacha20poly1305::XChaCha20Poly1305;
use chacha20poly1305::aead::AeadInPlace;
use std::net::SocketAddr;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// How long a cookie is good, and how often the secret behind it changes.
const LIFE: Nanos = 120 * SECOND;
const LABEL_MAC1: &[u8] = b"mac1----";
const LABEL_COOKIE: &[u8] = b"cookie--";

/// Where the fields of a cookie reply stand.
const RECEIVER: usize = 4;
const NONCE: usize = 8;
const SEALED: usize = 32;

type Mac = [u8; MAC];

fn mac(key: &[u8], pieces: &[&[u8]]) -> Mac {
    // Keys of 16 and of 32 bytes alone come here, and both are allowed (RFC 7693 §2.9).
    let Ok(mut state) = <Blake2sMac<U16> as KeyInit>::new_from_slice(key) else {
        return [0; MAC];
    };
    pieces
        .iter()
        .for_each(|piece| Update::update(&mut state, piece));
    state.finalize_fixed().into()
}

/// The two MACs at the end of a handshake message, with what is before each.
struct Macs<'a> {
    before_first: &'a [u8],
    first: &'a Mac,
    before_second: &'a [u8],
    second: &'a Mac,
}

impl<'a> Macs<'a> {
    fn of(message: &'a [u8]) -> Option<Self> {
        let (before_second, second) = message.split_last_chunk()?;
        let (before_first, first) = before_second.split_last_chunk()?;
        Some(Self {
            before_first,
            first,
            before_second,
            second,
        })
    }
}

/// Keys that follow from whom a message is for.
struct Labels {
    first: [u8; LEN],
    cookie: [u8; LEN],
}

impl Labels {
    fn of(receiver: &PublicKey) -> Self {
        Self {
            first: hash(&[LABEL_MAC1, &receiver.0]),
            cookie: hash(&[LABEL_COOKIE, &receiver.0]),
        }
    }
}

/// The side that gets handshake messages, and hands out cookies.
pub(crate) struct Porter {
    labels: Labels,
    secret: Secret,
    renewed: Option<Nanos>,
}

impl Porter {
    pub(crate) fn new(own: &PublicKey) -> Self {
        Self {
            labels: Labels::of(own),
            secret: Zeroizing::new([0; LEN]),
            renewed: None,
        }
    }

    /// Whether its sender knows whom a message is for.
    pub(crate) fn is_for_us(&self, message: &[u8]) -> bool {
        let macs = Macs::of(message);
        macs.is_some_and(|macs| {
            let right = mac(&self.labels.first, &[macs.before_first]);
            right.ct_eq(macs.first).into()
        })
    }

    /// Whether its sender has the latest cookie, and so is where it says.
    pub(crate) fn is_proven(&self, message: &[u8], source: SocketAddr, now: Nanos) -> bool {
        let stale = self.is_stale(now);
        let macs = Macs::of(message).filter(|macs| !stale && *macs.second != [0; MAC]);
        macs.is_some_and(|macs| {
            let right = mac(&self.cookie(source), &[macs.before_second]);
            right.ct_eq(macs.second).into()
        })
    }

    /// Whether the secret that cookies are made of is too old, or there is none.
    pub(crate) fn is_stale(&self, now: Nanos) -> bool {
        self.renewed.is_none_or(|at| now.saturating_sub(at) >= LIFE)
    }

    /// Takes another secret.
    pub(crate) fn renew(&mut self, secret: Secret, now: Nanos) {
        (self.secret, self.renewed) = (secret, Some(now));
    }

    /// The answer to a message: a cookie.
    pub(crate) fn reply(
        &self,
        message: &[u8],
        source: SocketAddr,
        nonce: [u8; 24],
    ) -> Option<[u8; COOKIE]> {
        let first = Macs::of(message)?.first;
        let mut reply = [0; COOKIE];
        reply[0] = 3;
        // The number that its sender gave the session stands at the same place in both messages.
        reply[RECEIVER..NONCE].copy_from_slice(message.get(4..8)?);
        reply[NONCE..SEALED].copy_from_slice(&nonce);
        let mut cookie = self.cookie(source);
        let cipher = XChaCha20Poly1305::new(&self.labels.cookie.into());
        let tag = cipher.encrypt_in_place_detached(&nonce.into(), first, &mut cookie);
        reply[SEALED..SEALED + MAC].copy_from_slice(&cookie);
        reply[SEALED + MAC..].copy_from_slice(&tag.ok()?);
        Some(reply)
    }

    fn cookie(&self, source: SocketAddr) -> Mac {
        let port = source.port().to_be_bytes();
        match source {
            SocketAddr::V4(it) => mac(self.secret.as_slice(), &[&it.ip().octets(), &port]),
            SocketAddr::V6(it) => mac(self.secret.as_slice(), &[&it.ip().octets(), &port]),
        }
    }
}

/// The side that sends handshake messages, and may have got a cookie.
pub(crate) struct Caller {
    labels: Labels,
    /// The first MAC of the last message, which a cookie has to be an answer to.
    last: Option<Mac>,
    cookie: Option<(Mac, Nanos)>,
}

impl Caller {
    pub(crate) fn new(peer: &PublicKey) -> Self {
        Self {
            labels: Labels::of(peer),
            last: None,
            cookie: None,
        }
    }

    /// Writes both MACs at the end of a message.
    pub(crate) fn sign(&mut self, message: &mut [u8], now: Nanos) {
        let Some((before_second, second)) = message.split_last_chunk_mut::<MAC>() else {
            return;
        };
        if let Some((before_first, first)) = before_second.split_last_chunk_mut::<MAC>() {
            *first = mac(&self.labels.first, &[before_first]);
            self.last = Some(*first);
        }
        self.cookie = self.cookie.filter(|(_, at)| now.saturating_sub(*at) < LIFE);
        *second = match &self.cookie {
            Some((cookie, _)) => mac(cookie, &[before_second]),
            None => [0; MAC],
        };
    }

    /// Takes a cookie, if it is an answer to the last message. Whether it is.
    pub(crate) fn take(&mut self, reply: &[u8; COOKIE], now: Nanos) -> bool {
        let Some(last) = self.last else { return false };
        let (Some(nonce), Some(sealed)) = (
            reply[NONCE..].first_chunk::<24>(),
            reply[SEALED..].first_chunk::<MAC>(),
        ) else {
            return false;
        };
        let mut cookie = *sealed;
        let cipher = XChaCha20Poly1305::new(&self.labels.cookie.into());
        let tag = chacha20poly1305::Tag::from_slice(&reply[SEALED + MAC..]);
        let opened = cipher.decrypt_in_place_detached(nonce.into(), &last, &mut cookie, tag);
        if opened.is_ok() {
            (self.cookie, self.last) = (Some((cookie, now)), None);
        }
        opened.is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::super::message::INITIATION;
    use super::*;

    fn sides() -> (Porter, Caller) {
        let key = PublicKey([7; LEN]);
        (Porter::new(&key), Caller::new(&key))
    }

    fn at(text: &str) -> SocketAddr {
        text.parse().unwrap()
    }

    fn reply(porter: &mut Porter, message: &[u8], source: &str, now: Nanos) -> [u8; COOKIE] {
        if porter.is_stale(now) {
            porter.renew(Zeroizing::new([now as u8 | 1; LEN]), now);
        }
        porter.reply(message, at(source), [3; 24]).unwrap()
    }

    #[test]
    fn who_knows_the_key_is_heard() {
        let (porter, mut caller) = sides();
        let mut message = [1; INITIATION];
        caller.sign(&mut message, 0);
        assert!(porter.is_for_us(&message));
        assert!(!Porter::new(&PublicKey([8; LEN])).is_for_us(&message));
        message[5] ^= 1;
        assert!(!porter.is_for_us(&message));
    }

    #[test]
    fn a_cookie_proves_an_address_and_port_for_two_minutes() {
        let (mut porter, mut caller) = sides();
        let mut message = [1; INITIATION];
        caller.sign(&mut message, 0);
        assert!(!porter.is_proven(&message, at("10.0.0.1:5"), 0));
        let answer = reply(&mut porter, &message, "10.0.0.1:5", 0);
        assert!(caller.take(&answer, 0) && !caller.take(&answer, 0));
        caller.sign(&mut message, LIFE - 1);
        assert!(porter.is_for_us(&message));
        assert!(porter.is_proven(&message, at("10.0.0.1:5"), LIFE - 1));
        assert!(!porter.is_proven(&message, at("10.0.0.1:6"), 0));
        assert!(!porter.is_proven(&message, at("10.0.0.2:5"), 0));
        assert!(!porter.is_proven(&message, at("10.0.0.1:5"), LIFE));
        caller.sign(&mut message, LIFE);
        assert_eq!(message[INITIATION - MAC..], [0; MAC]);
    }

    #[test]
    fn only_the_answer_to_the_last_message_is_a_cookie() {
        let (mut porter, mut caller) = sides();
        let mut first = [1; INITIATION];
        caller.sign(&mut first, 0);
        let old = reply(&mut porter, &first, "[fd00::1]:5", 0);
        let mut second = [2; INITIATION];
        caller.sign(&mut second, 0);
        assert!(!caller.take(&old, 0));
        let mut forged = reply(&mut porter, &second, "[fd00::1]:5", 0);
        forged[40] ^= 1;
        assert!(!caller.take(&forged, 0));
    }
}
