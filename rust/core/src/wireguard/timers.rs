//! The timers of a peer (WireGuard paper §6): what happens, when what is heard and sent has been silent.
//!
//! | timer | set by | ended by | when it goes off |
//! |---|---|---|---|
//! | retry | an initiation that left | a session | the next one; after 90 s no more |
//! | keepalive | data that came | anything that left | an empty packet, so that the peer hears us |
//! | silence | data that left | anything that came | a new handshake: the peer does not hear us |
//! | persistent | anything either way | – | an empty packet, so that what is between keeps us in mind |
//! | wipe | a session | – | all keys are forgotten |
use super::REJECT_AFTER_TIME;
use crate::time::{MILLISECOND, Nanos, SECOND};

const REKEY_TIMEOUT: Nanos = 5 * SECOND;
const REKEY_ATTEMPT_TIME: Nanos = 90 * SECOND;
const KEEPALIVE_TIMEOUT: Nanos = 10 * SECOND;
/// Retries are late by up to so much, by chance, so that two peers do not go on answering each other.
pub(crate) const JITTER: Nanos = 334 * MILLISECOND;
/// So often an initiation is sent again.
const RETRIES: Nanos = REKEY_ATTEMPT_TIME / REKEY_TIMEOUT;

/// What is due.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Due {
    /// Another initiation, of the same attempt.
    Retry,
    /// An initiation, as the peer has not answered.
    Initiate,
    /// An empty packet.
    Keepalive,
    /// The attempt is over: what waits is lost.
    GiveUp,
    /// All keys are too old to be kept.
    Wipe,
}

/// When what is due.
#[derive(Debug, Default)]
pub(crate) struct Timers {
    /// The interval of persistent keepalives, if there are to be any.
    interval: Option<Nanos>,
    retry: Option<Nanos>,
    retries: Nanos,
    keepalive: Option<Nanos>,
    /// More came while an empty packet was due: another is to follow.
    another: bool,
    silence: Option<Nanos>,
    persistent: Option<Nanos>,
    wipe: Option<Nanos>,
    initiated: Option<Nanos>,
    /// Since when what left has not been answered.
    unanswered: Option<Nanos>,
}

impl Timers {
    /// Sets the interval of persistent keepalives; true where the first is due at once.
    pub(crate) fn set_interval(&mut self, interval: Option<Nanos>, now: Nanos) -> bool {
        let begins = interval.is_some() && self.interval.is_none();
        self.interval = interval;
        self.persistent = interval.map(|interval| now + interval);
        begins
    }

    /// Whether an attempt may begin: not so soon after the last initiation.
    pub(crate) fn may_initiate(&self, now: Nanos) -> bool {
        self.initiated
            .is_none_or(|at| now.saturating_sub(at) >= REKEY_TIMEOUT)
    }

    /// An initiation leaves, the first of an attempt or another one.
    pub(crate) fn initiated(&mut self, again: bool, jitter: Nanos, now: Nanos) {
        self.retries = if again { self.retries + 1 } else { 0 };
        self.initiated = Some(now);
        self.retry = Some(now + REKEY_TIMEOUT + jitter.min(JITTER));
    }

    /// There is a session, by a handshake that was begun here or there.
    pub(crate) fn session(&mut self, now: Nanos) {
        self.wipe = Some(now + 3 * REJECT_AFTER_TIME);
    }

    /// The handshake is complete, as far as we know.
    pub(crate) fn complete(&mut self) {
        (self.retry, self.retries) = (None, 0);
    }

    /// Whether data left, and nothing has come since.
    pub(crate) fn awaits_answer(&self) -> bool {
        self.silence.is_some()
    }

    /// When the first packet with data left of those that nothing has come for.
    pub(crate) fn unanswered(&self) -> Option<Nanos> {
        self.unanswered
    }

    /// The interval of persistent keepalives.
    pub(crate) fn interval(&self) -> Option<Nanos> {
        self.interval
    }

    /// A packet with data leaves.
    pub(crate) fn sent_data(&mut self, jitter: Nanos, now: Nanos) {
        let patience = KEEPALIVE_TIMEOUT + REKEY_TIMEOUT + jitter.min(JITTER);
        self.silence.get_or_insert(now + patience);
        self.unanswered.get_or_insert(now);
    }

    /// A packet with data came.
    pub(crate) fn received_data(&mut self, now: Nanos) {
        self.another |= self.keepalive.is_some();
        self.keepalive.get_or_insert(now + KEEPALIVE_TIMEOUT);
    }

    /// Something leaves that the peer will know is from us.
    pub(crate) fn sent(&mut self, now: Nanos) {
        (self.keepalive, self.another) = (None, false);
        self.passed(now);
    }

    /// Something came that is from the peer.
    pub(crate) fn received(&mut self, now: Nanos) {
        (self.silence, self.unanswered) = (None, None);
        self.passed(now);
    }

    fn passed(&mut self, now: Nanos) {
        self.persistent = self.interval.map(|interval| now + interval);
    }

    /// All is forgotten but what was asked for.
    pub(crate) fn forget(&mut self) {
        *self = Self {
            interval: self.interval,
            persistent: self.persistent,
            initiated: self.initiated,
            unanswered: self.unanswered,
            ..Self::default()
        };
    }

