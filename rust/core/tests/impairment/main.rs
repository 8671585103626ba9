//! The impairment as an app of a graph, in virtual time: what leaves when, what is dropped why.
#![allow(clippy::unwrap_used)]
mod chances;
mod changes;
mod lanes;
mod late;
mod netem;
mod offload;
mod order;
mod rig;
mod timing;
