//! A receiver: what it has, and what it says of it.
use super::super::Acknowledgement;
use super::super::ranges::Ranges;
use crate::time::{MILLISECOND, Nanos};
use std::ops::Range;

/// How long it waits for a second segment to acknowledge.
const DELAY: Nanos = 40 * MILLISECOND;

/// An acknowledgement on its way.
#[derive(Clone, Debug)]
pub(super) struct Answer {
    pub(super) una: u64,
    pub(super) blocks: Vec<Range<u64>>,
    pub(super) duplicate: Option<Range<u64>>,
    pub(super) echo: Option<u32>,
}

impl Answer {
    pub(super) fn borrow(&self, more: bool) -> Acknowledgement<'_> {
        Acknowledgement {
            una: self.una,
            blocks: &self.blocks,
            duplicate: self.duplicate.clone(),
            echo: self.echo,
            bare: true,
            more,
            ..Acknowledgement::default()
        }
    }
}

/// A receiver with selective acknowledgements, D-SACK and timestamps, or without.
#[derive(Clone, Debug)]
pub(super) struct Peer {
    sack: bool,
    /// All below has arrived.
    pub(super) next: u64,
    above: Ranges,
    /// Blocks above `next`, the one that changed last first (RFC 2018 §4).
    recent: Vec<Range<u64>>,
    timestamp: u32,
    acknowledged: u64,
    unanswered: u32,
    /// When it acknowledges at the latest.
    pub(super) due: Option<Nanos>,
    /// Bytes that arrived twice.
    pub(super) duplicated: u64,
}

impl Peer {
    pub(super) fn new(sack: bool) -> Self {
        Self {
            sack,
            next: 1,
            above: Ranges::default(),
            recent: Vec::new(),
            timestamp: 0,
            acknowledged: 1,
            unanswered: 0,
            due: None,
            duplicated: 0,
        }
    }

    /// A segment arrives; what it is answered with, if at once.
    pub(super) fn on_segment(
        &mut self,
        range: &Range<u64>,
        timestamp: u32,
        now: Nanos,
    ) -> Option<Answer> {
        if range.start <= self.acknowledged && timestamp > self.timestamp {
            self.timestamp = timestamp;
        }
        let duplicate = self.known(range);
        let disorder = range.start != self.next || !self.above.is_empty() || duplicate.is_some();
        self.take(range);
        self.unanswered += 1;
        if disorder || self.unanswered >= 2 {
            return Some(self.answer(duplicate));
        }
        self.due.get_or_insert(now + DELAY);
        None
    }

    /// What of a segment had arrived before.
    fn known(&mut self, range: &Range<u64>) -> Option<Range<u64>> {
        let known = if range.start < self.next {
            range.start..range.end.min(self.next)
        } else if self.above.contains(range.start) {
            range.clone()
        } else {
            return None;
        };
        self.duplicated += known.end - known.start;
        Some(known)
    }

    fn take(&mut self, range: &Range<u64>) {
        self.above
            .insert(range.start.max(self.next)..range.end.max(self.next));
        let next = self.next;
        if let Some(first) = self.above.first().filter(|first| first.start == next) {
            self.next = first.end;
            self.above.remove(first);
        }
        let next = self.next;
        let holds = |block: &Range<u64>| block.contains(&range.start);
        self.recent
            .retain(|block| block.start > next && !holds(block));
        if let Some(block) = self.above.iter().find(|block| holds(block)) {
            let inside = |old: &Range<u64>| block.start <= old.start && old.end <= block.end;
            self.recent.retain(|old| !inside(old));
            self.recent.insert(0, block);
        }
    }

    /// What it says now.
    pub(super) fn answer(&mut self, duplicate: Option<Range<u64>>) -> Answer {
        (self.unanswered, self.due) = (0, None);
        self.acknowledged = self.next;
        let room = if duplicate.is_some() { 2 } else { 3 };
        Answer {
            una: self.next,
            blocks: self
                .recent
                .iter()
                .take(room)
                .filter(|_| self.sack)
                .cloned()
                .collect(),
            duplicate: duplicate.filter(|_| self.sack),
            echo: Some(self.timestamp),
        }
    }
}
