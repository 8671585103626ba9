//! What is to become of peers: some in each breath, for a peer that is new costs an agreement of keys, and
//! traffic goes on beside thousands of them.
use super::spec::Peers;
use crate::wireguard::{PeerSpec, PublicKey};
use std::collections::{BTreeMap, BTreeSet};

/// How much is done in a breath: about half a millisecond.
const EACH_BREATH: u32 = 512;
/// What a peer that is new costs, beside one of which something else is said.
const NEW: u32 = 48;

/// One thing that is to become of a peer: what is said of it, or that it is forgotten.
pub(super) type Change = (PublicKey, Option<PeerSpec>);

/// Changes of peers that are to come, one for each.
#[derive(Default)]
pub(super) struct Changes(BTreeMap<PublicKey, Option<PeerSpec>>);

impl Changes {
    /// Something is said of peers, beside others. Where a peer is stays as it is where that is said as before.
    pub(super) fn say(&mut self, peers: &mut Peers, said: Peers) {
        for (key, spec) in said {
            if let Some(news) = news(&spec, peers.get(&key)) {
                self.put(key, news);
            }
            peers.insert(key, spec);
        }
    }

    /// Only these stay.
    pub(super) fn keep(&mut self, peers: &mut Peers, only: &BTreeSet<PublicKey>) {
        peers.retain(|key, _| {
            let stays = only.contains(key);
            if !stays {
                self.0.insert(*key, None);
            }
            stays
        });
    }

    fn put(&mut self, key: PublicKey, mut news: PeerSpec) {
        if let Some(Some(earlier)) = self.0.get(&key) {
            news.endpoint = news.endpoint.or(earlier.endpoint);
        }
        self.0.insert(key, Some(news));
    }

    /// Something else is said of this peer: what was to come is not.
    pub(super) fn forget(&mut self, key: &PublicKey) {
        self.0.remove(key);
    }

    /// Whether nothing is to come.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What one breath does.
    pub(super) fn take(&mut self, is_known: impl Fn(&PublicKey) -> bool) -> Vec<Change> {
        let (mut taken, mut left) = (Vec::new(), EACH_BREATH);
        while left > 0
            && let Some((key, spec)) = self.0.pop_first()
        {
            let cost = if is_known(&key) { 1 } else { NEW };
            left = left.saturating_sub(cost);
            taken.push((key, spec));
        }
        taken
    }
}

/// What is new of a peer.
fn news(spec: &PeerSpec, before: Option<&PeerSpec>) -> Option<PeerSpec> {
    let before = match before {
        Some(before) if before == spec => return None,
        Some(before) => before.endpoint,
        None => None,
    };
    Some(PeerSpec {
        endpoint: spec.endpoint.filter(|_| spec.endpoint != before),
        ..spec.clone()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::SECOND;

    fn key(number: u16) -> PublicKey {
        let mut key = [7; 32];
        key[..2].copy_from_slice(&number.to_be_bytes());
        PublicKey(key)
    }

    fn spec(port: u16, seconds: u64) -> PeerSpec {
        PeerSpec {
            endpoint: Some(([192, 0, 2, 1], port).into()),
            keepalive: Some(seconds * SECOND),
            ..PeerSpec::default()
        }
    }

    fn peers(all: &[(u16, PeerSpec)]) -> Peers {
        let all = all.iter().cloned();
        all.map(|(number, spec)| (key(number), spec)).collect()
    }

    /// What it takes to get from some peers to others.
    fn change(changes: &mut Changes, before: &mut Peers, after: &Peers) {
        changes.say(before, after.clone());
        changes.keep(before, &after.keys().copied().collect());
        assert_eq!(before, after);
    }

    #[test]
    fn new_peers_come_a_few_in_each_breath_and_others_sooner() {
        let all: Vec<_> = (0..1000).map(|number| (number, spec(1, 1))).collect();
        let mut changes = Changes::default();
        change(&mut changes, &mut Peers::new(), &peers(&all));
        let first = changes.take(|_| false);
        assert_eq!((first.len(), first[0].0), (11, key(0)));
        assert_eq!(changes.take(|_| true).len(), 512);
        assert_eq!(changes.take(|_| true).len(), 1000 - 11 - 512);
        assert!(changes.is_empty() && changes.take(|_| true).is_empty());
    }

    #[test]
    fn where_a_peer_is_is_said_once() {
        let (mut changes, mut before) = (Changes::default(), peers(&[(1, spec(1, 1))]));
        let after = peers(&[(1, spec(1, 2))]);
        change(&mut changes, &mut before, &after);
        let told = PeerSpec {
            endpoint: None,
            ..spec(1, 2)
        };
        assert_eq!(changes.take(|_| true), [(key(1), Some(told))]);
        change(&mut changes, &mut before, &after);
        assert!(changes.is_empty());
    }

    #[test]
    fn the_last_word_counts_and_nothing_of_it_is_lost() {
        let (mut changes, mut before) = (Changes::default(), Peers::new());
        let one = peers(&[(1, spec(1, 1)), (2, spec(1, 1))]);
        change(&mut changes, &mut before, &one);
        change(&mut changes, &mut before, &peers(&[(1, spec(1, 2))]));
        let told = [(key(1), Some(spec(1, 2))), (key(2), None)];
        assert_eq!(changes.take(|_| false), told);
        change(&mut changes, &mut before, &Peers::new());
        changes.forget(&key(1));
        assert!(changes.is_empty());
    }
}
