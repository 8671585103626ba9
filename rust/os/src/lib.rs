//! The only system calls of usernet, and its only `unsafe`: the clock, the engine's thread, and the
//! apps that end at the operating system.
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod abandoned;
mod batch;
pub mod capture;
mod capture_file;
pub mod clock;
mod crew;
mod datagram;
pub mod device;
pub mod drive;
pub mod entropy;
mod epoll;
mod ethernet;
mod failures;
mod framing;
pub mod gateway;
mod inbox;
mod interface;
pub mod local;
mod machine;
mod outbox;
mod packet_socket;
pub mod pcap_reader;
pub mod pcap_writer;
mod pcapng;
mod poll;
pub mod raw_socket;
pub mod registry;
mod relay;
mod ring;
pub mod run;
pub mod splicing;
pub mod tap;
mod thread;
pub mod tun;
mod udp_socket;
mod virtio;

pub use drive::Waking;
pub use run::{Run, Turn};
