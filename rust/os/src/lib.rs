//! The only system calls of usernet, and its only `unsafe`.
#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod clock;
pub mod drive;
pub mod poll;
pub mod registry;
