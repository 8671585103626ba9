//! The cipher of transport messages (WireGuard paper §5.4.6): ChaCha20-Poly1305, with a packet's number as
//! the nonce.
use super::keys::Secret;
use super::message::TAG;
use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, Nonce, UnboundKey};

/// Seals the front of `place`, and writes its tag behind it; `place` ends there. Whether it did: where it did
/// not, the text is wiped.
#[inline]
pub(super) fn seal(secret: &Secret, counter: u64, place: &mut [u8]) -> bool {
    let Some((text, tag)) = place.split_last_chunk_mut::<TAG>() else {
        return false;
    };
    let sealed = key(secret).and_then(|key| {
        let made = key.seal_in_place_separate_tag(nonce(counter), Aad::empty(), text);
        made.ok()
    });
    match sealed {
        Some(made) => tag.copy_from_slice(made.as_ref()),
        None => text.fill(0),
    }
    sealed.is_some()
}

/// Opens what was sealed where it stands, and says how long it is; nothing where it was not sealed with this
/// key and number.
#[inline]
pub(super) fn open(secret: &Secret, counter: u64, sealed: &mut [u8]) -> Option<usize> {
    let text = key(secret)?.open_in_place(nonce(counter), Aad::empty(), sealed);
    Some(text.ok()?.len())
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
    use zeroize::Zeroizing;

    #[test]
    fn it_is_opened_with_its_own_key_and_number_alone() {
        let (one, other) = (Zeroizing::new([1; 32]), Zeroizing::new([2; 32]));
        let mut place = [7; 20 + TAG];
        assert!(seal(&one, 5, &mut place) && place[..20] != [7; 20]);
        let tried = |secret: &Secret, counter| open(secret, counter, &mut place.clone());
        assert_eq!((tried(&other, 5), tried(&one, 6)), (None, None));
        assert_eq!(open(&one, 5, &mut place), Some(20));
        assert_eq!(place[..20], [7; 20]);
    }

    #[test]
    fn there_has_to_be_room_for_the_tag() {
        let secret = Zeroizing::new([1; 32]);
        assert!(!seal(&secret, 0, &mut [0; TAG - 1]));
        assert_eq!(open(&secret, 0, &mut [0; TAG - 1]), None);
    }
}
