//! From the config to the parts of a pipeline.
use super::aqm::{AqmParams, CodelParams, FqCodelParams, PieParams, RedParams};
use super::bottleneck::{BottleneckParams, Line};
use super::distribution::Distribution;
use super::opportunity::Trace;
use super::outage::OutageParams;
use super::rules::Limits;
use super::serializer::Framing;
use super::slot::{Gap, SlotLimits, uniform_gap};
use super::spec::{AqmSpec, ImpairmentSpec, OutageSpec, QueueSpec, RateSpec, SlotSpec, TraceSpec};

/// Bytes that one opportunity of a trace pays for: mahimahi's packet with the header of its TUN.
const OPPORTUNITY: u32 = 1504;

/// The queue and the line behind it, where the config has a rate or a trace.
pub(super) fn bottleneck(spec: &ImpairmentSpec) -> Option<BottleneckParams> {
    let rate = spec.rate.as_ref().map(rate);
    let line = rate.or_else(|| trace(spec.trace.as_ref()?))?;
    let queue = spec.queue.clone().unwrap_or_default();
    let QueueSpec {
        packets,
        bytes,
        ns,
        aqm,
    } = queue;
    Some(BottleneckParams {
        line,
        limits: Limits { packets, bytes, ns },
        aqm: discipline(&aqm),
        ecn: spec.ecn,
        weights: spec.weights.clone(),
    })
}

fn rate(spec: &RateSpec) -> Line {
    let RateSpec {
        bits_per_second,
        overhead,
        cell,
        cell_overhead,
    } = *spec;
    Line::Rate {
        bits_per_second,
        framing: Framing {
            overhead,
            cell,
            cell_overhead,
        },
    }
}

/// Nothing where the trace is none, which `validate` has refused.
fn trace(spec: &TraceSpec) -> Option<Line> {
    Trace::new(&spec.opportunities_ms, OPPORTUNITY)
        .ok()
        .map(Line::Trace)
}

fn discipline(spec: &AqmSpec) -> AqmParams {
    match *spec {
        AqmSpec::DropTail => AqmParams::Droptail {},
        AqmSpec::DropHead => AqmParams::Drophead {},
        AqmSpec::Red {
            min,
            max,
            probability,
            weight,
        } => AqmParams::Red(RedParams {
            min,
            max,
            probability,
            weight,
        }),
        AqmSpec::CoDel {
            target_ns,
            interval_ns,
        } => AqmParams::Codel(CodelParams {
            target_ns,
            interval_ns,
        }),
        AqmSpec::FqCoDel {
            target_ns,
            interval_ns,
            flows,
            quantum,
        } => AqmParams::FqCodel(FqCodelParams {
            target_ns,
            interval_ns,
            flows,
            quantum,
        }),
        AqmSpec::Pie {
            target_ns,
            tupdate_ns,
            alpha,
            beta,
            max_burst_ns,
        } => AqmParams::Pie(PieParams {
            target_ns,
            tupdate_ns,
            alpha,
            beta,
            max_burst_ns,
        }),
    }
}

/// The slot's limits, and how its gaps are drawn.
pub(super) fn slot(spec: &ImpairmentSpec) -> Option<(SlotLimits, Gap)> {
    let spec = spec.slot.as_ref()?;
    let limits = SlotLimits {
        packets: spec.packets,
        bytes: spec.bytes,
    };
    Some((limits, gap(spec)))
}

fn gap(spec: &SlotSpec) -> Gap {
    let Some(distribution) = spec.distribution.as_ref().map(Distribution::new) else {
        return uniform_gap(spec.min_ns, spec.max_ns);
    };
    let (mean, spread) = (spec.delay_ns as f64, spec.jitter_ns as f64);
    Box::new(move |random| (mean + spread * distribution.sample(random.uniform())).max(0.0) as u64)
}

pub(super) fn outage(spec: &OutageSpec) -> OutageParams {
    let OutageSpec {
        down_ns,
        period_ns,
        offset_ns,
        random,
    } = *spec;
    OutageParams {
        down_ns,
        period_ns,
        offset_ns,
        random,
    }
}
