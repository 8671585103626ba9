//! Sockets: the table of a host, who hears what, and the kinds that are not TCP.
pub(crate) mod datagrams;
pub(crate) mod demux;
pub(crate) mod ports;
pub(crate) mod report;
pub(crate) mod table;
pub(crate) mod udp;
