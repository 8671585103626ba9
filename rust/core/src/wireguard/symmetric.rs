//! The symmetric side of the handshake (Noise §5.2 as the WireGuard paper §5.4 has it): a chaining key
//! and a hash, into which everything goes that both sides have seen.
use super::keys::{LEN, PublicKey, Secret};
use super::message::TAG;
use blake2::Blake2s256;
use blake2::digest::{Digest, FixedOutput, Update};
use chacha20poly1305::aead::AeadInPlace;
use chacha20poly1305::{ChaCha20Poly1305, Key, KeyInit};
use hmac::SimpleHmac;
use zeroize::Zeroizing;

const CONSTRUCTION: &[u8] = b"Noise_IKpsk2_25519_ChaChaPoly_BLAKE2s";
const IDENTIFIER: &[u8] = b"WireGuard v1 zx2c4 Jason@zx2c4.com";

/// Bytes of a block of BLAKE2s (RFC 7693 §2.1).
const BLOCK: usize = 64;

/// BLAKE2s of these pieces, one behind the other.
pub(crate) fn hash(pieces: &[&[u8]]) -> [u8; LEN] {
    let mut state = Blake2s256::new();
    pieces
        .iter()
        .for_each(|piece| Digest::update(&mut state, piece));
    state.finalize_fixed().into()
}

fn hmac(key: &[u8; LEN], pieces: &[&[u8]]) -> Secret {
    // A short key is filled up with zeros (RFC 2104 §2).
    let mut block = Zeroizing::new([0; BLOCK]);
    block[..LEN].copy_from_slice(key);
    let mut state = <SimpleHmac<Blake2s256> as KeyInit>::new((&*block).into());
    pieces
        .iter()
        .for_each(|piece| Update::update(&mut state, piece));
    Zeroizing::new(state.finalize_fixed().into())
}

/// Derives keys from a chaining key and an input (HKDF, RFC 5869, with HMAC-BLAKE2s).
pub(crate) fn derive<const N: usize>(chain: &[u8; LEN], input: &[u8]) -> [Secret; N] {
    let secret = hmac(chain, &[input]);
    let mut before: Vec<u8> = Vec::with_capacity(LEN);
    std::array::from_fn(|number| {
        let key = hmac(&secret, &[&before, &[number as u8 + 1]]);
        zeroize::Zeroize::zeroize(&mut before);
        before.extend_from_slice(key.as_slice());
        key
    })
}

/// Chaining key and hash.
#[derive(Clone)]
pub(crate) struct Symmetric {
    chain: Secret,
    hash: [u8; LEN],
}

impl Symmetric {
    /// As a handshake with this responder begins.
    pub(crate) fn new(responder: &PublicKey) -> Self {
        let chain = hash(&[CONSTRUCTION]);
        let named = hash(&[&chain, IDENTIFIER]);
        Self {
            chain: Zeroizing::new(chain),
            hash: hash(&[&named, &responder.0]),
        }
    }

    /// Both sides have seen this.
    pub(crate) fn mix_hash(&mut self, seen: &[u8]) {
        self.hash = hash(&[&self.hash, seen]);
    }

    /// Both sides know this, and nobody else may.
    pub(crate) fn mix(&mut self, secret: &[u8]) {
        let [chain] = derive(&self.chain, secret);
        self.chain = chain;
    }

    /// The same; a key that follows from all that was mixed so far.
    pub(crate) fn mix_to_key(&mut self, secret: &[u8]) -> Secret {
        let [chain, key] = derive(&self.chain, secret);
        self.chain = chain;
        key
    }

    /// The same for a preshared key, of which a part goes into the hash (`psk2`).
    pub(crate) fn mix_preshared(&mut self, preshared: &[u8; LEN]) -> Secret {
        let [chain, public, key] = derive(&self.chain, preshared);
        self.chain = chain;
        self.mix_hash(public.as_slice());
        key
    }

    /// The two keys of the session.
    pub(crate) fn split(&self) -> [Secret; 2] {
        derive(&self.chain, &[])
    }

    /// Seals the front of `place`, and writes its tag behind it; `place` ends there.
    pub(crate) fn seal(&mut self, key: &Secret, place: &mut [u8]) {
        let at = place.len().saturating_sub(TAG);
        let (text, tag) = place.split_at_mut(at);
        let sealed = cipher(key).encrypt_in_place_detached(&[0; 12].into(), &self.hash, text);
        // It fails for texts of many gigabytes alone.
        if let Ok(made) = sealed {
            tag.copy_from_slice(&made);
        }
        self.mix_hash(place);
    }

    /// Opens what was sealed; nothing where it was not sealed by whom it should have been.
    pub(crate) fn open<const N: usize>(&mut self, key: &Secret, sealed: &[u8]) -> Option<[u8; N]> {
        let (text, tag) = sealed.split_last_chunk::<TAG>()?;
        let mut text: [u8; N] = text.try_into().ok()?;
        cipher(key)
            .decrypt_in_place_detached(&[0; 12].into(), &self.hash, &mut text, tag.into())
            .ok()?;
        self.mix_hash(sealed);
        Some(text)
    }
}

fn cipher(key: &Secret) -> ChaCha20Poly1305 {
    ChaCha20Poly1305::new(Key::from_slice(key.as_slice()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    #[test]
    fn the_hash_is_blake2s() {
        // RFC 7693, appendix B.
        let found = hash(&[b"a", b"bc"]);
        let told = "508c5e8c327c14e2e1a72ba34eeb452f37458b209ed63a294d999b4c86675982";
        assert_eq!(hex(&found), told);
    }

    #[test]
    fn keys_follow_one_from_another() {
        let [first] = derive(&[1; LEN], b"input");
        let [one, two, three] = derive(&[1; LEN], b"input");
        assert_eq!(first, one);
        assert!(one != two && two != three && one != three);
        let secret = hmac(&[1; LEN], &[b"input"]);
        assert_eq!(two, hmac(&secret, &[one.as_slice(), &[2]]));
    }

    #[test]
    fn what_one_seals_the_other_opens() {
        let mut one = Symmetric::new(&PublicKey([3; LEN]));
        let mut other = one.clone();
        let key = Zeroizing::new([9; LEN]);
        let mut place = [7; 4 + TAG];
        one.seal(&key, &mut place);
        assert_eq!(other.clone().open::<4>(&key, &place), Some([7; 4]));
        place[0] ^= 1;
        assert_eq!(other.open::<4>(&key, &place), None);
    }
}
