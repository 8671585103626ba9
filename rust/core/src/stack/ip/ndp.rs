//! Neighbour discovery: solicitations and advertisements (RFC 4861 §4.3, §4.4).
use super::address::Mac;
use std::net::Ipv6Addr;

/// Types of ICMPv6.
const SOLICITATION: u8 = 135;
const ADVERTISEMENT: u8 = 136;
/// Bytes of a message with one link-layer address.
pub(super) const LEN: usize = 32;
/// Bytes up to the options.
const FIXED: usize = 24;
/// Options: the source's and the target's link-layer address.
const SOURCE: u8 = 1;
const TARGET: u8 = 2;
/// Flags of an advertisement.
const SOLICITED: u8 = 0x40;
const OVERRIDE: u8 = 0x20;
const ROUTER: u8 = 0x80;

/// A question or an answer.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Message {
    /// Who has this address?
    Solicitation {
        target: Ipv6Addr,
        /// Where the asker is.
        source: Option<Mac>,
    },
    /// This address is here.
    Advertisement {
        target: Ipv6Addr,
        mac: Option<Mac>,
        solicited: bool,
        overrides: bool,
        router: bool,
    },
}

impl Message {
    /// Reads an ICMPv6 message whose checksum and hop limit are right; nothing where it is another,
    /// or RFC 4861 §7.1 has it let go.
    pub(super) fn parse(bytes: &[u8]) -> Option<Self> {
        let fixed: &[u8; FIXED] = bytes.first_chunk()?;
        let (kind, code, flags) = (fixed[0], fixed[1], fixed[4]);
        let target: [u8; 16] = fixed[8..].try_into().ok()?;
        let target = Ipv6Addr::from(target);
        let options = options(bytes.get(FIXED..)?)?;
        let [source, mac] = options;
        if code != 0 || target.is_multicast() {
            return None;
        }
        match kind {
            SOLICITATION => Some(Self::Solicitation { target, source }),
            ADVERTISEMENT => Some(Self::Advertisement {
                target,
                mac,
                solicited: flags & SOLICITED != 0,
                overrides: flags & OVERRIDE != 0,
                router: flags & ROUTER != 0,
            }),
            _ => None,
        }
    }

    /// Writes the message without its checksum.
    pub(super) fn emit(&self) -> [u8; LEN] {
        let mut bytes = [0; LEN];
        let (target, option) = match *self {
            Self::Solicitation { target, source } => {
                bytes[0] = SOLICITATION;
                (target, source.map(|mac| (SOURCE, mac)))
            }
            Self::Advertisement {
                target,
                mac,
                solicited,
                overrides,
                router,
            } => {
                bytes[0] = ADVERTISEMENT;
                let flags = [
                    (solicited, SOLICITED),
                    (overrides, OVERRIDE),
                    (router, ROUTER),
                ];
                bytes[4] = flags.iter().filter(|flag| flag.0).map(|flag| flag.1).sum();
                (target, mac.map(|mac| (TARGET, mac)))
            }
        };
        bytes[8..FIXED].copy_from_slice(&target.octets());
        if let Some((kind, mac)) = option {
            bytes[FIXED..FIXED + 2].copy_from_slice(&[kind, 1]);
            bytes[FIXED + 2..].copy_from_slice(&mac.0);
        }
        bytes
    }
}

/// The source's and the target's link-layer address; nothing where an option has no length.
fn options(mut bytes: &[u8]) -> Option<[Option<Mac>; 2]> {
    let mut found = [None; 2];
    while let &[kind, units, ref rest @ ..] = bytes {
        let len = usize::from(units) * 8;
        let after = bytes.get(len..).filter(|_| len > 0)?;
        let mac = rest.first_chunk().copied().map(Mac);
        match kind {
            SOURCE => found[0] = mac,
            TARGET => found[1] = mac,
            _ => {}
        }
        bytes = after;
    }
    Some(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_written_is_read(target: u128, mac: [u8; 6], flags: [bool; 3], asks: bool) {
            let target = Ipv6Addr::from_bits(target & !(1 << 127));
            let [solicited, overrides, router] = flags;
            let message = if asks {
                Message::Solicitation { target, source: Some(Mac(mac)) }
            } else {
                Message::Advertisement { target, mac: Some(Mac(mac)), solicited, overrides, router }
            };
            prop_assert_eq!(Message::parse(&message.emit()), Some(message));
        }

        #[test]
        fn any_bytes_are_read_within_bounds(mut bytes: Vec<u8>, kind in 135_u8..137) {
            if let [first, second, ..] = &mut bytes[..] {
                (*first, *second) = (kind, 0);
            }
            let _ = Message::parse(&bytes);
        }
    }

    #[test]
    fn an_option_without_length_spoils_the_message() {
        let mut bytes = Message::Solicitation {
            target: Ipv6Addr::LOCALHOST,
            source: None,
        }
        .emit();
        bytes[FIXED] = SOURCE;
        assert_eq!(Message::parse(&bytes), None);
    }
}
