//! The config of an impairment, as JSON carries it: normalised values alone. Times are
//! nanoseconds, sizes bytes, rates bits per second, probabilities 0 to 1.
//!
//! `serde` accepts the shape, [`ImpairmentSpec::validate`] the values; what has passed both can
//! neither panic nor allocate without bound in a model.

use core::fmt;
use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize};

use super::bounds::{Bounds, Problem};
use crate::time::Nanos;

/// All effects of one impairment; an effect that is absent or null is off.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ImpairmentSpec {
    /// Latency and jitter.
    pub delay: Option<DelaySpec>,
    /// The loss model.
    pub loss: Option<LossSpec>,
    /// Packets sent twice.
    pub duplicate: Option<CoinSpec>,
    /// Packets with one bit flipped.
    pub corrupt: Option<CoinSpec>,
    /// Packets that overtake the delay.
    pub reorder: Option<ReorderSpec>,
    /// The serializer's rate; not together with `trace`.
    pub rate: Option<RateSpec>,
    /// The serializer's opportunities; not together with `rate`.
    pub trace: Option<TraceSpec>,
    /// The queue before the serializer.
    pub queue: Option<QueueSpec>,
    /// Mark packets of ECN-capable transports where loss or AQM would drop them.
    #[serde(deserialize_with = "null_is_default")]
    pub ecn: bool,
    /// Bursts of a medium that is accessed by turns.
    pub slot: Option<SlotSpec>,
    /// A rate beyond which packets are dropped, not queued.
    pub policer: Option<PolicerSpec>,
    /// Periodic or random loss of the line.
    pub outage: Option<OutageSpec>,
    /// The line is cut now.
    #[serde(deserialize_with = "null_is_default")]
    pub down: bool,
    /// Bytes of the largest IP packet that passes.
    pub mtu: Option<u32>,
    /// Another emulator's pipeline and arithmetic in place of ours.
    pub compat: Option<Compat>,
    /// netem's limit of packets in flight, its 1000 where absent; only with `compat`.
    pub limit: Option<u32>,
    /// Those that share the queue, each by the input through which its packets come, and its
    /// weight, 1 to 1000; `rx` has 1 unless it is among them.
    pub shares: BTreeMap<String, u32>,
    /// The weights of the shares by their classes: the app's own business.
    #[serde(skip)]
    pub weights: Vec<u32>,
}

/// The emulator that is imitated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Compat {
    /// Linux's netem, with its faults.
    Netem,
}

/// A random deviation's distribution.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
pub enum DistributionSpec {
    /// Flat between -σ and σ.
    #[default]
    Uniform,
    /// Normal with deviation σ.
    Normal,
    /// Pareto with shape 3.
    Pareto,
    /// A quarter normal, three quarters Pareto.
    ParetoNormal,
    /// 1 to 16384 values of equal probability, 8192 to a σ.
    Table(Vec<i16>),
}

/// Latency: `ns` plus `jitter_ns` times a draw from `distribution`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DelaySpec {
    /// μ.
    pub ns: Nanos,
    /// σ.
    #[serde(default)]
    pub jitter_ns: Nanos,
    /// The shape of the jitter.
    #[serde(default, deserialize_with = "null_is_default")]
    pub distribution: DistributionSpec,
    /// Lag-1 correlation of the delays, 0 to 1.
    #[serde(default)]
    pub correlation: f64,
    /// Whether a packet of smaller delay may overtake.
    #[serde(default = "yes")]
    pub allow_reordering: bool,
}

/// A loss model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "model", rename_all = "snake_case", deny_unknown_fields)]
pub enum LossSpec {
    /// Each packet with probability `p`.
    Random {
        /// Probability of loss.
        p: f64,
        /// Lag-1 correlation, 0 to 1.
        #[serde(default)]
        correlation: f64,
    },
    /// Two states, good and bad, that lose with different probabilities.
    GilbertElliott {
        /// Good to bad.
        p: f64,
        /// Bad to good.
        r: f64,
        /// Loss in the bad state, 1 - h.
        #[serde(default = "one")]
        bad_loss: f64,
        /// Loss in the good state, 1 - k.
        #[serde(default)]
        good_loss: f64,
    },
    /// Salsano's four states: 1 gap received, 2 burst received, 3 burst lost, 4 gap lost.
    State {
        /// 1 to 3.
        p13: f64,
        /// 3 to 1.
        p31: f64,
        /// 3 to 2.
        #[serde(default)]
        p32: f64,
        /// 2 to 3.
        #[serde(default = "one")]
        p23: f64,
        /// 1 to 4.
        #[serde(default)]
        p14: f64,
    },
}

/// An event that befalls packets with probability `p`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CoinSpec {
    /// Probability.
    pub p: f64,
    /// Lag-1 correlation, 0 to 1.
    #[serde(default)]
    pub correlation: f64,
}

/// Packets that are sent at once, before those that wait out the delay.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReorderSpec {
    /// Probability for each packet that `gap` allows.
    pub p: f64,
    /// Lag-1 correlation, 0 to 1.
    #[serde(default)]
    pub correlation: f64,
    /// At least this many packets from one to the next; from 1.
    #[serde(default = "first_gap")]
    pub gap: u32,
}

/// A serializer with a constant rate.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RateSpec {
    /// 1 to 10¹².
    pub bits_per_second: u64,
    /// Bytes added to each packet, or taken off.
    #[serde(default)]
    pub overhead: i32,
    /// Bytes of a cell's payload; 0 = no cells.
    #[serde(default)]
    pub cell: u32,
    /// Bytes added to each cell, or taken off.
    #[serde(default)]
    pub cell_overhead: i32,
}

/// A serializer driven by a mahimahi trace.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TraceSpec {
    /// Ascending milliseconds, 1 to 10⁷ of them, the last above 0.
    pub opportunities_ms: Vec<u32>,
}

