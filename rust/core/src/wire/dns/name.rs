//! Names of the DNS: labels with their lengths, the last one empty or a pointer to an earlier name (RFC
//! 1035 §3.1, §4.1.4).
use super::super::field::u16_at;
use super::HEADER;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The longest name, as text: 255 bytes on the wire (RFC 1035 §2.3.4).
const LONGEST: usize = 253;
const LONGEST_LABEL: usize = 63;
/// The two bits that say that a length is none, but a pointer.
const POINTER: u8 = 0xc0;

/// Reads the name at a place: in lower case, and where it ends. A pointer leads backwards only, so
/// that none leads in a circle, and not into the message's header.
pub(super) fn read_name(message: &[u8], at: usize) -> Option<(String, usize)> {
    let end = skip_name(message, at)?;
    let (mut name, mut at, mut before) = (String::new(), at, at);
    while let length @ 1.. = *message.get(at)? {
        if length & POINTER == POINTER {
            at = usize::from(u16_at(message, at)? & 0x3fff);
            if at >= before || at < HEADER {
                return None;
            }
            before = at;
            continue;
        }
        let label = message.get(at + 1..)?.get(..usize::from(length))?;
        at += 1 + label.len();
        push_label(&mut name, label);
        if length & POINTER != 0 || name.len() > LONGEST {
            return None;
        }
    }
    Some((name, end))
}

fn push_label(name: &mut String, label: &[u8]) {
    if !name.is_empty() {
        name.push('.');
    }
    let plain = |byte: &u8| match byte {
        b'!'..=b'~' if *byte != b'.' => char::from(byte.to_ascii_lowercase()),
        _ => '?',
    };
    name.extend(label.iter().map(plain));
}

/// Where the name at a place ends.
pub(super) fn skip_name(message: &[u8], mut at: usize) -> Option<usize> {
    loop {
        match *message.get(at)? {
            0 => return Some(at + 1),
            length if length & POINTER == POINTER => return Some(at + 2),
            length if length & POINTER != 0 => return None,
            length => at += 1 + usize::from(length),
        }
    }
}

/// Writes a name; labels that are too long are cut.
pub(super) fn write_name(into: &mut Vec<u8>, name: &str) {
    for label in name.split('.').filter(|label| !label.is_empty()) {
        let label = &label.as_bytes()[..label.len().min(LONGEST_LABEL)];
        into.push(label.len() as u8);
        into.extend(label);
    }
    into.push(0);
}

/// The address that such a name stands for which asks what an address is called (RFC 1035 §3.5, RFC 3596
/// §2.5).
#[must_use]
pub fn reversed(name: &str) -> Option<IpAddr> {
    if let Some(digits) = name.strip_suffix(".ip6.arpa") {
        return reversed_v6(digits);
    }
    let mut octets = [0; 4];
    let mut labels = name.strip_suffix(".in-addr.arpa")?.rsplit('.');
    for octet in &mut octets {
        *octet = labels.next()?.parse().ok()?;
    }
    labels
        .next()
        .is_none()
        .then(|| Ipv4Addr::from(octets).into())
}

fn reversed_v6(digits: &str) -> Option<IpAddr> {
    let mut bits = 0_u128;
    let mut count = 0;
    for label in digits.rsplit('.') {
        let digit = u8::from_str_radix(label, 16)
            .ok()
            .filter(|_| label.len() == 1)?;
        bits = bits << 4 | u128::from(digit);
        count += 1;
    }
    (count == 32).then(|| Ipv6Addr::from_bits(bits).into())
}
