//! What the device has to know of the packets inside.
use std::net::IpAddr;

/// The header of a packet inside, as far as routing goes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Inner {
    pub(crate) source: IpAddr,
    pub(crate) destination: IpAddr,
    /// Bytes of the packet, by its own account.
    pub(crate) len: usize,
}

impl Inner {
    /// Reads a packet of IPv4 or IPv6; nothing where it is shorter than it says.
    #[inline]
    pub(crate) fn read(bytes: &[u8]) -> Option<Self> {
        let inner = match bytes.first()? >> 4 {
            4 => Self::read_v4(bytes.first_chunk()?),
            6 => Self::read_v6(bytes.first_chunk()?),
            _ => return None,
        };
        (inner.len <= bytes.len() && inner.len >= 20).then_some(inner)
    }

    fn read_v4(header: &[u8; 20]) -> Self {
        let [.., a, b, c, d, e, f, g, h] = *header;
        Self {
            source: [a, b, c, d].into(),
            destination: [e, f, g, h].into(),
            len: u16::from_be_bytes([header[2], header[3]]).into(),
        }
    }

    fn read_v6(header: &[u8; 40]) -> Self {
        let address = |at: usize| {
            let octets: [u8; 16] = std::array::from_fn(|number| header[at + number]);
            IpAddr::from(octets)
        };
        Self {
            source: address(8),
            destination: address(24),
            len: 40 + usize::from(u16::from_be_bytes([header[4], header[5]])),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn both_families_are_read_and_padding_is_left_out() {
        let mut v4 = [0; 32];
        (v4[0], v4[3], v4[12], v4[16]) = (0x45, 21, 10, 11);
        let told = Inner {
            source: [10, 0, 0, 0].into(),
            destination: [11, 0, 0, 0].into(),
            len: 21,
        };
        assert_eq!(Inner::read(&v4), Some(told));
        assert_eq!(Inner::read(&v4[..20]), None);
        let mut v6 = [0; 48];
        (v6[0], v6[5], v6[23], v6[39]) = (0x60, 8, 1, 2);
        let inner = Inner::read(&v6).unwrap();
        assert_eq!((inner.source.to_string(), inner.len), ("::1".into(), 48));
        assert_eq!(inner.destination.to_string(), "::2");
        v6[5] = 9;
        assert_eq!(Inner::read(&v6), None);
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_within_bounds(bytes: Vec<u8>) {
            if let Some(inner) = Inner::read(&bytes) {
                prop_assert!(inner.len <= bytes.len());
            }
        }
    }
}
