//! Reading captures: classic pcap (draft-ietf-opsawg-pcap) and pcapng (draft-ietf-opsawg-pcapng),
//! as pure functions over the bytes of a file. Whatever the bytes are, the outcome is packets that
//! lie within them, or an error that names the place.
use std::fmt;
use usernet_core::packet::LARGEST;
use usernet_core::time::{Nanos, SECOND};

const SECTION: u32 = 0x0a0d_0d0a;
const INTERFACE: u32 = 1;
const SIMPLE_PACKET: u32 = 3;
const ENHANCED_PACKET: u32 = 6;
const BYTE_ORDER: u32 = 0x1a2b_3c4d;
const MICROSECONDS: u32 = 0xa1b2_c3d4;
const NANOSECONDS: u32 = 0xa1b2_3c4d;
const RESOLUTION: u16 = 9;
const OFFSET: u16 = 14;

/// Bytes of the header of a pcap file, and of each packet in it.
const PCAP_HEADER: usize = 24;
const PCAP_RECORD: usize = 16;
/// Bytes of a pcapng block around its body.
const AROUND: usize = 12;

/// What the packets of an interface start with.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum LinkType {
    /// An Ethernet header.
    Ethernet,
    /// An IPv4 or IPv6 header.
    Ip,
}

/// A packet of a capture.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Record {
    /// When it was captured, in nanoseconds since 1970.
    pub at: Nanos,
    /// Where its bytes start in the file.
    pub start: usize,
    /// How many of its bytes were captured.
    pub len: usize,
    /// What they start with.
    pub link_type: LinkType,
}

/// Why a file is no capture that can be read.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Malformed {
    /// The byte of the file at which reading ended.
    pub at: usize,
    /// What is wrong there.
    pub what: String,
}

impl fmt::Display for Malformed {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "byte {}: {}", self.at, self.what)
    }
}

/// The packets of a capture, in the order of the file.
///
/// # Errors
/// It is no capture, it is cut short, or it has packets of a kind or size that cannot be played.
pub fn parse(bytes: &[u8]) -> Result<Vec<Record>, Malformed> {
    let little = Bytes { bytes, big: false };
    let big = Bytes { bytes, big: true };
    match (little.long(0), big.long(0)) {
        (Ok(SECTION), _) => parse_pcapng(bytes),
        (Ok(MICROSECONDS | NANOSECONDS), _) => parse_pcap(little),
        (_, Ok(MICROSECONDS | NANOSECONDS)) => parse_pcap(big),
        _ => Err(malformed(0, "this is neither pcap nor pcapng")),
    }
}

fn malformed(at: usize, what: impl Into<String>) -> Malformed {
    let what = what.into();
    Malformed { at, what }
}

/// Bytes, and the order in which their numbers are.
#[derive(Clone, Copy)]
struct Bytes<'a> {
    bytes: &'a [u8],
    big: bool,
}

impl Bytes<'_> {
    fn short(self, at: usize) -> Result<u16, Malformed> {
        let bytes = self.array(at)?;
        Ok(if self.big {
            u16::from_be_bytes(bytes)
        } else {
            u16::from_le_bytes(bytes)
        })
    }

    fn long(self, at: usize) -> Result<u32, Malformed> {
        let bytes = self.array(at)?;
        Ok(if self.big {
            u32::from_be_bytes(bytes)
        } else {
            u32::from_le_bytes(bytes)
        })
    }

    fn array<const N: usize>(self, at: usize) -> Result<[u8; N], Malformed> {
        let found = self.bytes.get(at..).and_then(|rest| rest.first_chunk());
        found
            .copied()
            .ok_or_else(|| malformed(at.min(self.bytes.len()), "it is cut short"))
    }
}

fn parse_pcap(bytes: Bytes<'_>) -> Result<Vec<Record>, Malformed> {
    let unit = if bytes.long(0)? == NANOSECONDS {
        1
    } else {
        1000
    };
    // The upper bits say how long a checksum at the end of each frame is.
    let link_type = link_type(bytes.long(20)? & 0xffff, 20)?;
    let mut records = Vec::new();
    let mut at = PCAP_HEADER;
    while at < bytes.bytes.len() {
        let len = bytes.long(at + 8)? as usize;
        let record = Record {
            at: Nanos::from(bytes.long(at)?) * SECOND + Nanos::from(bytes.long(at + 4)?) * unit,
            start: at + PCAP_RECORD,
            len,
            link_type,
        };
        check(&record, bytes.bytes.len())?;
        at = record.start + len;
        records.push(record);
    }
    Ok(records)
}

fn check(record: &Record, end: usize) -> Result<(), Malformed> {
    let Record { start, len, .. } = *record;
    let place = start.min(end);
    if len > LARGEST {
        let what = format!("a packet of {len} bytes; {LARGEST} are allowed");
        return Err(malformed(place, what));
    }
    if start > end || len > end - start {
        return Err(malformed(place, "it is cut short"));
    }
    Ok(())
}

/// `LINKTYPE_*`, as registered at IANA.
fn link_type(number: u32, at: usize) -> Result<LinkType, Malformed> {
    match number {
        1 => Ok(LinkType::Ethernet),
        12 | 14 | 101 | 228 | 229 => Ok(LinkType::Ip),
        other => Err(malformed(
            at,
            format!("packets of link type {other}; Ethernet (1) and IP (101) are allowed"),
        )),
    }
}

/// An interface of a pcapng section.
#[derive(Clone, Copy)]
struct Interface {
    link_type: u32,
    snap_len: u32,
    /// Ticks in a second: a power of ten or of two.
    ticks: u128,
    offset: i64,
}

