//! Loss models: which packets the line loses.

use super::coin::Coin;
use super::spec::LossSpec;
use crate::rng::Stream;

/// A loss model and its state.
#[derive(Clone, Debug)]
pub enum Loss {
    /// Independent or correlated loss.
    Random(Coin),
    /// Gilbert (1960) and Elliott (1963).
    GilbertElliott(GilbertElliott),
    /// Salsano, Ludovici, Ordine and Giannuzzi, "Definition of a general and intuitive loss model
    /// for packet networks and its implementation in the Netem module", TR v3.1, 2012.
    FourState(FourState),
}

impl Loss {
    /// The model that a config describes, before its first packet.
    #[must_use]
    pub fn new(spec: &LossSpec, stream: Stream) -> Self {
        match *spec {
            LossSpec::Random { p, correlation } => Self::Random(Coin::new(p, correlation, stream)),
            LossSpec::GilbertElliott {
                p,
                r,
                bad_loss,
                good_loss,
            } => {
                let chain = [p, r];
                let loss = [good_loss, bad_loss];
                Self::GilbertElliott(GilbertElliott {
                    stream,
                    chain,
                    loss,
                    bad: false,
                })
            }
            LossSpec::State {
                p13,
                p31,
                p32,
                p23,
                p14,
            } => Self::FourState(FourState {
                stream,
                p13,
                p31,
                p32,
                p23,
                p14,
                state: State::GapReceived,
            }),
        }
    }

    /// Other parameters for the packets to come. The same model keeps its state, another one
    /// begins; either goes on with the same stream.
    pub fn reconfigure(&mut self, spec: &LossSpec) {
        let next = Self::new(spec, self.stream().clone());
        match (&mut *self, next) {
            (Self::Random(coin), Self::Random(_)) => {
                if let LossSpec::Random { p, correlation } = *spec {
                    coin.reconfigure(p, correlation);
                }
            }
            (Self::GilbertElliott(old), Self::GilbertElliott(new)) => {
                *old = GilbertElliott {
                    bad: old.bad,
                    ..new
                };
            }
            (Self::FourState(old), Self::FourState(new)) => {
                *old = FourState {
                    state: old.state,
                    ..new
                };
            }
            (_, next) => *self = next,
        }
    }

    /// Whether the next packet is lost.
    #[inline]
    pub fn loses(&mut self) -> bool {
        match self {
            Self::Random(coin) => coin.toss(),
            Self::GilbertElliott(chain) => chain.loses(),
            Self::FourState(chain) => chain.loses(),
        }
    }

    /// The share of packets lost in the long run.
    #[must_use]
    pub fn rate(&self) -> f64 {
        match self {
            Self::Random(coin) => coin.rate(),
            Self::GilbertElliott(chain) => chain.rate(),
            Self::FourState(chain) => chain.rate(),
        }
    }

    /// The mean number of packets lost in a row; NaN where none is ever lost.
    #[must_use]
    pub fn mean_burst(&self) -> f64 {
        match self {
            Self::Random(coin) => coin.mean_run(),
            Self::GilbertElliott(chain) => chain.mean_burst(),
            Self::FourState(chain) => chain.mean_burst(),
        }
    }

    fn stream(&self) -> &Stream {
        match self {
            Self::Random(coin) => coin.stream(),
            Self::GilbertElliott(chain) => &chain.stream,
            Self::FourState(chain) => &chain.stream,
        }
    }
}

/// A good and a bad state, good at first. A packet is lost with the probability of the state
/// before the move. Two draws a packet.
#[derive(Clone, Debug)]
pub struct GilbertElliott {
    stream: Stream,
    /// Probability to leave the good state, p, and the bad one, r.
    chain: [f64; 2],
    /// Loss in the good state, 1 - k, and in the bad one, 1 - h.
    loss: [f64; 2],
    bad: bool,
}

