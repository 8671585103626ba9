//! A sender driven by hand: segments of 1000 bytes by their number, times in milliseconds.
use super::super::{Acknowledgement, Due, Sender};
use crate::stack::options::Algorithm;
use crate::time::MILLISECOND;
use std::ops::Range;

pub(super) const MSS: u64 = 1000;

/// The sender, and the clock.
pub(super) struct Script {
    pub(super) sender: Sender,
    pub(super) ms: u64,
    /// Whether new data waits.
    pub(super) more: bool,
}

/// Offsets of segments.
pub(super) fn bytes(segments: Range<u64>) -> Range<u64> {
    1 + segments.start * MSS..1 + segments.end * MSS
}

fn segments(range: Range<u64>) -> Range<u64> {
    (range.start - 1) / MSS..(range.end - 1).div_ceil(MSS)
}

impl Script {
    /// A connection with a round trip of 100 ms, and all options.
    pub(super) fn new() -> Self {
        Self::with(Algorithm::Reno, true, true)
    }

    pub(super) fn with(algorithm: Algorithm, sack: bool, timestamps: bool) -> Self {
        let mut sender = Sender::new(algorithm, MSS as u32, false, 1, 0);
        sender.established(sack, timestamps, Some(100 * MILLISECOND), 0);
        Self {
            sender,
            ms: 0,
            more: true,
        }
    }

    pub(super) fn at(&mut self, ms: u64) -> &mut Self {
        assert!(ms >= self.ms);
        self.ms = ms;
        self
    }

    fn now(&self) -> u64 {
        self.ms * MILLISECOND
    }

    /// Sends so many segments of new data, one by one, whatever the window says.
    pub(super) fn send(&mut self, count: u64) -> &mut Self {
        for _ in 0..count {
            let next = self.sender.next();
            self.emit(next..next + MSS);
        }
        self
    }

    pub(super) fn emit(&mut self, range: Range<u64>) {
        self.sender
            .on_sent(range, self.ms as u32 + 1, false, self.now());
    }

    /// Sends all that may be sent again; gives its segments.
    pub(super) fn resend(&mut self) -> Vec<u64> {
        let mut sent = Vec::new();
        while let Some(range) = self.sender.retransmission(self.now()) {
            self.emit(range.clone());
            sent.extend(segments(range));
        }
        sent
    }

    /// Segments of new data that may leave.
    pub(super) fn allowance(&self) -> u64 {
        self.sender.allowance(self.now()) / MSS
    }

    /// All segments below `una` have arrived, and those of the blocks.
    pub(super) fn ack(&mut self, una: u64, blocks: &[Range<u64>]) -> &mut Self {
        self.acknowledge(una, blocks, None, None)
    }

    /// The same, with the echo of what was sent at a millisecond.
    pub(super) fn echo(&mut self, una: u64, blocks: &[Range<u64>], ms: u64) -> &mut Self {
        self.acknowledge(una, blocks, None, Some(ms))
    }

    /// The same, with a report of what arrived twice.
    pub(super) fn twice(&mut self, una: u64, twice: Range<u64>) -> &mut Self {
        self.acknowledge(una, &[], Some(twice), None)
    }

    fn acknowledge(
        &mut self,
        una: u64,
        blocks: &[Range<u64>],
        twice: Option<Range<u64>>,
        echo: Option<u64>,
    ) -> &mut Self {
        let blocks: Vec<_> = blocks.iter().cloned().map(bytes).collect();
        let ack = Acknowledgement {
            una: 1 + una * MSS,
            blocks: &blocks,
            duplicate: twice.map(bytes),
            echo: echo.map(|ms| ms as u32 + 1),
            bare: true,
            more: self.more,
            ..Acknowledgement::default()
        };

        self.sender.on_ack(&ack, self.now());
        self.sender.board.check();
        self
    }

    /// The next timer, in milliseconds.
    pub(super) fn deadline(&self) -> Option<u64> {
        self.sender.deadline().map(|at| at / MILLISECOND)
    }

    /// Lets the next timer go off.
    pub(super) fn expire(&mut self) -> Due {
        let at = self.deadline().expect("a timer");
        self.at(at);
        let due = self
            .sender
            .on_timer(self.sender.deadline().expect("a timer"));
        self.sender.board.check();
        due
    }

    pub(super) fn phase(&self) -> &'static str {
        self.sender.statistics().phase
    }

    /// Segments under way.
    pub(super) fn in_flight(&self) -> u64 {
        self.sender.in_flight() / MSS
    }

    /// The algorithm's window, in segments.
    pub(super) fn cwnd(&self) -> u64 {
        self.sender.algorithm.window() / MSS
    }
}
