//! Fragments put together again, within bounds of memory and time.
//!
//! Fragments that overlap make the whole packet suspect: it is forgotten, and what still comes of it
//! is let go (RFC 5722 for IPv6; here for IPv4 too). One that comes twice is let go alone.
use super::counters::Dropped;
use super::header::{Header, IPV4_HEADER, IPV6_HEADER, LARGEST, Outline};
use crate::packet::{Packet, Pool};
use crate::stack::hash::{Key, Table};
use crate::time::{Nanos, SECOND};
use std::collections::VecDeque;
use std::net::IpAddr;

/// How long the fragments of a packet may take: what Linux takes for IPv4, and RFC 8200 §4.5.
const PATIENCE: [Nanos; 2] = [30 * SECOND, 60 * SECOND];
/// How many packets may wait for their fragments, and with how many bytes; the oldest make room.
const MOST: usize = 1024;
const MOST_BYTES: usize = 4 << 20;
/// How many gaps a packet may have.
const MOST_GAPS: usize = 256;
/// How much of the first fragment is kept for the message that the rest did not come.
const HEAD: usize = 1280;
/// Bytes that each packet is counted with beside its own.
const OVERHEAD: usize = 256;

/// What the fragments of one packet share (RFC 791 §3.2, RFC 8200 §4.5).
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
struct Whose {
    source: IpAddr,
    destination: IpAddr,
    id: u32,
    protocol: u8,
}

/// A packet that is not whole yet.
#[derive(Default)]
struct Partial {
    number: u64,
    data: Vec<u8>,
    /// What has come: ranges in order that do not touch.
    came: Vec<(usize, usize)>,
    /// The length of the whole, once its last fragment has come.
    total: Option<usize>,
    /// What the first fragment says follows.
    protocol: u8,
    ecn: u8,
    /// The first fragment, as far as it is quoted.
    head: Vec<u8>,
    /// What came did not fit together: the rest is let go.
    spoilt: bool,
}

/// What became of a fragment.
pub(super) enum Outcome {
    /// It waits for others.
    Waits,
    /// It made the packet whole.
    Whole(Packet),
    /// It was let go.
    Dropped(Dropped),
}

/// Packets that are not whole yet.
pub(super) struct Reassembly {
    known: Table<Whose, Partial>,
    /// When the packets of each family are given up, oldest first; one whose number is not that of
    /// its key any more is done with.
    order: [VecDeque<(Nanos, Whose, u64)>; 2],
    bytes: usize,
    made: u64,
}

impl Reassembly {
    pub(super) fn new(key: Key) -> Self {
        Self {
            known: Table::with_hasher(key),
            order: Default::default(),
            bytes: 0,
            made: 0,
        }
    }

    /// When the next packet is to be given up.
    pub(super) fn deadline(&self) -> Option<Nanos> {
        let fronts = self.order.iter().filter_map(VecDeque::front);
        fronts.map(|(at, ..)| *at).min()
    }

    /// A fragment has come.
    pub(super) fn take(
        &mut self,
        packet: &Packet,
        header: &Header,
        now: Nanos,
        pool: &mut Pool,
    ) -> Outcome {
        let Some((start, end, more)) = place(header) else {
            return Outcome::Dropped(Dropped::Malformed);
        };
        let whose = whose(header);
        self.begin(whose, header, now);
        let Some(partial) = self.known.get_mut(&whose) else {
            return Outcome::Dropped(Dropped::ReassemblyFull);
        };
        let before = partial.size();
        let taken = partial.take(packet, header, (start, end), more);
        self.bytes = self.bytes + partial.size() - before;
        if let Err(cause) = taken {
            return Outcome::Dropped(cause);
        }
        let whole = partial.is_whole().then(|| partial.assemble(header, pool));
        let Some(whole) = whole else {
            self.make_room(&whose);
            return Outcome::Waits;
        };
        self.forget(&whose);
        whole.map_or(Outcome::Dropped(Dropped::NoMemory), Outcome::Whole)
    }

    /// Gives up the packets whose time is over: calls with the first fragment of each, where that
    /// has come.
    pub(super) fn expire(&mut self, now: Nanos, mut tell: impl FnMut(Vec<u8>)) {
        for family in 0..self.order.len() {
            while let Some(&(at, whose, number)) = self.order[family].front()
                && at <= now
            {
                self.order[family].pop_front();
                if self.has(&whose, number)
                    && let Some(partial) = self.remove(&whose)
                    && !partial.spoilt
                {
                    tell(partial.head);
                }
            }
            self.prune(family);
        }
    }

    fn begin(&mut self, whose: Whose, header: &Header, now: Nanos) {
        if self.known.contains_key(&whose) {
            return;
        }
        let family = usize::from(!header.is_v4());
        let number = self.made;
        self.made += 1;
        let partial = Partial {
            number,
            ..Partial::default()
        };
        self.bytes += partial.size();
        self.known.insert(whose, partial);
        self.order[family].push_back((now + PATIENCE[family], whose, number));
    }

    /// Gives up the oldest packets, but not the one that just got a fragment, until all fits.
    fn make_room(&mut self, but: &Whose) {
        while self.known.len() > MOST || self.bytes > MOST_BYTES {
            let fronts = self.order.iter().enumerate();
            let oldest = fronts.filter_map(|(family, order)| Some((order.front()?.2, family)));
            let Some((_, family)) = oldest.min() else {
                return;
            };
            let Some((_, whose, number)) = self.order[family].pop_front() else {
                return;
            };
            if whose == *but {
                self.remove(&whose);
                return;
            }
            if self.has(&whose, number) {
                self.remove(&whose);
            }
            self.prune(family);
        }
    }

