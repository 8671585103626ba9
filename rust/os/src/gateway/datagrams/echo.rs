//! ICMP echo (RFC 792, RFC 4443 §4): by sockets of one identifier each where the system lets users have them,
//! else by one raw socket for all where it lets this process, else not.
use super::super::DATAGRAMS;
use super::super::datagram_socket::{DatagramSocket, Kind};
use super::{Datagrams, HEADER, UDP};
use crate::epoll::Epoll;
use std::io;
use usernet_core::app::Context;
use usernet_core::stack::Host;
use usernet_core::stack::compose::{self, Marks};
use usernet_core::stack::host::Stray;
use usernet_core::wire::checksum::update;

/// The keys of the raw sockets, which are no flows: beyond every place.
const RAW_V6: u32 = u32::MAX - 1;
const RAW_V4: u32 = u32::MAX;
/// Hop limit of what the gateway answers.
pub(super) const HOP_LIMIT: u8 = 64;

/// How the echo messages of a family go out.
pub(super) enum Echo {
    /// By a socket for each identifier.
    Ping,
    /// By this one.
    Raw(DatagramSocket),
    /// Not at all.
    Forbidden,
}

impl Echo {
    /// What the system lets us do.
    pub(super) fn open(v4: bool, epoll: &Epoll) -> Self {
        if DatagramSocket::open(Kind::Ping, v4).is_ok() {
            return Self::Ping;
        }
        let raw = DatagramSocket::open(Kind::RawEcho, v4);
        let watched = raw.and_then(|raw| watch(raw, v4, epoll));
        watched.map_or(Self::Forbidden, Self::Raw)
    }

    pub(super) fn kind(&self) -> Option<Kind> {
        match self {
            Self::Ping => Some(Kind::Ping),
            Self::Raw(_) => Some(Kind::RawEcho),
            Self::Forbidden => None,
        }
    }

    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Ping => "ping sockets",
            Self::Raw(_) => "raw socket",
            Self::Forbidden => "forbidden",
        }
    }

    pub(super) fn raw(&self) -> Option<&DatagramSocket> {
        match self {
            Self::Raw(socket) => Some(socket),
            Self::Ping | Self::Forbidden => None,
        }
    }
}

impl Echo {
    pub(super) fn raw_mut(&mut self) -> Option<&mut DatagramSocket> {
        match self {
            Self::Raw(socket) => Some(socket),
            Self::Ping | Self::Forbidden => None,
        }
    }
}

fn watch(raw: DatagramSocket, v4: bool, epoll: &Epoll) -> io::Result<DatagramSocket> {
    let key = if v4 { RAW_V4 } else { RAW_V6 };
    epoll.add(raw.fd(), libc::EPOLLIN, DATAGRAMS, key)?;
    Ok(raw)
}

/// Whether a key is that of a raw socket; of which family.
pub(super) fn raw_family(key: u32) -> Option<bool> {
    match key {
        RAW_V4 => Some(true),
        RAW_V6 => Some(false),
        _ => None,
    }
}

/// The identifier of an echo request: the two bytes that stand four before its data.
pub(super) fn identifier(stray: &Stray) -> Option<u16> {
    let at = stray.payload.start.checked_sub(4)?;
    let bytes = stray.packet.bytes().get(at..)?.first_chunk()?;
    Some(u16::from_be_bytes(*bytes))
}

/// Gives an echo message of IPv4 another identifier; of IPv6 the system writes the checksum.
pub(super) fn identify(message: &mut [u8], id: u16, v4: bool) {
    let Some(header) = message.first_chunk_mut::<HEADER>() else {
        return;
    };
    let word = |header: &[u8; HEADER], at: usize| u16::from_be_bytes([header[at], header[at + 1]]);
    let (checksum, old) = (word(header, 2), word(header, 4));
    header[4..6].copy_from_slice(&id.to_be_bytes());
    if v4 {
        header[2..4].copy_from_slice(&update(checksum, old, id).to_be_bytes());
    }
}

impl Datagrams {
    /// Answers an echo request to the machine itself: that it is there, needs no asking.
    pub(super) fn answer_echo(
        &mut self,
        stray: &Stray,
        host: &mut Host,
        context: &mut Context<'_>,
    ) -> bool {
        debug_assert_ne!(stray.protocol, UDP);
        let way = self.redirects.way(stray.destination);
        if !way.is_some_and(|way| way.ip().is_loopback()) {
            return false;
        }
        let bytes = stray.packet.bytes();
        let rest = bytes.get(stray.payload.start.saturating_sub(4)..stray.payload.end);
        let ends = (stray.destination.ip(), stray.source.ip());
        let marks = Marks {
            hop_limit: HOP_LIMIT,
            traffic_class: 0,
            id: Some(0),
        };
        let reply = rest.and_then(|rest| compose::echo(context.pool, ends, marks, true, rest));
        self.tally.answered += 1;
        self.hand_in(reply, host, context);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use usernet_core::wire::checksum::checksum;

    #[test]
    fn another_identifier_keeps_the_checksum_right() {
        let mut message = *b"\x08\0\0\0\x12\x34\0\x01data";
        let sum = checksum(&message);
        message[2..4].copy_from_slice(&sum.to_be_bytes());
        identify(&mut message, 0xfedc, true);
        assert_eq!((checksum(&message), &message[4..6]), (0, &[0xfe, 0xdc][..]));
    }
}
