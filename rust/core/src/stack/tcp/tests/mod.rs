//! Connections, two at a time and alone, in virtual time.
mod line;
mod memory;
mod notation;
mod pacing;
mod pair;
mod properties;
mod rfc2018;
mod rfc3168;
mod rfc4821;
mod rfc4987;
mod rfc5927;
mod rfc5961;
mod rfc6191;
mod rfc6298;
mod rfc7323;
mod rfc9293;
pub(crate) mod script;
mod transfers;
