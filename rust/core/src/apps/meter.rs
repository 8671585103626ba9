//! Meter: counts what passes a point of the graph, for each pair of addresses, and which of TCP's
//! data passed before. So two of them, at both ends of a line, tell retransmissions from what
//! arrived for the first time. Ports: `rx`, `tx`.
use crate::app::{App, Context, Direction};
use crate::packet::Packet;
use crate::time::Nanos;
use crate::wire::field::u32_at;
use crate::wire::headers::{Layers, TCP, UDP, layers};
use account::{Account, Load};
use serde::Deserialize;
use serde_json::{Map, Value};
use std::collections::{BTreeMap, VecDeque};
use std::net::IpAddr;
use stream::Stream;

mod account;
mod series;
mod stream;

/// How many pairs of addresses have an account of their own; all others share one.
const MOST_PAIRS: usize = 256;
/// How many TCP streams are followed; the oldest goes first.
const MOST_STREAMS: usize = 1 << 16;

const SYN: u8 = 0x02;
const UDP_HEADER: u64 = 8;

/// A meter's config: there is nothing to say.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Spec {}

/// Source and destination.
type Pair = (IpAddr, IpAddr);
type Key = (Pair, u32);

/// Counts what passes.
#[derive(Default)]
pub struct Meter {
    pairs: BTreeMap<Pair, Account>,
    others: Account,
    streams: BTreeMap<Key, Stream>,
    ages: VecDeque<Key>,
    /// Packets that are not IP.
    foreign: u64,
}

impl Meter {
    fn see(&mut self, packet: &Packet) {
        let bytes = packet.bytes();
        let seen = layers(packet).and_then(|layers| Some((layers.ends(bytes)?, layers)));
        let Some((pair, layers)) = seen else {
            self.foreign += 1;
            return;
        };
        let load = self.load(pair, &layers, packet);
        self.account(pair).add(packet.arrived(), load);
    }

    fn account(&mut self, pair: Pair) -> &mut Account {
        if self.pairs.len() >= MOST_PAIRS && !self.pairs.contains_key(&pair) {
            return &mut self.others;
        }
        self.pairs.entry(pair).or_default()
    }

    fn load(&mut self, pair: Pair, layers: &Layers, packet: &Packet) -> Load {
        let end = (layers.network_offset + layers.ip_len).min(packet.len());
        let transport = end.saturating_sub(layers.l4_offset) as u64;
        let size = u64::from(packet.offload().segment_size);
        let mut load = Load {
            packets: 1,
            bytes: (end - layers.network_offset) as u64,
            ..Load::default()
        };
        match layers.l4_protocol {
            TCP if layers.fragment.is_none() => self.tcp(pair, layers, packet, &mut load),
            UDP => {
                let first = layers.fragment.is_none_or(|piece| piece.offset == 0);
                let header = if first { UDP_HEADER } else { 0 };
                load.fresh = transport.saturating_sub(header);
            }
            _ => (),
        }
        if packet.is_super() && size > 0 {
            let data = load.fresh + load.repeated;
            load.packets = data.div_ceil(size).max(1);
            load.bytes += (load.packets - 1) * load.bytes.saturating_sub(data);
            load.repeated_segments = load.repeated_segments.max(load.repeated.div_ceil(size));
        }
        load
    }

    fn tcp(&mut self, pair: Pair, layers: &Layers, packet: &Packet, load: &mut Load) {
        let bytes = packet.bytes();
        let at = layers.l4_offset;
        let end = (layers.network_offset + layers.ip_len).min(bytes.len());
        let (Some(ports), Some(sequence)) = (layers.ports(bytes), u32_at(bytes, at + 4)) else {
            return;
        };
        let (Some(offset), Some(flags)) = (bytes.get(at + 12), bytes.get(at + 13)) else {
            return;
        };
        let header = usize::from(offset >> 4) * 4;
        let len = end.saturating_sub(at + header) as u32;
        let syn = flags & SYN != 0;
        let first = sequence.wrapping_add(u32::from(syn));
        let known = self.streams.get(&(pair, ports)).map(Stream::top);
        let again = syn && known == Some(first);
        if known.is_none() || (syn && !again) {
            self.follow((pair, ports), first);
        }
        let stream = self.streams.get_mut(&(pair, ports));
        let fresh = stream.map_or(0, |stream| stream.pass(first, len));
        load.fresh = u64::from(fresh);
        load.repeated = u64::from(len - fresh);
        load.repeated_segments = u64::from(again || fresh < len);
    }

    fn follow(&mut self, key: Key, next: u32) {
        if self.streams.insert(key, Stream::new(next)).is_some() {
            return;
        }
        self.ages.push_back(key);
        if self.ages.len() > MOST_STREAMS
            && let Some(oldest) = self.ages.pop_front()
        {
            self.streams.remove(&oldest);
        }
    }

    fn accounts(&self) -> impl Iterator<Item = (String, &Account)> {
        let named = self.pairs.iter();
        let named = named.map(|((from, to), account)| (format!("{from} {to}"), account));
        named.chain([("others".into(), &self.others)])
    }
}

impl App for Meter {
    fn kind(&self) -> &'static str {
        "meter"
    }

    fn has_port(&self, direction: Direction, port: &str) -> bool {
        port == if direction == Direction::Input {
            "rx"
        } else {
            "tx"
        }
    }

    fn push(&mut self, context: &mut Context<'_>) {
        for input in 0..context.inputs() {
            let mut batch = context.take_batch(input);
            batch.packets().iter().for_each(|packet| self.see(packet));
            if context.outputs() == 0 {
                batch.free(context.pool);
            } else {
                let (link, pool) = context.output(0);
                link.transmit_batch(&mut batch, pool);
            }
            context.restore_batch(input, batch);
        }
    }

    fn count(&self, _now: Nanos, into: &mut Map<String, Value>) {
        let mut pairs = Map::new();
        for (name, account) in self.accounts() {
            let mut counted = Map::new();
            account.count(&mut counted);
            pairs.insert(name, counted.into());
        }
        into.insert("pairs".into(), pairs.into());
        into.insert("foreign".into(), self.foreign.into());
    }

    fn series(&self) -> Option<Value> {
        let every = self
            .accounts()
            .map(|(name, account)| (name, account.series()));
        Some(every.collect::<Map<_, _>>().into())
    }
}

#[cfg(test)]
mod tests;
