//! The order in which apps are pushed: downstream, so that a packet crosses the graph in one breath.

use std::collections::BTreeSet;

/// Places `0..count` in an order in which each comes behind those that feed it. Where links form a
/// ring, the smallest place of the ring goes first.
pub(crate) fn downstream(edges: &[(usize, usize)], count: usize) -> Vec<usize> {
    let mut feeders = vec![0_usize; count];
    let mut fed: Vec<Vec<usize>> = vec![Vec::new(); count];
    for &(from, to) in edges {
        feeders[to] += 1;
        fed[from].push(to);
    }
    let mut left: BTreeSet<usize> = (0..count).collect();
    let mut free: BTreeSet<usize> = (0..count).filter(|&place| feeders[place] == 0).collect();
    let mut order = Vec::with_capacity(count);
    while let Some(next) = free.pop_first().or_else(|| left.first().copied()) {
        left.remove(&next);
        order.push(next);
        for &to in &fed[next] {
            feeders[to] -= 1;
            if feeders[to] == 0 && left.contains(&to) {
                free.insert(to);
            }
        }
    }
    order
}

#[cfg(test)]
mod tests {
    use super::downstream;

    #[test]
    fn feeders_come_first() {
        assert_eq!(downstream(&[(2, 1), (1, 0)], 3), [2, 1, 0]);
    }

    #[test]
    fn a_ring_starts_at_its_smallest_place() {
        assert_eq!(downstream(&[(0, 1), (1, 0), (1, 2)], 3), [0, 1, 2]);
    }

    #[test]
    fn each_place_stands_once() {
        let mut order = downstream(&[(0, 3), (3, 1), (1, 3), (2, 2)], 4);
        order.sort_unstable();
        assert_eq!(order, [0, 1, 2, 3]);
    }
}
