//! Random numbers by counter: Philox4x32-10 (Salmon, Moraes, Dror and Shaw, "Parallel random
//! numbers: as easy as 1, 2, 3", SC'11).
//!
//! A stream is named by a seed and a label; its n-th draw is a pure function of these and n. So
//! effects that have a stream each never disturb one another, and a stream is handed over by
//! its position alone.

/// Round multipliers and key increments of Philox4x32, from the paper's section 3.3.
const MULTIPLIER: [u64; 2] = [0xD251_1F53, 0xCD9E_8D57];
const WEYL: [u32; 2] = [0x9E37_79B9, 0xBB67_AE85];
const ROUNDS: usize = 10;
const LOWER: u64 = u32::MAX as u64;
/// Blocks computed at once, so that their rounds overlap.
const BLOCKS: usize = 4;

/// A deterministic sequence of 64-bit draws.
///
/// The key is a bijection of the seed for each label, and the upper half of the counter is the
/// label's hash: two streams meet only where seed and label hash are both equal.
#[derive(Clone, Debug)]
pub struct Stream {
    key: [u32; 2],
    lane: u64,
    position: u64,
    /// The draws around the position, the first and then the second of each block; not yet
    /// computed where the position is a multiple of their number.
    ahead: [[u64; BLOCKS]; 2],
}

impl PartialEq for Stream {
    fn eq(&self, other: &Self) -> bool {
        (self.key, self.lane, self.position) == (other.key, other.lane, other.position)
    }
}

impl Eq for Stream {}

impl Stream {
    /// The stream `label` (such as `"up/loss"`) of `seed`, at its first draw.
    ///
    /// Key: the SplitMix64 finaliser of the seed xor the finaliser of the label's FNV-1a hash.
    #[must_use]
    pub fn new(seed: u64, label: &str) -> Self {
        let lane = fnv1a(label.as_bytes());
        Self {
            key: halves(finalise(seed ^ finalise(lane))),
            lane,
            position: 0,
            ahead: [[0; BLOCKS]; 2],
        }
    }

    /// The number of 64-bit draws taken so far.
    #[must_use]
    pub const fn position(&self) -> u64 {
        self.position
    }

    /// The same stream with `position` draws already taken.
    #[must_use]
    pub fn at(mut self, position: u64) -> Self {
        self.position = position;
        self.compute();
        self
    }

    /// The next 64 bits. Every eighth call computes four blocks.
    #[inline]
    pub fn next_u64(&mut self) -> u64 {
        let (block, second) = (
            self.position as usize / 2 % BLOCKS,
            self.position as usize % 2,
        );
        if (block, second) == (0, 0) {
            self.compute();
        }
        self.position = self.position.wrapping_add(1);
        self.ahead[second][block]
    }

    /// The next 32 bits: the upper half of one 64-bit draw.
    #[inline]
    pub fn next_u32(&mut self) -> u32 {
        (self.next_u64() >> 32) as u32
    }

    /// Uniform in [0, 1), a multiple of 2⁻⁵³.
    #[inline]
    pub fn uniform(&mut self) -> f64 {
        (self.next_u64() >> 11) as f64 * (1.0 / (1_u64 << 53) as f64)
    }

    /// True with probability `p`: one draw, whatever `p` is.
    #[inline]
    pub fn chance(&mut self, p: f64) -> bool {
        self.uniform() < p
    }

    /// Uniform in 0..n without bias (Lemire 2019); 0 where `n` is 0.
    ///
    /// One draw, and another with a probability below n/2⁶⁴.
    #[inline]
    pub fn below(&mut self, n: u64) -> u64 {
        loop {
            let product = u128::from(self.next_u64()) * u128::from(n);
            let low = product as u64;
            if low >= n || low >= n.wrapping_neg() % n.max(1) {
                return (product >> 64) as u64;
            }
        }
    }

    /// Computes the draws around the position: a plain loop over blocks, which compilers turn into
    /// vector instructions.
    #[inline(never)]
    fn compute(&mut self) {
        let first = (self.position >> 1) & !(BLOCKS as u64 - 1);
        let [even, odd] = &mut self.ahead;
        for ((even, odd), index) in even.iter_mut().zip(odd).zip(first..) {
            let words = philox([index, index >> 32, self.lane, self.lane >> 32], self.key);
            (*even, *odd) = (joined(words[0], words[1]), joined(words[2], words[3]));
        }
    }
}

/// One block of Philox4x32-10: each word is the lower half of 64 bits, whatever the upper holds.
#[inline]
fn philox(mut counter: [u64; 4], mut key: [u32; 2]) -> [u64; 4] {
    for _ in 0..ROUNDS {
        let a = (counter[0] & LOWER) * MULTIPLIER[0];
        let b = (counter[2] & LOWER) * MULTIPLIER[1];
        counter = [
            (b >> 32) ^ counter[1] ^ u64::from(key[0]),
            b,
            (a >> 32) ^ counter[3] ^ u64::from(key[1]),
            a,
        ];
        key = [key[0].wrapping_add(WEYL[0]), key[1].wrapping_add(WEYL[1])];
    }
    counter
}

