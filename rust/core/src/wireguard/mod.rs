//! WireGuard (Donenfeld, "WireGuard: Next Generation Kernel Network Tunnel", revision of 2020): the
//! protocol whole, without clock, sockets and randomness of its own.
mod cipher;
mod cookie;
mod crew;
pub mod device;
mod inner;
pub mod keys;
mod limiter;
mod load;
pub mod message;
mod noise;
mod peer;
mod replay;
mod sealing;
mod session;
mod sessions;
mod strangers;
mod surroundings;
mod symmetric;
mod tai64n;
#[cfg(test)]
mod tests;
mod timers;

use crate::time::{Nanos, SECOND};
pub use crew::{Ahead, Crew, Task};
pub use device::{Device, Drops, PeerSpec, PeerStatus};
pub use keys::{PresharedKey, PrivateKey, PublicKey};
pub use noise::Identity;
pub use peer::Traffic;
pub use surroundings::{Arrival, Entropy, Outgoing};

/// The constants of §6.1: how much a session carries, and how long it lasts.
const REKEY_AFTER_MESSAGES: u64 = 1 << 60;
const REJECT_AFTER_MESSAGES: u64 = u64::MAX - (1 << 13);
const REKEY_AFTER_TIME: Nanos = 120 * SECOND;
const REJECT_AFTER_TIME: Nanos = 180 * SECOND;
