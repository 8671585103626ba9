//! UDP on its way in.
use super::Host;
use super::deliver::verifies;
use super::stray::Stray;
use crate::app::Context;
use crate::packet::Segmentation;
use crate::stack::event::Readiness;
use crate::stack::ip::Arrival;
use crate::stack::ip::counters::Dropped;
use crate::stack::ip::error::Complaint;
use crate::stack::ip::header::Header;
use crate::stack::socket::demux::{Flow, Protocol};
use crate::stack::socket::udp::HEADER;
use crate::wire::field::u16_at;
use crate::wire::headers::UDP;
use std::net::SocketAddr;
use std::ops::Range;

/// A datagram that came, as far as it makes sense.
struct Datagram<'a> {
    local: SocketAddr,
    remote: SocketAddr,
    /// What follows its header.
    payload: &'a [u8],
    /// How much of that is in each datagram, where it stands for several.
    size: usize,
}

/// Reads a datagram and its checksum; RFC 768, RFC 8200 §8.1.
fn read(arrival: &Arrival) -> Result<Datagram<'_>, Dropped> {
    let Arrival { packet, header, .. } = arrival;
    let bytes = packet.bytes().get(header.payload.clone());
    let bytes = bytes.filter(|bytes| bytes.len() >= HEADER);
    let bytes = bytes.ok_or(Dropped::Malformed)?;
    let field = |at| u16_at(bytes, at).unwrap_or(0);
    let several = packet.offload().segmentation == Segmentation::Udp;
    let len = match usize::from(field(4)) {
        0 if several => bytes.len(),
        len => len,
    };
    let datagram = bytes.get(HEADER..len).ok_or(Dropped::Malformed)?;
    let without = field(6) == 0 && header.is_v4();
    if !without && !verifies_len(arrival, len) {
        return Err(Dropped::BadChecksum);
    }
    let size = usize::from(packet.offload().segment_size);
    Ok(Datagram {
        local: SocketAddr::new(header.destination, field(2)),
        remote: SocketAddr::new(header.source, field(0)),
        payload: datagram,
        size: if several && size > 0 {
            size
        } else {
            usize::MAX
        },
    })
}

/// What is known of a datagram, without its bytes.
struct Whereabouts {
    source: SocketAddr,
    destination: SocketAddr,
    payload: Range<usize>,
    size: usize,
}

impl Whereabouts {
    fn of(datagram: &Datagram<'_>, header: &Header) -> Self {
        let start = header.payload.start + HEADER;
        Self {
            source: datagram.remote,
            destination: datagram.local,
            payload: start..start + datagram.payload.len(),
            size: datagram.size,
        }
    }

    fn with(self, arrival: Arrival) -> Stray {
        Stray {
            packet: arrival.packet,
            protocol: UDP,
            source: self.source,
            destination: self.destination,
            payload: self.payload,
            hop_limit: arrival.header.hop_limit,
            segment_size: u16::try_from(self.size).ok(),
            whole: arrival.header.whole,
        }
    }
}

/// Whether the checksum over the datagram's own length is right.
fn verifies_len(arrival: &Arrival, len: usize) -> bool {
    let mut header = arrival.header.clone();
    header.payload.end = header.payload.start + len;
    verifies(&arrival.packet, &header)
}

impl Host {
    pub(super) fn deliver_udp(&mut self, arrival: Arrival, context: &mut Context<'_>) {
        match read(&arrival) {
            Ok(datagram) if self.is_group(&arrival) => self.spread_datagram(&datagram),
            Ok(datagram) => {
                let Datagram { local, remote, .. } = datagram;
                match self.hearer(local, remote) {
                    Some(place) => self.queue_datagram(place, &datagram),
                    None if self.ip.hears_everybody() => {
                        let stray = Whereabouts::of(&datagram, &arrival.header);
                        return self.keep_stray(stray.with(arrival), context);
                    }
                    None => self.refuse_datagram(&arrival, context),
                }
            }
            Err(cause) => self.ip.drops.count(cause),
        }
        context.pool.free(arrival.packet);
    }

    /// Nobody listens there (RFC 1122 §4.1.3.1).
    fn refuse_datagram(&mut self, arrival: &Arrival, context: &mut Context<'_>) {
        let Arrival { packet, header, .. } = arrival;
        self.ip.drops.count(Dropped::NoSocket);
        self.ip
            .complain(packet.bytes(), header, Complaint::NoPort, context);
    }

    fn is_group(&self, arrival: &Arrival) -> bool {
        let header = &arrival.header;
        !header.is_unicast() || self.ip.is_broadcast(header.destination)
    }

    /// The socket that hears a datagram: that of the peer, else one that hears everybody.
    fn hearer(&self, local: SocketAddr, remote: SocketAddr) -> Option<u32> {
        let demux = &self.sockets.demux;
        let flow = demux.flow(&Flow::new(Protocol::Udp, local, remote));
        flow.or_else(|| demux.listener(Protocol::Udp, local, remote))
    }

    /// Gives a datagram to a group or to everybody to all who hear it.
    fn spread_datagram(&mut self, datagram: &Datagram<'_>) {
        let everywhere = crate::stack::socket::demux::unspecified(datagram.local);
        let demux = &self.sockets.demux;
        let mut places = demux.hearing(Protocol::Udp, datagram.local).to_vec();
        places.extend(demux.hearing(Protocol::Udp, everywhere));
        if places.is_empty() {
            self.ip.drops.count(Dropped::NoSocket);
        }
        for place in places {
            self.queue_datagram(place, datagram);
        }
    }

    fn queue_datagram(&mut self, place: u32, datagram: &Datagram<'_>) {
        let Datagram {
            remote,
            payload,
            size,
            ..
        } = *datagram;
        let empty = payload.is_empty().then_some(payload);
        for piece in payload.chunks(size).chain(empty) {
            let room = self.sockets.room() >= piece.len() as u64;
            let udp = self.sockets.udp(place).filter(|_| room);
            let news = udp.and_then(|udp| udp.deliver(remote, piece));
            match news {
                Some(news) if news != Readiness::default() => self.sockets.tell(place, news),
                Some(_) => {}
                None => self.ip.drops.count(Dropped::QueueFull),
            }
            self.sockets.charge(place);
        }
    }
}
