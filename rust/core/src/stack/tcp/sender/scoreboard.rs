//! The scoreboard: of every byte between the first unacknowledged one and the next to send, whether
//! it is under way, selectively acknowledged, or lost (RFC 6675, RFC 8985 §5.2).
//!
//! Whatever left together is one entry, up to a super-packet, and is split where only a part of it
//! is acknowledged or lost. An acknowledgement costs the logarithm of the number of entries for each
//! one that it changes; none is looked at twice for nothing.
use super::ranges::Ranges;
use super::rate::Snapshot;
use crate::time::Nanos;
use std::collections::{BTreeMap, VecDeque};
use std::ops::Range;

/// Bytes that left together, and are neither acknowledged nor selectively acknowledged.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sent {
    /// The offset behind its last byte.
    pub(super) end: u64,
    /// Its place in the order of all transmissions.
    pub(super) serial: u64,
    /// When it left last, and its TSval.
    pub(super) sent_at: Nanos,
    pub(super) timestamp: u32,
    /// When its first byte left first, and its TSval.
    pub(super) first_sent_at: Nanos,
    pub(super) first_timestamp: u32,
    /// Whether the last TSval differs from that of the transmission before.
    pub(super) distinct: bool,
    /// How many times it was sent.
    pub(super) transmissions: u32,
    /// Whether its last transmission counts as lost.
    pub(super) lost: bool,
    /// What held as it left last.
    pub(super) snapshot: Snapshot,
}

impl Sent {
    pub(super) fn was_retransmitted(&self) -> bool {
        self.transmissions > 1
    }
}

/// A transmission, as the connection tells of it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Transmission {
    pub(super) sent_at: Nanos,
    pub(super) timestamp: u32,
    pub(super) snapshot: Snapshot,
}

/// The scoreboard.
#[derive(Clone, Debug, Default)]
pub(super) struct Scoreboard {
    una: u64,
    next: u64,
    /// By first offset. With `sacked` it covers all from `una` to `next`.
    sent: BTreeMap<u64, Sent>,
    sacked: Ranges,
    /// About how many segments are in `sacked`.
    segments: u64,
    lost: Ranges,
    /// What left, in order; what of it is acknowledged, lost or sent again is taken out only as it
    /// comes to the front.
    order: VecDeque<(u64, Range<u64>)>,
    serial: u64,
}

impl Scoreboard {
    /// Nothing sent: `first` is the first offset to send.
    pub(super) fn new(first: u64) -> Self {
        Self {
            una: first,
            next: first,
            ..Self::default()
        }
    }

    pub(super) fn una(&self) -> u64 {
        self.una
    }

    pub(super) fn next(&self) -> u64 {
        self.next
    }

    /// The serial that the next transmission gets.
    pub(super) fn serial(&self) -> u64 {
        self.serial
    }

    pub(super) fn sacked(&self) -> &Ranges {
        &self.sacked
    }

    pub(super) fn lost(&self) -> &Ranges {
        &self.lost
    }

    /// About how many segments above `una` are selectively acknowledged.
    pub(super) fn sacked_segments(&self) -> u64 {
        self.segments
    }

    /// Bytes neither acknowledged nor selectively acknowledged.
    pub(super) fn outstanding(&self) -> u64 {
        self.next - self.una - self.sacked.total()
    }

    /// Bytes under way: outstanding, and not lost.
    pub(super) fn in_flight(&self) -> u64 {
        self.outstanding() - self.lost.total()
    }

    /// The first entry.
    pub(super) fn head(&self) -> Option<(u64, &Sent)> {
        self.sent.iter().next().map(|(&start, sent)| (start, sent))
    }

    /// The last entry.
    pub(super) fn tail(&self) -> Option<(u64, &Sent)> {
        self.sent
            .iter()
            .next_back()
            .map(|(&start, sent)| (start, sent))
    }

    /// Whether the peer has taken back what it had selectively acknowledged (RFC 2018 §8): the first
    /// missing byte is one of these.
    pub(super) fn is_reneged(&self) -> bool {
        self.sacked.contains(self.una)
    }

    /// A range leaves. Gives how many of its bytes had left before, and the entry that the rest of
    /// them is now.
    pub(super) fn transmit(&mut self, range: Range<u64>, transmission: &Transmission) -> u64 {
        let old = range.start.max(self.una)..range.end.min(self.next);
        let serial = self.serial;
        self.serial += 1;
        let again = self.retransmit(old, serial, transmission);
        if range.end > self.next {
            let new = self.next..range.end;
            self.next = range.end;
            self.insert(new, Sent::new(serial, transmission));
        }
        let in_flight = self.in_flight();
        for (_, sent) in self.sent.range_mut(range.clone()) {
            sent.snapshot.in_flight = in_flight;
        }
        self.order.push_back((serial, range));
        self.compact();
        again
    }

