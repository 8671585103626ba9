//! What TCP reaches: goodput and segments sent again over loss, round trip, queue and algorithm, kept as
//! tables; and what the formulas say it should.
//!
//! A change of how TCP sends changes the tables. See whether it is for the better, and write them anew:
//! `cargo test -p usernet-core --test tcp_tables -- --ignored`.
#![allow(clippy::unwrap_used)]
mod formulas;
mod path;
mod table;
