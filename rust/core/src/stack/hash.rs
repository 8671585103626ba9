//! Hashing with a key, so that nobody who sends packets can choose what collides.
use crate::rng::Stream;
use siphasher::sip::{SipHasher13, SipHasher24};
use std::collections::HashMap;
use std::hash::{BuildHasher, Hash, Hasher};

/// A key for hashes.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Key(pub(crate) [u64; 2]);

/// A table that is looked into and never walked.
pub(crate) type Table<K, V> = HashMap<K, V, Key>;

impl Key {
    /// The next key of a stream.
    pub(crate) fn draw(stream: &mut Stream) -> Self {
        Self([stream.next_u64(), stream.next_u64()])
    }

    /// SipHash-2-4, the one meant for secrets (Aumasson and Bernstein, INDOCRYPT 2012).
    pub(crate) fn strong(self, value: &impl Hash) -> u64 {
        let [one, other] = self.0;
        let mut hasher = SipHasher24::new_with_keys(one, other);
        value.hash(&mut hasher);
        hasher.finish()
    }
}

impl BuildHasher for Key {
    type Hasher = SipHasher13;

    fn build_hasher(&self) -> SipHasher13 {
        SipHasher13::new_with_keys(self.0[0], self.0[1])
    }
}
