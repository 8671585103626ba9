//! Fields in network byte order, read and written within bounds.

/// The 16-bit field at `at`, if it lies within.
#[inline]
pub(crate) fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    let field = bytes.get(at..)?.first_chunk()?;
    Some(u16::from_be_bytes(*field))
}

/// The 32-bit field at `at`, if it lies within.
#[inline]
pub(crate) fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    let field = bytes.get(at..)?.first_chunk()?;
    Some(u32::from_be_bytes(*field))
}

/// Writes the 16-bit field at `at`; one that does not lie within is left out.
#[inline]
pub(crate) fn put_u16(bytes: &mut [u8], at: usize, value: u16) {
    if let Some(field) = bytes.get_mut(at..).and_then(<[u8]>::first_chunk_mut) {
        *field = value.to_be_bytes();
    }
}

/// Writes the 32-bit field at `at`; one that does not lie within is left out.
#[inline]
pub(crate) fn put_u32(bytes: &mut [u8], at: usize, value: u32) {
    if let Some(field) = bytes.get_mut(at..).and_then(<[u8]>::first_chunk_mut) {
        *field = value.to_be_bytes();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_across_the_end_is_neither_read_nor_written() {
        let mut bytes = [1, 2, 3, 4, 5];
        assert_eq!(u16_at(&bytes, 3), Some(0x0405));
        assert_eq!(u32_at(&bytes, 1), Some(0x0203_0405));
        assert_eq!((u16_at(&bytes, 4), u32_at(&bytes, 2)), (None, None));
        assert_eq!(u16_at(&bytes, usize::MAX), None);
        put_u16(&mut bytes, 4, 9);
        put_u32(&mut bytes, usize::MAX, 9);
        assert_eq!(bytes, [1, 2, 3, 4, 5]);
        put_u16(&mut bytes, 3, 0x0908);
        assert_eq!(bytes, [1, 2, 3, 9, 8]);
    }
}
