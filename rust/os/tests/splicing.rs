//! Connections between two hosts, each end spliced to a socket of this machine.
#![allow(clippy::unwrap_used)]
#[path = "splicing/carrying.rs"]
mod carrying;
#[path = "splicing/ending.rs"]
mod ending;
#[path = "splicing/pair.rs"]
mod pair;
#[path = "splicing/refusing.rs"]
mod refusing;
