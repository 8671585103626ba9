//! The only system calls of usernet, and its only `unsafe`.
