//! Properties: whatever a network does, all arrives.
use super::super::{Acknowledgement, Sender};
use super::line::Line;
use super::rig::{MSS, Rig, Setup};
use crate::stack::options::Algorithm;
use crate::time::{MILLISECOND, SECOND};
use proptest::prelude::*;
use std::ops::Range;

fn algorithm() -> impl Strategy<Value = Algorithm> {
    prop_oneof![
        Just(Algorithm::Cubic),
        Just(Algorithm::Reno),
        Just(Algorithm::Bbr)
    ]
}

prop_compose! {
    fn setup()(
        algorithm in algorithm(),
        sack in prop::bool::weighted(0.8),
        timestamps in any::<bool>(),
        pacing in any::<bool>(),
    ) -> Setup {
        Setup { algorithm, sack, timestamps, pacing }
    }
}

prop_compose! {
    fn line(label: &'static str)(
        seed in any::<u64>(),
        delay in 0..100 * MILLISECOND,
        rate in prop::option::of(1_000_000..200_000_000_u64),
        queue in 5..200_u64,
        loss in prop_oneof![Just(0.0), 0.0..0.3],
        duplication in prop_oneof![Just(0.0), 0.0..0.2],
        share in prop_oneof![Just(0.0), 0.0..0.3],
        extra in 0..150 * MILLISECOND,
    ) -> Line {
        Line {
            rate,
            queue,
            loss,
            duplication,
            reordering: (share, extra),
            ..Line::new(delay, seed, label)
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// Every byte arrives and is acknowledged, with a bounded number of steps; the rig checks the
    /// scoreboard after each, and that nothing leaves again that was selectively acknowledged.
    #[test]
    fn all_arrives(setup in setup(), forth in line("forth"), back in line("back"), segments in 1..400_u64, odd in 0..MSS) {
        let mut rig = Rig::new(&setup, forth, back);
        rig.checked = true;
        rig.written = 1 + segments * MSS + odd;
        rig.run(100_000 * SECOND);
        prop_assert!(rig.is_done(), "at {} of {}", rig.sender.una(), rig.written);
        prop_assert_eq!(rig.sender.in_flight(), 0);
        prop_assert!(rig.steps < 200 * (segments + 20), "{} steps", rig.steps);
        rig.check();
    }

    /// No acknowledgement, however mad, does harm.
    #[test]
    fn nothing_panics(setup in setup(), steps in prop::collection::vec(step(), 0..200)) {
        let mut sender = Sender::new(setup.algorithm, MSS as u32, setup.pacing, 1, 0);
        sender.established(setup.sack, setup.timestamps, Some(MILLISECOND), 0);
        let mut now = 0;
        for step in steps {
            now += step.later;
            step.apply(&mut sender, now);
            sender.board.check();
            prop_assert!(sender.in_flight() <= sender.next() - sender.una());
        }
    }
}

#[derive(Clone, Debug)]
struct Step {
    later: u64,
    kind: u8,
    range: Range<u64>,
    blocks: Vec<Range<u64>>,
    word: u32,
    flag: bool,
}

prop_compose! {
    fn range()(start in 0..60 * MSS, length in 0..8 * MSS, whole in any::<bool>()) -> Range<u64> {
        let round = |offset: u64| if whole { offset / MSS * MSS + 1 } else { offset };
        round(start)..round(start + length)
    }
}

prop_compose! {
    fn step()(
        later in prop_oneof![Just(0), 0..MILLISECOND, 0..SECOND],
        kind in 0..8_u8,
        range in range(),
        blocks in prop::collection::vec(range(), 0..4),
        word in prop_oneof![0..50_u32, any::<u32>()],
        flag in any::<bool>(),
    ) -> Step {
        Step { later, kind, range, blocks, word, flag }
    }
}

impl Step {
    fn apply(&self, sender: &mut Sender, now: u64) {
        match self.kind {
            0 => sender.on_sent(self.range.clone(), self.word, self.flag, now),
            1 => {
                let next = sender.next();
                sender.on_sent(
                    next..next + sender.allowance(now),
                    self.word,
                    self.flag,
                    now,
                );
            }
            2 => {
                if let Some(range) = sender.retransmission(now) {
                    sender.on_sent(range, self.word, self.flag, now);
                }
            }
            3 => {
                sender.on_timer(now.max(sender.deadline().unwrap_or(now)));
                if let Some(range) = sender.loss_probe().filter(|_| self.flag) {
                    sender.on_sent(range, self.word, self.flag, now);
                }
            }
            4 => sender.probe_lost(self.range.clone()),
            5 => sender.mtu_probe_sent(self.range.clone()),
            _ => self.acknowledge(sender, now),
        }
        let _ = (sender.paced_until(), sender.statistics(), sender.quantum());
    }

    fn acknowledge(&self, sender: &mut Sender, now: u64) {
        let ack = Acknowledgement {
            una: self.range.start,
            blocks: &self.blocks,
            duplicate: self.flag.then(|| self.range.clone()),
            echo: Some(self.word),
            ece: self.word.is_multiple_of(5),
            bare: self.word.is_multiple_of(2),
            window_limited: self.flag,
            more: self.word.is_multiple_of(3),
        };
        sender.on_ack(&ack, now);
    }
}
