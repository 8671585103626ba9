//! Hosts on lines, in virtual time: exact results, and what malformed packets get.
#![allow(clippy::unwrap_used)]
mod config;
mod crowd;
mod ethernet;
mod everybody;
mod fragments;
mod icmp;
mod malformed;

mod net;
mod routing;
mod straight;
mod tcp;
mod tunnel;
mod udp;
mod wire;
