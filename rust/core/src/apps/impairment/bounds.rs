//! The range of every number in an impairment's config.

use core::ops::RangeInclusive;

use super::spec::{
    AqmSpec, CoinSpec, DelaySpec, DistributionSpec, ImpairmentSpec, LossSpec, OutageSpec,
    PolicerSpec, QueueSpec, RateSpec, ReorderSpec, SlotSpec, SpecError, TraceSpec,
};

/// Longest time: whole numbers up to 2⁵³ are exact in JSON and in f64 (104 days).
const MAX_NS: u64 = 1 << 53;
/// Fastest rate: a terabit, so that a packet of 64 KiB takes at least 524 ns.
const MAX_RATE: u64 = 1_000_000_000_000;
/// Largest queue: a terabyte, or as many packets.
const MAX_QUEUE: u64 = 1 << 40;
/// Longest overhead either way: the largest IP packet.
const MAX_OVERHEAD: i32 = 65_535;
/// tc's own limit of a table.
const MAX_TABLE: usize = 16_384;
/// Three hours of a 1 Gbit/s trace.
const MAX_TRACE: usize = 10_000_000;
/// As many as there may be flows.
const MAX_SHARES: usize = 1024;
/// A turn of the one with the most weight against the least: 1.5 MB.
const MAX_WEIGHT: u32 = 1000;
/// RFC 8033's controller gains are near 1; this only keeps its sums finite.
const MAX_GAIN: f64 = 1e6;

/// A config whose numbers have a range.
pub(super) trait Bounds {
    /// The first number out of its range.
    fn bounds(&self) -> Result<(), Problem>;
}

/// A key, relative to where it was found, and what it may hold.
pub(super) struct Problem {
    key: &'static str,
    expected: String,
}

impl Problem {
    fn new(key: &'static str, expected: impl Into<String>) -> Self {
        let expected = expected.into();
        Self { key, expected }
    }

    /// The error for a problem found under `parent`.
    pub(super) fn at(self, parent: &str) -> SpecError {
        let separator = if parent.is_empty() { "" } else { "." };
        let key = format!("{parent}{separator}{}", self.key);
        SpecError {
            key,
            expected: self.expected,
        }
    }
}

fn range<T: PartialOrd + core::fmt::Display>(
    key: &'static str,
    value: T,
    allowed: RangeInclusive<T>,
) -> Result<(), Problem> {
    if allowed.contains(&value) {
        return Ok(());
    }
    let (start, end) = allowed.into_inner();
    Err(Problem::new(key, format!("{start} to {end}, not {value}")))
}

fn require(holds: bool, key: &'static str, expected: &str) -> Result<(), Problem> {
    if holds {
        Ok(())
    } else {
        Err(Problem::new(key, expected))
    }
}

fn probability(key: &'static str, value: f64) -> Result<(), Problem> {
    range(key, value, 0.0..=1.0)
}

fn table(key: &'static str, distribution: &DistributionSpec) -> Result<(), Problem> {
    let DistributionSpec::Table(values) = distribution else {
        return Ok(());
    };
    require(
        (1..=MAX_TABLE).contains(&values.len()),
        key,
        "1 to 16384 values",
    )
}

impl Bounds for ImpairmentSpec {
    fn bounds(&self) -> Result<(), Problem> {
        range("shares", self.shares.len(), 0..=MAX_SHARES)?;
        for weight in self.shares.values() {
            range("shares", *weight, 1..=MAX_WEIGHT)?;
        }
        let one = self.rate.is_none() || self.trace.is_none();
        require(one, "trace", "no rate beside it")?;
        // RFC 791: every link passes a datagram of 68 octets.
        range("mtu", self.mtu.unwrap_or(1500), 68..=MAX_OVERHEAD as u32)?;
        range("limit", self.limit.unwrap_or(1000), 1..=u32::MAX)
    }
}

impl Bounds for DelaySpec {
    fn bounds(&self) -> Result<(), Problem> {
        range("ns", self.ns, 0..=MAX_NS)?;
        range("jitter_ns", self.jitter_ns, 0..=MAX_NS)?;
        table("distribution.table", &self.distribution)?;
        probability("correlation", self.correlation)
    }
}

impl Bounds for LossSpec {
    fn bounds(&self) -> Result<(), Problem> {
        match *self {
            Self::Random { p, correlation } => CoinSpec { p, correlation }.bounds(),
            Self::GilbertElliott {
                p,
                r,
                bad_loss,
                good_loss,
            } => {
                probability("p", p)?;
                probability("r", r)?;
                probability("bad_loss", bad_loss)?;
                probability("good_loss", good_loss)
            }
            Self::State {
                p13,
                p31,
                p32,
                p23,
                p14,
            } => {
                probability("p13", p13)?;
                probability("p31", p31)?;
                probability("p32", p32)?;
                probability("p23", p23)?;
                probability("p14", p14)?;
                require(p31 + p32 <= 1.0, "p32", "at most 1 - p31")?;
                require(p13 + p14 <= 1.0, "p14", "at most 1 - p13")
            }
        }
    }
}

