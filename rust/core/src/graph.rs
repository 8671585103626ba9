//! The running graph: apps at their places, links between them, and the order of a breath.
use crate::action::{End, LinkSpec, wipe_config};
use crate::agenda::Agenda;
use crate::app::{App, Ports, Role};
use crate::change::Change;
use crate::lanes::Wires;
use crate::link::Link;
use crate::order;
use crate::packet::Pool;
use crate::time::Nanos;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// A host of an engine, or a tunnel, by a number that stays its own wherever the graph moves it, and is nobody
/// else's once it has stopped.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct HostKey(pub u32);

/// An app at its place in the graph.
#[repr(C)] // what each call needs first, on one line
pub(crate) struct Slot {
    pub(crate) app: Box<dyn App>,
    pub(crate) wires: Wires,
    pub(crate) role: Role,
    pub(crate) inputs: Vec<usize>,
    pub(crate) outputs: Vec<usize>,
    /// Its number, if it is a host or a tunnel.
    pub(crate) host: Option<HostKey>,
    /// Whether it is known to have events that nobody has taken.
    pub(crate) eventful: bool,
    /// Whether it has ever waited for a descriptor: only then it is asked.
    outward: bool,
}

impl Slot {
    fn new(app: Box<dyn App>) -> Self {
        Self {
            role: app.role(),
            app,
            inputs: Vec::new(),
            outputs: Vec::new(),
            wires: Wires::default(),
            host: None,
            eventful: false,
            outward: false,
        }
    }

    /// Adds a host that has events now and had none before.
    pub(crate) fn note_events(&mut self, eventful: &mut Vec<HostKey>) {
        if let Some(key) = self.host
            && !self.eventful
            && self.has_events()
        {
            self.eventful = true;
            eventful.push(key);
        }
    }

    fn has_events(&mut self) -> bool {
        let host = self.app.host().is_some_and(|host| host.has_events());
        host || self
            .app
            .tunnel()
            .is_some_and(|tunnel| tunnel.has_strangers())
    }

    /// Whether somebody outside reaches it by its number.
    fn is_reached(&mut self) -> bool {
        self.app.host().is_some() || self.app.tunnel().is_some()
    }

    fn is_outward(&mut self) -> bool {
        if !self.outward {
            let mut descriptors = Vec::new();
            self.app.descriptors(&mut descriptors);
            self.outward = !descriptors.is_empty();
        }
        self.outward
    }
}

/// Apps and links, each list in the order of its names.
#[derive(Default)]
pub(crate) struct Graph {
    pub(crate) names: Vec<String>,
    pub(crate) slots: Vec<Slot>,
    pub(crate) specs: Vec<LinkSpec>,
    pub(crate) links: Vec<Link>,
    /// The places of the apps, in the order in which they are pushed.
    pub(crate) order: Vec<usize>,
    /// Of each link, the rank in that order of the app that it feeds.
    pub(crate) fed: Vec<usize>,
    /// Of each app, its rank in that order.
    pub(crate) ranks: Vec<usize>,
    /// The links at all apps, one app after another.
    pub(crate) wires: Vec<usize>,
    /// Of each link, the place of the lane behind it, which gets packets without it.
    pub(crate) lanes: Vec<Option<u32>>,
    pub(crate) agenda: Agenda,
    /// The places of the hosts, by their keys; none of one that has stopped.
    hosts: Vec<Option<usize>>,
    /// The places of the apps that may wait for a descriptor.
    pub(crate) outward: Vec<usize>,
}

impl Graph {
    fn place(&self, name: &str) -> Option<usize> {
        self.names
            .binary_search_by(|other| other.as_str().cmp(name))
            .ok()
    }

    pub(crate) fn app(&self, name: &str) -> Option<&dyn App> {
        self.place(name).map(|place| &*self.slots[place].app)
    }

    pub(crate) fn app_mut(&mut self, name: &str) -> Option<&mut Box<dyn App>> {
        let place = self.place(name)?;
        Some(&mut self.slots[place].app)
    }

