//! What one acknowledgement delivered.
use super::rate::Snapshot;
use super::scoreboard::Sent;
use crate::time::Nanos;
use std::ops::Range;

/// What has to be known to make sense of a delivered entry.
#[derive(Clone, Copy, Debug)]
pub(super) struct Context {
    pub(super) now: Nanos,
    /// `una` before the acknowledgement.
    pub(super) una: u64,
    pub(super) echo: Option<u32>,
    pub(super) min_rtt: Nanos,
    /// The highest offset that was known to have arrived (RACK.fack).
    pub(super) highest: u64,
}

/// The packet that left last of those an acknowledgement delivered.
#[derive(Clone, Copy, Debug)]
pub(super) struct Newest {
    pub(super) serial: u64,
    pub(super) end: u64,
    pub(super) sent_at: Nanos,
    pub(super) snapshot: Snapshot,
}

/// What one acknowledgement delivered, folded as the scoreboard tells of it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Delivery {
    context: Context,
    /// Bytes that were not known to have arrived.
    pub(super) bytes: u64,
    /// The highest offset that is known to have arrived.
    pub(super) highest: u64,
    /// Of what can be told apart from an earlier transmission of the same bytes.
    pub(super) newest: Option<Newest>,
    /// Serial and departure of what left last and was sent once: a round-trip sample (Karn).
    clean: Option<(u64, Nanos)>,
    /// Something sent again was delivered: the rest may have waited for it at the peer.
    filled: bool,
    /// End of the lowest entry that was sent once.
    pub(super) original: Option<u64>,
    /// Something sent once was below what had arrived before: the path reorders (RFC 8985 §6.2).
    pub(super) reordered: bool,
    /// The entry at the old `una`, if it was not selectively acknowledged.
    pub(super) head: Option<Sent>,
}

impl Delivery {
    pub(super) fn new(context: Context) -> Self {
        Self {
            context,
            bytes: 0,
            highest: context.highest,
            newest: None,
            clean: None,
            filled: false,
            original: None,
            reordered: false,
            head: None,
        }
    }

    pub(super) fn add(&mut self, range: &Range<u64>, sent: &Sent) {
        self.bytes += range.end - range.start;
        self.highest = self.highest.max(range.end);
        if range.start == self.context.una {
            self.head = Some(*sent);
        }
        if sent.was_retransmitted() {
            self.filled = true;
        } else {
            self.add_original(range, sent);
        }
        if !self.may_be_earlier(sent) && self.is_newer(range, sent) {
            self.newest = Some(Newest {
                serial: sent.serial,
                end: range.end,
                sent_at: sent.sent_at,
                snapshot: sent.snapshot,
            });
        }
    }

    fn add_original(&mut self, range: &Range<u64>, sent: &Sent) {
        self.reordered |= range.end < self.context.highest;
        self.original = Some(self.original.map_or(range.end, |end| end.min(range.end)));
        if self.clean.is_none_or(|(serial, _)| serial <= sent.serial) {
            self.clean = Some((sent.serial, sent.sent_at));
        }
    }

    fn is_newer(&self, range: &Range<u64>, sent: &Sent) -> bool {
        self.newest
            .is_none_or(|newest| (newest.serial, newest.end) <= (sent.serial, range.end))
    }

    /// Whether it may well be an earlier transmission that arrived (RFC 8985 §6.2, step 2): the echo
    /// is older, or the round trip too short.
    fn may_be_earlier(&self, sent: &Sent) -> bool {
        let context = &self.context;
        sent.was_retransmitted()
            && (context
                .echo
                .is_some_and(|echo| is_before(echo, sent.timestamp))
                || context.now.saturating_sub(sent.sent_at) < context.min_rtt)
    }

    /// The round trip of what left last and was sent once, or of a segment whose echo tells which
    /// transmission it answers (RFC 7323 §4.1). Only the acknowledged head has an echo of its own.
    pub(super) fn round_trip(&self) -> Option<Nanos> {
        let clean = self.clean.filter(|_| !self.filled);
        let sent_at = match clean {
            Some((_, sent_at)) => sent_at,
            None => self.echoed()?,
        };
        Some(self.context.now.saturating_sub(sent_at).max(1))
    }

    fn echoed(&self) -> Option<Nanos> {
        let (echo, head) = (self.context.echo?, self.head?);
        if !head.distinct {
            None
        } else if echo == head.timestamp {
            Some(head.sent_at)
        } else if echo == head.first_timestamp && head.transmissions == 2 {
            Some(head.first_sent_at)
        } else {
            None
        }
    }
}

/// Whether timestamp `a` is older than `b` (RFC 7323 §5.2: modulo 2³²).
pub(super) fn is_before(a: u32, b: u32) -> bool {
    (a.wrapping_sub(b) as i32) < 0
}
