//! One direction of a simulated line: rate and queue, then delay, loss, duplication and disorder.
use crate::rng::Stream;
use crate::stack::tcp::Outgoing;
use crate::stack::tcp::segment::{Flags, Segment};
use crate::time::{Nanos, SECOND};
use std::collections::BTreeMap;

/// Bytes of IPv4 in front of what a connection sends.
const IP: u64 = 20;

/// What a line does to packets.
#[derive(Clone, Debug)]
pub(crate) struct Quality {
    pub(crate) delay: Nanos,
    /// Bits per second; 0: as fast as you like.
    pub(crate) rate: u64,
    /// Bytes that may wait for the rate.
    pub(crate) queue: u64,
    pub(crate) loss: f64,
    pub(crate) duplicate: f64,
    /// How often a packet is late, and by how much at most.
    pub(crate) reorder: f64,
    pub(crate) late: Nanos,
    /// The largest IP packet that passes; larger ones vanish.
    pub(crate) mtu: u64,
    /// Super-packets travel whole.
    pub(crate) whole: bool,
    /// How often an ECN-capable packet is marked.
    pub(crate) mark: f64,
}

impl Default for Quality {
    fn default() -> Self {
        Self {
            delay: 10_000_000,
            rate: 0,
            queue: 1 << 20,
            loss: 0.0,
            duplicate: 0.0,
            reorder: 0.0,
            late: 5_000_000,
            mtu: 65_535,
            whole: false,
            mark: 0.0,
        }
    }
}

/// A packet under way: the TCP segment, and what the IP header says.
#[derive(Clone, Debug)]
pub(crate) struct Parcel {
    pub(crate) bytes: Vec<u8>,
    pub(crate) ecn: u8,
    pub(crate) packets: u32,
}

impl Parcel {
    pub(crate) fn segment(&self) -> Segment<'_> {
        Segment::parse(&self.bytes, self.ecn, self.packets).expect("a segment that we sent")
    }

    /// What a connection sends, whole or as the packets on the wire.
    pub(crate) fn of(outgoing: &Outgoing<'_>, whole: bool) -> Vec<Self> {
        let mut bytes = vec![0; outgoing.len()];
        outgoing.emit(&mut bytes, 0);
        let header = outgoing.header_len();
        let size = usize::from(outgoing.segment_size);
        if size == 0 || bytes.len() - header <= size {
            return vec![Self {
                bytes,
                ecn: outgoing.ecn,
                packets: 1,
            }];
        }
        let pieces: Vec<_> = bytes[header..].chunks(size).collect();
        if whole {
            let packets = pieces.len() as u32;
            return vec![Self {
                ecn: outgoing.ecn,
                packets,
                bytes,
            }];
        }
        let last = pieces.len() - 1;
        let cut = |(index, piece): (usize, &&[u8])| Self {
            bytes: piece_of(&bytes[..header], index, index == last, size, piece),
            ecn: outgoing.ecn,
            packets: 1,
        };
        pieces.iter().enumerate().map(cut).collect()
    }
}

fn piece_of(header: &[u8], index: usize, last: bool, size: usize, piece: &[u8]) -> Vec<u8> {
    let mut bytes = [header, piece].concat();
    let seq = u32::from_be_bytes([bytes[4], bytes[5], bytes[6], bytes[7]]);
    let seq = seq.wrapping_add((index * size) as u32);
    bytes[4..8].copy_from_slice(&seq.to_be_bytes());
    if !last {
        bytes[13] &= !(Flags::FIN.0 | Flags::PSH.0) as u8;
    }
    if index > 0 {
        bytes[13] &= !Flags::CWR.0 as u8;
    }
    bytes
}

/// One direction.
pub(crate) struct Line {
    pub(crate) quality: Quality,
    random: Stream,
    /// When the last packet in the queue will have left.
    busy: Nanos,
    under_way: BTreeMap<(Nanos, u64), Parcel>,
    count: u64,
    pub(crate) lost: u64,
}

impl Line {
    pub(crate) fn new(quality: Quality, seed: u64, name: &str) -> Self {
        Self {
            quality,
            random: Stream::new(seed, name),
            busy: 0,
            under_way: BTreeMap::new(),
            count: 0,
            lost: 0,
        }
    }

    pub(crate) fn send(&mut self, parcel: Parcel, now: Nanos) {
        let size = parcel.bytes.len() as u64 + IP;
        let Some(leaves) = self.leaves(size, now) else {
            self.lost += 1;
            return;
        };
        if self.random.chance(self.quality.loss) || size > self.quality.mtu {
            self.lost += 1;
            return;
        }
        let copies = 1 + u64::from(self.random.chance(self.quality.duplicate));
        for _ in 0..copies {
            self.deliver(parcel.clone(), leaves);
        }
    }

    fn deliver(&mut self, mut parcel: Parcel, leaves: Nanos) {
        let late = self.random.chance(self.quality.reorder);
        let late = if late {
            self.random.below(self.quality.late)
        } else {
            0
        };
        if parcel.ecn != 0 && self.random.chance(self.quality.mark) {
            parcel.ecn = 0b11;
        }
        self.count += 1;
        let arrives = leaves + self.quality.delay + late;
        self.under_way.insert((arrives, self.count), parcel);
    }

    /// When a packet has been serialised; none where the queue is full.
    fn leaves(&mut self, size: u64, now: Nanos) -> Option<Nanos> {
        if self.quality.rate == 0 {
            return Some(now);
        }
        let start = self.busy.max(now);
        let waiting =
            (start - now) as u128 * u128::from(self.quality.rate) / 8 / u128::from(SECOND);
        if waiting as u64 + size > self.quality.queue {
            return None;
        }
        self.busy = start + size * 8 * SECOND / self.quality.rate;
        Some(self.busy)
    }

    pub(crate) fn next(&self) -> Option<Nanos> {
        self.under_way.keys().next().map(|key| key.0)
    }

    /// A packet that has arrived.
    pub(crate) fn take(&mut self, now: Nanos) -> Option<Parcel> {
        let entry = self.under_way.first_entry()?;
        (entry.key().0 <= now).then(|| entry.remove())
    }
}
