//! Segments that no connection stands behind.
use super::segment::{Flags, Segment};
use crate::wire::field::put_u16;

/// A segment that no connection stands behind: a reset, or a SYN cookie's SYN-ACK.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Reply {
    header: Vec<u8>,
}

impl Reply {
    /// The answer to a segment that nobody expects (RFC 9293 §3.10.7.1); none to a reset.
    #[must_use]
    pub fn reset_for(segment: &Segment<'_>) -> Option<Self> {
        if segment.flags.has(Flags::RST) {
            return None;
        }
        let answer = match segment.ack {
            Some(seq) => Segment {
                seq,
                flags: Flags::RST,
                ..Segment::default()
            },
            None => Segment {
                ack: Some(segment.seq.wrapping_add(segment.sequence_len())),
                flags: Flags::RST | Flags::ACK,
                ..Segment::default()
            },
        };
        Some(Self::to(segment, answer))
    }

    /// An answer to a segment: the ports are turned round.
    pub(super) fn to(segment: &Segment<'_>, answer: Segment<'_>) -> Self {
        let answer = Segment {
            source_port: segment.destination_port,
            destination_port: segment.source_port,
            ..answer
        };
        let mut header = vec![0; answer.header_len()];
        answer.emit(&mut header, 0);
        Self { header }
    }

    /// How many bytes it has.
    #[must_use]
    #[allow(clippy::len_without_is_empty)]
    pub fn len(&self) -> usize {
        self.header.len()
    }

    /// Writes the TCP header with the pseudo-header's sum (`wire::checksum::pseudo_header`) as its
    /// checksum, to be completed by whoever sends it (as a network card would). Nothing where
    /// there is no room.
    pub fn emit(&self, into: &mut [u8], pseudo_sum: u16) {
        if let Some(into) = into.get_mut(..self.header.len()) {
            into.copy_from_slice(&self.header);
            put_u16(into, 16, pseudo_sum);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(segment: &Segment<'_>) -> Option<(u32, Option<u32>, Flags)> {
        let reply = Reply::reset_for(segment)?;
        let mut bytes = vec![0; reply.len()];
        reply.emit(&mut bytes, 0x1234);
        assert_eq!(bytes[16..18], [0x12, 0x34]);
        let read = Segment::parse(&bytes, 0, 1).unwrap();
        assert_eq!((read.source_port, read.destination_port), (80, 999));
        Some((read.seq, read.ack, read.flags))
    }

    #[test]
    fn resets_as_rfc_9293_has_them() {
        let stray = Segment {
            source_port: 999,
            destination_port: 80,
            seq: u32::MAX,
            flags: Flags::SYN,
            payload: b"ab",
            ..Segment::default()
        };
        assert_eq!(answer(&stray), Some((0, Some(2), Flags::RST | Flags::ACK)));
        let acked = Segment {
            ack: Some(77),
            flags: Flags::ACK,
            ..stray
        };
        assert_eq!(answer(&acked), Some((77, None, Flags::RST)));
        let reset = Segment {
            flags: Flags::RST | Flags::ACK,
            ..acked
        };
        assert_eq!(answer(&reset), None);
    }
}
