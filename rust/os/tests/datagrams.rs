//! Datagrams of programs through a gateway: UDP, ICMP echo, what becomes of them, and the DNS.
#![allow(clippy::unwrap_used)]
mod datagrams {
    mod dns;
    mod echo;
    mod errors;
    mod network;
    mod udp;
}
mod gated;
mod namespaces;
