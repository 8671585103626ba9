//! The only system calls of usernet, and its only `unsafe`: the clock, the engine's thread, and the
//! apps that end at the operating system.
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod batch;
pub mod clock;
pub mod drive;
mod ethernet;
mod inbox;
mod interface;
pub mod local;
mod outbox;
mod packet_socket;
mod poll;
pub mod raw_socket;
pub mod registry;
mod ring;
pub mod run;
mod thread;
mod virtio;

pub use run::Run;
