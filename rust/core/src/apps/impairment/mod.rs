//! What a bad link does to packets: one file per effect, none of which knows of a packet's bytes.

pub mod app;
pub mod aqm;
mod assembly;
pub mod bottleneck;
mod bounds;
pub mod coin;
pub mod correlation;
pub mod delay;
pub mod distribution;
mod exit;
pub mod fifo;
#[cfg(test)]
mod goodness;
pub mod lateness;
pub mod line;
pub mod loss;
mod model;
pub mod netem;
pub mod opportunity;
pub mod outage;
pub mod parcel;
pub mod pipeline;
pub mod policer;
#[cfg(test)]
mod probe;
pub mod queue;
pub mod reorder;
pub mod rules;
pub mod serializer;
pub mod shared;
mod shares;
pub mod slot;
pub mod spec;
