//! The handshake (WireGuard paper §5.4; Noise_IKpsk2): two messages, after which both sides have the
//! same two keys, and know each other.
//!
//! The primitives are used as they are, not by a general Noise library: what two peers' own keys agree
//! on is computed once and kept, whoever it is from is known before that is needed, and the ephemeral
//! keys come from the caller, as all randomness does.
use super::keys::{LEN, PresharedKey, PrivateKey, PublicKey, Secret};
use super::message::{INITIATION, RESPONSE, TAG, number};
use super::symmetric::Symmetric;
use super::tai64n::{self, Stamp};

/// Where the fields of the first message stand.
mod initiation {
    pub(super) const SENDER: usize = 4;
    pub(super) const EPHEMERAL: usize = 8;
    pub(super) const STATIC: usize = 40;
    pub(super) const STAMP: usize = 88;
    pub(super) const END: usize = 116;
}

/// Where those of the answer stand.
mod response {
    pub(super) const SENDER: usize = 4;
    pub(super) const RECEIVER: usize = 8;
    pub(super) const EPHEMERAL: usize = 12;
    pub(super) const EMPTY: usize = 44;
    pub(super) const END: usize = 60;
}

/// Two keys of a session: what is sent is sealed with one, what comes is opened with the other.
pub(crate) struct Keys {
    pub(crate) send: Secret,
    pub(crate) receive: Secret,
}

/// Who one is: the own key, and what others know one by.
pub struct Identity {
    private: PrivateKey,
    public: PublicKey,
}

impl Identity {
    /// The owner of a key.
    #[must_use]
    pub fn new(private: PrivateKey) -> Self {
        let public = private.public();
        Self { private, public }
    }

    /// The key that others know one by.
    #[must_use]
    pub fn public(&self) -> PublicKey {
        self.public
    }
}

/// What is known of a peer for handshakes with it.
pub(crate) struct Acquaintance {
    pub(crate) public: PublicKey,
    pub(crate) preshared: PresharedKey,
    /// What both own keys agree on.
    agreed: Secret,
}

impl Acquaintance {
    /// Nothing where the peer's key is none.
    pub(crate) fn new(own: &Identity, public: PublicKey, preshared: PresharedKey) -> Option<Self> {
        Some(Self {
            public,
            preshared,
            agreed: own.private.agree(&public)?,
        })
    }
}

/// What an initiator remembers until the answer comes.
pub(crate) struct Initiating {
    symmetric: Symmetric,
    ephemeral: PrivateKey,
}

/// The first message, but for its MACs. Nothing where the peer's key is none.
pub(crate) fn initiate(
    own: &Identity,
    peer: &Acquaintance,
    index: u32,
    ephemeral: PrivateKey,
    stamp: &Stamp,
) -> Option<(Initiating, [u8; INITIATION])> {
    use initiation::{END, EPHEMERAL, SENDER, STAMP, STATIC};
    let mut message = [0; INITIATION];
    message[0] = 1;
    message[SENDER..EPHEMERAL].copy_from_slice(&index.to_le_bytes());
    let mut symmetric = Symmetric::new(&peer.public);
    let public = ephemeral.public();
    message[EPHEMERAL..STATIC].copy_from_slice(&public.0);
    symmetric.mix(&public.0);
    symmetric.mix_hash(&public.0);
    let key = symmetric.mix_to_key(ephemeral.agree(&peer.public)?.as_slice());
    message[STATIC..STATIC + LEN].copy_from_slice(&own.public.0);
    symmetric.seal(&key, &mut message[STATIC..STAMP]);
    let key = symmetric.mix_to_key(peer.agreed.as_slice());
    message[STAMP..STAMP + tai64n::LEN].copy_from_slice(stamp);
    symmetric.seal(&key, &mut message[STAMP..END]);
    Some((
        Initiating {
            symmetric,
            ephemeral,
        },
        message,
    ))
}

/// A first message that was read as far as it says whom it is from; that is not proven yet.
pub(crate) struct Introduced<'a> {
    pub(crate) public: PublicKey,
    message: &'a [u8; INITIATION],
    symmetric: Symmetric,
    ephemeral: PublicKey,
}

/// A first message that is proven to be from whom it says, but may be an old one.
pub(crate) struct Asked {
    /// The number that the initiator gave the session.
    pub(crate) index: u32,
    pub(crate) stamp: Stamp,
    symmetric: Symmetric,
    ephemeral: PublicKey,
}

/// Reads whom a first message says that it is from; nothing where it is not for us.
pub(crate) fn introduce<'a>(
    own: &Identity,
    message: &'a [u8; INITIATION],
) -> Option<Introduced<'a>> {
    use initiation::{EPHEMERAL, STAMP, STATIC};
    let mut symmetric = Symmetric::new(&own.public);
    let ephemeral = PublicKey(message[EPHEMERAL..STATIC].try_into().ok()?);
    symmetric.mix(&ephemeral.0);
    symmetric.mix_hash(&ephemeral.0);
    let key = symmetric.mix_to_key(own.private.agree(&ephemeral)?.as_slice());
    let public = PublicKey(symmetric.open(&key, &message[STATIC..STAMP])?);
    Some(Introduced {
        public,
        message,
        symmetric,
        ephemeral,
    })
}