impl GilbertElliott {
    #[inline]
    fn loses(&mut self) -> bool {
        let state = usize::from(self.bad);
        self.bad ^= self.stream.chance(self.chain[state]);
        self.stream.chance(self.loss[state])
    }

    /// Stationary probability of the bad state, p/(p + r); 0 where it is never entered.
    fn bad_share(&self) -> f64 {
        let [p, r] = self.chain;
        if p == 0.0 { 0.0 } else { p / (p + r) }
    }

    /// ((1 - k)r + (1 - h)p)/(p + r).
    fn rate(&self) -> f64 {
        let bad = self.bad_share();
        self.loss[0] * (1.0 - bad) + self.loss[1] * bad
    }

    /// 1/(1 - P(L|L)), where P(LL) sums π(i) l(i) P(i→j) l(j); 1/r where h = 0 and k = 1.
    fn mean_burst(&self) -> f64 {
        let ([p, r], [good, bad]) = (self.chain, self.loss);
        let share = self.bad_share();
        let after_good = (1.0 - share) * good * ((1.0 - p) * good + p * bad);
        let after_bad = share * bad * (r * good + (1.0 - r) * bad);
        let rate = self.rate();
        rate / (rate - after_good - after_bad)
    }
}

/// Four states, 1 at first. A packet is lost when 3 or 4 is entered or kept. One draw a packet.
#[derive(Clone, Debug)]
pub struct FourState {
    stream: Stream,
    p13: f64,
    p31: f64,
    p32: f64,
    p23: f64,
    p14: f64,
    state: State,
}

/// The states, in the order of their numbers, 1 to 4.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    GapReceived,
    BurstReceived,
    BurstLost,
    GapLost,
}

impl FourState {
    #[inline]
    fn loses(&mut self) -> bool {
        self.state = self.successor();
        matches!(self.state, State::BurstLost | State::GapLost)
    }

    fn successor(&mut self) -> State {
        let u = self.stream.uniform();
        match self.state {
            State::GapReceived if u < self.p14 => State::GapLost,
            State::GapReceived if u < self.p14 + self.p13 => State::BurstLost,
            State::BurstReceived if u < self.p23 => State::BurstLost,
            State::BurstLost if u < self.p31 => State::GapReceived,
            State::BurstLost if u < self.p31 + self.p32 => State::BurstReceived,
            State::GapLost => State::GapReceived,
            unchanged => unchanged,
        }
    }

    /// Shares of the states 3 and 4, over D = p13 p23 + p23 p31 + p14 p23 p31 + p13 p32.
    fn lost_shares(&self) -> [f64; 2] {
        if self.p13 == 0.0 {
            return [0.0, self.p14 / (1.0 + self.p14)];
        }
        // Without a way into state 2 its way out does not matter, but would cancel D.
        let p23 = if self.p32 == 0.0 { 1.0 } else { self.p23 };
        let burst = self.p13 * p23;
        let gap = self.p14 * p23 * self.p31;
        let sum = burst + p23 * self.p31 + gap + self.p13 * self.p32;
        [burst / sum, gap / sum]
    }

    /// (p13 p23 + p14 p23 p31)/D.
    fn rate(&self) -> f64 {
        let [burst, gap] = self.lost_shares();
        burst + gap
    }

    /// Runs in state 3 last 1/(p31 + p32) packets, in state 4 one.
    fn mean_burst(&self) -> f64 {
        let [burst, gap] = self.lost_shares();
        (burst + gap) / (burst * (self.p31 + self.p32) + gap)
    }

    /// The mean length of a burst, lost and received packets together: E(B) = 1/(p31 ρ), where
    /// ρ = p23/(p23 + p32) is the share of the burst that is lost.
    #[must_use]
    pub fn burst_length(&self) -> f64 {
        (self.p23 + self.p32) / (self.p31 * self.p23)
    }
}

#[cfg(test)]
mod tests {
    use super::{Loss, State};
    use crate::apps::impairment::goodness::{chi_square, moments};
    use crate::apps::impairment::spec::LossSpec;
    use crate::rng::Stream;

