//! DNS messages, as far as whoever stands between a program and a resolver has to know them: the
//! question of a query, the addresses in an answer, and an answer of one's own (RFC 1035).
mod name;

use super::field::u16_at;
use name::{read_name, skip_name, write_name};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

pub use name::reversed;

/// The type of a record with an IPv4 address.
pub const A: u16 = 1;
/// The type of a record with a name: what an address is called.
pub const PTR: u16 = 12;
/// The type of a record with an IPv6 address (RFC 3596).
pub const AAAA: u16 = 28;
/// The class of the Internet, the only one in use.
pub const INTERNET: u16 = 1;

/// Bytes of a message's header.
const HEADER: usize = 12;
/// How many records of an answer are read at most: more than fit a datagram of the usual size.
const MOST_RECORDS: usize = 64;
/// A name that stands where the question's does.
const SAME_NAME: [u8; 2] = [0xc0, HEADER as u8];
const RESPONSE: u16 = 1 << 15;
const AUTHORITATIVE: u16 = 1 << 10;
const RECURSION_DESIRED: u16 = 1 << 8;
const RECURSION_AVAILABLE: u16 = 1 << 7;
/// Kind of query, and whether a message was cut.
const OPCODE: u16 = 0xf << 11;
const CUT: u16 = 1 << 9;

/// What a message asks, or answers.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Question {
    /// The name, in lower case, without the last dot. Bytes that are no plain ASCII are `?`.
    pub name: String,
    /// The type of the records asked for.
    pub kind: u16,
    /// Their class.
    pub class: u16,
    /// Where the question ends.
    end: usize,
}

/// A record of an answer of one's own.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Record<'a> {
    /// An address.
    Address(IpAddr),
    /// A name.
    Name(&'a str),
}

/// Reads a standard query: one that asks one thing.
#[must_use]
pub fn query(message: &[u8]) -> Option<Question> {
    let flags = u16_at(message, 2)?;
    (flags & (RESPONSE | OPCODE | CUT) == 0)
        .then(|| question(message))
        .flatten()
}

fn question(message: &[u8]) -> Option<Question> {
    let one = u16_at(message, 4)? == 1;
    let (name, end) = read_name(message, HEADER).filter(|_| one)?;
    Some(Question {
        name,
        kind: u16_at(message, end)?,
        class: u16_at(message, end + 2)?,
        end: end + 4,
    })
}

/// Reads an answer: tells the addresses that the name asked for was found to have, also where it is
/// another name for one that has them. What cannot be read ends it.
pub fn answers(message: &[u8], mut tell: impl FnMut(&str, IpAddr)) {
    let answered = u16_at(message, 2).is_some_and(|flags| flags & RESPONSE != 0);
    let Some(question) = question(message).filter(|_| answered) else {
        return;
    };
    let count = u16_at(message, 6).map_or(0, usize::from);
    let mut at = question.end;
    for _ in 0..count.min(MOST_RECORDS) {
        let Some((address, end)) = record(message, at) else {
            return;
        };
        at = end;
        if let Some(address) = address {
            tell(&question.name, address);
        }
    }
}

/// The address that a record holds, if it is one that does, and where the record ends.
fn record(message: &[u8], at: usize) -> Option<(Option<IpAddr>, usize)> {
    let at = skip_name(message, at)?;
    let (kind, class) = (u16_at(message, at)?, u16_at(message, at + 2)?);
    let start = at + 10;
    let end = start + usize::from(u16_at(message, at + 8)?);
    let data = message.get(start..end)?;
    let address = match kind {
        A => <[u8; 4]>::try_from(data)
            .ok()
            .map(|octets| Ipv4Addr::from(octets).into()),
        AAAA => <[u8; 16]>::try_from(data)
            .ok()
            .map(|octets| Ipv6Addr::from(octets).into()),
        _ => None,
    };
    Some((address.filter(|_| class == INTERNET), end))
}

/// Writes the answer to a query: these records of the name, to be kept so many seconds. None means that
/// the name has no record of that type. What does not fit the length field of the header is left out.
#[must_use]
pub fn answer(query: &[u8], question: &Question, records: &[Record<'_>], keep: u32) -> Vec<u8> {
    let asked = query.get(..question.end).unwrap_or_default();
    let mut message = asked.to_vec();
    if message.len() < HEADER {
        return message;
    }
    let flags = u16_at(query, 2).unwrap_or(0) & RECURSION_DESIRED;
    let flags = flags | RESPONSE | AUTHORITATIVE | RECURSION_AVAILABLE;
    let records = &records[..records.len().min(MOST_RECORDS)];
    message[2..4].copy_from_slice(&flags.to_be_bytes());
    message[6..8].copy_from_slice(&(records.len() as u16).to_be_bytes());
    message[8..HEADER].fill(0);
    for record in records {
        write_record(&mut message, record, keep);
    }
    message
}

fn write_record(message: &mut Vec<u8>, record: &Record<'_>, keep: u32) {
    let mut name = Vec::new();
    let (kind, data): (u16, &[u8]) = match record {
        Record::Address(IpAddr::V4(address)) => (A, &address.octets()),
        Record::Address(IpAddr::V6(address)) => (AAAA, &address.octets()),
        Record::Name(text) => {
            write_name(&mut name, text);
            (PTR, &name)
        }
    };
    message.extend(SAME_NAME);
    message.extend(kind.to_be_bytes());
    message.extend(INTERNET.to_be_bytes());
    message.extend(keep.to_be_bytes());
    message.extend((data.len() as u16).to_be_bytes());
    message.extend(data);
}

#[cfg(test)]
mod tests;