    pub(crate) fn host_key(&self, name: &str) -> Option<HostKey> {
        self.slots[self.place(name)?].host
    }

    pub(crate) fn host_place(&self, key: HostKey) -> Option<usize> {
        *self.hosts.get(key.0 as usize)?
    }

    /// Makes a staged change real. What it does not name keeps its state and its packets.
    pub(crate) fn commit(&mut self, change: Change, now: Nanos, pool: &mut Pool) {
        let Change {
            stopped,
            started,
            reconfigured,
            links,
            ..
        } = change;
        let Some(links) = links else {
            self.reconfigure(reconfigured, now);
            return;
        };
        self.replace_apps(&stopped, started, pool);
        for (name, mut config) in reconfigured {
            if let Some(place) = self.place(&name) {
                self.slots[place].app.reconfigure(&config, now);
            }
            wipe_config(&mut config);
        }
        self.replace_links(links, pool);
        self.rewire();
        self.shorten(pool);
        self.begin_agenda();
    }

    /// Gives apps new configs, and has them called: a change of values alone costs no more than
    /// the apps that it is about.
    fn reconfigure(&mut self, reconfigured: Vec<(String, Value)>, now: Nanos) {
        for (name, mut config) in reconfigured {
            let Some(place) = self.place(&name) else {
                continue;
            };
            let slot = &mut self.slots[place];
            slot.app.reconfigure(&config, now);
            wipe_config(&mut config);
            let ports = |links: &[usize], end: fn(&LinkSpec) -> &End| {
                let ends = links.iter().map(|&link| end(&self.specs[link]));
                ends.map(|end| end.port.clone()).collect()
            };
            let ports = Ports {
                inputs: ports(&slot.inputs, |spec| &spec.to),
                outputs: ports(&slot.outputs, |spec| &spec.from),
            };
            slot.app.linked(&ports);
            self.agenda.set_deadline(place, slot.app.deadline());
            self.agenda.pulls.set(place);
            self.agenda.pushes.set(self.ranks[place]);
            if slot.is_outward() && !self.outward.contains(&place) {
                self.outward.push(place);
                self.outward.sort_unstable();
            }
        }
    }

    /// Everybody is called after a change, and everything that stands on a link is handled.
    fn begin_agenda(&mut self) {
        self.agenda = Agenda::of(self.slots.len());
        for (place, slot) in self.slots.iter().enumerate() {
            self.agenda.set_deadline(place, slot.app.deadline());
        }
        for (link, &rank) in self.links.iter().zip(&self.fed) {
            if !link.is_empty() {
                self.agenda.pushes.set(rank);
            }
        }
    }

    fn replace_apps(
        &mut self,
        stopped: &BTreeSet<String>,
        started: BTreeMap<String, Box<dyn App>>,
        pool: &mut Pool,
    ) {
        let (names, slots) = (
            std::mem::take(&mut self.names),
            std::mem::take(&mut self.slots),
        );
        let mut all: BTreeMap<String, Slot> = BTreeMap::new();
        for (name, mut slot) in names.into_iter().zip(slots) {
            if stopped.contains(&name) {
                slot.app.stop(pool);
            } else {
                all.insert(name, slot);
            }
        }
        all.extend(
            started
                .into_iter()
                .map(|(name, app)| (name, Slot::new(app))),
        );
        (self.names, self.slots) = all.into_iter().unzip();
    }

    fn replace_links(&mut self, wanted: BTreeSet<LinkSpec>, pool: &mut Pool) {
        let (specs, links) = (
            std::mem::take(&mut self.specs),
            std::mem::take(&mut self.links),
        );
        let mut old: BTreeMap<LinkSpec, Link> = specs.into_iter().zip(links).collect();
        for spec in wanted {
            self.links.push(old.remove(&spec).unwrap_or_default());
            self.specs.push(spec);
        }
        for (spec, link) in old {
            if !link.is_empty() {
                self.hand_over(&spec, link, pool);
            }
        }
    }

