//! What a bad link does to packets: one file per effect, none of which knows of a packet's bytes.

mod bounds;
pub mod coin;
pub mod correlation;
pub mod delay;
pub mod distribution;
#[cfg(test)]
mod goodness;
pub mod lateness;
pub mod line;
pub mod loss;
pub mod netem;
pub mod parcel;
pub mod reorder;
pub mod spec;