impl Introduced<'_> {
    /// Whether it is from the peer that it says; nothing where it is not.
    pub(crate) fn prove(mut self, peer: &Acquaintance) -> Option<Asked> {
        use initiation::{END, SENDER, STAMP};
        let key = self.symmetric.mix_to_key(peer.agreed.as_slice());
        let stamp = self.symmetric.open(&key, &self.message[STAMP..END])?;
        Some(Asked {
            index: number(self.message, SENDER),
            stamp,
            symmetric: self.symmetric,
            ephemeral: self.ephemeral,
        })
    }
}

/// The answer, but for its MACs, and the session's keys.
pub(crate) fn respond(
    asked: Asked,
    peer: &Acquaintance,
    index: u32,
    ephemeral: &PrivateKey,
) -> Option<(Keys, [u8; RESPONSE])> {
    use response::{EMPTY, END, EPHEMERAL, RECEIVER, SENDER};
    let mut message = [0; RESPONSE];
    message[0] = 2;
    message[SENDER..RECEIVER].copy_from_slice(&index.to_le_bytes());
    message[RECEIVER..EPHEMERAL].copy_from_slice(&asked.index.to_le_bytes());
    let public = ephemeral.public();
    message[EPHEMERAL..EMPTY].copy_from_slice(&public.0);
    let mut symmetric = asked.symmetric;
    symmetric.mix(&public.0);
    symmetric.mix_hash(&public.0);
    symmetric.mix(ephemeral.agree(&asked.ephemeral)?.as_slice());
    symmetric.mix(ephemeral.agree(&peer.public)?.as_slice());
    let key = symmetric.mix_preshared(peer.preshared.bytes());
    symmetric.seal(&key, &mut message[EMPTY..END]);
    let [receive, send] = symmetric.split();
    Some((Keys { send, receive }, message))
}

/// The numbers that an answer gives: the responder's, and the one that the initiator gave.
pub(crate) fn indices(message: &[u8; RESPONSE]) -> (u32, u32) {
    let sender = number(message, response::SENDER);
    (sender, number(message, response::RECEIVER))
}

impl Initiating {
    /// The session's keys, if the answer is one to what was asked.
    pub(crate) fn finish(
        &self,
        own: &Identity,
        peer: &Acquaintance,
        message: &[u8; RESPONSE],
    ) -> Option<Keys> {
        use response::{EMPTY, END, EPHEMERAL};
        debug_assert_eq!(END - EMPTY, TAG);
        let mut symmetric = self.symmetric.clone();
        let ephemeral = PublicKey(message[EPHEMERAL..EMPTY].try_into().ok()?);
        symmetric.mix(&ephemeral.0);
        symmetric.mix_hash(&ephemeral.0);
        symmetric.mix(self.ephemeral.agree(&ephemeral)?.as_slice());
        symmetric.mix(own.private.agree(&ephemeral)?.as_slice());
        let key = symmetric.mix_preshared(peer.preshared.bytes());
        symmetric.open::<0>(&key, &message[EMPTY..END])?;
        let [send, receive] = symmetric.split();
        Some(Keys { send, receive })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Pair {
        one: Identity,
        other: Identity,
    }

    impl Pair {
        fn new() -> Self {
            let identity = |byte| Identity::new(PrivateKey::new([byte; LEN]));
            Self {
                one: identity(1),
                other: identity(2),
            }
        }

        fn known(&self, preshared: [u8; 2]) -> (Acquaintance, Acquaintance) {
            let [a, b] = preshared.map(|byte| PresharedKey::new([byte; LEN]));
            let other = Acquaintance::new(&self.one, self.other.public, a);
            let one = Acquaintance::new(&self.other, self.one.public, b);
            (other.unwrap(), one.unwrap())
        }

        /// A handshake as far as it goes.
        fn shake(&self, preshared: [u8; 2], spoil: Option<usize>) -> Option<[Keys; 2]> {
            let (other, one) = self.known(preshared);
            let ephemeral = PrivateKey::new([3; LEN]);
            let (waiting, mut first) = initiate(&self.one, &other, 7, ephemeral, &[9; 12])?;
            if let Some(at) = spoil {
                first[at] ^= 1;
            }
            let introduced = introduce(&self.other, &first)?;
            assert_eq!(introduced.public, self.one.public);
            let asked = introduced.prove(&one)?;
            assert_eq!((asked.index, asked.stamp), (7, [9; 12]));
            let ephemeral = PrivateKey::new([4; LEN]);
            let (responder, second) = respond(asked, &one, 8, &ephemeral)?;
            assert_eq!(indices(&second), (8, 7));
            let initiator = waiting.finish(&self.one, &other, &second)?;
            Some([initiator, responder])
        }
    }

    #[test]
    fn both_have_the_same_keys_the_other_way_round() {
        let [initiator, responder] = Pair::new().shake([5, 5], None).unwrap();
        assert_eq!(initiator.send, responder.receive);
        assert_eq!(initiator.receive, responder.send);
        assert_ne!(initiator.send, initiator.receive);
    }

    #[test]
    fn two_preshared_keys_that_differ_make_no_session() {
        assert!(Pair::new().shake([5, 6], None).is_none());
    }

    #[test]
    fn no_byte_of_the_first_message_may_change() {
        for at in initiation::EPHEMERAL..initiation::END {
            assert!(Pair::new().shake([0, 0], Some(at)).is_none(), "byte {at}");
        }
    }
}
