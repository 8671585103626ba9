//! What stands on the wire: headers read with bounds, checksums, super-packets cut into packets,
//! and packet filters. Every function takes bytes of any kind and never panics.

pub mod bpf;
pub mod checksum;
pub mod dns;
pub mod ecn;
pub(crate) mod field;
pub mod flow;
pub mod headers;
pub(crate) mod merge;
mod parcel;
pub(crate) mod plan;
#[cfg(test)]
pub(crate) mod samples;
pub mod segment;
pub mod zone;
