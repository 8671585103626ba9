//! Those that share an impairment's queue: who came through which input, and what became of it.
use super::model::Model;
use super::spec::ImpairmentSpec;
use crate::cause::Cause;
use serde_json::{Map, Value, json};
use std::sync::Arc;

/// The input of whoever has no share of its own.
pub(super) const RX: &str = "rx";

/// What is counted of one.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Count {
    packets_in: u64,
    bytes_in: u64,
    packets_out: u64,
    bytes_out: u64,
    dropped: [u64; Cause::ALL.len()],
}

#[derive(Clone, Debug)]
struct Share {
    name: Arc<str>,
    weight: u32,
    /// Whether the config still has it: its packets may take longer to leave.
    stays: bool,
    count: Count,
}

/// Those that share, each at the number that is the class of its packets; the first is `rx`.
#[derive(Default)]
pub(super) struct Shares(Vec<Share>);

impl Shares {
    /// Takes over who shares. One that is there keeps its number; numbers are given anew only
    /// where no packet is `held` that has one.
    pub(super) fn set(&mut self, spec: &ImpairmentSpec, held: bool) {
        if spec.shares.is_empty() && !held {
            self.0.clear();
            return;
        }
        let mut old = std::mem::take(&mut self.0);
        for share in &mut old {
            share.stays = &*share.name == RX || spec.shares.contains_key(&*share.name);
        }
        old.retain(|share| held || share.stays);
        self.0 = old;
        let names = std::iter::once(RX).chain(spec.shares.keys().map(String::as_str));
        for name in names {
            let weight = spec.shares.get(name).copied().unwrap_or(1);
            match self.number(name) {
                Some(number) => self.0[usize::from(number)].weight = weight,
                None => self.add(name, weight),
            }
        }
    }

    /// One beyond what numbers there are has none, and goes with the first.
    fn add(&mut self, name: &str, weight: u32) {
        if self.0.len() < usize::from(u16::MAX) {
            self.0.push(Share {
                name: name.into(),
                weight,
                stays: true,
                count: Count::default(),
            });
        }
    }

    fn number(&self, name: &str) -> Option<u16> {
        let found = self.0.iter().position(|share| &*share.name == name);
        found.map(|number| number as u16)
    }

    /// Whether packets come through the input of this name.
    pub(super) fn has(&self, input: &str) -> bool {
        input == RX || self.number(input).is_some()
    }

    /// Whether anybody shares.
    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The weights, by number.
    pub(super) fn weights(&self) -> Vec<u32> {
        self.0.iter().map(|share| share.weight).collect()
    }

    /// The class of what comes through the input of this name.
    pub(super) fn class(&self, input: &str) -> u16 {
        self.number(input).unwrap_or(0)
    }

    /// The name of a class.
    pub(super) fn name(&self, class: u16) -> Option<&Arc<str>> {
        self.0.get(usize::from(class)).map(|share| &share.name)
    }

    #[inline]
    fn count(&mut self, class: u16) -> Option<&mut Count> {
        self.0
            .get_mut(usize::from(class))
            .map(|share| &mut share.count)
    }

    #[inline]
    pub(super) fn came(&mut self, class: u16, packets: u64, bytes: u64) {
        if let Some(count) = self.count(class) {
            count.packets_in += packets;
            count.bytes_in += bytes;
        }
    }

    #[inline]
    pub(super) fn left(&mut self, class: u16, packets: u64, bytes: u64) {
        if let Some(count) = self.count(class) {
            count.packets_out += packets;
            count.bytes_out += bytes;
        }
    }

    #[inline]
    pub(super) fn dropped(&mut self, class: u16, cause: Cause, packets: u64) {
        if let Some(count) = self.count(class) {
            count.dropped[cause as usize] += packets;
        }
    }

    /// What is known of each by its name.
    pub(super) fn to_json(&self, model: &Model) -> Map<String, Value> {
        let staying = self.0.iter().enumerate().filter(|(_, share)| share.stays);
        let counted = staying.map(|(number, share)| {
            let count = &share.count;
            let (queue_packets, queue_bytes) = model.held(number);
            let value = json!({
                "weight": share.weight,
                "packets_in": count.packets_in, "bytes_in": count.bytes_in,
                "packets_out": count.packets_out, "bytes_out": count.bytes_out,
                "dropped": causes(&count.dropped),
                "queue_packets": queue_packets, "queue_bytes": queue_bytes,
            });
            (share.name.to_string(), value)
        });
        counted.collect()
    }
}

/// What was dropped by each cause that there was.
pub(super) fn causes(dropped: &[u64; Cause::ALL.len()]) -> Map<String, Value> {
    let causes = Cause::ALL.iter().zip(dropped);
    let there_were = causes.filter(|(_, count)| **count > 0);
    there_were
        .map(|(cause, count)| (cause.to_string(), (*count).into()))
        .collect()
}
