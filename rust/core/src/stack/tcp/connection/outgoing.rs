//! Segments on their way out.
use super::Connection;
use crate::stack::tcp::segment::Segment;
use std::ops::Range;

/// A segment ready to leave.
#[derive(Debug)]
pub struct Outgoing<'a> {
    /// Payload bytes of each packet, if it is to be cut into several on the wire; 0 if it is one.
    pub segment_size: u16,
    /// The IP header's ECN bits. Where they are not 0 and it is cut into several, CWR goes on the
    /// first alone (`Offload::ecn`).
    pub ecn: u8,
    /// The IP header's hop limit.
    pub hop_limit: u8,
    header: Segment<'static>,
    payload: (&'a [u8], &'a [u8]),
}

/// What of the stream a segment carries, with its header.
pub(super) struct Plan {
    pub(super) header: Segment<'static>,
    pub(super) range: Range<u64>,
    pub(super) segment_size: u16,
    pub(super) ecn: u8,
}

impl Plan {
    /// A segment without bytes.
    pub(super) fn bare(header: Segment<'static>) -> Self {
        Self {
            header,
            range: 0..0,
            segment_size: 0,
            ecn: 0,
        }
    }
}

impl Connection {
    pub(super) fn outgoing(&mut self, plan: Plan) -> Outgoing<'_> {
        let payload = self.outbox.slices(plan.range);
        let len = payload.0.len() + payload.1.len();
        self.counters.on_sent(len, plan.segment_size);
        Outgoing {
            segment_size: plan.segment_size,
            ecn: plan.ecn,
            hop_limit: self.options.hop_limit,
            header: Segment {
                source_port: self.endpoints.local.port(),
                destination_port: self.endpoints.remote.port(),
                ..plan.header
            },
            payload,
        }
    }
}

impl Outgoing<'_> {
    /// TCP header and payload together.
    #[must_use]
    #[allow(clippy::len_without_is_empty)]
    pub fn len(&self) -> usize {
        self.header_len() + self.payload.0.len() + self.payload.1.len()
    }

    /// The TCP header alone.
    #[must_use]
    pub fn header_len(&self) -> usize {
        self.header.header_len()
    }

    /// Writes header and payload, with the pseudo-header's sum as checksum (to be completed by
    /// whoever cuts or sends it). Nothing where there is no room.
    pub fn emit(&self, into: &mut [u8], pseudo_sum: u16) {
        let (header, len) = (self.header_len(), self.len());
        let Some((head, body)) = into
            .get_mut(..len)
            .and_then(|it| it.split_at_mut_checked(header))
        else {
            return;
        };
        self.header.emit(head, pseudo_sum);
        let (first, second) = body.split_at_mut(self.payload.0.len());
        first.copy_from_slice(self.payload.0);
        second.copy_from_slice(self.payload.1);
    }
}
