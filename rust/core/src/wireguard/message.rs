//! Messages on the wire (WireGuard paper §5.4): a type, three zeros, and fields of fixed length.

/// Bytes of the first message of a handshake.
pub const INITIATION: usize = 148;
/// Bytes of its answer.
pub const RESPONSE: usize = 92;
/// Bytes of the answer of one who is under load.
pub const COOKIE: usize = 64;
/// Bytes before the sealed packet of a transport message.
pub const TRANSPORT_HEADER: usize = 16;
/// Bytes of the tag behind whatever is sealed (RFC 8439 §2.8).
pub const TAG: usize = 16;
/// Bytes of each MAC at the end of a handshake message.
pub(crate) const MAC: usize = 16;

/// What a datagram is, as far as its type and length say.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Message<'a> {
    /// The first message of a handshake.
    Initiation(&'a [u8; INITIATION]),
    /// Its answer.
    Response(&'a [u8; RESPONSE]),
    /// The answer of one who is under load.
    Cookie(&'a [u8; COOKIE]),
    /// A sealed packet: whose it is, its number, and what is sealed with its tag.
    Transport {
        /// The number that the receiver gave the session.
        receiver: u32,
        /// The packet's number.
        counter: u64,
    },
}

impl<'a> Message<'a> {
    /// Reads a datagram; nothing where it is no message.
    #[inline]
    #[must_use]
    pub fn read(bytes: &'a [u8]) -> Option<Self> {
        let (kind, rest) = bytes.split_first_chunk::<4>()?;
        match u32::from_le_bytes(*kind) {
            1 => bytes.try_into().ok().map(Self::Initiation),
            2 => bytes.try_into().ok().map(Self::Response),
            3 => bytes.try_into().ok().map(Self::Cookie),
            4 if bytes.len() >= TRANSPORT_HEADER + TAG => {
                let (receiver, rest) = rest.split_first_chunk::<4>()?;
                let (counter, _) = rest.split_first_chunk::<8>()?;
                Some(Self::Transport {
                    receiver: u32::from_le_bytes(*receiver),
                    counter: u64::from_le_bytes(*counter),
                })
            }
            _ => None,
        }
    }
}

/// Writes the header of a transport message.
#[inline]
pub(crate) fn write_transport(header: &mut [u8; TRANSPORT_HEADER], receiver: u32, counter: u64) {
    header[..4].copy_from_slice(&4_u32.to_le_bytes());
    header[4..8].copy_from_slice(&receiver.to_le_bytes());
    header[8..].copy_from_slice(&counter.to_le_bytes());
}

/// Four bytes of a message as a number.
pub(crate) fn number(message: &[u8], at: usize) -> u32 {
    let bytes = message.get(at..).and_then(<[u8]>::first_chunk::<4>);
    bytes.map_or(0, |bytes| u32::from_le_bytes(*bytes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_message_is_told_by_its_type_and_its_length() {
        let message = |kind: u8, len: usize| {
            let mut bytes = vec![0; len];
            bytes[0] = kind;
            bytes
        };
        for (kind, len) in [(1, INITIATION), (2, RESPONSE), (3, COOKIE)] {
            assert!(Message::read(&message(kind, len)).is_some());
            assert!(Message::read(&message(kind, len - 1)).is_none());
            assert!(Message::read(&message(kind, len + 1)).is_none());
        }
        assert!(Message::read(&message(4, 31)).is_none());
        assert!(Message::read(&message(5, 148)).is_none());
        let mut reserved = message(1, INITIATION);
        reserved[2] = 1;
        assert!(Message::read(&reserved).is_none());
    }

    proptest! {
        #[test]
        fn a_transport_header_is_read_as_written(receiver: u32, counter: u64) {
            let mut bytes = [0; TRANSPORT_HEADER + TAG];
            if let Some(header) = bytes.first_chunk_mut() {
                write_transport(header, receiver, counter);
            }
            prop_assert_eq!(Message::read(&bytes), Some(Message::Transport { receiver, counter }));
        }

        #[test]
        fn any_bytes_are_read_within_bounds(bytes: Vec<u8>) {
            let _ = Message::read(&bytes);
        }
    }
}