#[inline]
const fn halves(word: u64) -> [u32; 2] {
    [word as u32, (word >> 32) as u32]
}

#[inline]
const fn joined(low: u64, high: u64) -> u64 {
    (low & LOWER) | high << 32
}

/// FNV-1a, 64 bits (draft-eastlake-fnv).
fn fnv1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xCBF2_9CE4_8422_2325, |hash, &byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01B3)
    })
}

/// The finaliser of SplitMix64 (Steele, Lea and Flood, OOPSLA'14), a bijection.
const fn finalise(mut word: u64) -> u64 {
    word = word.wrapping_add(0x9E37_79B9_7F4A_7C15);
    word = (word ^ (word >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    word = (word ^ (word >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    word ^ (word >> 31)
}

#[cfg(test)]
mod tests {
    use super::{Stream, fnv1a, philox};

    /// The known answers published with Random123 (kat_vectors, philox4x32 10).
    #[test]
    fn philox_gives_the_published_answers() {
        let pi = [0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344];
        for (counter, key, answer) in [
            (
                [0; 4],
                [0; 2],
                [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8],
            ),
            (
                [u32::MAX; 4],
                [u32::MAX; 2],
                [0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd],
            ),
            (
                pi,
                [0xa409_3822, 0x299f_31d0],
                [0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1],
            ),
        ] {
            let words = philox(counter.map(u64::from), key);
            assert_eq!(words.map(|word| word as u32), answer);
        }
    }

    #[test]
    fn labels_are_hashed_with_fnv1a() {
        assert_eq!(fnv1a(b""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(fnv1a(b"a"), 0xaf63_dc4c_8601_ec8c);
        assert_eq!(fnv1a(b"foobar"), 0x8594_4171_f739_67e8);
    }

    #[test]
    fn a_stream_is_its_seed_and_its_label() {
        let draws = |seed, label| Stream::new(seed, label).next_u64();
        assert_eq!(draws(7, "up/loss"), draws(7, "up/loss"));
        assert_ne!(draws(7, "up/loss"), draws(8, "up/loss"));
        assert_ne!(draws(7, "up/loss"), draws(7, "up/delay"));
    }

    #[test]
    fn a_stream_goes_on_from_any_position() {
        let mut whole = Stream::new(1, "x");
        for position in 0..19 {
            assert_eq!(whole.position(), position);
            assert_eq!(Stream::new(1, "x").at(position), whole.clone().at(position));
            let mut rest = Stream::new(1, "x").at(position);
            assert_eq!(rest.next_u64(), whole.next_u64());
            assert_eq!(rest.next_u64(), whole.clone().next_u64());
        }
    }

    /// The counter is the number of the block, then the label's hash; two draws a block.
    #[test]
    fn draws_are_the_blocks_in_turn() {
        let mut stream = Stream::new(6, "blocks").at(u64::MAX - 5);
        let (key, lane) = (stream.key, stream.lane);
        for index in [u64::MAX / 2 - 2, u64::MAX / 2 - 1, u64::MAX / 2, 0, 1] {
            let words = philox([index, index >> 32, lane, lane >> 32], key);
            let [a, b, c, d] = words.map(|word| u64::from(word as u32));
            assert_eq!(stream.next_u64(), b << 32 | a);
            assert_eq!(stream.next_u64(), d << 32 | c);
        }
    }

    #[test]
    fn uniform_is_flat_and_below_one() {
        let mut stream = Stream::new(3, "flat");
        let mut bins = [0_u64; 16];
        for _ in 0..160_000 {
            bins[(stream.uniform() * 16.0) as usize] += 1;
        }
        let statistic: f64 = bins.iter().map(|&n| (n as f64 - 1e4).powi(2) / 1e4).sum();
        assert!(
            statistic < 30.58,
            "chi-square {statistic}, 99 % at 15 degrees is 30.58"
        );
    }

    #[test]
    fn below_covers_its_range_evenly() {
        let mut stream = Stream::new(4, "below");
        let mut bins = [0_u32; 3];
        (0..30_000).for_each(|_| bins[stream.below(3) as usize] += 1);
        assert!(bins.iter().all(|n| n.abs_diff(10_000) < 250), "{bins:?}");
        assert_eq!((stream.below(1), stream.below(0)), (0, 0));
        assert!(stream.below(u64::MAX) < u64::MAX);
    }

    #[test]
    fn chance_is_certain_at_its_ends() {
        let mut stream = Stream::new(5, "chance");
        assert!((0..1000).all(|_| stream.chance(1.0) && !stream.chance(0.0)));
        assert_eq!(stream.position(), 2000);
    }
}
