//! The sender as a whole: against scripts with exact times, and against a model of a network.
// A single SACK block is a slice of one range.
#![allow(clippy::single_range_in_vec_init)]
mod chaos;
mod fast_recovery;
mod goodput;
mod line;
mod mistakes;
mod newreno;
mod peer;
mod rig;
mod script;
mod tail;
mod timeout;
