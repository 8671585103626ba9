//! Segments as lines of text, much as tcpdump writes them:
//!
//! `P. 1:1001(1000) ack 1 win 512 <TS val 5 ecr 7>`
//!
//! Flags are letters (S F R P . U E W, the dot is ACK), numbers are relative to 0, `x3` is a
//! super-packet of three packets, and `ect0`, `ect1`, `ce` are the IP header's.
use super::line::Parcel;
use crate::stack::tcp::segment::{Flags, Segment};

const FLAGS: [(char, Flags); 8] = [
    ('S', Flags::SYN),
    ('F', Flags::FIN),
    ('R', Flags::RST),
    ('P', Flags::PSH),
    ('.', Flags::ACK),
    ('U', Flags::URG),
    ('E', Flags::ECE),
    ('W', Flags::CWR),
];
const ECN: [&str; 4] = ["", "ect1", "ect0", "ce"];

/// Writes a segment. `clock` is what our timestamps begin with.
pub(crate) fn write(segment: &Segment<'_>, clock: u32) -> String {
    let flags: String = FLAGS
        .iter()
        .filter(|it| segment.flags.has(it.1))
        .map(|it| it.0)
        .collect();
    let (seq, len) = (segment.seq, segment.payload.len() as u32);
    let mut parts = vec![flags, format!("{seq}:{}({len})", seq.wrapping_add(len))];
    parts.extend(segment.ack.map(|ack| format!("ack {ack}")));
    parts.push(format!("win {}", segment.window));
    let options = options(segment, clock);
    if !options.is_empty() {
        parts.push(format!("<{}>", options.join(",")));
    }
    if segment.packets > 1 {
        parts.push(format!("x{}", segment.packets));
    }
    if segment.ecn != 0 {
        parts.push(ECN[usize::from(segment.ecn)].to_owned());
    }
    parts.join(" ")
}

fn options(segment: &Segment<'_>, clock: u32) -> Vec<String> {
    let mut options = Vec::new();
    options.extend(segment.mss.map(|mss| format!("mss {mss}")));
    if segment.sack_permitted {
        options.push("sackOK".to_owned());
    }
    let timestamp =
        |(value, echo): (u32, u32)| format!("TS val {} ecr {echo}", value.wrapping_sub(clock));
    options.extend(segment.timestamp.map(timestamp));
    options.extend(segment.window_scale.map(|scale| format!("wscale {scale}")));
    let blocks: Vec<_> = segment.sack[..usize::from(segment.sack_count)]
        .iter()
        .collect();
    if !blocks.is_empty() {
        let blocks: Vec<_> = blocks
            .iter()
            .map(|it| format!("{}:{}", it.0, it.1))
            .collect();
        options.push(format!("sack {}", blocks.join(" ")));
    }
    options
}

/// Reads a segment. Echoes of our timestamps are relative to `clock`.
pub(crate) fn read(line: &str, clock: u32) -> Parcel {
    let (outside, options) = match line.split_once('<') {
        Some((before, rest)) => {
            let (options, after) = rest.split_once('>').expect("options end");
            (format!("{before} {after}"), options)
        }
        None => (line.to_owned(), ""),
    };
    let mut words = outside.split_whitespace();
    let mut segment = Segment {
        packets: 1,
        ..Segment::default()
    };
    let flags = words.next().expect("flags");
    for letter in flags.chars().filter(|&letter| letter != '-') {
        let flag = FLAGS.iter().find(|it| it.0 == letter).expect("a flag").1;
        segment.flags = segment.flags | flag;
    }
    let (seq, rest) = words
        .next()
        .and_then(|it| it.split_once(':'))
        .expect("seq:end(len)");
    let len = rest.split_once('(').expect("(len)").1.trim_end_matches(')');
    segment.seq = number(seq);
    while let Some(word) = words.next() {
        let mut next = || number(words.next().expect("a number"));
        match word {
            "ack" => segment.ack = Some(next()),
            "win" => segment.window = next() as u16,
            word if word.starts_with('x') => segment.packets = number(&word[1..]),
            word => segment.ecn = ECN.iter().position(|&it| it == word).expect("ECN") as u8,
        }
    }
    for option in options.split(',').filter(|option| !option.is_empty()) {
        read_option(&mut segment, option, clock);
    }
    parcel(&segment, number(len))
}

fn read_option(segment: &mut Segment<'_>, option: &str, clock: u32) {
    let words: Vec<_> = option.split_whitespace().collect();
    match words[..] {
        ["mss", mss] => segment.mss = Some(number(mss) as u16),
        ["sackOK"] => segment.sack_permitted = true,
        ["wscale", scale] => segment.window_scale = Some(number(scale) as u8),
        ["TS", "val", value, "ecr", echo] => {
            let echo = match number(echo) {
                0 if segment.ack.is_none() => 0,
                echo => echo.wrapping_add(clock),
            };
            segment.timestamp = Some((number(value), echo));
        }
        ["sack", ref blocks @ ..] => {
            for (edges, block) in segment.sack.iter_mut().zip(blocks) {
                let (left, right) = block.split_once(':').expect("left:right");
                *edges = (number(left), number(right));
            }
            segment.sack_count = blocks.len() as u8;
        }
        _ => panic!("no such option: {option}"),
    }
}

/// Sequence numbers may be negative, for those before 0.
fn number(text: &str) -> u32 {
    let number: i64 = text.parse().unwrap_or_else(|_| panic!("no number: {text}"));
    number as u32
}

/// The payload is the low byte of each sequence number.
fn parcel(segment: &Segment<'_>, len: u32) -> Parcel {
    let mut bytes = vec![0; segment.header_len()];
    segment.emit(&mut bytes, 0);
    bytes.extend((0..len).map(|at| segment.seq.wrapping_add(at) as u8));
    Parcel {
        bytes,
        ecn: segment.ecn,
        packets: segment.packets,
    }
}

#[test]
fn a_line_is_read_and_written() {
    for line in [
        "S 0:0(0) win 65535 <mss 1460,sackOK,TS val 5 ecr 0,wscale 7>",
        "P. 1:1001(1000) ack 1 win 512 <TS val 5 ecr 7,sack 1:5 8:9> ect0",
        "SEW 4294967295:4294967295(0) win 1",
        "F.E 1:3001(3000) ack 3 win 0 x3 ce",
    ] {
        assert_eq!(write(&read(line, 0).segment(), 0), line);
    }
}