impl Interface {
    fn time(&self, stamp: u64) -> Nanos {
        let nanos = u128::from(stamp) * u128::from(SECOND) / self.ticks;
        let nanos = Nanos::try_from(nanos).unwrap_or(Nanos::MAX);
        let offset = (self.offset.unsigned_abs()).saturating_mul(SECOND);
        if self.offset < 0 {
            nanos.saturating_sub(offset)
        } else {
            nanos.saturating_add(offset)
        }
    }
}

fn parse_pcapng(bytes: &[u8]) -> Result<Vec<Record>, Malformed> {
    let mut section = Section {
        bytes: Bytes { bytes, big: false },
        interfaces: Vec::new(),
        records: Vec::new(),
    };
    let mut at = 0;
    while at < bytes.len() {
        at = section.block(at)?;
    }
    Ok(section.records)
}

/// A section of a pcapng file, as far as it is read.
struct Section<'a> {
    bytes: Bytes<'a>,
    interfaces: Vec<Interface>,
    records: Vec<Record>,
}

impl Section<'_> {
    /// Reads the block that starts here; where it ends.
    fn block(&mut self, at: usize) -> Result<usize, Malformed> {
        // Its type reads the same in both orders.
        let is_section = self.bytes.long(at)? == SECTION;
        if is_section {
            self.begin(at)?;
        }
        let len = self.bytes.long(at + 4)? as usize;
        let left = self.bytes.bytes.len() - at;
        if len < AROUND || !len.is_multiple_of(4) || len > left {
            let what = format!("a block of {len} bytes where {left} are left");
            return Err(malformed(at, what));
        }
        let body = at + 8..at + len - 4;
        match self.bytes.long(at)? {
            INTERFACE => self.interface(&body)?,
            ENHANCED_PACKET => self.enhanced(&body)?,
            SIMPLE_PACKET => self.simple(&body)?,
            _ => {}
        }
        Ok(at + len)
    }

    fn begin(&mut self, at: usize) -> Result<(), Malformed> {
        self.interfaces.clear();
        self.bytes.big = false;
        if self.bytes.long(at + 8)? == BYTE_ORDER {
            return Ok(());
        }
        self.bytes.big = true;
        if self.bytes.long(at + 8)? == BYTE_ORDER {
            return Ok(());
        }
        Err(malformed(at + 8, "no byte order of pcapng"))
    }

    fn interface(&mut self, body: &std::ops::Range<usize>) -> Result<(), Malformed> {
        let mut interface = Interface {
            link_type: u32::from(self.bytes.short(body.start)?),
            snap_len: self.bytes.long(body.start + 4)?,
            ticks: 1_000_000,
            offset: 0,
        };
        let mut at = body.start + 8;
        while at + 4 <= body.end {
            let (code, len) = (self.bytes.short(at)?, self.bytes.short(at + 2)?);
            match (code, len) {
                (0, _) => break,
                (RESOLUTION, 1) => interface.ticks = ticks(self.bytes.array::<1>(at + 4)?[0], at)?,
                (OFFSET, 8) => interface.offset = self.offset(at + 4)?,
                _ => {}
            }
            at += 4 + usize::from(len).next_multiple_of(4);
        }
        self.interfaces.push(interface);
        Ok(())
    }

    fn offset(&self, at: usize) -> Result<i64, Malformed> {
        let bytes = self.bytes.array(at)?;
        Ok(if self.bytes.big {
            i64::from_be_bytes(bytes)
        } else {
            i64::from_le_bytes(bytes)
        })
    }

    fn enhanced(&mut self, body: &std::ops::Range<usize>) -> Result<(), Malformed> {
        let at = body.start;
        let interface = self.described(self.bytes.long(at)?, at)?;
        let high = u64::from(self.bytes.long(at + 4)?);
        let stamp = high << 32 | u64::from(self.bytes.long(at + 8)?);
        let record = Record {
            at: interface.time(stamp),
            start: at + 20,
            len: self.bytes.long(at + 12)? as usize,
            link_type: link_type(interface.link_type, at)?,
        };
        self.add(record, body.end)
    }

    /// A packet without a stamp counts as captured with the one before it.
    fn simple(&mut self, body: &std::ops::Range<usize>) -> Result<(), Malformed> {
        let at = body.start;
        let interface = self.described(0, at)?;
        let len = self.bytes.long(at)?;
        let kept = match interface.snap_len {
            0 => len,
            limit => len.min(limit),
        };
        let record = Record {
            at: self.records.last().map_or(0, |record| record.at),
            start: at + 4,
            len: kept as usize,
            link_type: link_type(interface.link_type, at)?,
        };
        self.add(record, body.end)
    }

    fn described(&self, number: u32, at: usize) -> Result<Interface, Malformed> {
        let interface = self.interfaces.get(number as usize).copied();
        interface.ok_or_else(|| malformed(at, format!("no interface {number} is described")))
    }

    fn add(&mut self, record: Record, end: usize) -> Result<(), Malformed> {
        check(&record, end)?;
        self.records.push(record);
        Ok(())
    }
}

/// How many ticks a second has (`if_tsresol`).
fn ticks(resolution: u8, at: usize) -> Result<u128, Malformed> {
    let (base, power): (u128, u32) = if resolution & 0x80 == 0 {
        (10, u32::from(resolution))
    } else {
        (2, u32::from(resolution & 0x7f))
    };
    base.checked_pow(power)
        .ok_or_else(|| malformed(at, format!("a resolution of {base}^-{power} seconds")))
}
