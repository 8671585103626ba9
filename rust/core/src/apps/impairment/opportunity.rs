//! A line driven by a trace of opportunities to send, as mahimahi's mm-link replays them.
//!
//! Each opportunity pays for so many bytes. What the packet at its turn leaves over goes to the
//! next ones; a packet may span opportunities, and leaves with the one that pays its last byte;
//! what nobody uses is wasted. After its last opportunity the trace starts again, all times later
//! by that of the last.
use super::parcel::Parcel;
use crate::time::{MILLISECOND, Nanos};
use std::fmt;
use std::sync::Arc;

/// Bytes that an opportunity pays for in mahimahi: 1500 and the 4 of a TUN header.
pub const OPPORTUNITY: u32 = 1504;

/// Times at which the line can send.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Trace {
    milliseconds: Arc<[u32]>,
    bytes: u32,
}

/// Why a list of times is no trace.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum TraceError {
    /// There is no opportunity in it.
    Empty,
    /// The time at this index is below the one before it.
    Descending(usize),
    /// The last time is 0, so that the trace has no length.
    Instant,
    /// An opportunity pays for no byte.
    NoBytes,
}

impl fmt::Display for TraceError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => write!(out, "a trace needs one opportunity at least"),
            Self::Descending(index) => write!(out, "opportunity {index} is before the last one"),
            Self::Instant => write!(out, "the last opportunity must be after 0 ms"),
            Self::NoBytes => write!(out, "an opportunity must pay for one byte at least"),
        }
    }
}

impl std::error::Error for TraceError {}

impl Trace {
    /// A trace of these milliseconds, each worth `bytes`.
    ///
    /// # Errors
    /// The times are none, descend, or end at 0; or `bytes` is 0.
    pub fn new(milliseconds: &[u32], bytes: u32) -> Result<Self, TraceError> {
        let last = *milliseconds.last().ok_or(TraceError::Empty)?;
        let falls = |pair: &[u32]| pair[1] < pair[0];
        if let Some(index) = milliseconds.windows(2).position(falls) {
            return Err(TraceError::Descending(index + 1));
        }
        if last == 0 {
            return Err(TraceError::Instant);
        }
        if bytes == 0 {
            return Err(TraceError::NoBytes);
        }
        Ok(Self {
            milliseconds: milliseconds.into(),
            bytes,
        })
    }

    /// Its mean rate in bits per second, rounded down but never to 0.
    #[must_use]
    pub fn mean_rate(&self) -> u64 {
        let bits = self.milliseconds.len() as u64 * u64::from(self.bytes) * 8;
        (bits.saturating_mul(1000) / (self.period() / MILLISECOND)).max(1)
    }

    fn period(&self) -> Nanos {
        let last = self.milliseconds.last().map_or(1, |last| u64::from(*last));
        last * MILLISECOND
    }

    fn at(&self, index: usize) -> Nanos {
        u64::from(self.milliseconds[index]) * MILLISECOND
    }
}

/// The next opportunity of a trace.
#[derive(Clone, Debug)]
struct Cursor {
    base: Nanos,
    index: usize,
}

/// A trace-driven line.
#[derive(Debug)]
pub struct Opportunity<P> {
    trace: Trace,
    cursor: Cursor,
    /// The packet at its turn, and how many of its bytes are not paid yet.
    transit: Option<(P, u64)>,
}

impl<P: Parcel> Opportunity<P> {
    /// An idle line whose trace starts at `origin`.
    #[must_use]
    pub fn new(trace: Trace, origin: Nanos) -> Self {
        let cursor = Cursor {
            base: origin,
            index: 0,
        };
        Self {
            trace,
            cursor,
            transit: None,
        }
    }

    /// The trace.
    #[must_use]
    pub const fn trace(&self) -> &Trace {
        &self.trace
    }

    /// Whether no packet is at its turn.
    #[inline]
    #[must_use]
    pub const fn is_idle(&self) -> bool {
        self.transit.is_none()
    }

    /// The next opportunity.
    #[inline]
    #[must_use]
    pub fn next_opportunity(&self) -> Nanos {
        self.cursor.base + self.trace.at(self.cursor.index)
    }