    const PACKETS: usize = 1_000_000;

    fn model(spec: &LossSpec) -> Loss {
        Loss::new(spec, Stream::new(41, "loss"))
    }

    fn losses(spec: &LossSpec) -> Vec<bool> {
        let mut model = model(spec);
        (0..PACKETS).map(|_| model.loses()).collect()
    }

    fn count(lost: &[bool]) -> f64 {
        lost.iter().filter(|&&lost| lost).count() as f64
    }

    fn random(p: f64, correlation: f64) -> LossSpec {
        LossSpec::Random { p, correlation }
    }

    fn gilbert(p: f64, r: f64, bad_loss: f64, good_loss: f64) -> LossSpec {
        LossSpec::GilbertElliott {
            p,
            r,
            bad_loss,
            good_loss,
        }
    }

    fn state(p13: f64, p31: f64, p32: f64, p23: f64, p14: f64) -> LossSpec {
        LossSpec::State {
            p13,
            p31,
            p32,
            p23,
            p14,
        }
    }

    /// Standard deviation of the loss rate, by batches long enough to be independent.
    fn spread(lost: &[bool]) -> f64 {
        let batches: Vec<f64> = lost.chunks_exact(1000).map(count).collect();
        let (_, deviation) = moments(&batches);
        deviation / 1000.0 / (batches.len() as f64).sqrt()
    }

    fn runs(lost: &[bool]) -> Vec<usize> {
        let runs = lost.split(|lost| !lost).map(<[bool]>::len);
        runs.filter(|&length| length > 0).collect()
    }

    /// The p-value that run lengths are geometric with continuation probability `stay`.
    fn geometric(runs: &[usize], stay: f64) -> f64 {
        let total = runs.len() as f64;
        let share = |length: usize| total * stay.powi(length as i32 - 1);
        let last = (1..).find(|&length| share(length + 1) < 20.0).unwrap();
        let mut observed = vec![0_u64; last];
        runs.iter()
            .for_each(|&run| observed[run.min(last) - 1] += 1);
        let mut expected: Vec<f64> = (1..last).map(|l| share(l) * (1.0 - stay)).collect();
        expected.push(share(last));
        chi_square(&observed, &expected)
    }

    #[test]
    fn the_confidence_interval_of_random_loss_contains_p() {
        for p in [0.001, 0.01, 0.05, 0.2, 0.5] {
            let lost = count(&losses(&random(p, 0.0)));
            // 99 % Clopper-Pearson is within a packet of the normal interval at these counts.
            let half = 2.576 * (PACKETS as f64 * p * (1.0 - p)).sqrt() + 1.0;
            assert!((lost - PACKETS as f64 * p).abs() < half, "{p}: {lost}");
        }
    }

    #[test]
    fn every_model_loses_its_closed_form() {
        for spec in [
            random(0.003, 0.25),
            random(0.1, 0.5),
            gilbert(0.01, 0.2, 1.0, 0.0),
            gilbert(0.02, 0.3, 0.5, 0.01),
            gilbert(0.1, 0.1, 0.9, 0.2),
            state(0.02, 0.3, 0.0, 1.0, 0.0),
            state(0.01, 0.2, 0.3, 0.4, 0.02),
            state(0.0, 0.2, 0.0, 0.0, 0.25),
        ] {
            let lost = losses(&spec);
            let found = count(&lost) / PACKETS as f64;
            let rate = model(&spec).rate();
            assert!(
                (found - rate).abs() < 3.0 * spread(&lost),
                "{spec:?}: {found} {rate}"
            );
            let runs = runs(&lost);
            let mean = count(&lost) / runs.len() as f64;
            let burst = model(&spec).mean_burst();
            let half = 3.0 * burst / (runs.len() as f64).sqrt();
            assert!((mean - burst).abs() < half, "{spec:?}: {mean} {burst}");
        }
    }

