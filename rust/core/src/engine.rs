//! The engine: runs a graph one breath at a time. A breath has one `now`; first the apps that bring
//! packets in are pulled, in the order of their names, then each app with something to handle is
//! pushed, in the order in which packets flow. All of it follows from the config alone.
use crate::action::Action;
use crate::app::{App, AppError, Descriptor};
use crate::apps::wireguard::WireGuard;
use crate::breath::Breath;
use crate::change::{Change, Registry};
use crate::drops::Drops;
use crate::graph::Graph;
pub use crate::graph::HostKey;
use crate::log::Log;
use crate::packet::{Packet, Pool};
use crate::stack::{Host, Readiness, SocketId};
use crate::time::{MICROSECOND, Nanos, SECOND};
use serde_json::Value;
use std::any::Any;
use std::collections::{BTreeMap, BTreeSet};

/// How often an app that always has more is pulled in virtual time, where nothing else is due.
pub const VIRTUAL_PULL: Nanos = 10 * MICROSECOND;

/// After how many breaths at one moment of virtual time, none of them caused from outside, packets
/// are taken to go round. A routing loop ends after 255 hops, a window of 6 MB is some 100 packets.
const ROUNDS: u64 = 1 << 14;

/// A graph, and what runs it.
#[derive(Default)]
pub struct Engine {
    pub(crate) graph: Graph,
    pub(crate) pool: Pool,
    pub(crate) log: Log,
    drops: Drops,
    pub(crate) now: Nanos,
    pub(crate) breaths: u64,
    /// Breaths since time passed, or somebody outside changed or asked something.
    rounds: u64,
    pub(crate) generation: u64,
    schedule: BTreeMap<(Nanos, u64), Vec<Action>>,
    scheduled: u64,
    failure: Option<AppError>,
    /// The hosts that have events, in the order in which they came to have them.
    eventful: Vec<HostKey>,
    taken: Vec<(SocketId, Readiness)>,
    /// Packets on the way to lanes; none between two breaths.
    parted: Vec<(u32, Packet)>,
    /// Room for packets that an app lets go.
    spare: Vec<Packet>,
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
        self.rounds = 0;
        self.commit(change);
        self.generation += 1;
        Ok(self.generation)
    }

    /// Does actions at a moment to come, exactly then in virtual time. One that proves impossible
    /// then is a failure of the engine.
    pub fn schedule(&mut self, at: Nanos, actions: Vec<Action>) {
        self.schedule.insert((at, self.scheduled), actions);
        self.scheduled += 1;
    }

    /// Takes back all that was scheduled and has not happened.
    pub fn unschedule(&mut self) {
        self.schedule.clear();
    }

    /// One pass over the graph at `now`, which never goes back; whether there is more to do at once.
    pub fn breathe(&mut self, now: Nanos, registry: &mut dyn Registry) -> bool {
        self.rounds = if now > self.now { 0 } else { self.rounds + 1 };
        self.now = self.now.max(now);
        self.breaths += 1;
        self.apply_scheduled(registry);
        let Graph {
            slots,
            links,
            order,
            fed,
            ranks,
            agenda,
            lanes,
            wires,
            ..
        } = &mut self.graph;
        let mut breath = Breath {
            now: self.now,
            slots,
            links,
            fed,
            pool: &mut self.pool,
            log: &mut self.log,
            drops: &mut self.drops,
            eventful: &mut self.eventful,
            lanes,
            parted: &mut self.parted,
            spare: &mut self.spare,
            wires,
        };
        breath.pull(agenda, ranks);
        breath.push(agenda, order, ranks);
        !agenda.is_empty()
    }

    /// Runs in virtual time up to and including `until`, from deadline to deadline. Where packets
    /// go round without a delay, their time would never pass: that is a failure of the engine.
    pub fn advance(&mut self, until: Nanos, registry: &mut dyn Registry) {
        while let Some(next) = self.next_moment_until(until) {
            self.breathe(next, registry);
        }
        self.now = self.now.max(until);
    }

    /// Runs in virtual time up to and including `until`, or to the breath after which hosts have
    /// events; whether they have. At most about so many breaths, for whoever wants to look up
    /// meanwhile: then nothing is said, and the same call goes on.
    pub fn advance_to_event(
        &mut self,
        until: Nanos,
        breaths: u64,
        registry: &mut dyn Registry,
    ) -> Option<bool> {
        let last = self.breaths + breaths;
        while !self.has_events() {
            let Some(next) = self.next_moment_until(until) else {
                self.now = self.now.max(until);
                return Some(false);
            };
            if self.breaths == last {
                return None;
            }
            self.breathe(next, registry);
        }
        Some(true)
    }

    /// When the engine has to breathe again, unless a descriptor is ready before.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Nanos> {
        let apps = self.graph.agenda.next_deadline();
        let scheduled = self.schedule.keys().next().map(|(at, _)| *at);
        apps.into_iter().chain(scheduled).min()
    }

    /// When the engine has something to do in virtual time: not before its present time.
    #[must_use]
    pub fn next_moment(&self) -> Option<Nanos> {
        if self.has_waiting() {
            return Some(self.now);
        }
        let ready = !self.graph.agenda.pulls.is_empty();
        let pull = ready.then_some(if self.breaths == 0 {
            0
        } else {
            self.now + VIRTUAL_PULL
        });
        let due = self.next_deadline().map(|at| at.max(self.now));
        due.into_iter().chain(pull).min()
    }

    /// Whether a breath at `now` would have something to do.
    #[must_use]
    pub fn is_due(&self, now: Nanos) -> bool {
        !self.graph.agenda.is_empty() || self.next_deadline().is_some_and(|at| at <= now)
    }

    /// The descriptors that apps wait for, each with its app's place.
    pub fn descriptors(&self, into: &mut Vec<(usize, Descriptor)>) {
        let mut own = Vec::new();
        for &place in &self.graph.outward {
            self.graph.slots[place].app.descriptors(&mut own);
            into.extend(own.drain(..).map(|descriptor| (place, descriptor)));
        }
    }

    /// Says what time it is, before a change that is to happen at that time.
    pub fn tell_time(&mut self, now: Nanos) {
        self.now = self.now.max(now);
    }

    /// Says that a descriptor of the app at this place is ready.
    pub fn wake(&mut self, place: usize) {
        if place < self.graph.slots.len() {
            self.graph.agenda.pulls.set(place);
        }
    }

    /// The key of the host of that name, if there is one.
    #[must_use]
    pub fn host_key(&self, name: &str) -> Option<HostKey> {
        self.graph.host_key(name)
    }

    /// Does something with a host at the engine's time, between two breaths; nothing where it has
    /// stopped. What follows from it happens in the next breath, which is then due.
    pub fn with_host<R>(
        &mut self,
        key: HostKey,
        work: impl FnOnce(&mut Host, Nanos) -> R,
    ) -> Option<R> {
        let place = self.graph.host_place(key)?;
        let host = self.graph.slots[place].app.host()?;
        let result = work(host, self.now);
        self.rounds = 0;
        self.settle(place);
        Some(result)
    }

    /// Does something with the app of a host, which knows more than its host: nothing where it has stopped,
    /// or is another kind of app. What it waits for is found out anew.
    pub fn with_app<A: App, R>(
        &mut self,
        key: HostKey,
        work: impl FnOnce(&mut A, Nanos) -> R,
    ) -> Option<R> {
        let place = self.graph.host_place(key)?;
        let app: &mut dyn Any = &mut *self.graph.slots[place].app;
        let result = work(app.downcast_mut()?, self.now);
        self.rounds = 0;
        self.graph.look_outward(place);
        self.settle(place);
        Some(result)
    }

    /// The key of the tunnel of that name, if there is one.
    pub fn tunnel_key(&mut self, name: &str) -> Option<HostKey> {
        let key = self.graph.host_key(name)?;
        self.with_tunnel(key, |_, _, _| key)
    }

    /// Does something with a tunnel at the engine's time, between two breaths; nothing where it has stopped.
    pub fn with_tunnel<R>(
        &mut self,
        key: HostKey,
        work: impl FnOnce(&mut WireGuard, &mut Pool, Nanos) -> R,
    ) -> Option<R> {
        let place = self.graph.host_place(key)?;
        let tunnel = self.graph.slots[place].app.tunnel()?;
        let result = work(tunnel, &mut self.pool, self.now);
        self.rounds = 0;
        self.settle(place);
        Some(result)
    }

    /// Whether a host or a tunnel has events that nobody has taken.
    #[must_use]
    pub fn has_events(&self) -> bool {
        !self.eventful.is_empty()
    }

    /// Takes all events of all hosts, host by host, in the order in which they came to have some. A tunnel
    /// whom strangers have called has one, of [`SocketId::APP`].
    pub fn take_events(&mut self, mut tell: impl FnMut(HostKey, SocketId, Readiness)) {
        let mut eventful = std::mem::take(&mut self.eventful);
        for key in eventful.drain(..) {
            let Some(place) = self.graph.host_place(key) else {
                continue;
            };
            let slot = &mut self.graph.slots[place];
            slot.eventful = false;
            if let Some(host) = slot.app.host() {
                host.take_events(&mut self.taken);
            } else {
                self.taken.push((SocketId::APP, Readiness::READABLE));
            }
            let taken = self.taken.drain(..);
            taken.for_each(|(socket, readiness)| tell(key, socket, readiness));
        }
        self.eventful = eventful;
    }

    /// The engine's time.
    #[must_use]
    pub fn now(&self) -> Nanos {
        self.now
    }

    /// The number of the graph that runs: another after each change.
    #[must_use]
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// The event log.
    pub fn log(&mut self) -> &mut Log {
        &mut self.log
    }

    /// Gives the app of that name a message; its answer.
    ///
    /// # Errors
    /// There is no such app, or it does not understand the message.
    pub fn tell(&mut self, app: &str, message: &Value) -> Result<Value, AppError> {
        let unknown = || AppError::config(format!("there is no app {app}"));
        self.graph.app_mut(app).ok_or_else(unknown)?.tell(message)
    }

    /// The latest drops.
    #[must_use]
    pub fn drops(&self) -> &Drops {
        &self.drops
    }

    /// The packets lent out.
    #[must_use]
    pub fn pool(&self) -> &Pool {
        &self.pool
    }

    /// What has gone wrong and cannot mend by itself, with the name of the app.
    #[must_use]
    pub fn failure(&self) -> Option<(String, AppError)> {
        let mut failures = self.graph.outward.iter().filter_map(|&place| {
            let failure = self.graph.slots[place].app.failure()?;
            Some((self.graph.names[place].clone(), failure))
        });
        failures
            .next()
            .or_else(|| Some((String::from("timeline"), self.failure.clone()?)))
    }

    /// Whether an action of the schedule proved impossible, or packets go round.
    #[must_use]
    pub fn has_failed(&self) -> bool {
        self.failure.is_some()
    }

    /// Stops every app and takes all packets back.
    pub fn stop(&mut self) {
        let names = self.graph.names.clone();
        let stop = Change {
            stopped: names.into_iter().collect(),
            links: Some(BTreeSet::new()),
            ..Change::default()
        };
        self.commit(stop);
    }

    fn commit(&mut self, change: Change) {
        self.graph.commit(change, self.now, &mut self.pool);
        let graph = &self.graph;
        self.eventful.retain(|&key| graph.host_place(key).is_some());
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

    fn next_moment_until(&mut self, until: Nanos) -> Option<Nanos> {
        if self.rounds > ROUNDS {
            let error = going_round(self.now);
            self.failure.get_or_insert(error);
            return None;
        }
        self.next_moment().filter(|&next| next <= until)
    }

    /// Notes what a host wants that was called between two breaths.
    fn settle(&mut self, place: usize) {
        let slot = &mut self.graph.slots[place];
        self.graph.agenda.set_deadline(place, slot.app.deadline());
        slot.note_events(&mut self.eventful);
    }

    /// Whether an app has something on its input links: in a ring, or where it could not take all.
    fn has_waiting(&self) -> bool {
        !self.graph.agenda.pushes.is_empty()
    }
}

fn going_round(now: Nanos) -> AppError {
    let seconds = now as f64 / SECOND as f64;
    AppError::engine(format!(
        "packets go round for ever at {seconds} s of virtual time: links lead back to where they \
         come from, and nothing there delays them; put an impairment with a delay into the ring"
    ))
}
