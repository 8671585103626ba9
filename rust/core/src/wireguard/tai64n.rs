//! TAI64N (D. J. Bernstein, "TAI64, TAI64N, and TAI64NA"): a moment as twelve bytes that sort by time.
use crate::time::{Nanos, SECOND};

/// Bytes of a stamp.
pub(crate) const LEN: usize = 12;

/// A moment: seconds and nanoseconds, in network byte order.
pub(crate) type Stamp = [u8; LEN];

/// The label of 1970-01-01 00:00:10 TAI, as everybody who stamps handshakes has it.
const EPOCH: u64 = (1 << 62) + 10;
/// Stamps are cut to steps of so many nanoseconds (2^24), so that they tell others little of the clock:
/// at most so many handshakes a second can be new, which is enough.
const STEP: u32 = 1 << 24;

/// The stamp of a moment, in nanoseconds since 1970.
pub(crate) fn stamp(now: Nanos) -> Stamp {
    let mut stamp = [0; LEN];
    stamp[..8].copy_from_slice(&(EPOCH + now / SECOND).to_be_bytes());
    let nanoseconds = (now % SECOND) as u32;
    stamp[8..].copy_from_slice(&(nanoseconds & !(STEP - 1)).to_be_bytes());
    stamp
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_epoch_is_bernsteins() {
        assert_eq!(stamp(0), [0x40, 0, 0, 0, 0, 0, 0, 10, 0, 0, 0, 0]);
        assert_eq!(stamp(SECOND + 0x0123_4567)[7..], [11, 1, 0, 0, 0]);
    }

    proptest! {
        #[test]
        fn stamps_sort_by_time(one in 0..u64::MAX / 2, later in 0..100 * SECOND) {
            prop_assert!(stamp(one) <= stamp(one + later));
            prop_assert!(later < 2 * u64::from(STEP) || stamp(one) < stamp(one + later));
        }
    }
}
