//! A breath: first the apps that bring packets in are pulled, in the order of their names, then
//! each app with something to handle is pushed, in the order in which packets flow.
use crate::agenda::{Agenda, Walk};
use crate::app::{App, Context, Role};
use crate::drops::Drops;
use crate::graph::{HostKey, Slot};
use crate::link::{Link, LinkCounters};
use crate::log::Log;
use crate::packet::{Packet, Pool};
use crate::time::Nanos;

/// What a breath works on.
pub(crate) struct Breath<'a> {
    pub(crate) now: Nanos,
    pub(crate) slots: &'a mut [Slot],
    pub(crate) links: &'a mut [Link],
    /// Of each link, the rank of the app that it feeds.
    pub(crate) fed: &'a [usize],
    pub(crate) pool: &'a mut Pool,
    pub(crate) log: &'a mut Log,
    pub(crate) drops: &'a mut Drops,
    /// The hosts that have events.
    pub(crate) eventful: &'a mut Vec<HostKey>,
    /// Of each link, the place of the lane behind it.
    pub(crate) lanes: &'a [Option<u32>],
    /// Packets for lanes, with their places.
    pub(crate) parted: &'a mut Vec<(u32, Packet)>,
    /// Room for packets that an app lets go.
    pub(crate) spare: &'a mut Vec<Packet>,
    /// The links at each app.
    pub(crate) wires: &'a [usize],
}

impl Breath<'_> {
    /// Pulls everybody who is due, or who said that there is more.
    #[inline]
    pub(crate) fn pull(&mut self, agenda: &mut Agenda, ranks: &[usize]) {
        let slots = &*self.slots;
        agenda.call_due(self.now, |place| {
            (slots[place].role == Role::Lane).then(|| ranks[place])
        });
        for word in 0..agenda.pulls.words() {
            let mut walk = agenda.pulls.walk(word);
            while let Some(place) = walk.next() {
                let (app, mut context) = self.lend(place);
                if app.pull(&mut context) {
                    agenda.pulls.set(place);
                }
                agenda.set_deadline(place, self.settle(place));
                self.outputs(place, |rank| agenda.pushes.set(rank));
                if agenda.is_due(place, self.now) {
                    agenda.pushes.set(ranks[place]);
                }
            }
        }
    }

    /// Pushes everybody who is due, or has packets waiting.
    #[inline]
    pub(crate) fn push(&mut self, agenda: &mut Agenda, order: &[usize], ranks: &[usize]) {
        for word in 0..agenda.pushes.words() {
            let mut walk = agenda.pushes.walk(word);
            while let Some(rank) = walk.next() {
                let place = order[rank];
                self.detour(place, Link::count_from);
                let (app, mut context) = self.lend(place);
                app.push(&mut context);
                agenda.set_deadline(place, self.settle(place));
                self.detour(place, Link::counted);
                self.outputs(place, |fed| walk.mark(fed, &mut agenda.pushes));
                if !self.parted.is_empty() {
                    self.admit(agenda, &mut walk, ranks);
                }
                if self.has_left(place) {
                    agenda.pushes.set(rank);
                }
            }
        }
    }

    /// Gives lanes their packets. They are pushed when something is to be done with those, and not before.
    fn admit(&mut self, agenda: &mut Agenda, walk: &mut Walk, ranks: &[usize]) {
        let mut parted = std::mem::take(self.parted);
        for (lane, packet) in parted.drain(..) {
            let place = lane as usize;
            let (app, mut context) = self.lend(place);
            let deadline = app.admit(packet, &mut context);
            agenda.set_deadline(place, deadline);
            if agenda.is_due(place, self.now) {
                walk.mark(ranks[place], &mut agenda.pushes);
            }
        }
        *self.parted = parted;
    }

    /// Has links counted that an app's packets go past.
    #[inline(always)]
    fn detour(&mut self, place: usize, count: fn(&mut Link, &LinkCounters)) {
        let (detours, _) = self.slots[place].wires.detours.of(self.wires).as_chunks();
        for &[own, lead] in detours {
            let counters = self.links[lead].counters();
            count(&mut self.links[own], &counters);
        }
    }

    /// An app, and what it may touch.
    #[inline(always)]
    fn lend(&mut self, place: usize) -> (&mut dyn App, Context<'_>) {
        let slot = &mut self.slots[place];
        let context = Context {
            now: self.now,
            pool: self.pool,
            log: self.log,
            drops: self.drops,
            app: place as u16,
            links: self.links,
            inputs: slot.wires.inputs.of(self.wires),
            outputs: slot.wires.leads.of(self.wires),
            lanes: self.lanes,
            parted: self.parted,
            spare: self.spare,
        };
        (&mut *slot.app, context)
    }

    /// Notes the events of an app that was called; when it wants to be called again.
    #[inline(always)]
    fn settle(&mut self, place: usize) -> Option<Nanos> {
        let slot = &mut self.slots[place];
        if slot.host.is_some() {
            slot.note_events(self.eventful);
        }
        slot.app.deadline()
    }

    /// Names the ranks of those for whom an app has left something.
    #[inline(always)]
    fn outputs(&self, place: usize, mut name: impl FnMut(usize)) {
        for &link in self.slots[place].wires.watched.of(self.wires) {
            if !self.links[link].is_empty() {
                name(self.fed[link]);
            }
        }
    }

    /// Whether an app could not take everything: then it is pushed again.
    #[inline(always)]
    fn has_left(&self, place: usize) -> bool {
        let inputs = self.slots[place].wires.inputs.of(self.wires).iter();
        inputs
            .map(|&link| &self.links[link])
            .any(|link| !link.is_empty())
    }
}
