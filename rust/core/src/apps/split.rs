//! Split: each packet goes to the output of the first flow whose filter takes it. Ports: `rx`; one
//! for each flow, by its name (`0`, `1` and so on where nobody gave names), and `rest` for what no
//! filter takes. What goes to an output without a link is let go.
//!
//! A filter sees a packet from its first byte on, so it has to be compiled for what that is:
//! Ethernet, or IP where there is no link header. The later fragments of an IP packet have no ports
//! to look at, and follow the first one.
//!
//! Most packets ask no filter: what the filters said of a connection is remembered, as far as they
//! look at nothing but what all its packets have in common. The same table leads to the account of
//! its talker, so that counting those costs next to nothing.
use super::read;
use crate::app::{App, AppError, Context, Direction, Ports, Role};
use crate::packet::Packet;
use crate::time::Nanos;
use crate::wire::headers::{Layers, TCP, layers};
use crate::wire::segment;
use flow::{Counter, Flow};
use fragments::{Choice, Fragments, Key};
use owners::{Owned, Owners, Socket};
use serde::Deserialize;
use serde_json::{Map, Value, json};
pub use spec::{MOST, Spec};
use talkers::{Place, Remote, Talker, Talkers};
use tuple::{Connection, Covered, Tuple};
use verdicts::Verdicts;

mod flow;
mod fragments;
mod owners;
mod spec;
mod talkers;
mod tuple;
mod verdicts;

/// The port of what no filter takes.
const REST: &str = "rest";

/// Parts packets by filters.
pub struct Split {
    flows: Vec<Flow>,
    fragments: Fragments,
    verdicts: Verdicts,
    remote: Option<Remote>,
    talkers: Talkers,
    owners: Owners,
    /// Whether a flow takes the packets of one process alone.
    by_process: bool,
    rest: Option<usize>,
    unmatched: Counter,
    followed: u64,
}

impl Split {
    fn new(flows: Vec<Flow>, remote: Option<Remote>) -> Self {
        Self {
            by_process: flows.iter().any(|flow| flow.process.is_some()),
            owners: Owners::default(),
            flows,
            fragments: Fragments::default(),
            verdicts: Verdicts::default(),
            remote,
            talkers: Talkers::default(),
            rest: None,
            unmatched: Counter::default(),
            followed: 0,
        }
    }

    #[inline]
    fn forward(&mut self, packet: Packet, context: &mut Context<'_>) {
        let weight = segment::weight(&packet);
        let choice = self.choose(&packet, weight, context.now);
        let flow = choice.and_then(|number| self.flows.get_mut(number));
        let (counter, output) = match flow {
            Some(flow) => (&mut flow.counter, flow.output),
            None => (&mut self.unmatched, self.rest),
        };
        counter.packets += weight.0;
        counter.bytes += weight.1;
        match output {
            Some(output) => context.part(output, packet),
            None => context.pool.free(packet),
        }
    }

    #[inline]
    fn choose(&mut self, packet: &Packet, weight: (u64, u64), now: Nanos) -> Choice {
        let Some(layers) = layers(packet) else {
            self.talkers.add_foreign(weight.0, weight.1);
            return self.filter(packet, None);
        };
        match Tuple::of(packet, &layers) {
            Some((tuple, covered)) => self.choose_by(&tuple, &covered, packet, weight),
            None => self.choose_singly(packet, &layers, weight, now),
        }
    }

    /// By what is known of the packet's connection.
    #[inline]
    fn choose_by(
        &mut self,
        tuple: &Tuple,
        covered: &Covered,
        packet: &Packet,
        weight: (u64, u64),
    ) -> Choice {
        if self.by_process && begins(packet) {
            self.forget_owner(&tuple.connection());
        }
        let Some(verdict) = self.verdicts.find(tuple) else {
            return self.judge(*tuple, covered, packet, weight);
        };
        let choice = verdict.choice;
        if let Some(remote) = self.remote
            && !self.talkers.add_at(verdict.place, weight.0, weight.1)
        {
            let connection = tuple.connection();
            let talker = Talker::of(&connection, remote);
            verdict.place = self.talkers.add(talker, weight.0, weight.1);
        }
        let asked = verdict.asked.iter().map(|number| usize::from(*number));
        first_that_takes(&self.flows, asked, packet).or(choice)
    }

