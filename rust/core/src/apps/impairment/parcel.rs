//! What the impairments need to know of a packet.

/// A packet, as far as an impairment looks into it.
pub trait Parcel: Sized {
    /// Where the memory of a copy comes from.
    type Pool;

    /// Bytes on the wire, link header included.
    fn wire_len(&self) -> u32;
    /// Bytes of the network packet, which an MTU limits; all of them where it is none.
    fn network_len(&self) -> u32 {
        self.wire_len()
    }

    /// Whether the transport understands marks: ECT(0) or ECT(1), RFC 3168.
    fn ecn_capable(&self) -> bool;

    /// Sets CE; called only where [`Parcel::ecn_capable`].
    fn mark_congestion(&mut self);

    /// Which of those that share a queue it belongs to.
    fn class(&self) -> u16 {
        0
    }

    /// A hash of the flow: addresses, protocol, ports.
    fn flow_hash(&self) -> u32;

    /// Finishes pending checksums, then flips the header bit `choice` modulo their number, so
    /// that the receiver notices.
    fn flip_bit(&mut self, choice: u64);

    /// A copy, or none where the pool is exhausted.
    fn duplicate(&self, pool: &mut Self::Pool) -> Option<Self>;
}
