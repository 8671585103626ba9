//! The options of a segment (RFC 9293 §3.2, RFC 7323, RFC 2018), in the order and with the padding
//! that Linux has.
use super::Segment;
use crate::wire::field::{put_u32, u16_at, u32_at};

const END: u8 = 0;
const NOP: u8 = 1;
const MSS: u8 = 2;
const WINDOW_SCALE: u8 = 3;
const SACK_PERMITTED: u8 = 4;
const SACK: u8 = 5;
const TIMESTAMP: u8 = 8;

/// The largest window scale (RFC 7323 §2.3): more is taken for this.
const LARGEST_SCALE: u8 = 14;

impl Segment<'_> {
    /// Reads options until their end, or one whose length is impossible.
    pub(super) fn read_options(&mut self, mut options: &[u8]) {
        while let Some((&kind, rest)) = options.split_first() {
            if kind == END {
                return;
            }
            if kind == NOP {
                options = rest;
                continue;
            }
            let len = rest.first().copied().map_or(0, usize::from);
            let Some(data) = options.get(2..len) else {
                return;
            };
            self.read_option(kind, data);
            options = &options[len..];
        }
    }

    /// One option; of a wrong length it is as if it were not there.
    fn read_option(&mut self, kind: u8, data: &[u8]) {
        match (kind, data.len()) {
            (MSS, 2) => self.mss = u16_at(data, 0).filter(|&mss| mss > 0),
            (WINDOW_SCALE, 1) => {
                self.window_scale = data.first().map(|&scale| scale.min(LARGEST_SCALE));
            }
            (SACK_PERMITTED, 0) => self.sack_permitted = true,
            (SACK, 8 | 16 | 24 | 32) => self.read_sack(data),
            (TIMESTAMP, 8) => self.timestamp = u32_at(data, 0).zip(u32_at(data, 4)),
            _ => {}
        }
    }

    fn read_sack(&mut self, data: &[u8]) {
        self.sack_count = 0;
        for (block, edges) in self.sack.iter_mut().zip(data.chunks_exact(8)) {
            if let Some(read) = u32_at(edges, 0).zip(u32_at(edges, 4)) {
                *block = read;
                self.sack_count += 1;
            }
        }
    }

    /// Bytes of the options as written, a multiple of four.
    pub(super) fn options_len(&self) -> usize {
        let permitted_alone = self.sack_permitted && self.timestamp.is_none();
        let timestamp = if self.timestamp.is_some() { 12 } else { 0 };
        let sack = match self.sack_count {
            0 => 0,
            count => 4 + 8 * usize::from(count),
        };
        4 * (usize::from(self.mss.is_some())
            + usize::from(self.window_scale.is_some())
            + usize::from(permitted_alone))
            + timestamp
            + sack
    }

    /// Writes the options into a slice of that length.
    pub(super) fn write_options(&self, options: &mut [u8]) {
        let mut writer = Writer { options, at: 0 };
        if let Some(mss) = self.mss {
            writer.word(MSS, 4, mss);
        }
        self.write_timestamp(&mut writer);
        if let Some(scale) = self.window_scale {
            writer.word(NOP, WINDOW_SCALE, u16::from_be_bytes([3, scale]));
        }
        self.write_sack(&mut writer);
    }

    /// Timestamps, and SACK-permitted in place of their padding where both are there.
    fn write_timestamp(&self, writer: &mut Writer<'_>) {
        let length = u16::from_be_bytes([TIMESTAMP, 10]);
        match (self.timestamp, self.sack_permitted) {
            (Some(_), true) => writer.word(SACK_PERMITTED, 2, length),
            (Some(_), false) => writer.word(NOP, NOP, length),
            (None, true) => writer.word(NOP, NOP, u16::from_be_bytes([SACK_PERMITTED, 2])),
            (None, false) => {}
        }
        if let Some((value, echo)) = self.timestamp {
            writer.put(value);
            writer.put(echo);
        }
    }

    fn write_sack(&self, writer: &mut Writer<'_>) {
        let blocks = self.sack_blocks();
        if blocks.is_empty() {
            return;
        }
        let length = 2 + 8 * blocks.len() as u8;
        writer.word(NOP, NOP, u16::from_be_bytes([SACK, length]));
        for &(left, right) in blocks {
            writer.put(left);
            writer.put(right);
        }
    }
}

/// Writes word after word.
struct Writer<'a> {
    options: &'a mut [u8],
    at: usize,
}

impl Writer<'_> {
    fn word(&mut self, first: u8, second: u8, rest: u16) {
        self.put(u32::from_be_bytes([first, second, 0, 0]) | u32::from(rest));
    }

    fn put(&mut self, word: u32) {
        put_u32(self.options, self.at, word);
        self.at += 4;
    }
}
