//! The engine of usernet and everything that runs on it without an operating system: packets,
//! links, apps, impairments. Time and randomness come in as arguments; nothing here reads a clock,
//! opens a socket or points into Python.
#![forbid(unsafe_code)]
#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod action;
mod agenda;
pub mod app;
pub mod apps;
mod breath;
pub mod cause;
mod change;
mod deadlines;
pub mod drops;
pub mod engine;
mod graph;
mod lanes;
pub mod link;
pub mod log;
mod order;
pub mod packet;
pub mod rng;
pub mod stack;
mod statistics;
pub mod time;
pub mod wire;
pub mod wireguard;

pub use change::Registry;
