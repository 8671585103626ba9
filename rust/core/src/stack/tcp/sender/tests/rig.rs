//! A sender and a receiver on a line, in virtual time, with what a connection does between them.
use super::super::{Due, Sender};
use super::line::Line;
use super::peer::{Answer, Peer};
use crate::stack::options::Algorithm;
use crate::time::{MILLISECOND, Nanos};
use std::collections::BTreeMap;
use std::ops::Range;

pub(super) const MSS: u64 = 1448;

#[derive(Clone, Debug)]
enum Event {
    Segment(Range<u64>, u32),
    Answer(Answer),
}

/// The whole.
pub(super) struct Rig {
    pub(super) sender: Sender,
    pub(super) peer: Peer,
    pub(super) forth: Line,
    pub(super) back: Line,
    /// The offset behind the last byte that the program has written.
    pub(super) written: u64,
    pub(super) now: Nanos,
    /// Steps of the timestamp clock.
    pub(super) tick: Nanos,
    events: BTreeMap<(Nanos, u64), Event>,
    count: u64,
    /// Checks the scoreboard after each step.
    pub(super) checked: bool,
    /// Steps taken.
    pub(super) steps: u64,
}

#[derive(Clone, Debug)]
pub(super) struct Setup {
    pub(super) algorithm: Algorithm,
    pub(super) sack: bool,
    pub(super) timestamps: bool,
    pub(super) pacing: bool,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            algorithm: Algorithm::Cubic,
            sack: true,
            timestamps: true,
            pacing: false,
        }
    }
}

impl Rig {
    pub(super) fn new(setup: &Setup, forth: Line, back: Line) -> Self {
        let mut sender = Sender::new(setup.algorithm, MSS as u32, setup.pacing, 1, 0);
        let rtt = forth.delay + back.delay;
        sender.established(setup.sack, setup.timestamps, Some(rtt), 0);
        Self {
            sender,
            peer: Peer::new(setup.sack),
            forth,
            back,
            written: 1,
            now: 0,
            tick: MILLISECOND,
            events: BTreeMap::new(),
            count: 0,
            checked: false,
            steps: 0,
        }
    }

    /// Runs until `until`, or until all that was written has arrived and is acknowledged.
    pub(super) fn run(&mut self, until: Nanos) {
        self.transmit();
        while self.sender.una() < self.written {
            let Some(at) = self.next_event().filter(|at| *at <= until) else {
                self.now = until;
                return;
            };
            assert!(at >= self.now, "time goes on");
            self.now = at;
            self.step();
            self.steps += 1;
            assert!(self.steps < 5_000_000, "no end");
            self.transmit();
            if self.checked {
                self.check();
            }
        }
    }

    pub(super) fn is_done(&self) -> bool {
        self.sender.una() == self.written
    }

    fn next_event(&self) -> Option<Nanos> {
        let arrival = self.events.keys().next().map(|(at, _)| *at);
        let wants = self.sender.next() < self.written || self.sender.board.lost().total() > 0;
        let paced = self
            .sender
            .paced_until()
            .filter(|at| wants && *at > self.now);
        let all = [arrival, self.peer.due, self.sender.deadline(), paced];
        all.into_iter().flatten().min()
    }

    fn step(&mut self) {
        if self.sender.deadline().is_some_and(|at| at <= self.now) {
            self.on_timer();
        } else if self.peer.due.is_some_and(|at| at <= self.now) {
            let answer = self.peer.answer(None);
            self.reply(answer);
        } else if let Some(event) = self.events.first_entry()
            && event.key().0 <= self.now
        {
            let event = event.remove();
            self.on_event(event);
        }
    }

    fn on_timer(&mut self) {
        if self.sender.on_timer(self.now) == Due::Probe {
            let new = self.sender.next()..self.written.min(self.sender.next() + MSS);
            match self.sender.loss_probe() {
                Some(again) if new.is_empty() => self.send(again),
                _ => self.send(new),
            }
        }
    }

    fn on_event(&mut self, event: Event) {
        match event {
            Event::Segment(range, timestamp) => {
                if let Some(answer) = self.peer.on_segment(&range, timestamp, self.now) {
                    self.reply(answer);
                }
            }
            Event::Answer(answer) => {
                let more = self.sender.next() < self.written;
                self.sender.on_ack(&answer.borrow(more), self.now);
            }
        }
    }

    fn reply(&mut self, answer: Answer) {
        for at in self.back.carry(0, self.now) {
            self.schedule(at, Event::Answer(answer.clone()));
        }
    }

    fn schedule(&mut self, at: Nanos, event: Event) {
        self.count += 1;
        self.events.insert((at, self.count), event);
    }

    /// As a connection does: what is lost first, then new data.
    fn transmit(&mut self) {
        loop {
            if let Some(range) = self.sender.retransmission(self.now) {
                assert!(
                    !self.sender.board.sacked().meets(&range),
                    "{range:?} has arrived"
                );
                self.send(range);
                continue;
            }
            let next = self.sender.next();
            let length = self.sender.allowance(self.now).min(self.written - next);
            if length == 0 {
                return;
            }
            self.send(next..next + length);
        }
    }

    /// Sends a range, cut into segments on the line.
    fn send(&mut self, range: Range<u64>) {
        let timestamp = (self.now / self.tick) as u32 + 1;
        let limited = range.end == self.written;
        self.sender
            .on_sent(range.clone(), timestamp, limited, self.now);
        let mut start = range.start;
        while start < range.end {
            let segment = start..range.end.min(start + MSS);
            start = segment.end;
            for at in self.forth.carry(segment.end - segment.start, self.now) {
                self.schedule(at, Event::Segment(segment.clone(), timestamp));
            }
        }
    }

    /// The scoreboard agrees with itself.
    pub(super) fn check(&self) {
        self.sender.board.check();
        let outstanding = self.sender.board.outstanding();
        assert!(self.sender.in_flight() <= outstanding);
        assert!(
            self.sender.una() <= self.peer.next,
            "no more is acknowledged than has arrived"
        );
        let idle = self.sender.una() == self.sender.next();
        assert_eq!(
            self.sender.deadline().is_none(),
            idle,
            "a timer runs while anything is missing"
        );
    }
}