    /// Asks all filters, and remembers what they say.
    #[cold]
    fn judge(
        &mut self,
        tuple: Tuple,
        covered: &Covered,
        packet: &Packet,
        weight: (u64, u64),
    ) -> Choice {
        let place = self.count(&tuple.connection(), weight);
        let mut asked = Vec::new();
        let mut choice = None;
        let owned = self.owned(Some(&tuple.connection()));
        for (number, flow) in self.flows.iter().enumerate() {
            if !owned.get(number).copied().unwrap_or(true) {
                continue;
            }
            match flow.program.run_within(packet.bytes(), covered) {
                Some(false) => (),
                Some(true) => {
                    choice = Some(number);
                    break;
                }
                None => asked.push(number as u16),
            }
        }
        let numbers = asked.iter().map(|number| usize::from(*number));
        let first = first_that_takes(&self.flows, numbers, packet).or(choice);
        self.verdicts.remember(tuple, choice, asked, place);
        first
    }

    /// A packet that is not like others of its connection: a fragment, or one with extensions.
    fn choose_singly(
        &mut self,
        packet: &Packet,
        layers: &Layers,
        weight: (u64, u64),
        now: Nanos,
    ) -> Choice {
        let connection = Connection::of(packet, layers);
        if let Some(connection) = &connection {
            self.count(connection, weight);
        }
        match Key::of(packet, layers) {
            None => self.filter(packet, connection.as_ref()),
            Some((key, true)) => {
                let choice = self.filter(packet, connection.as_ref());
                self.fragments.remember(key, choice, now);
                choice
            }
            Some((key, false)) => {
                let first = self.fragments.recall(&key, now);
                self.followed += u64::from(first.is_some());
                first.unwrap_or(None)
            }
        }
    }

    fn filter(&mut self, packet: &Packet, connection: Option<&Connection>) -> Choice {
        let owned = self.owned(connection);
        let may = |number: &usize| owned.get(*number).copied().unwrap_or(true);
        first_that_takes(&self.flows, (0..self.flows.len()).filter(may), packet)
    }

    /// Of each flow, whether its process has the connection: not as long as nobody has said so.
    /// Nothing where no flow goes by processes.
    fn owned(&mut self, connection: Option<&Connection>) -> Vec<bool> {
        let Some(remote) = self.remote.filter(|_| self.by_process) else {
            return Vec::new();
        };
        let names = connection.and_then(|one| self.owners.names(Socket::of(one, remote)));
        let owns = |process: &String| names.is_some_and(|names| names.contains(process));
        let flows = self.flows.iter();
        flows
            .map(|flow| flow.process.as_ref().is_none_or(owns))
            .collect()
    }

    /// A connection begins: whoever had one between the same ends may be another.
    #[cold]
    fn forget_owner(&mut self, connection: &Connection) {
        if let Some(remote) = self.remote {
            self.owners.forget(Socket::of(connection, remote));
            self.verdicts.clear();
        }
    }

    fn count(&mut self, connection: &Connection, (packets, bytes): (u64, u64)) -> Place {
        let Some(remote) = self.remote else {
            return Place::default();
        };
        self.talkers
            .add(Talker::of(connection, remote), packets, bytes)
    }
}

/// Whether it is the first packet of a TCP connection (RFC 9293 §3.5).
fn begins(packet: &Packet) -> bool {
    const FLAGS: usize = 13;
    let flags = layers(packet)
        .filter(|layers| layers.l4_protocol == TCP)
        .and_then(|layers| packet.bytes().get(layers.l4_offset + FLAGS).copied());
    flags.is_some_and(|flags| flags & 0x12 == 0x02)
}

