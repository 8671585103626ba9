//! Frames around IP packets, for a device whose file is a packet socket: where there is no TUN device
//! to be had, both ends of a veth pair stand in for one.
use crate::virtio::{self, Header};
use std::io;
use std::os::fd::RawFd;
use usernet_core::app::AppError;

/// Bytes of an Ethernet header without tags.
pub(crate) const LEN: usize = 14;

const VERSION_6: u8 = 6;
const IPV4: u16 = 0x0800;
const IPV6: u16 = 0x86dd;

/// What stands before each packet, and is not passed on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Framing {
    /// Whose frames these are: the address of the interface at the other end.
    to: [u8; 6],
}

impl Framing {
    /// Frames to the interface of this Ethernet address.
    ///
    /// # Errors
    /// It is none.
    pub(crate) fn new(address: &str) -> Result<Self, AppError> {
        let mut to = [0; 6];
        let mut parts = address.split(':');
        for byte in &mut to {
            let part = parts
                .next()
                .and_then(|part| u8::from_str_radix(part, 16).ok());
            *byte = part.ok_or_else(|| no_address(address))?;
        }
        if parts.next().is_some() {
            return Err(no_address(address));
        }
        Ok(Self { to })
    }

    /// The header before a packet that goes out.
    pub(crate) fn header(&self, packet: &[u8]) -> [u8; LEN] {
        let is_6 = packet.first().is_some_and(|first| first >> 4 == VERSION_6);
        let kind = if is_6 { IPV6 } else { IPV4 };
        let mut header = [0; LEN];
        header[..6].copy_from_slice(&self.to);
        header[6..12].copy_from_slice(&self.to);
        header[6] ^= 0b100;
        header[12..].copy_from_slice(&kind.to_be_bytes());
        header
    }
}

fn no_address(text: &str) -> AppError {
    AppError::config(format!("peer: \"{text}\" is no Ethernet address"))
}

/// The offload header of a frame, from that of its packet.
pub(crate) fn to_frame(mut header: Header) -> Header {
    if header[..2] != [0, 0] {
        virtio::shift(&mut header, LEN as i16);
    }
    header
}

/// The offload header of a packet, from that of its frame.
pub(crate) fn to_packet(mut header: Header) -> Header {
    virtio::shift(&mut header, -(LEN as i16));
    header
}

/// Makes a packet socket carry offload headers.
pub(crate) fn set_up(socket: RawFd) -> io::Result<()> {
    let yes: libc::c_int = 1;
    crate::packet_socket::set(socket, libc::PACKET_VNET_HDR, &yes)?;
    crate::packet_socket::set(socket, libc::PACKET_IGNORE_OUTGOING, &yes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_packet_goes_to_its_peer_with_its_type() {
        let framing = Framing::new("02:00:00:00:00:07").unwrap();
        let four = [2, 0, 0, 0, 0, 7, 6, 0, 0, 0, 0, 7, 8, 0];
        assert_eq!(framing.header(&[0x45, 0]), four);
        assert_eq!(framing.header(&[0x60, 0])[12..], [0x86, 0xdd]);
        assert_eq!(framing.header(&[])[12..], [8, 0]);
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for bad in [
            "",
            "02:00:00:00:00",
            "02:00:00:00:00:07:08",
            "02:00:00:00:00:0g",
        ] {
            assert!(Framing::new(bad).unwrap_err().message.contains(bad));
        }
    }

    #[test]
    fn places_move_by_the_header_there_and_back() {
        let mut header: Header = [1, 1, 0, 0, 0, 0, 0, 0, 16, 0];
        header[2..4].copy_from_slice(&40_u16.to_ne_bytes());
        header[6..8].copy_from_slice(&20_u16.to_ne_bytes());
        let framed = to_frame(header);
        assert_eq!(framed[2..4], 54_u16.to_ne_bytes());
        assert_eq!(framed[6..8], 34_u16.to_ne_bytes());
        assert_eq!(to_packet(framed), header);
        assert_eq!(to_frame([0; 10]), [0; 10]);
        assert_eq!(to_packet([0; 10]), [0; 10]);
    }
}