    /// Sends again what of `range` is not selectively acknowledged: an entry for each hole.
    fn retransmit(&mut self, range: Range<u64>, serial: u64, transmission: &Transmission) -> u64 {
        let mut again = 0;
        let mut rest = range;
        while let Some(hole) = self.sacked.gap(rest.clone()) {
            rest.start = hole.end;
            again += hole.end - hole.start;
            let mut sent = Sent::new(serial, transmission);
            for (_, before) in self.take(&hole) {
                sent.follow(&before);
            }
            self.insert(hole, sent);
        }
        again
    }

    fn insert(&mut self, range: Range<u64>, sent: Sent) {
        let end = range.end;
        self.sent.insert(range.start, Sent { end, ..sent });
    }

    /// Takes all entries of `range` out, and what of it is lost; cuts those that stick out.
    fn take(&mut self, range: &Range<u64>) -> Vec<(u64, Sent)> {
        self.cut(range.start);
        self.cut(range.end);
        self.lost.remove(range.clone());
        let starts: Vec<u64> = self
            .sent
            .range(range.clone())
            .map(|(&start, _)| start)
            .collect();
        starts
            .into_iter()
            .filter_map(|start| self.sent.remove_entry(&start))
            .collect()
    }

    /// Splits the entry around `offset`, if one is.
    fn cut(&mut self, offset: u64) {
        let Some((_, sent)) = self.sent.range_mut(..offset).next_back() else {
            return;
        };
        if sent.end <= offset {
            return;
        }
        let behind = sent.end - offset;
        let rest = *sent;
        sent.end = offset;
        // What was under way just after the front part left does not count the rest.
        sent.snapshot.in_flight = sent.snapshot.in_flight.saturating_sub(behind);
        self.sent.insert(offset, rest);
    }

    /// All below `una` has arrived; `each` is told of what was not known to have.
    pub(super) fn acknowledge(&mut self, una: u64, mut each: impl FnMut(Range<u64>, &Sent)) {
        let una = una.min(self.next);
        if una <= self.una {
            return;
        }
        self.cut(una);
        while let Some(entry) = self.sent.first_entry()
            && *entry.key() < una
        {
            let (start, sent) = entry.remove_entry();
            each(start..sent.end, &sent);
        }
        self.lost.remove(self.una..una);
        let before = self.sacked.total();
        self.sacked.remove(self.una..una);
        self.segments = share(self.segments, self.sacked.total(), before);
        self.una = una;
    }

    /// A block is selectively acknowledged; `each` is told of what was not known to have arrived.
    pub(super) fn sack(
        &mut self,
        block: &Range<u64>,
        mss: u64,
        mut each: impl FnMut(Range<u64>, &Sent),
    ) {
        let mut rest = block.start.max(self.una)..block.end.min(self.next);
        while let Some(gap) = self.sacked.gap(rest.clone()) {
            rest.start = gap.end;
            self.cut_for_peer(gap.start, mss);
            self.cut_for_peer(gap.end, mss);
            while let Some((start, sent)) = self.within(&gap) {
                self.sent.remove(&start);
                self.lost.remove(start..sent.end);
                self.sacked.insert(start..sent.end);
                self.segments += (sent.end - start).div_ceil(mss);
                each(start..sent.end, &sent);
            }
        }
    }

    /// The first entry that lies wholly in `range`.
    fn within(&self, range: &Range<u64>) -> Option<(u64, Sent)> {
        let (&start, sent) = self.sent.range(range.clone()).next()?;
        (sent.end <= range.end).then_some((start, *sent))
    }

    /// Splits an entry where the peer says so, unless it makes us keep far more pieces than there
    /// are segments: then the part is taken for missing.
    fn cut_for_peer(&mut self, offset: u64, mss: u64) {
        let segments = (self.next - self.una) / mss;
        if (self.sent.len() as u64) < 4 * segments + 64 {
            self.cut(offset);
        }
    }

    /// The entry that left first of those that are neither lost nor sent again.
    pub(super) fn oldest(&mut self) -> Option<(u64, Sent)> {
        while let Some((serial, range)) = self.order.front_mut() {
            let live = |sent: &Sent| sent.serial == *serial && !sent.lost;
            let mut entries = self.sent.range(range.clone());
            if let Some((&start, sent)) = entries.find(|(_, sent)| live(sent)) {
                range.start = start;
                return Some((start, *sent));
            }
            self.order.pop_front();
        }
        None
    }

    /// The entry at `start` is lost. Gives it, unless it was lost before.
    pub(super) fn lose(&mut self, start: u64) -> Option<Sent> {
        let sent = self.sent.get_mut(&start)?;
        if sent.lost {
            return None;
        }
        sent.lost = true;
        let sent = *sent;
        self.lost.insert(start..sent.end);
        Some(sent)
    }

