//! ARP (RFC 826) for IPv4 over Ethernet.
use super::address::Mac;
use std::net::Ipv4Addr;

/// Bytes of a message.
pub(super) const LEN: usize = 28;
/// Hardware Ethernet, protocol IPv4, and the lengths of their addresses.
const KIND: [u8; 6] = [0, 1, 8, 0, 6, 4];
const REQUEST: u8 = 1;
const REPLY: u8 = 2;

/// A question or an answer.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Message {
    pub(super) is_request: bool,
    pub(super) sender: (Mac, Ipv4Addr),
    pub(super) target: (Mac, Ipv4Addr),
}

impl Message {
    /// Reads a message, which may be padded.
    pub(super) fn parse(bytes: &[u8]) -> Option<Self> {
        let bytes: &[u8; LEN] = bytes.first_chunk()?;
        let is_request = match bytes[6..8] {
            [0, REQUEST] => true,
            [0, REPLY] => false,
            _ => return None,
        };
        let known = bytes[..6] == KIND;
        known.then_some(Self {
            is_request,
            sender: (mac(bytes, 8)?, address(bytes, 14)?),
            target: (mac(bytes, 18)?, address(bytes, 24)?),
        })
    }

    pub(super) fn emit(&self) -> [u8; LEN] {
        let mut bytes = [0; LEN];
        bytes[..6].copy_from_slice(&KIND);
        bytes[7] = if self.is_request { REQUEST } else { REPLY };
        bytes[8..14].copy_from_slice(&self.sender.0.0);
        bytes[14..18].copy_from_slice(&self.sender.1.octets());
        bytes[18..24].copy_from_slice(&self.target.0.0);
        bytes[24..].copy_from_slice(&self.target.1.octets());
        bytes
    }
}

fn mac(bytes: &[u8], at: usize) -> Option<Mac> {
    bytes.get(at..)?.first_chunk().copied().map(Mac)
}

fn address(bytes: &[u8], at: usize) -> Option<Ipv4Addr> {
    let octets: &[u8; 4] = bytes.get(at..)?.first_chunk()?;
    Some(Ipv4Addr::from(*octets))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_written_is_read(is_request: bool, macs: [[u8; 6]; 2], addresses: [u32; 2]) {
            let [sender, target] = [0, 1].map(|number| (Mac(macs[number]), Ipv4Addr::from_bits(addresses[number])));
            let message = Message { is_request, sender, target };
            prop_assert_eq!(Message::parse(&message.emit()), Some(message));
            prop_assert_eq!(Message::parse(&message.emit()[..LEN - 1]), None);
        }

        #[test]
        fn any_bytes_are_read_within_bounds(bytes: Vec<u8>) {
            let _ = Message::parse(&bytes);
        }
    }
}
