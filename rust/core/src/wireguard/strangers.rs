//! Who has called and is nobody's peer yet: their calls wait for somebody to say who they are.
use super::keys::PublicKey;
use super::message::INITIATION;
use super::surroundings::Arrival;
use crate::time::{Nanos, SECOND};
use std::collections::VecDeque;

/// How many calls wait.
const MOST: usize = 64;
/// How long: who has had no answer by then calls again (WireGuard paper §6.1, Rekey-Timeout).
const PATIENCE: Nanos = 5 * SECOND;

/// A call of somebody whom nobody knows yet.
pub(super) struct Call {
    public: PublicKey,
    pub(super) message: [u8; INITIATION],
    pub(super) arrival: Arrival,
    until: Nanos,
}

/// Calls in the order in which they came, one of each stranger.
#[derive(Default)]
pub(super) struct Strangers {
    waiting: VecDeque<Call>,
    /// How many of the first have been told to somebody.
    told: usize,
}

impl Strangers {
    /// Keeps a call, in place of an older one of the same stranger.
    pub(super) fn keep(
        &mut self,
        public: PublicKey,
        message: &[u8; INITIATION],
        arrival: Arrival,
        now: Nanos,
    ) {
        self.expire(now);
        let (message, until) = (*message, now + PATIENCE);
        let call = Call {
            public,
            message,
            arrival,
            until,
        };
        let mut waiting = self.waiting.iter();
        match waiting.position(|waiting| waiting.public == public) {
            Some(at) => self.waiting[at] = call,
            None if self.waiting.len() < MOST => self.waiting.push_back(call),
            None => {}
        }
    }

    fn expire(&mut self, now: Nanos) {
        let mut place = 0;
        let told = self.told;
        self.waiting.retain(|call| {
            let kept = call.until > now;
            self.told -= usize::from(!kept && place < told);
            place += 1;
            kept
        });
    }

    /// Whether there is somebody whom nobody has been told of.
    pub(super) fn has_news(&self) -> bool {
        self.told < self.waiting.len()
    }

    /// The next of whom nobody has been told.
    pub(super) fn tell(&mut self) -> Option<PublicKey> {
        let call = self.waiting.get(self.told)?;
        self.told += 1;
        Some(call.public)
    }

    /// Takes the call of this stranger.
    pub(super) fn take(&mut self, public: &PublicKey) -> Option<Call> {
        let at = self
            .waiting
            .iter()
            .position(|call| call.public == *public)?;
        self.told -= usize::from(at < self.told);
        self.waiting.remove(at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keep(strangers: &mut Strangers, byte: u8, now: Nanos) {
        let arrival = "192.0.2.1:1".parse::<std::net::SocketAddr>().unwrap();
        let (public, message) = (PublicKey([byte; 32]), [byte; INITIATION]);
        strangers.keep(public, &message, arrival.into(), now);
    }

    fn news(strangers: &mut Strangers) -> Vec<u8> {
        std::iter::from_fn(|| strangers.tell())
            .map(|key| key.0[0])
            .collect()
    }

    #[test]
    fn each_is_told_once_and_taken_once() {
        let mut strangers = Strangers::default();
        [1, 2, 1]
            .into_iter()
            .for_each(|byte| keep(&mut strangers, byte, 0));
        assert!(strangers.has_news());
        assert_eq!(news(&mut strangers), [1, 2]);
        assert!(!strangers.has_news());
        assert!(strangers.take(&PublicKey([1; 32])).is_some());
        assert!(strangers.take(&PublicKey([1; 32])).is_none());
        keep(&mut strangers, 3, 0);
        assert_eq!(news(&mut strangers), [3]);
    }

    #[test]
    fn calls_are_bounded_and_do_not_wait_for_ever() {
        let mut strangers = Strangers::default();
        (0..=MOST as u8).for_each(|byte| keep(&mut strangers, byte, 0));
        assert_eq!(news(&mut strangers).len(), MOST);
        keep(&mut strangers, 200, PATIENCE - 1);
        assert!(news(&mut strangers).is_empty());
        keep(&mut strangers, 200, PATIENCE);
        assert_eq!(
            (news(&mut strangers), strangers.waiting.len()),
            (vec![200], 1)
        );
    }
}