    /// Lets all opportunities up to and with `now` pass unused, however many they are.
    pub fn skip(&mut self, now: Nanos) {
        if self.next_opportunity() > now {
            return;
        }
        let period = self.trace.period();
        self.cursor.base += (now - self.cursor.base) / period * period;
        let within = now - self.cursor.base;
        let times = &self.trace.milliseconds;
        let passed = |time: &u32| u64::from(*time) * MILLISECOND <= within;
        self.cursor.index = times.partition_point(passed);
    }

    /// Uses the next opportunity: `next` gives the packets at their turn, `out` takes those that
    /// leave.
    pub fn serve(&mut self, mut next: impl FnMut() -> Option<P>, mut out: impl FnMut(P)) {
        let mut budget = u64::from(self.trace.bytes);
        while budget > 0 {
            let turn = self.transit.take().or_else(|| {
                let packet = next()?;
                let len = u64::from(packet.wire_len());
                Some((packet, len))
            });
            let Some((packet, unpaid)) = turn else { break };
            let paid = unpaid.min(budget);
            budget -= paid;
            if paid == unpaid {
                out(packet);
            } else {
                self.transit = Some((packet, unpaid - paid));
            }
        }
        self.advance();
    }

    /// Takes the packet at its turn back, and how many of its bytes are left.
    pub(super) fn interrupt(&mut self) -> Option<(P, u64)> {
        self.transit.take()
    }

    /// Gives a packet the turn, of which `bytes` are left to send.
    pub(super) fn resume(&mut self, packet: P, bytes: u64) {
        self.transit = Some((packet, bytes));
    }

    fn advance(&mut self) {
        self.cursor.index += 1;
        if self.cursor.index == self.trace.milliseconds.len() {
            self.cursor.index = 0;
            self.cursor.base += self.trace.period();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::apps::impairment::probe::Probe;

    fn line(milliseconds: &[u32]) -> Opportunity<Probe> {
        Opportunity::new(Trace::new(milliseconds, OPPORTUNITY).unwrap(), 0)
    }

    #[test]
    fn what_is_no_trace_is_refused() {
        let error = |times: &[u32]| Trace::new(times, 1).unwrap_err();
        assert_eq!(error(&[]), TraceError::Empty);
        assert_eq!(error(&[3, 4, 2]), TraceError::Descending(2));
        assert_eq!(error(&[0, 0]), TraceError::Instant);
        assert_eq!(Trace::new(&[1], 0), Err(TraceError::NoBytes));
    }

    #[test]
    fn the_trace_starts_again_after_its_last_time() {
        let mut line = line(&[0, 2, 2, 5]);
        let mut times = vec![];
        for _ in 0..8 {
            times.push(line.next_opportunity() / MILLISECOND);
            line.serve(|| None, |_| ());
        }
        assert_eq!(times, [0, 2, 2, 5, 5, 7, 7, 10]);
    }

    #[test]
    fn one_line_of_one_is_twelve_megabits() {
        assert_eq!(line(&[1]).trace().mean_rate(), 12_032_000);
    }

    #[test]
    fn a_packet_spans_opportunities_and_leaves_its_rest_to_the_next() {
        let mut line = line(&[1]);
        let mut queue = vec![1500, 10, 4, 3000];
        let mut left = vec![];
        for round in 0..3 {
            let next = || Some(Probe::new(0, queue.pop()?));
            line.serve(next, |packet| left.push((round, packet.len)));
        }
        assert_eq!(left, [(1, 3000), (1, 4), (2, 10)]);
        assert_eq!(line.interrupt().unwrap().1, 1500 - (1504 - 6));
    }

    #[test]
    fn skipping_lands_where_one_by_one_would() {
        for now in 0..40 {
            let now = now * MILLISECOND / 2;
            let (mut by_one, mut at_once) = (line(&[0, 2, 2, 5]), line(&[0, 2, 2, 5]));
            while by_one.next_opportunity() <= now {
                by_one.serve(|| None, |_| ());
            }
            at_once.skip(now);
            assert_eq!(at_once.next_opportunity(), by_one.next_opportunity());
            assert_eq!(at_once.cursor.index, by_one.cursor.index, "{now}");
        }
    }
}
