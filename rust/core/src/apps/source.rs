//! Source: makes packets, as fast as they are taken or at a rate. Port: `tx`, or any number of
//! outputs, each of which gets its own packets.
use super::read;
use crate::app::{App, AppError, BATCH, Context, Direction};
use crate::link::Link;
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
    template: Option<Packet>,
    /// When the packets began that `due` counts, and how many have come since.
    began: Option<Nanos>,
    paced: u64,
    sent: u64,
}

impl Source {
    /// A source that has sent nothing yet.
    #[must_use]
    pub fn new(spec: Spec) -> Self {
        Self {
            spec,
            template: None,
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
        Some(self.began.unwrap_or(0).saturating_add(offset as Nanos))
    }

    fn send_paced(&mut self, template: &Packet, context: &mut Context<'_>) {
        self.began.get_or_insert(context.now);
        while let Some(due) = self
            .due()
            .filter(|&due| due <= context.now && self.left() > 0)
        {
            for output in 0..context.outputs() {
                let (link, pool) = context.output(output);
                send(link, pool, template, due);
            }
            self.paced += 1;
            self.sent += 1;
        }
    }

    fn send_freely(&mut self, template: &mut Packet, context: &mut Context<'_>) {
        template.set_arrived(context.now);
        for output in 0..context.outputs() {
            let (link, pool) = context.output(output);
            let batch = BATCH.min(link.room()).min(self.left() as usize);
            link.transmit_repeated(template, batch, pool);
            self.sent += batch as u64;
        }
    }

    /// The packet that all others are copies of.
    fn template(&mut self, pool: &mut Pool) -> Option<Packet> {
        match self.template.take() {
            Some(template) if template.len() == self.spec.size => return Some(template),
            Some(template) => pool.free(template),
            None => {}
        }
        let mut template = pool.packet(self.spec.size)?;
        template.bytes_mut().fill(0);
        Some(template)
    }
}

#[inline]
fn send(link: &mut Link, pool: &mut Pool, template: &Packet, at: Nanos) {
    if let Some(mut packet) = pool.copy(template) {
        packet.set_arrived(at);
        link.transmit(packet, pool);
    }
}

impl App for Source {
    fn kind(&self) -> &'static str {
        "source"
    }

    fn has_port(&self, direction: Direction, _port: &str) -> bool {
        direction == Direction::Output
    }

    fn pull(&mut self, context: &mut Context<'_>) -> bool {
        let Some(mut template) = self.template(context.pool) else {
            return false;
        };
        let paced = self.spec.packets_per_second.is_some();
        if paced {
            self.send_paced(&template, context);
        } else {
            self.send_freely(&mut template, context);
        }
        self.template = Some(template);
        !paced && self.left() > 0
    }

    fn deadline(&self) -> Option<Nanos> {
        self.due().filter(|_| self.left() > 0)
    }

    fn check(&self, config: &Value) -> Result<(), AppError> {
        read::<Spec>(config)?.check()
    }

    fn reconfigure(&mut self, config: &Value, now: Nanos) {
        if let Ok(spec) = read::<Spec>(config) {
            (self.spec, self.began, self.paced) = (spec, Some(now), 0);
        }
    }

    fn count(&self, _now: Nanos, into: &mut Map<String, Value>) {
        into.insert("packets".into(), self.sent.into());
    }

    fn stop(&mut self, pool: &mut Pool) {
        if let Some(template) = self.template.take() {
            pool.free(template);
        }
    }
}

/// A source of this config.
///
/// # Errors
/// A value is out of its range.
pub fn create(spec: Spec) -> Result<Source, AppError> {
    spec.check().map(|()| Source::new(spec))
}