impl Bounds for CoinSpec {
    fn bounds(&self) -> Result<(), Problem> {
        probability("p", self.p)?;
        probability("correlation", self.correlation)
    }
}

impl Bounds for ReorderSpec {
    fn bounds(&self) -> Result<(), Problem> {
        probability("p", self.p)?;
        probability("correlation", self.correlation)?;
        range("gap", self.gap, 1..=u32::MAX)
    }
}

impl Bounds for RateSpec {
    fn bounds(&self) -> Result<(), Problem> {
        range("bits_per_second", self.bits_per_second, 1..=MAX_RATE)?;
        range("overhead", self.overhead, -MAX_OVERHEAD..=MAX_OVERHEAD)?;
        range("cell", self.cell, 0..=MAX_OVERHEAD as u32)?;
        range(
            "cell_overhead",
            self.cell_overhead,
            -MAX_OVERHEAD..=MAX_OVERHEAD,
        )?;
        let carries = self.cell == 0 || i64::from(self.cell) > -i64::from(self.cell_overhead);
        require(carries, "cell_overhead", "more than -cell")
    }
}

impl Bounds for TraceSpec {
    fn bounds(&self) -> Result<(), Problem> {
        let trace = &self.opportunities_ms;
        let key = "opportunities_ms";
        let length = 1..=MAX_TRACE;
        require(length.contains(&trace.len()), key, "1 to 10000000 times")?;
        require(trace.is_sorted(), key, "ascending times")?;
        let ends = trace.last().is_some_and(|&last| last > 0);
        require(ends, key, "a last time above 0")
    }
}

impl Bounds for QueueSpec {
    fn bounds(&self) -> Result<(), Problem> {
        range("packets", self.packets.unwrap_or(1), 1..=MAX_QUEUE)?;
        range("bytes", self.bytes.unwrap_or(1), 1..=MAX_QUEUE)?;
        range("ns", self.ns.unwrap_or(1), 1..=MAX_NS)?;
        self.aqm.bounds()
    }
}

impl Bounds for AqmSpec {
    fn bounds(&self) -> Result<(), Problem> {
        match *self {
            Self::DropTail | Self::DropHead => Ok(()),
            Self::Red {
                min,
                max,
                probability: p,
                weight,
            } => {
                range("aqm.max", max, 1..=MAX_QUEUE)?;
                require(min < max, "aqm.max", "more than min")?;
                probability("aqm.probability", p)?;
                probability("aqm.weight", weight)
            }
            Self::CoDel {
                target_ns,
                interval_ns,
            } => sojourn(target_ns, interval_ns),
            Self::FqCoDel {
                target_ns,
                interval_ns,
                flows,
                quantum,
            } => {
                sojourn(target_ns, interval_ns)?;
                range("aqm.flows", flows, 1..=65_536)?;
                range("aqm.quantum", quantum, 1..=1 << 20)
            }
            Self::Pie {
                target_ns,
                tupdate_ns,
                alpha,
                beta,
                max_burst_ns,
            } => {
                range("aqm.target_ns", target_ns, 1..=MAX_NS)?;
                range("aqm.tupdate_ns", tupdate_ns, 1..=MAX_NS)?;
                range("aqm.alpha", alpha, 0.0..=MAX_GAIN)?;
                range("aqm.beta", beta, 0.0..=MAX_GAIN)?;
                range("aqm.max_burst_ns", max_burst_ns, 0..=MAX_NS)
            }
        }
    }
}

fn sojourn(target_ns: u64, interval_ns: u64) -> Result<(), Problem> {
    range("aqm.target_ns", target_ns, 1..=MAX_NS)?;
    range("aqm.interval_ns", interval_ns, 1..=MAX_NS)
}

impl Bounds for SlotSpec {
    fn bounds(&self) -> Result<(), Problem> {
        range("max_ns", self.max_ns, 0..=MAX_NS)?;
        require(self.min_ns <= self.max_ns, "max_ns", "at least min_ns")?;
        self.distribution
            .as_ref()
            .map_or(Ok(()), |shape| table("distribution.table", shape))?;
        range("delay_ns", self.delay_ns, 0..=MAX_NS)?;
        range("jitter_ns", self.jitter_ns, 0..=MAX_NS)
    }
}

impl Bounds for PolicerSpec {
    fn bounds(&self) -> Result<(), Problem> {
        range("bits_per_second", self.bits_per_second, 1..=MAX_RATE)?;
        range("burst", self.burst, 1..=MAX_QUEUE)
    }
}

impl Bounds for OutageSpec {
    fn bounds(&self) -> Result<(), Problem> {
        range("period_ns", self.period_ns, 1..=MAX_NS)?;
        range("down_ns", self.down_ns, 0..=self.period_ns)?;
        range("offset_ns", self.offset_ns, 0..=MAX_NS)
    }
}
