//! WireGuard (Donenfeld, "WireGuard: Next Generation Kernel Network Tunnel", revision of 2020): the
//! protocol whole, without clock, sockets and randomness of its own.
mod cookie;
pub mod keys;
mod limiter;
pub mod message;
mod noise;
mod replay;
mod session;
mod symmetric;
mod tai64n;

use crate::time::{Nanos, SECOND};
pub use keys::{PresharedKey, PrivateKey, PublicKey};
pub use noise::Identity;

/// The constants of §6.1: how much a session carries, and how long it lasts.
const REKEY_AFTER_MESSAGES: u64 = 1 << 60;
const REJECT_AFTER_MESSAGES: u64 = u64::MAX - (1 << 13);
const REJECT_AFTER_TIME: Nanos = 180 * SECOND;
