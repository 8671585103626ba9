//! BBR on a line with a bottleneck. Names such as A.3 are the test cases of the draft's appendix.
mod changes;
mod losses;
mod steady;

use super::super::rig::{Line, Loss, Rig};
use super::{Bbr, State};
use crate::time::{MILLISECOND, Nanos};

const MSS: u64 = 1500;
/// Bytes a second in a Mbit/s.
const MBIT: u64 = 125_000;

/// A bulk sender on a line of so many Mbit/s and milliseconds, with room for so many packets.
fn rig(mbit: u64, milliseconds: u64, room: usize, loss: Loss) -> Rig<Bbr> {
    let rtt = milliseconds * MILLISECOND;
    let line = Line::new(mbit * MBIT, rtt, room, loss);
    Rig::new(Bbr::new(MSS, 0, 7), line)
}

impl Rig<Bbr> {
    fn state(&self) -> State {
        self.algorithm.state
    }

    fn max_bw(&self) -> u64 {
        self.algorithm.model.max_bw.get()
    }

    /// The bytes that fill the line.
    fn bdp(&self) -> u64 {
        self.line.rate / 1000 * (self.line.rtt / MILLISECOND)
    }

    /// Runs in small steps until BBR is in this state; how long that took.
    fn run_to(&mut self, state: State) -> Nanos {
        let from = self.now;
        while self.state() != state {
            self.run(self.now + MILLISECOND / 4);
            assert!(self.now < from + 60_000 * MILLISECOND, "never {state:?}");
        }
        self.now - from
    }
}

fn assert_within(percent: u64, measured: u64, expected: u64) {
    let (low, high) = (100 - percent, 100 + percent);
    assert!(
        (expected * low..=expected * high).contains(&(measured * 100)),
        "{measured} is not within {percent} % of {expected}"
    );
}