/// What somebody says of connections.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Told {
    owned: Vec<Owned>,
}

/// The first of these flows whose filter takes the packet.
#[inline]
fn first_that_takes(
    flows: &[Flow],
    mut numbers: impl Iterator<Item = usize>,
    packet: &Packet,
) -> Choice {
    let (bytes, len) = (packet.bytes(), packet.len() as u32);
    numbers.find(|number| flows[*number].program.run(bytes, len) != 0)
}

impl App for Split {
    fn kind(&self) -> &'static str {
        "split"
    }

    fn role(&self) -> Role {
        Role::Parts
    }

    /// Any name is an output's: a change of the config may bring a flow together with its link.
    fn has_port(&self, direction: Direction, port: &str) -> bool {
        direction == Direction::Output || port == "rx"
    }

    fn linked(&mut self, ports: &Ports) {
        self.rest = ports.output(REST);
        for flow in &mut self.flows {
            flow.output = ports.output(&flow.name);
        }
    }

    fn push(&mut self, context: &mut Context<'_>) {
        for input in 0..context.inputs() {
            let mut ring = context.take(input);
            ring.drain(..)
                .for_each(|packet| self.forward(packet, context));
            context.restore(input, ring);
        }
    }

    fn check(&self, config: &Value) -> Result<(), AppError> {
        read::<Spec>(config)?.compile().map(drop)
    }

    fn reconfigure(&mut self, config: &Value, _now: Nanos) {
        let Ok(spec) = read::<Spec>(config) else {
            return;
        };
        let remote = spec.remote;
        let Ok(mut flows) = spec.compile() else {
            return;
        };
        let old = std::mem::take(&mut self.flows);
        let mut moved = vec![None; old.len()];
        for (number, flow) in flows.iter_mut().enumerate() {
            if let Some(before) = old.iter().position(|other| other.name == flow.name) {
                flow.counter = old[before].counter;
                moved[before] = Some(number);
            }
        }
        self.fragments.follow(&moved);
        self.by_process = flows.iter().any(|flow| flow.process.is_some());
        self.verdicts.clear();
        self.flows = flows;
        if remote != self.remote {
            (self.remote, self.talkers) = (remote, Talkers::default());
        }
    }

    fn count(&self, _now: Nanos, into: &mut Map<String, Value>) {
        let value = |counter: &Counter| json!({"packets": counter.packets, "bytes": counter.bytes});
        let mut outputs: Map<String, Value> = Map::new();
        for flow in &self.flows {
            outputs.insert(flow.name.clone(), value(&flow.counter));
        }
        outputs.insert(REST.into(), value(&self.unmatched));
        into.insert("outputs".into(), outputs.into());
        into.insert("fragments_followed".into(), self.followed.into());
        into.insert("connections".into(), self.verdicts.len().into());
    }

    /// Who has which connection: takes answers, and says which are asked for.
    fn tell(&mut self, message: &Value) -> Result<Value, AppError> {
        let Told { owned } = serde_json::from_value(message.clone())
            .map_err(|error| AppError::config(format!("app split: {error}")))?;
        if self.owners.tell(owned) {
            self.verdicts.clear();
        }
        let asked: Vec<&Socket> = self.owners.asked().collect();
        Ok(json!({"asked": asked}))
    }

    /// Who talks most.
    fn series(&self) -> Option<Value> {
        self.remote.map(|_| self.talkers.to_json())
    }
}

/// A split of this config.
///
/// # Errors
/// There are too many filters, one is no program, or two have one name.
pub fn create(spec: Spec) -> Result<Split, AppError> {
    let remote = spec.remote;
    Ok(Split::new(spec.compile()?, remote))
}

#[cfg(test)]
mod tests;
