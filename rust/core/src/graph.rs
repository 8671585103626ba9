//! The running graph: apps at their places, links between them, and the order of a breath.
use crate::action::LinkSpec;
use crate::app::{App, Ports};
use crate::change::Change;
use crate::link::Link;
use crate::order;
use crate::packet::Pool;
use crate::time::Nanos;
use std::collections::{BTreeMap, BTreeSet};

/// An app at its place in the graph.
pub(crate) struct Slot {
    pub(crate) app: Box<dyn App>,
    pub(crate) inputs: Vec<usize>,
    pub(crate) outputs: Vec<usize>,
    pub(crate) deadline: Nanos,
    pub(crate) ready: bool,
}

impl Slot {
    fn new(app: Box<dyn App>) -> Self {
        Self {
            app,
            inputs: Vec::new(),
            outputs: Vec::new(),
            deadline: 0,
            ready: true,
        }
    }

    pub(crate) fn settle(&mut self) {
        self.deadline = self.app.deadline().unwrap_or(Nanos::MAX);
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

    /// Makes a staged change real. What it does not name keeps its state and its packets.
    pub(crate) fn commit(&mut self, change: Change, now: Nanos, pool: &mut Pool) {
        let Change {
            stopped,
            started,
            reconfigured,
            links,
            ..
        } = change;
        self.replace_apps(&stopped, started, pool);
        self.replace_links(links, pool);
        self.rewire();
        for (name, config) in reconfigured {
            if let Some(place) = self.place(&name) {
                self.slots[place].app.reconfigure(&config, now);
            }
        }
        for slot in &mut self.slots {
            slot.settle();
            slot.ready = true;
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
        for mut link in old.into_values() {
            while let Some(packet) = link.receive() {
                pool.free(packet);
            }
        }
    }

    /// Tells each app its links, and works the order out again.
    fn rewire(&mut self) {
        for place in 0..self.slots.len() {
            let name = &self.names[place];
            let (inputs, in_names) = ends(&self.specs, name, |spec| &spec.to);
            let (outputs, out_names) = ends(&self.specs, name, |spec| &spec.from);
            let slot = &mut self.slots[place];
            (slot.inputs, slot.outputs) = (inputs, outputs);
            slot.app.linked(&Ports {
                inputs: in_names,
                outputs: out_names,
            });
        }
        self.order = order::downstream(&self.edges(), self.slots.len());
    }

    fn edges(&self) -> Vec<(usize, usize)> {
        let place = |name: &str| self.place(name).unwrap_or_default();
        self.specs
            .iter()
            .map(|spec| (place(&spec.from.app), place(&spec.to.app)))
            .collect()
    }
}

/// The links that end at an app, in the order of its ports' names.
fn ends(
    specs: &[LinkSpec],
    app: &str,
    side: impl Fn(&LinkSpec) -> &crate::action::End,
) -> (Vec<usize>, Vec<String>) {
    let mine = specs
        .iter()
        .enumerate()
        .filter(|(_, spec)| side(spec).app == app);
    let mut found: Vec<(usize, String)> = mine
        .map(|(index, spec)| (index, side(spec).port.clone()))
        .collect();
    found.sort_by(|a, b| a.1.cmp(&b.1));
    found.into_iter().unzip()
}