    /// What stands on a link that is gone goes to the one that took its place: where it led, where
    /// it came from, or else to the same app. So a line whose flows change loses no packet, wherever
    /// the order of a breath parts the ring that the line is in.
    fn hand_over(&mut self, gone: &LinkSpec, mut link: Link, pool: &mut Pool) {
        let find = |heir: &dyn Fn(&LinkSpec) -> bool| self.specs.iter().position(heir);
        let heir = find(&|spec| spec.to == gone.to)
            .or_else(|| find(&|spec| spec.from == gone.from))
            .or_else(|| find(&|spec| spec.to.app == gone.to.app));
        while let Some(packet) = link.receive() {
            match heir {
                Some(heir) => self.links[heir].transmit(packet, pool),
                None => pool.free(packet),
            }
        }
    }

    /// Tells each app its links and works the order out again.
    fn rewire(&mut self) {
        let edges = self.edges();
        self.order = order::downstream(&edges, self.slots.len());
        self.ranks = vec![0; self.slots.len()];
        for (rank, &place) in self.order.iter().enumerate() {
            self.ranks[place] = rank;
        }
        self.fed = edges.iter().map(|&(_, to)| self.ranks[to]).collect();
        self.tell_links(&edges);
        self.number_hosts();
        let outward = |place: &usize| self.slots[*place].is_outward();
        self.outward = (0..self.names.len()).filter(outward).collect();
    }

    /// Finds out anew whether an app waits for descriptors.
    pub(crate) fn look_outward(&mut self, place: usize) {
        if self.slots[place].is_outward()
            && let Err(at) = self.outward.binary_search(&place)
        {
            self.outward.insert(at, place);
        }
    }

    /// The apps that each link joins.
    fn edges(&self) -> Vec<(usize, usize)> {
        let place = |name: &str| self.place(name).unwrap_or_default();
        self.specs
            .iter()
            .map(|spec| (place(&spec.from.app), place(&spec.to.app)))
            .collect()
    }

    fn tell_links(&mut self, edges: &[(usize, usize)]) {
        let count = self.slots.len();
        let ends = edges.iter().zip(&self.specs);
        let inputs = by_port(count, ends.clone().map(|(edge, spec)| (edge.1, &spec.to)));
        let outputs = by_port(count, ends.map(|(edge, spec)| (edge.0, &spec.from)));
        for (slot, (inputs, outputs)) in self.slots.iter_mut().zip(inputs.zip(outputs)) {
            let ports;
            (slot.inputs, slot.outputs, ports) = split(inputs, outputs);
            slot.app.linked(&ports);
        }
    }

    /// Gives new hosts and tunnels their keys, and notes where all are.
    fn number_hosts(&mut self) {
        self.hosts.fill(None);
        for (place, slot) in self.slots.iter_mut().enumerate() {
            if slot.host.is_none() && slot.is_reached() {
                slot.host = Some(HostKey(self.hosts.len() as u32));
                self.hosts.push(None);
            }
            if let Some(HostKey(key)) = slot.host {
                self.hosts[key as usize] = Some(place);
            }
        }
    }
}

type Ended<'a> = Vec<(&'a str, usize)>;

/// The links at each app, in the order of its ports' names.
fn by_port<'a>(
    count: usize,
    ends: impl Iterator<Item = (usize, &'a End)>,
) -> impl Iterator<Item = Ended<'a>> {
    let mut found: Vec<Ended<'_>> = vec![Vec::new(); count];
    for (link, (place, end)) in ends.enumerate() {
        found[place].push((&end.port, link));
    }
    found.into_iter().map(|mut mine| {
        mine.sort_unstable();
        mine
    })
}

fn split(inputs: Ended<'_>, outputs: Ended<'_>) -> (Vec<usize>, Vec<usize>, Ports) {
    let names = |ended: &Ended<'_>| ended.iter().map(|(port, _)| String::from(*port)).collect();
    let links = |ended: &Ended<'_>| ended.iter().map(|(_, link)| *link).collect();
    let ports = Ports {
        inputs: names(&inputs),
        outputs: names(&outputs),
    };
    (links(&inputs), links(&outputs), ports)
}