    /// When the next thing is due.
    pub(crate) fn deadline(&self) -> Option<Nanos> {
        let all = [self.retry, self.keepalive, self.silence, self.persistent];
        all.into_iter().chain([self.wipe]).flatten().min()
    }

    /// The next thing that is due, if something is; to be asked until nothing is.
    pub(crate) fn next_due(&mut self, now: Nanos) -> Option<Due> {
        let is_due = |timer: &mut Option<Nanos>| timer.take_if(|at| *at <= now).is_some();
        if is_due(&mut self.wipe) {
            return Some(Due::Wipe);
        }
        if is_due(&mut self.retry) {
            return Some(self.retry_or_give_up(now));
        }
        if is_due(&mut self.silence) {
            return Some(Due::Initiate);
        }
        if is_due(&mut self.keepalive) {
            let another = std::mem::take(&mut self.another);
            self.keepalive = another.then_some(now + KEEPALIVE_TIMEOUT);
            return Some(Due::Keepalive);
        }
        if is_due(&mut self.persistent) {
            self.passed(now);
            return Some(Due::Keepalive);
        }
        None
    }

    fn retry_or_give_up(&mut self, now: Nanos) -> Due {
        if self.retries < RETRIES {
            return Due::Retry;
        }
        self.keepalive = None;
        self.wipe.get_or_insert(now + 3 * REJECT_AFTER_TIME);
        Due::GiveUp
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is due up to a moment, and when.
    fn run(timers: &mut Timers, until: Nanos) -> Vec<(u64, Due)> {
        let mut all = Vec::new();
        while let Some(at) = timers.deadline().filter(|at| *at <= until) {
            while let Some(due) = timers.next_due(at) {
                all.push((at / SECOND, due));
                if due == Due::Retry {
                    timers.initiated(true, 0, at);
                }
            }
        }
        all
    }

    #[test]
    fn an_attempt_is_repeated_for_ninety_seconds() {
        let mut timers = Timers::default();
        timers.initiated(false, 0, 0);
        assert!(!timers.may_initiate(5 * SECOND - 1) && timers.may_initiate(5 * SECOND));
        let all = run(&mut timers, 200 * SECOND);
        let retries = (1..=18).map(|turn| (5 * turn, Due::Retry));
        let told: Vec<_> = retries.chain([(95, Due::GiveUp)]).collect();
        assert_eq!(all, told);
        assert_eq!(run(&mut timers, 9000 * SECOND), [(95 + 540, Due::Wipe)]);
    }

    #[test]
    fn retries_are_late_by_chance_but_not_by_much() {
        let mut timers = Timers::default();
        timers.initiated(false, Nanos::MAX, 0);
        assert_eq!(timers.deadline(), Some(5 * SECOND + JITTER));
    }

    #[test]
    fn who_only_listens_says_so_once_in_ten_seconds() {
        let mut timers = Timers::default();
        timers.received_data(0);
        timers.received(0);
        assert_eq!(run(&mut timers, 60 * SECOND), [(10, Due::Keepalive)]);
        (0..15).for_each(|second| timers.received_data(second * SECOND));
        let told = [(10, Due::Keepalive), (20, Due::Keepalive)];
        assert_eq!(run(&mut timers, 60 * SECOND), told);
    }

    #[test]
    fn nothing_is_said_that_was_said_already() {
        let mut timers = Timers::default();
        timers.received_data(0);
        timers.sent(SECOND);
        assert_eq!(run(&mut timers, 60 * SECOND), []);
    }

    #[test]
    fn a_peer_that_does_not_answer_is_asked_for_a_session() {
        let mut timers = Timers::default();
        timers.sent_data(0, 0);
        timers.sent_data(0, 9 * SECOND);
        assert_eq!(timers.deadline(), Some(15 * SECOND));
        timers.received(14 * SECOND);
        assert_eq!(timers.deadline(), None);
        assert_eq!(timers.unanswered(), None);
        timers.sent_data(0, 20 * SECOND);
        assert_eq!(run(&mut timers, 60 * SECOND), [(35, Due::Initiate)]);
        timers.sent_data(0, 61 * SECOND);
        timers.forget();
        assert_eq!(timers.unanswered(), Some(20 * SECOND));
        timers.received(62 * SECOND);
        assert_eq!(timers.unanswered(), None);
    }

    #[test]
    fn persistent_keepalives_fill_silence_alone() {
        let mut timers = Timers::default();
        assert!(timers.set_interval(Some(25 * SECOND), 0));
        assert!(!timers.set_interval(Some(25 * SECOND), 0));
        timers.received(20 * SECOND);
        let told = [(45, Due::Keepalive), (70, Due::Keepalive)];
        assert_eq!(run(&mut timers, 90 * SECOND), told);
        timers.set_interval(None, 90 * SECOND);
        assert_eq!(timers.deadline(), None);
    }

    #[test]
    fn keys_are_forgotten_after_nine_minutes() {
        let mut timers = Timers::default();
        timers.session(SECOND);
        timers.complete();
        assert_eq!(run(&mut timers, 9000 * SECOND), [(541, Due::Wipe)]);
    }
}
