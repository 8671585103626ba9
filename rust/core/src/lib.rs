//! The engine of usernet and everything that runs on it without an operating system.
#![forbid(unsafe_code)]