    /// The first entry of `range` that is not lost, cut to it.
    pub(super) fn cut_out(&mut self, range: &Range<u64>) -> Option<(u64, Sent)> {
        self.cut(range.start);
        self.cut(range.end);
        let mut entries = self.sent.range(range.clone());
        let (&start, sent) = entries.find(|(_, sent)| !sent.lost)?;
        Some((start, *sent))
    }

    /// Starts of all entries that are not lost and left by `deadline`; every one is looked at.
    pub(super) fn sent_by(&self, deadline: Nanos) -> Vec<u64> {
        let old = |sent: &Sent| !sent.lost && sent.sent_at <= deadline;
        let entries = self.sent.iter().filter(|(_, sent)| old(sent));
        entries.map(|(&start, _)| start).collect()
    }

    /// Nothing is lost after all (a recovery is taken back).
    pub(super) fn find_all(&mut self) {
        self.lost.clear();
        let mut order: Vec<_> = self
            .sent
            .iter_mut()
            .map(|(&start, sent)| {
                sent.lost = false;
                (sent.serial, start..sent.end)
            })
            .collect();
        order.sort_unstable_by_key(|(serial, range)| (*serial, range.start));
        self.order = order.into();
    }

    /// Forgets all selective acknowledgements: what they said counts as lost (RFC 2018 §8).
    pub(super) fn renege(&mut self, snapshot: Snapshot) {
        let sacked = std::mem::take(&mut self.sacked);
        self.segments = 0;
        for range in sacked.iter() {
            let end = range.end;
            self.sent.insert(range.start, Sent::lost(end, snapshot));
            self.lost.insert(range);
        }
    }

    /// Takes out of the order what is not live any more, where that is most of it.
    fn compact(&mut self) {
        if self.order.len() <= 64 + 2 * self.sent.len() {
            return;
        }
        let sent = &self.sent;
        self.order.retain(|(serial, range)| {
            let mut entries = sent.range(range.clone());
            entries.any(|(_, sent)| sent.serial == *serial && !sent.lost)
        });
    }
}

impl Sent {
    fn new(serial: u64, transmission: &Transmission) -> Self {
        Self {
            end: 0,
            serial,
            sent_at: transmission.sent_at,
            timestamp: transmission.timestamp,
            first_sent_at: transmission.sent_at,
            first_timestamp: transmission.timestamp,
            distinct: true,
            transmissions: 1,
            lost: false,
            snapshot: transmission.snapshot,
        }
    }

    /// Takes over the history of an entry that is sent again in this one.
    fn follow(&mut self, before: &Self) {
        if !self.was_retransmitted() {
            self.first_sent_at = before.first_sent_at;
            self.first_timestamp = before.first_timestamp;
        }
        self.distinct &= self.timestamp != before.timestamp;
        self.transmissions = self
            .transmissions
            .max(before.transmissions.saturating_add(1));
    }

    /// What the peer has taken back. It counts as sent twice, so that it gives no sample.
    fn lost(end: u64, snapshot: Snapshot) -> Self {
        Self {
            end,
            serial: 0,
            sent_at: 0,
            timestamp: 0,
            first_sent_at: 0,
            first_timestamp: 0,
            distinct: false,
            transmissions: 2,
            lost: true,
            snapshot,
        }
    }
}

/// The part of `count` that falls to `part` of `whole`, rounded up.
fn share(count: u64, part: u64, whole: u64) -> u64 {
    match whole {
        0 => 0,
        _ => (u128::from(count) * u128::from(part)).div_ceil(u128::from(whole)) as u64,
    }
}

#[cfg(test)]
impl Scoreboard {
    /// Recomputes by a walk what is kept up to date by steps.
    pub(super) fn check(&self) {
        let mut covered = self.sacked.clone();
        let mut lost = Ranges::default();
        for (&start, sent) in &self.sent {
            assert!(start < sent.end && !covered.meets(&(start..sent.end)));
            covered.insert(start..sent.end);
            if sent.lost {
                lost.insert(start..sent.end);
            } else {
                let listed = |(serial, range): &(u64, Range<u64>)| {
                    *serial == sent.serial && range.start <= start && sent.end <= range.end
                };
                assert!(
                    self.order.iter().any(listed),
                    "{start} has no place in the order"
                );
            }
        }
        assert_eq!(lost, self.lost);
        assert!(self.order.iter().map(|(serial, _)| serial).is_sorted());
        let expected = (self.una < self.next).then_some(self.una..self.next);
        assert!(covered.iter().eq(expected), "{covered:?}");
        assert_eq!(self.segments > 0, !self.sacked.is_empty());
        let in_flight = self.sent.iter().filter(|(_, sent)| !sent.lost);
        let in_flight: u64 = in_flight.map(|(start, sent)| sent.end - start).sum();
        assert_eq!(in_flight, self.in_flight());
    }
}
