//! ICMP errors about what this host has sent (RFC 792, RFC 4443 §3): to the socket whose packet they
//! quote, and no further.
use super::Host;
use super::icmp::{echo_flow, echo_types};
use super::sockets::Kind;
use crate::stack::error::SocketError;
use crate::stack::ip::counters::Dropped;
use crate::stack::ip::header::{Header, ICMPV4, ICMPV6};
use crate::stack::socket::demux::{Flow, Protocol};
use crate::stack::tcp::{Endpoints, IcmpError};
use crate::wire::field::{u16_at, u32_at};
use crate::wire::headers::{self, Layers, TCP, UDP};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// MTUs that links are known to have, for routers that do not say theirs (RFC 1191 §7.1).
const PLATEAUS: [u32; 10] = [
    65_535, 32_000, 17_914, 8166, 4352, 2002, 1492, 1006, 508, 68,
];

/// An ICMP error, as far as it concerns sockets.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
struct Bad {
    error: SocketError,
    /// The next hop's MTU, where packets were too big for it.
    mtu: Option<u32>,
}

/// A packet that an error quotes.
#[derive(Clone, Copy, Debug)]
struct Quote {
    source: IpAddr,
    destination: IpAddr,
    protocol: u8,
    /// The length that it says it has.
    len: u32,
    /// The first eight bytes behind its IP header.
    first: u32,
    second: u32,
}

impl Host {
    /// Hands an error on. `message` is what follows the IP header.
    pub(super) fn take_icmp_error(
        &mut self,
        message: &[u8],
        header: &Header,
    ) -> Result<(), Dropped> {
        let v4 = header.is_v4();
        let quote = message.get(8..).and_then(read_quote);
        let quote = quote.ok_or(Dropped::Malformed)?;
        let Some(bad) = read_error(message, v4, quote.len) else {
            return Ok(());
        };
        let same = quote.source.is_ipv4() == v4;
        if !same || !self.ip.speaks_for(quote.source) {
            return Err(Dropped::BadAddress);
        }
        let told = match quote.protocol {
            TCP => self.tell_connection(&quote, bad),
            UDP => self.tell_datagrams(&quote, bad, (message, header)),
            ICMPV4 | ICMPV6 => self.tell_echo(&quote, bad, (message, header)),
            _ => None,
        };
        told.ok_or(Dropped::NoSocket)
    }

    /// RFC 5927: the connection knows whether what is quoted is under way, and believes it or not;
    /// what it believes of the path, others to the same place are told.
    fn tell_connection(&mut self, quote: &Quote, bad: Bad) -> Option<()> {
        let Endpoints { local, remote } = quote.endpoints();
        let flow = Flow::new(Protocol::Tcp, local, remote);
        let place = self.sockets.demux.flow(&flow)?;
        let now = self.now;
        let connection = &mut self.sockets.stream(place)?.connection;
        let before = connection.info(now).path_mtu;
        connection.on_icmp(
            IcmpError {
                error: bad.error,
                seq: quote.second,
                mtu: bad.mtu,
            },
            now,
        );
        let after = connection.info(now).path_mtu;
        if after < before {
            self.ip.paths.learn(remote.ip(), after, now);
        }
        self.sockets.mark(place);
        Some(())
    }

    /// Only a socket with a peer hears of it: an error says little to one that talks to many.
    fn tell_datagrams(
        &mut self,
        quote: &Quote,
        bad: Bad,
        (message, header): (&[u8], &Header),
    ) -> Option<()> {
        let Endpoints { local, remote } = quote.endpoints();
        let demux = &self.sockets.demux;
        let own = demux.flow(&Flow::new(Protocol::Udp, local, remote));
        let place = own.or_else(|| demux.listener(Protocol::Udp, local, remote))?;
        self.report(place, message, header, remote);
        if self.learns(quote, bad) {
            return Some(());
        }
        let udp = self.sockets.udp(place)?;
        if udp.remote.is_some() {
            let news = udp.fail(bad.error);
            self.sockets.tell(place, news);
        }
        Some(())
    }

    fn tell_echo(
        &mut self,
        quote: &Quote,
        bad: Bad,
        (message, header): (&[u8], &Header),
    ) -> Option<()> {
        let (request, _) = echo_types(quote.source.is_ipv4());
        let identifier = (quote.second >> 16) as u16;
        let asked = quote.first >> 24 == u32::from(request);
        let place = self.sockets.demux.flow(&echo_flow(identifier));
        let place = place.filter(|_| asked)?;
        let socket = self.sockets.table.get(place);
        socket.filter(|socket| matches!(socket.kind, Kind::Echo(_)))?;
        let about = SocketAddr::new(quote.destination, quote.second as u16);
        self.report(place, message, header, about);
        if !self.learns(quote, bad) {
            let news = self.sockets.udp(place)?.fail(bad.error);
            self.sockets.tell(place, news);
        }
        Some(())
    }

