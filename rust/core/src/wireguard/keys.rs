//! Keys: of Curve25519 (RFC 7748), and shared ones. Secrets are wiped when they are dropped, and show
//! nothing of themselves.
use std::fmt;
use subtle::ConstantTimeEq;
use x25519_dalek::{PublicKey as Point, StaticSecret};
use zeroize::Zeroizing;

/// Bytes of every key.
pub const LEN: usize = 32;

/// What two keys agree on, or a key that follows from it.
pub(crate) type Secret = Zeroizing<[u8; LEN]>;

/// A key that only its owner has.
pub struct PrivateKey(StaticSecret);

impl PrivateKey {
    /// The key of these bytes, of which RFC 7748 §5 fixes five bits.
    #[must_use]
    pub fn new(bytes: [u8; LEN]) -> Self {
        Self(StaticSecret::from(bytes))
    }

    /// The key that others know its owner by.
    #[must_use]
    pub fn public(&self) -> PublicKey {
        PublicKey(Point::from(&self.0).to_bytes())
    }

    /// What the owner of the other key knows too; nothing where that key is none, of which anybody would
    /// know it (RFC 7748 §6.1).
    pub(crate) fn agree(&self, other: &PublicKey) -> Option<Secret> {
        let shared = self.0.diffie_hellman(&Point::from(other.0));
        let sound = shared.was_contributory();
        sound.then(|| Zeroizing::new(shared.to_bytes()))
    }
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("PrivateKey(…)")
    }
}

/// A key that everybody may know.
#[derive(Clone, Copy, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct PublicKey(pub [u8; LEN]);

impl fmt::Debug for PublicKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("PublicKey(")?;
        self.0
            .iter()
            .try_for_each(|byte| write!(out, "{byte:02x}"))?;
        out.write_str(")")
    }
}

/// A key that two peers share beside their own, against who may break Curve25519 one day; zeros where
/// they share none.
#[derive(Clone)]
pub struct PresharedKey(Secret);

impl PresharedKey {
    /// The key of these bytes.
    #[must_use]
    pub fn new(bytes: [u8; LEN]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    pub(crate) fn bytes(&self) -> &[u8; LEN] {
        &self.0
    }
}

impl Default for PresharedKey {
    fn default() -> Self {
        Self::new([0; LEN])
    }
}

impl PartialEq for PresharedKey {
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(other.0.as_slice()).into()
    }
}

impl fmt::Debug for PresharedKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("PresharedKey(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(text: &str) -> [u8; LEN] {
        let pairs = (0..LEN).map(|at| u8::from_str_radix(&text[2 * at..2 * at + 2], 16).unwrap());
        pairs.collect::<Vec<_>>().try_into().unwrap()
    }

    #[test]
    fn agreement_is_the_rfcs() {
        // RFC 7748 §5.2, the first vector.
        let key = "a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4";
        let point = "e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c";
        let shared = "c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552";
        let key = PrivateKey::new(bytes(key));
        let found = key.agree(&PublicKey(bytes(point))).unwrap();
        assert_eq!(*found, bytes(shared));
    }

    #[test]
    fn two_keys_agree() {
        let (one, other) = (PrivateKey::new([5; LEN]), PrivateKey::new([6; LEN]));
        assert_eq!(one.agree(&other.public()), other.agree(&one.public()));
    }

    #[test]
    fn a_key_of_small_order_agrees_with_nobody() {
        assert!(
            PrivateKey::new([5; LEN])
                .agree(&PublicKey([0; LEN]))
                .is_none()
        );
    }

    #[test]
    fn secrets_show_nothing() {
        let shown = format!(
            "{:?} {:?}",
            PrivateKey::new([7; LEN]),
            PresharedKey::new([7; LEN])
        );
        assert_eq!(shown, "PrivateKey(…) PresharedKey(…)");
    }
}
