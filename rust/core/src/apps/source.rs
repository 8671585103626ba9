//! Source: makes packets, as fast as they are taken or at a rate. Port: `tx`, or any number of
//! outputs, each of which gets its own packets.
use super::read;
use crate::app::{App, AppError, BATCH, Context, Direction};
use crate::packet::{LARGEST, Packet, Pool};
use crate::time::{Nanos, SECOND};
use serde::Deserialize;
use serde_json::{Map, Value};

/// A source's config.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Spec {
    /// Bytes of each packet.
    pub size: usize,
    /// Packets a second; as fast as they are taken where absent.
    #[serde(default)]
    pub packets_per_second: Option<f64>,
    /// How many packets in all; no end where absent.
    #[serde(default)]
    pub count: Option<u64>,
}

impl Spec {
    fn check(&self) -> Result<(), AppError> {
        let sized = (1..=LARGEST).contains(&self.size);
        let paced = self
            .packets_per_second
            .is_none_or(|rate| rate > 0.0 && rate <= 1e9);
        match (sized, paced) {
            (true, true) => Ok(()),
            (false, _) => Err(AppError::config(format!(
                "size: 1 to {LARGEST} bytes are allowed"
            ))),
            (_, false) => Err(AppError::config("packets_per_second: 0 to 1e9 are allowed")),
        }
    }
}

/// Makes packets.
pub struct Source {
    spec: Spec,
    template: Vec<u8>,
    /// When the packets began that `due` counts, and how many have come since.
    began: Option<Nanos>,
    paced: u64,
    sent: u64,
}

impl Source {
    /// A source that has sent nothing yet.
    #[must_use]
    pub fn new(spec: Spec) -> Self {
        let template = vec![0; spec.size.min(LARGEST)];
        Self {
            spec,
            template,
            began: None,
            paced: 0,
            sent: 0,
        }
    }

    fn left(&self) -> u64 {
        self.spec
            .count
            .map_or(u64::MAX, |count| count.saturating_sub(self.sent))
    }

    /// When packet number `paced` since `began` is due: from the whole, so that no error adds up.
    fn due(&self) -> Option<Nanos> {
        let rate = self.spec.packets_per_second?;
        let offset = (self.paced as f64) * (SECOND as f64) / rate;
        Some(self.began.unwrap_or(0) + offset as Nanos)
    }

    fn send_paced(&mut self, context: &mut Context<'_>) {
        self.began.get_or_insert(context.now);
        while let Some(due) = self
            .due()
            .filter(|&due| due <= context.now && self.left() > 0)
        {
            for output in 0..context.outputs() {
                if let Some(mut packet) = context.pool.packet_from(&self.template) {
                    packet.set_arrived(due);
                    context.transmit(output, packet);
                }
            }
            self.paced += 1;
            self.sent += 1;
        }
    }

    fn send_freely(&mut self, context: &mut Context<'_>) {
        let now = context.now;
        for output in 0..context.outputs() {
            let (link, pool) = context.output(output);
            let batch = BATCH.min(link.room()).min(self.left() as usize);
            for _ in 0..batch {
                if let Some(packet) = fill(pool, &self.template, now) {
                    link.transmit(packet, pool);
                }
            }
            self.sent += batch as u64;
        }
    }
}

#[inline]
fn fill(pool: &mut Pool, template: &[u8], now: Nanos) -> Option<Packet> {
    let mut packet = pool.packet_from(template)?;
    packet.set_arrived(now);
    Some(packet)
}

impl App for Source {
    fn kind(&self) -> &'static str {
        "source"
    }

    fn has_port(&self, direction: Direction, _port: &str) -> bool {
        direction == Direction::Output
    }

    fn pull(&mut self, context: &mut Context<'_>) -> bool {
        if self.spec.packets_per_second.is_some() {
            self.send_paced(context);
            return false;
        }
        self.send_freely(context);
        self.left() > 0
    }

    fn deadline(&self) -> Option<Nanos> {
        self.due().filter(|_| self.left() > 0)
    }

    fn check(&self, config: &Value) -> Result<(), AppError> {
        read::<Spec>(config)?.check()
    }

    fn reconfigure(&mut self, config: &Value, now: Nanos) {
        if let Ok(spec) = read::<Spec>(config) {
            self.template.resize(spec.size, 0);
            (self.spec, self.began, self.paced) = (spec, Some(now), 0);
        }
    }

    fn count(&self, _now: Nanos, into: &mut Map<String, Value>) {
        into.insert("packets".into(), self.sent.into());
    }
}

/// A source of this config.
///
/// # Errors
/// A value is out of its range.
pub fn create(spec: Spec) -> Result<Source, AppError> {
    spec.check().map(|()| Source::new(spec))
}
