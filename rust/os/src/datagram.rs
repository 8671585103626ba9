//! Datagrams of the machine's own sockets, in batches: what the gateway and `udp_socket` share.
pub(crate) mod control;
pub(crate) mod receiving;
pub(crate) mod socket_address;
pub(crate) mod trouble;
