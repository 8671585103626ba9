//! The engine: runs a graph one breath at a time. A breath has one `now`; first the apps that bring
//! packets in are pulled, in the order of their names, then each app with something to handle is
//! pushed, in the order in which packets flow. All of it follows from the config alone.
use crate::action::Action;
use crate::app::{AppError, Context, Descriptor};
use crate::change::{Change, Registry};
use crate::graph::{Graph, Slot};
use crate::link::Link;
use crate::log::Log;
use crate::packet::Pool;
use crate::time::{MICROSECOND, Nanos};
use std::collections::BTreeMap;

/// How often an app that always has more is pulled in virtual time, where nothing else is due.
pub const VIRTUAL_PULL: Nanos = 10 * MICROSECOND;

/// A graph, and what runs it.
#[derive(Default)]
pub struct Engine {
    pub(crate) graph: Graph,
    pub(crate) pool: Pool,
    pub(crate) log: Log,
    pub(crate) now: Nanos,
    pub(crate) breaths: u64,
    pub(crate) generation: u64,
    schedule: BTreeMap<(Nanos, u64), Vec<Action>>,
    scheduled: u64,
    failure: Option<AppError>,
}

impl Engine {
    /// An engine without a graph, at time zero.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Does all the actions, or none: between two breaths, so that no packet sees half a change.
    /// The number of the graph that now runs.
    ///
    /// # Errors
    /// An action cannot be done; the graph runs on as it was.
    pub fn apply(
        &mut self,
        actions: &[Action],
        registry: &mut dyn Registry,
    ) -> Result<u64, AppError> {
        let change = Change::stage(&self.graph, actions, registry, self.now)?;
        self.graph.commit(change, self.now, &mut self.pool);
        self.generation += 1;
        Ok(self.generation)
    }

    /// Does actions at a moment to come, exactly then in virtual time. One that proves impossible
    /// then is a failure of the engine.
    pub fn schedule(&mut self, at: Nanos, actions: Vec<Action>) {
        self.schedule.insert((at, self.scheduled), actions);
        self.scheduled += 1;
    }

    /// One pass over the graph at `now`, which never goes back; whether there is more to do at once.
    pub fn breathe(&mut self, now: Nanos, registry: &mut dyn Registry) -> bool {
        self.now = self.now.max(now);
        self.breaths += 1;
        self.apply_scheduled(registry);
        let Self {
            graph,
            pool,
            log,
            now,
            ..
        } = self;
        let Graph {
            slots,
            links,
            order,
            ..
        } = graph;
        let now = *now;
        let mut ready = false;
        for (place, slot) in slots.iter_mut().enumerate() {
            if slot.ready || slot.deadline <= now {
                pull(slot, place, links, (now, pool, log));
                ready |= slot.ready;
            }
        }
        for &place in order.iter() {
            let slot = &mut slots[place];
            if slot.deadline <= now || waiting(slot, links) {
                push(slot, place, links, (now, pool, log));
            }
        }
        ready || self.has_waiting()
    }

    /// Runs in virtual time up to and including `until`, from deadline to deadline.
    pub fn advance(&mut self, until: Nanos, registry: &mut dyn Registry) {
        while let Some(next) = self.next_moment().filter(|&next| next <= until) {
            self.breathe(next, registry);
        }
        self.now = self.now.max(until);
    }

    /// When the engine has to breathe again, unless a descriptor is ready before.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Nanos> {
        let apps = self.graph.slots.iter().map(|slot| slot.deadline).min();
        let scheduled = self.schedule.keys().next().map(|(at, _)| *at);
        apps.into_iter()
            .chain(scheduled)
            .min()
            .filter(|&at| at < Nanos::MAX)
    }

    /// The descriptors that apps wait for, each with its app's place.
    pub fn descriptors(&self, into: &mut Vec<(usize, Descriptor)>) {
        let mut own = Vec::new();
        for (place, slot) in self.graph.slots.iter().enumerate() {
            slot.app.descriptors(&mut own);
            into.extend(own.drain(..).map(|descriptor| (place, descriptor)));
        }
    }

    /// Says what time it is, before a change that is to happen at that time.
    pub fn tell_time(&mut self, now: Nanos) {
        self.now = self.now.max(now);
    }

    /// Says that a descriptor of the app at this place is ready.
    pub fn wake(&mut self, place: usize) {
        if let Some(slot) = self.graph.slots.get_mut(place) {
            slot.ready = true;
        }
    }

    /// The engine's time.
    #[must_use]
    pub fn now(&self) -> Nanos {
        self.now
    }

    /// The event log.
    pub fn log(&mut self) -> &mut Log {
        &mut self.log
    }

    /// The packets lent out.
    #[must_use]
    pub fn pool(&self) -> &Pool {
        &self.pool
    }

    /// What has gone wrong and cannot mend by itself, with the name of the app.
    #[must_use]
    pub fn failure(&self) -> Option<(String, AppError)> {
        let named = self.graph.names.iter().zip(&self.graph.slots);
        let mut failures =
            named.filter_map(|(name, slot)| Some((name.clone(), slot.app.failure()?)));
        failures
            .next()
            .or_else(|| Some((String::from("timeline"), self.failure.clone()?)))
    }

    /// Stops every app and takes all packets back.
    pub fn stop(&mut self) {
        let names = self.graph.names.clone();
        let stop = Change {
            stopped: names.into_iter().collect(),
            ..Change::default()
        };
        self.graph.commit(stop, self.now, &mut self.pool);
    }

    fn apply_scheduled(&mut self, registry: &mut dyn Registry) {
        while let Some(entry) = self
            .schedule
            .first_entry()
            .filter(|entry| entry.key().0 <= self.now)
        {
            let actions = entry.remove();
            if let Err(error) = self.apply(&actions, registry) {
                self.failure.get_or_insert(error);
            }
        }
    }

    /// Whether an app has something on its input links: in a ring, or where it could not take all.
    fn has_waiting(&self) -> bool {
        self.graph.links.iter().any(|link| !link.is_empty())
    }

    fn next_moment(&self) -> Option<Nanos> {
        if self.has_waiting() {
            return Some(self.now);
        }
        let ready = self.graph.slots.iter().any(|slot| slot.ready);
        let pull = ready.then_some(if self.breaths == 0 {
            0
        } else {
            self.now + VIRTUAL_PULL
        });
        let due = self.next_deadline().map(|at| at.max(self.now));
        due.into_iter().chain(pull).min()
    }
}

fn waiting(slot: &Slot, links: &[Link]) -> bool {
    slot.inputs.iter().any(|&link| !links[link].is_empty())
}

type Lent<'a> = (Nanos, &'a mut Pool, &'a mut Log);

fn context<'a>(
    place: usize,
    links: &'a mut [Link],
    (now, pool, log): Lent<'a>,
    (inputs, outputs): (&'a [usize], &'a [usize]),
) -> Context<'a> {
    Context {
        now,
        pool,
        log,
        app: place as u16,
        links,
        inputs,
        outputs,
    }
}

fn pull(slot: &mut Slot, place: usize, links: &mut [Link], lent: Lent<'_>) {
    let mut context = context(place, links, lent, (&slot.inputs, &slot.outputs));
    slot.ready = slot.app.pull(&mut context);
    slot.settle();
}

fn push(slot: &mut Slot, place: usize, links: &mut [Link], lent: Lent<'_>) {
    let mut context = context(place, links, lent, (&slot.inputs, &slot.outputs));
    slot.app.push(&mut context);
    slot.settle();
}
