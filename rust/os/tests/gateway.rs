//! Programs whose connections a gateway makes on real sockets.
#![allow(clippy::unwrap_used)]
mod gated;
mod gateway {
    mod connecting;
    mod ends;
    mod leading;
    mod moving;
}
mod namespaces;