    #[test]
    fn loss_follows_loss_as_often_as_the_closed_form_says() {
        for spec in [
            random(0.05, 0.4),
            gilbert(0.02, 0.25, 1.0, 0.0),
            gilbert(0.02, 0.3, 0.5, 0.01),
            state(0.01, 0.2, 0.3, 0.4, 0.02),
        ] {
            let lost = losses(&spec);
            let pairs = lost.windows(2).filter(|w| w[0] && w[1]).count() as f64;
            let after_loss = 1.0 - 1.0 / model(&spec).mean_burst();
            let half = 3.0 * (after_loss * (1.0 - after_loss) / count(&lost)).sqrt();
            assert!((pairs / count(&lost) - after_loss).abs() < half, "{spec:?}");
        }
    }

    #[test]
    fn bursts_are_geometric() {
        for (spec, stay) in [
            (gilbert(0.01, 0.2, 1.0, 0.0), 0.8),
            (gilbert(0.02, 0.5, 1.0, 0.0), 0.5),
            (random(0.05, 0.4), 0.05 + 0.4 * 0.95),
            (state(0.02, 0.3, 0.0, 1.0, 0.0), 0.7),
        ] {
            let p = geometric(&runs(&losses(&spec)), stay);
            assert!(p > 0.01, "{spec:?}: p {p}");
        }
    }

    #[test]
    fn a_burst_of_the_four_states_has_its_length() {
        let Loss::FourState(mut chain) = model(&state(0.01, 0.2, 0.3, 0.4, 0.0)) else {
            panic!("not four states")
        };
        let (mut inside, mut bursts) = (0.0, 0.0);
        for _ in 0..PACKETS {
            let before = chain.state;
            chain.loses();
            inside += f64::from(u8::from(chain.state != State::GapReceived));
            bursts += f64::from(u8::from(
                before == State::GapReceived && chain.state == State::BurstLost,
            ));
        }
        assert!((chain.burst_length() - 8.75).abs() < 1e-12);
        let half: f64 = 3.0 * 8.75 / f64::sqrt(bursts);
        assert!((inside / bursts - 8.75).abs() < half, "{}", inside / bursts);
    }

    #[test]
    fn the_state_before_the_move_decides() {
        // Always to bad and back: bad packets, and they alone, are lost, from the second on.
        let mut model = model(&gilbert(1.0, 1.0, 1.0, 0.0));
        let lost: Vec<bool> = (0..6).map(|_| model.loses()).collect();
        assert_eq!(lost, [false, true, false, true, false, true]);
    }

    #[test]
    fn entering_a_losing_state_loses() {
        let mut model = model(&state(0.0, 1.0, 0.0, 1.0, 1.0));
        let lost: Vec<bool> = (0..6).map(|_| model.loses()).collect();
        assert_eq!(lost, [true, false, true, false, true, false]);
    }

    #[test]
    fn chains_that_never_leave_a_state_have_a_rate() {
        assert_eq!(model(&gilbert(0.0, 0.0, 1.0, 0.25)).rate(), 0.25);
        assert_eq!(model(&gilbert(0.1, 0.0, 1.0, 0.0)).rate(), 1.0);
        assert_eq!(model(&state(0.1, 0.0, 0.0, 0.0, 0.0)).rate(), 1.0);
        assert_eq!(model(&state(0.0, 0.0, 0.0, 0.0, 0.0)).rate(), 0.0);
    }

    #[test]
    fn a_change_of_parameters_keeps_the_state() {
        let mut model = model(&state(1.0, 0.0, 0.0, 1.0, 0.0));
        assert!(model.loses());
        model.reconfigure(&state(0.0, 0.0, 0.0, 1.0, 0.0));
        assert!((0..10).all(|_| model.loses()), "still in state 3");
        model.reconfigure(&random(0.0, 0.0));
        assert!((0..10).all(|_| !model.loses()));
        assert_eq!(model.stream().position(), 21);
        assert!(matches!(model, Loss::Random(_)));
    }
}