/// A queue's limits, each absent = none, and its management.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct QueueSpec {
    /// Packets.
    pub packets: Option<u64>,
    /// Bytes.
    pub bytes: Option<u64>,
    /// Nanoseconds of waiting.
    pub ns: Option<Nanos>,
    /// What is dropped, and when.
    #[serde(deserialize_with = "null_is_default")]
    pub aqm: AqmSpec,
}

/// Queue management.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum AqmSpec {
    /// A full queue refuses the arriving packet.
    #[default]
    #[serde(rename = "droptail")]
    DropTail,
    /// A full queue gives up its oldest packet.
    #[serde(rename = "drophead")]
    DropHead,
    /// Random early detection.
    Red {
        /// Bytes of average queue where drops begin.
        min: u64,
        /// Bytes of average queue where all is dropped.
        max: u64,
        /// Probability at `max`.
        probability: f64,
        /// Weight of a new sample in the average.
        weight: f64,
    },
    /// RFC 8289.
    #[serde(rename = "codel")]
    CoDel {
        /// Acceptable standing delay.
        target_ns: Nanos,
        /// Window of the minimum.
        interval_ns: Nanos,
    },
    /// RFC 8290.
    #[serde(rename = "fq_codel")]
    FqCoDel {
        /// Acceptable standing delay.
        target_ns: Nanos,
        /// Window of the minimum.
        interval_ns: Nanos,
        /// Number of queues, 1 to 65536.
        flows: u32,
        /// Bytes a queue may send in a turn.
        quantum: u32,
    },
    /// RFC 8033.
    Pie {
        /// Reference delay.
        target_ns: Nanos,
        /// Period of the probability's update.
        tupdate_ns: Nanos,
        /// Weight of the deviation from the target, in 1/s.
        alpha: f64,
        /// Weight of the delay's trend, in 1/s.
        beta: f64,
        /// A burst that is let through.
        max_burst_ns: Nanos,
    },
}

/// A gate that opens from time to time and lets a burst through.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SlotSpec {
    /// Least time between openings, without `distribution`.
    pub min_ns: Nanos,
    /// Greatest time between openings, without `distribution`.
    pub max_ns: Nanos,
    /// Shape of the time between openings.
    pub distribution: Option<DistributionSpec>,
    /// Its mean, with `distribution`.
    pub delay_ns: Nanos,
    /// Its σ, with `distribution`.
    pub jitter_ns: Nanos,
    /// Packets per opening; 0 = no limit.
    pub packets: u32,
    /// Bytes per opening; 0 = no limit.
    pub bytes: u32,
}

/// A token bucket that drops.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PolicerSpec {
    /// 1 to 10¹².
    pub bits_per_second: u64,
    /// Bytes of the bucket.
    pub burst: u64,
}

/// Times without a line.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OutageSpec {
    /// Time down in each period.
    pub down_ns: Nanos,
    /// Time from one outage to the next.
    pub period_ns: Nanos,
    /// Start of the first outage.
    #[serde(default)]
    pub offset_ns: Nanos,
    /// Exponential times, down and up, with these means.
    #[serde(default)]
    pub random: bool,
}

/// A value that no impairment can have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpecError {
    /// Path of the key, such as `delay.jitter_ns`.
    pub key: String,
    /// What is allowed there.
    pub expected: String,
}

impl fmt::Display for SpecError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: expected {}", self.key, self.expected)
    }
}

impl core::error::Error for SpecError {}

impl ImpairmentSpec {
    /// Says whether every number is one that the models accept.
    ///
    /// # Errors
    /// The first key, in the order of the config, whose value is impossible.
    pub fn validate(&self) -> Result<(), SpecError> {
        within("delay", &self.delay)?;
        within("loss", &self.loss)?;
        within("duplicate", &self.duplicate)?;
        within("corrupt", &self.corrupt)?;
        within("reorder", &self.reorder)?;
        within("rate", &self.rate)?;
        within("trace", &self.trace)?;
        within("queue", &self.queue)?;
        within("slot", &self.slot)?;
        within("policer", &self.policer)?;
        within("outage", &self.outage)?;
        self.bounds().map_err(|problem| problem.at(""))
    }
}

impl ImpairmentSpec {
    /// Whether any effect is about single packets, so that a super-packet has to be cut. A plain
    /// delay and a cut line treat all packets of one alike.
    #[must_use]
    pub fn needs_single_packets(&self) -> bool {
        let jitters = self.delay.as_ref().is_some_and(|delay| delay.jitter_ns > 0);
        let chances = self.loss.is_some() || self.duplicate.is_some() || self.corrupt.is_some();
        let waits = self.rate.is_some() || self.trace.is_some() || self.slot.is_some();
        let limits = self.policer.is_some() || self.mtu.is_some();
        jitters || chances || waits || limits || self.reorder.is_some() || self.compat.is_some()
    }

    /// Whether packets wait for a moment of their own, and so can be late.
    #[must_use]
    pub fn makes_wait(&self) -> bool {
        let waits = self.rate.is_some() || self.trace.is_some() || self.slot.is_some();
        waits || self.delay.is_some()
    }
}

fn within<T: Bounds>(key: &str, effect: &Option<T>) -> Result<(), SpecError> {
    let bounds = effect.as_ref().map_or(Ok(()), Bounds::bounds);
    bounds.map_err(|problem: Problem| problem.at(key))
}

fn null_is_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Default + Deserialize<'de>,
{
    Option::deserialize(deserializer).map(Option::unwrap_or_default)
}

const fn yes() -> bool {
    true
}

const fn one() -> f64 {
    1.0
}

const fn first_gap() -> u32 {
    1
}

#[cfg(test)]
mod tests;
