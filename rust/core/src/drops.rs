//! The latest drops: which packet, why, when and where; a bounded ring that is always kept.
use crate::cause::Cause;
use crate::packet::Packet;
use crate::time::Nanos;
use crate::wire::headers::layers;
use crate::wire::segment;
use serde_json::{Value, json};
use std::collections::VecDeque;
use std::net::IpAddr;
use std::sync::Arc;

/// How many are kept: the oldest makes room for the next.
pub const KEPT: usize = 1024;

/// A packet that was dropped.
#[derive(Clone, Debug)]
struct Dropped {
    at: Nanos,
    app: Arc<str>,
    share: Option<Arc<str>>,
    cause: Cause,
    packets: u64,
    length: usize,
    ip: Option<Ip>,
}

/// What its headers say.
#[derive(Clone, Copy, Debug)]
struct Ip {
    protocol: u8,
    source: IpAddr,
    destination: IpAddr,
    ports: Option<(u16, u16)>,
}

/// The latest drops of an engine.
#[derive(Default)]
pub struct Drops {
    ring: VecDeque<Dropped>,
    /// How many there ever were.
    count: u64,
}

impl Drops {
    /// Notes a packet that the app of this name drops, which it held for `share` where several
    /// share it.
    pub(crate) fn add(
        &mut self,
        at: Nanos,
        app: &Arc<str>,
        share: Option<&Arc<str>>,
        cause: Cause,
        packet: &Packet,
    ) {
        if self.ring.len() == KEPT {
            self.ring.pop_front();
        }
        self.count += 1;
        self.ring.push_back(Dropped {
            at,
            app: app.clone(),
            share: share.cloned(),
            cause,
            packets: segment::weight(packet).0,
            length: packet.len(),
            ip: ip(packet),
        });
    }

    /// Those behind the first `after` that there ever were, as far as they are kept, oldest first;
    /// and how many there ever were.
    #[must_use]
    pub fn after(&self, after: u64) -> Value {
        let first = self.count - self.ring.len() as u64;
        let skipped = usize::try_from(after.saturating_sub(first)).unwrap_or(usize::MAX);
        let drops = self.ring.iter().zip(first + 1..).skip(skipped);
        let drops: Vec<Value> = drops
            .map(|(dropped, number)| dropped.to_json(number))
            .collect();
        json!({"count": self.count, "drops": drops})
    }
}

impl Dropped {
    fn to_json(&self, number: u64) -> Value {
        let Self {
            at,
            app,
            share,
            cause,
            packets,
            length,
            ip,
        } = self;
        let ports = ip.and_then(|ip| ip.ports).unzip();
        json!({
            "number": number, "time_ns": at, "app": &**app, "share": share.as_deref(),
            "cause": cause, "packets": packets, "length": length,
            "protocol": ip.map(|ip| ip.protocol),
            "source": ip.map(|ip| ip.source), "source_port": ports.0,
            "destination": ip.map(|ip| ip.destination), "destination_port": ports.1,
        })
    }
}

fn ip(packet: &Packet) -> Option<Ip> {
    let layers = layers(packet)?;
    let bytes = packet.bytes();
    let (source, destination) = layers.ends(bytes)?;
    let ports = layers.ports(bytes);
    Some(Ip {
        protocol: layers.l4_protocol,
        source,
        destination,
        ports: ports.map(|both| ((both >> 16) as u16, both as u16)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::packet::Pool;

    fn udp() -> Vec<u8> {
        let mut bytes = vec![0x45, 0, 0, 28, 0, 1, 0, 0, 64, 17, 0, 0];
        bytes.extend([10, 0, 0, 1, 10, 0, 0, 2, 0, 9, 0, 53, 0, 8, 0, 0]);
        bytes
    }

    #[test]
    fn a_drop_says_which_packet_why_when_and_where() {
        let (mut pool, mut drops) = (Pool::default(), Drops::default());
        let packet = pool.packet_from(&udp()).unwrap();
        drops.add(
            7,
            &"up/dns".into(),
            Some(&"dns".into()),
            Cause::Queue,
            &packet,
        );
        let expected = json!({"count": 1, "drops": [{
            "number": 1, "time_ns": 7, "app": "up/dns", "share": "dns", "cause": "queue",
            "packets": 1, "length": 28, "protocol": 17, "source": "10.0.0.1", "source_port": 9,
            "destination": "10.0.0.2", "destination_port": 53,
        }]});
        assert_eq!(drops.after(0), expected);
        assert_eq!(drops.after(1), json!({"count": 1, "drops": []}));
    }

    #[test]
    fn the_oldest_make_room_and_numbers_go_on() {
        let (mut pool, mut drops) = (Pool::default(), Drops::default());
        let packet = pool.packet_from(&[1, 2, 3]).unwrap();
        let app = "up".into();
        for at in 0..KEPT as u64 + 5 {
            drops.add(at, &app, None, Cause::Loss, &packet);
        }
        let all = drops.after(0);
        let kept = all["drops"].as_array().unwrap();
        assert_eq!((kept.len(), &kept[0]["number"]), (KEPT, &6.into()));
        assert_eq!(kept[0]["source"], Value::Null);
        let last = drops.after(KEPT as u64 + 3);
        let numbers: Vec<_> = last["drops"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| &one["number"])
            .collect();
        assert_eq!(numbers, [KEPT + 4, KEPT + 5]);
        assert_eq!(drops.after(u64::MAX)["drops"], json!([]));
    }
}