    /// Whether the error is about the path's MTU, which datagrams are cut to from now on.
    fn learns(&mut self, quote: &Quote, bad: Bad) -> bool {
        if let Some(mtu) = bad.mtu {
            self.ip.paths.learn(quote.destination, mtu, self.now);
        }
        bad.mtu.is_some()
    }
}

impl Quote {
    fn endpoints(&self) -> Endpoints {
        let (source, destination) = ((self.first >> 16) as u16, self.first as u16);
        Endpoints {
            local: SocketAddr::new(self.source, source),
            remote: SocketAddr::new(self.destination, destination),
        }
    }
}

/// Reads the packet that an error quotes, of which eight bytes behind the headers are there at least;
/// none of a later fragment, which says nothing of its transport.
fn read_quote(bytes: &[u8]) -> Option<Quote> {
    let layers = headers::parse(bytes, 0)?;
    let later = layers.fragment.is_some_and(|piece| piece.offset != 0);
    let addresses = layers.addresses(bytes);
    let (source, destination) = addresses.split_at_checked(addresses.len() / 2)?;
    let l4 = layers.l4_offset;
    Some(Quote {
        source: address(source)?,
        destination: address(destination)?,
        protocol: layers.l4_protocol,
        len: stated_len(bytes, &layers)?,
        first: u32_at(bytes, l4).filter(|_| !later)?,
        second: u32_at(bytes, l4 + 4)?,
    })
}

fn stated_len(bytes: &[u8], layers: &Layers) -> Option<u32> {
    let at = if layers.ip_version == 4 { 2 } else { 4 };
    u16_at(bytes, at).map(u32::from)
}

fn address(bytes: &[u8]) -> Option<IpAddr> {
    if let Ok(octets) = <[u8; 4]>::try_from(bytes) {
        return Some(Ipv4Addr::from(octets).into());
    }
    let octets: [u8; 16] = bytes.try_into().ok()?;
    Some(Ipv6Addr::from(octets).into())
}

/// What an error means to a socket; nothing where it means nothing. RFC 1122 §4.2.3.9 and Linux's
/// table of errno.
fn read_error(message: &[u8], v4: bool, quoted_len: u32) -> Option<Bad> {
    let &[kind, code, ..] = message else {
        return None;
    };
    let error = |error| Some(Bad { error, mtu: None });
    let too_big = |mtu| {
        Some(Bad {
            error: SocketError::MessageTooLong,
            mtu: Some(mtu),
        })
    };
    match (v4, kind, code) {
        (true, 3, 4) => match u16_at(message, 6)? {
            0 => too_big(plateau(quoted_len)),
            mtu => too_big(mtu.into()),
        },
        (false, 2, _) => too_big(u32_at(message, 4)?),
        (true, 3, 2) | (false, 4, 1) => error(SocketError::ProtocolNotAvailable),
        (true, 3, 3) | (false, 1, 4) => error(SocketError::ConnectionRefused),
        (true, 3, 0 | 6 | 9 | 11) | (false, 1, 0) => error(SocketError::NetworkUnreachable),
        (true, 3 | 11, _) | (false, 1 | 3, _) => error(SocketError::HostUnreachable),
        _ => None,
    }
}

/// The largest known MTU below this length.
fn plateau(len: u32) -> u32 {
    let mut lower = PLATEAUS.into_iter().filter(|&mtu| mtu < len);
    lower.next().unwrap_or(68)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn routers_that_do_not_say_their_mtu_are_guessed() {
        assert_eq!([1500, 1492, 9000, 60].map(plateau), [1492, 1006, 8166, 68]);
    }

    #[test]
    fn errors_mean_what_linux_says() {
        let found = |v4, kind, code| {
            let message = [kind, code, 0, 0, 0, 0, 5, 0];
            read_error(&message, v4, 1500).map(|bad| (bad.error, bad.mtu))
        };
        use SocketError::*;
        assert_eq!(found(true, 3, 4), Some((MessageTooLong, Some(1280))));
        assert_eq!(found(false, 2, 0), Some((MessageTooLong, Some(1280))));
        assert_eq!(found(true, 3, 0), Some((NetworkUnreachable, None)));
        assert_eq!(found(true, 3, 1), Some((HostUnreachable, None)));
        assert_eq!(found(true, 3, 13), Some((HostUnreachable, None)));
        assert_eq!(found(true, 11, 0), Some((HostUnreachable, None)));
        assert_eq!(found(false, 1, 3), Some((HostUnreachable, None)));
        assert_eq!(found(false, 1, 4), Some((ConnectionRefused, None)));
        assert_eq!(found(false, 4, 1), Some((ProtocolNotAvailable, None)));
        assert_eq!(found(true, 12, 0), None);
        assert_eq!(found(true, 4, 0), None);
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_read_within_bounds(bytes: Vec<u8>) {
            let _ = read_quote(&bytes);
            let _ = read_error(&bytes, true, 0).or(read_error(&bytes, false, 0));
        }
    }
}
