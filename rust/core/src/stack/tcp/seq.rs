//! Sequence numbers: 32 bits on the wire, 64 bits inside, where nothing wraps.
//!
//! A stream's offsets count from its SYN, which is 0; the first byte of data is 1, and FIN takes the
//! offset behind the last byte. Comparisons on the wire are those of RFC 9293 §3.4, modulo 2³².

/// Where a stream begins on the wire: the sequence number of its SYN.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Origin(pub(crate) u32);

impl Origin {
    /// The sequence number of an offset.
    #[inline]
    pub(crate) const fn seq(self, offset: u64) -> u32 {
        self.0.wrapping_add(offset as u32)
    }

    /// The offset of a sequence number: of all that it may stand for, the one nearest to `near`.
    /// None before the stream's beginning.
    #[inline]
    pub(crate) const fn offset(self, seq: u32, near: u64) -> Option<u64> {
        let distance = seq.wrapping_sub(self.seq(near)) as i32;
        near.checked_add_signed(distance as i64)
    }
}

/// Whether one 32-bit number (of a sequence, or of a timestamp) comes before another.
#[inline]
pub(crate) const fn before(one: u32, other: u32) -> bool {
    (one.wrapping_sub(other) as i32) < 0
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn half_the_space_is_before_and_half_is_not() {
        assert!(before(1, 2) && !before(2, 1) && !before(7, 7));
        assert!(before(u32::MAX, 0) && !before(0, u32::MAX));
        assert!(before(0, 0x7fff_ffff));
    }

    #[test]
    fn nothing_stands_before_syn() {
        let origin = Origin(100);
        assert_eq!(origin.offset(100, 1), Some(0));
        assert_eq!(origin.offset(99, 1), None);
        assert_eq!(Origin(u32::MAX).offset(0, 0), Some(1));
    }

    proptest! {
        #[test]
        fn an_offset_survives_the_wire(isn: u32, near in 0_u64..1 << 40, by in -0x7fff_ffff_i64..0x7fff_ffff) {
            let origin = Origin(isn);
            if let Some(offset) = near.checked_add_signed(by) {
                prop_assert_eq!(origin.offset(origin.seq(offset), near), Some(offset));
            }
        }
    }
}