    fn has(&self, whose: &Whose, number: u64) -> bool {
        let partial = self.known.get(whose);
        partial.is_some_and(|partial| partial.number == number)
    }

    fn forget(&mut self, whose: &Whose) {
        self.remove(whose);
        self.prune(usize::from(whose.source.is_ipv6()));
    }

    fn remove(&mut self, whose: &Whose) -> Option<Partial> {
        let partial = self.known.remove(whose)?;
        self.bytes -= partial.size();
        Some(partial)
    }

    /// Keeps what is done with from the front, so that the deadline is that of a packet that waits;
    /// and from piling up behind it.
    fn prune(&mut self, family: usize) {
        let known = &self.known;
        let waits = |entry: &(Nanos, Whose, u64)| {
            let partial = known.get(&entry.1);
            partial.is_some_and(|partial| partial.number == entry.2)
        };
        let order = &mut self.order[family];
        while order.front().is_some_and(|entry| !waits(entry)) {
            order.pop_front();
        }
        if order.len() > 4 * MOST {
            order.retain(waits);
        }
    }
}

impl Partial {
    /// What it counts, in bytes.
    fn size(&self) -> usize {
        OVERHEAD + self.data.len() + self.head.len() + self.came.len() * size_of::<(usize, usize)>()
    }

    fn take(
        &mut self,
        packet: &Packet,
        header: &Header,
        (start, end): (usize, usize),
        more: bool,
    ) -> Result<(), Dropped> {
        let bytes = packet.bytes().get(header.payload.clone());
        let bytes = bytes.ok_or(Dropped::Malformed)?;
        if self.spoilt {
            return Err(Dropped::ReassemblyOverlap);
        }
        if self.came_before(start, bytes) {
            return Ok(());
        }
        let ends = self
            .total
            .is_none_or(|total| end <= total && (more || end == total));
        let behind = self.came.last().is_some_and(|&(_, last)| last > end);
        let torn = self.came.len() > MOST_GAPS;
        if torn || self.overlaps(start, end) || !ends || !more && behind {
            self.spoil();
            return Err(Dropped::ReassemblyOverlap);
        }
        if !more {
            self.total = Some(end);
        }
        if start == 0 {
            self.protocol = header.protocol;
            let quoted = packet.len().min(HEAD);
            self.head = packet.bytes()[..quoted].to_vec();
        }
        self.mark(header.ecn);
        self.put(start, bytes);
        Ok(())
    }

    /// One mark is a mark of the whole (RFC 3168 §5.3).
    fn mark(&mut self, ecn: u8) {
        self.ecn = if self.came.is_empty() || ecn == 3 {
            ecn
        } else {
            self.ecn
        };
    }

    /// Whether these very bytes have come.
    fn came_before(&self, start: usize, bytes: &[u8]) -> bool {
        let end = start + bytes.len();
        let inside = |&(from, to): &(usize, usize)| from <= start && end <= to;
        self.came.iter().any(inside) && self.data.get(start..end) == Some(bytes)
    }

    fn overlaps(&self, start: usize, end: usize) -> bool {
        let mut came = self.came.iter();
        came.any(|&(from, to)| start < to && from < end)
    }

    fn put(&mut self, start: usize, bytes: &[u8]) {
        let end = start + bytes.len();
        if self.data.len() < end {
            self.data.resize(end, 0);
        }
        self.data[start..end].copy_from_slice(bytes);
        let at = self.came.partition_point(|&(from, _)| from < start);
        self.came.insert(at, (start, end));
        self.came.dedup_by(|next, before| {
            let touches = before.1 == next.0;
            if touches {
                before.1 = next.1;
            }
            touches
        });
    }

    fn spoil(&mut self) {
        let number = self.number;
        *self = Self {
            number,
            spoilt: true,
            ..Self::default()
        };
    }

    fn is_whole(&self) -> bool {
        let whole = self.total.map(|total| (0, total));
        whole.is_some_and(|whole| self.came == [whole])
    }

    /// The packet, with a header as if it had never been cut.
    fn assemble(&self, header: &Header, pool: &mut Pool) -> Option<Packet> {
        let outline = Outline {
            source: header.source,
            destination: header.destination,
            protocol: self.protocol,
            hop_limit: header.hop_limit,
            ecn: self.ecn,
            id: None,
        };
        let at = outline.header_len();
        let mut packet = pool.packet(at + self.data.len())?;
        packet.bytes_mut()[at..].copy_from_slice(&self.data);
        outline.emit(packet.bytes_mut());
        Some(packet)
    }
}

fn whose(header: &Header) -> Whose {
    Whose {
        source: header.source,
        destination: header.destination,
        id: header.fragment.map_or(0, |fragment| fragment.id),
        // IPv6's fragments may differ in what they say follows; the first one's counts.
        protocol: if header.is_v4() { header.protocol } else { 0 },
    }
}

/// Where a fragment belongs, if anywhere: not beyond what a length field can say, and all but the
/// last in units of eight bytes.
fn place(header: &Header) -> Option<(usize, usize, bool)> {
    let fragment = header.fragment?;
    let len = header.payload.len();
    let start = usize::from(fragment.offset);
    let most = LARGEST - if header.is_v4() { IPV4_HEADER } else { 0 };
    let fits = len > 0 && start + len <= most && (!fragment.more || len.is_multiple_of(8));
    fits.then_some((start, start + len, fragment.more))
}

/// Bytes of the IP header that [`Partial::assemble`] writes, at most.
const _: () = assert!(IPV6_HEADER + LARGEST <= crate::packet::LARGEST);

#[cfg(test)]
mod tests;
