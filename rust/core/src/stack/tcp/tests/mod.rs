//! Connections, two at a time and alone, in virtual time.
mod line;
mod pair;
mod transfers;
