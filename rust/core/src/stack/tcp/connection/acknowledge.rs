//! The ACK field: the fifth step of RFC 9293 §3.10.7.4, and what follows from it.
use super::{Connection, Event, State};
use crate::stack::event::Readiness;
use crate::stack::tcp::segment::Segment;
use crate::stack::tcp::sender::Acknowledgement;
use crate::stack::tcp::timers::Timer;
use crate::time::Nanos;
use std::ops::Range;

/// SACK blocks of a segment, as offsets.
#[derive(Default)]
struct Blocks {
    blocks: [Range<u64>; 4],
    count: usize,
    duplicate: Option<Range<u64>>,
}

impl Connection {
    /// Whether the segment's text is to be looked at.
    pub(super) fn on_acknowledgement(
        &mut self,
        at: u64,
        segment: &Segment<'_>,
        now: Nanos,
    ) -> bool {
        let Some(number) = segment.ack else {
            return false;
        };
        let ack = self.origin.offset(number, self.una());
        if self.state == State::SynReceived {
            if ack != Some(1) {
                self.refuse(number);
                return false;
            }
            self.establish(now);
        }
        // RFC 5961 §5.2: what is acknowledged was sent, and not very long ago.
        let oldest = self.una().saturating_sub(self.peer.largest);
        let Some(ack) = ack.filter(|ack| (oldest..=self.next()).contains(ack)) else {
            self.challenge(now);
            return false;
        };
        self.take_acknowledgement(at, ack, segment, now);
        true
    }

    fn take_acknowledgement(&mut self, at: u64, ack: u64, segment: &Segment<'_>, now: Nanos) {
        let (una, next) = (self.una(), self.next());
        let news = self.update_window(at, ack, segment);
        let blocks = self.blocks(ack, segment);
        self.sender.on_ack(
            &Acknowledgement {
                una: ack.max(una),
                blocks: &blocks.blocks[..blocks.count],
                duplicate: blocks.duplicate,
                echo: segment
                    .timestamp
                    .filter(|_| self.timestamps.on)
                    .map(|it| it.1),
                ece: self.ecn.on_ack(segment.flags, ack, next),
                bare: segment.sequence_len() == 0 && !news && ack == una,
                window_limited: self.held_by_congestion,
                more: self.has_more(),
            },
            now,
        );
        self.watch_probe(now);
        if ack > una {
            self.on_progress(ack, now);
        }
        self.watch_patience(ack > una, now);
    }

    /// Everything below `ack` has arrived.
    fn on_progress(&mut self, ack: u64, now: Nanos) {
        self.soft_error = None;
        self.outbox.advance(ack.min(self.outbox.end()));
        self.grow_outbox();
        if self.has_room() {
            self.signals.writable();
        }
        if self.outbox.len() == 0 {
            self.rest_soon(now);
        }
        if self.fin && ack == self.stream_end() {
            self.on_fin_acknowledged(now);
        }
    }

    fn on_fin_acknowledged(&mut self, now: Nanos) {
        self.signals.raise(Readiness::FLUSHED);
        match self.state {
            State::LastAck => self.end(Event::FinAcked),
            State::Closing => {
                self.turn(Event::FinAcked);
                self.linger(now);
            }
            State::FinWait1 => {
                self.turn(Event::FinAcked);
                if self.closed {
                    self.linger(now);
                }
            }
            _ => {}
        }
    }

    /// SND.WND, from a segment that is not older than the one that told it (RFC 9293 §3.10.7.4); one
    /// that acknowledges something new is not, though its text may be sent again. Whether it has
    /// changed.
    fn update_window(&mut self, at: u64, ack: u64, segment: &Segment<'_>) -> bool {
        let una = self.una();
        if ack < una || (ack == una && (at, ack) < self.peer.told_by) {
            return false;
        }
        let size = u64::from(segment.window) << self.peer.scale.unwrap_or(0);
        let changed = size != self.peer.size;
        self.peer.told_by = (at, ack);
        self.peer.size = size;
        self.peer.edge = ack + size;
        self.peer.largest = self.peer.largest.max(size);
        if self.peer.edge > self.next() {
            self.timers.clear(Timer::Persist);
            self.tries = 0;
        }
        changed
    }

    /// The SACK blocks that make sense: of what was sent and is not acknowledged, or a duplicate
    /// (RFC 2883 §4): below what this segment acknowledges, which may be an old one.
    fn blocks(&self, ack: u64, segment: &Segment<'_>) -> Blocks {
        let mut found = Blocks::default();
        if !self.sack {
            return found;
        }
        let una = ack.max(self.una());
        let edge = |seq| self.origin.offset(seq, una);
        for (index, &(left, right)) in segment.sack_blocks().iter().enumerate() {
            let Some((left, right)) = edge(left).zip(edge(right)) else {
                continue;
            };
            if left >= right || right > self.next() {
                continue;
            }
            if index == 0 && (right <= ack || is_inside_second(left..right, segment, edge)) {
                found.duplicate = Some(left..right);
            } else if left > una {
                found.blocks[found.count] = left..right;
                found.count += 1;
            }
        }
        found
    }
}

/// RFC 2883 §4.2: a first block that lies inside the second reports a duplicate.
fn is_inside_second(
    first: Range<u64>,
    segment: &Segment<'_>,
    edge: impl Fn(u32) -> Option<u64>,
) -> bool {
    let second = segment.sack_blocks().get(1);
    let second = second.and_then(|&(left, right)| edge(left).zip(edge(right)));
    second.is_some_and(|(left, right)| left <= first.start && first.end <= right)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stack::tcp::tests::script::play;

    fn acknowledged() -> Connection {
        play(
            "0     listen
             0     < S 0:0(0) win 65535 <mss 1000,sackOK>
             0     > S. 0:0(0) ack 1 win 65535 <mss 1460,sackOK>
             0     < . 1:1(0) ack 1 win 65535
             0     write 5000
             0     > P. 1:5001(5000) ack 1 win 65535 x5
             0     < . 1:1(0) ack 3001 win 65535",
        )
    }

    fn blocks(ack: u64, sack: &[(u32, u32)]) -> (Vec<Range<u64>>, Option<Range<u64>>) {
        let mut segment = Segment::default();
        segment.sack[..sack.len()].copy_from_slice(sack);
        segment.sack_count = sack.len() as u8;
        let found = acknowledged().blocks(ack, &segment);
        (found.blocks[..found.count].to_vec(), found.duplicate)
    }

    #[test]
    fn blocks_are_of_what_is_under_way() {
        let under_way = [(4001, 5001), (5001, 6001), (3001, 4001), (4501, 4001)];
        assert_eq!(
            blocks(3001, &under_way).0,
            Vec::from([const { 4001..5001 }])
        );
    }

    /// RFC 2883 §4.1 and §4.2.
    #[test]
    fn duplicates_are_told_from_news() {
        assert_eq!(
            blocks(3001, &[(1001, 2001)]),
            (Vec::new(), Some(1001..2001))
        );
        let inside = blocks(3001, &[(4101, 4201), (4001, 5001)]);
        assert_eq!(
            inside,
            (Vec::from([const { 4001..5001 }]), Some(4101..4201))
        );
    }

    /// One that was overtaken tells of nothing that came twice.
    #[test]
    fn an_old_acknowledgement_reports_no_duplicate() {
        assert_eq!(blocks(1, &[(1001, 2001)]), (Vec::new(), None));
    }
}
