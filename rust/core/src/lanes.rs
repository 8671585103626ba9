//! Lanes: apps that lie side by side, between one that parts packets among them and one that joins what comes out.
//! Where packets of many flows come mixed, a breath has few for each: so they go past the links on both sides, and
//! a lane is called when something is due, not when something comes.
use crate::app::Role;
use crate::graph::{Graph, Slot};
use crate::packet::Pool;

/// A part of the list of all wires.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Span {
    at: u32,
    len: u32,
}

impl Span {
    /// Appends to the list.
    fn add(list: &mut Vec<usize>, wires: impl Iterator<Item = usize>) -> Self {
        let at = list.len();
        list.extend(wires);
        Self {
            at: at as u32,
            len: (list.len() - at) as u32,
        }
    }

    /// The part.
    #[inline(always)]
    pub(crate) fn of(self, list: &[usize]) -> &[usize] {
        &list[self.at as usize..][..self.len as usize]
    }
}

/// The links at an app, side by side with those of its neighbours.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Wires {
    pub(crate) inputs: Span,
    /// Where its packets go by each output: past a join.
    pub(crate) leads: Span,
    /// Those of them behind which somebody is to be pushed when something stands there.
    pub(crate) watched: Span,
    /// Outputs that packets go past, each with its lead.
    pub(crate) detours: Span,
}

impl Graph {
    /// Finds out which links packets can go past, after a change of the links.
    pub(crate) fn shorten(&mut self, pool: &mut Pool) {
        self.lanes = vec![None; self.links.len()];
        for place in 0..self.slots.len() {
            self.find_lanes(place);
        }
        let mut list = Vec::new();
        for place in 0..self.slots.len() {
            self.slots[place].wires = self.lay(place, &mut list);
            self.move_past(self.slots[place].wires.detours.of(&list), pool);
        }
        self.wires = list;
    }

    fn find_lanes(&mut self, place: usize) {
        let slot = &self.slots[place];
        if slot.role != Role::Parts {
            return;
        }
        for &link in &slot.outputs {
            let to = self.order[self.fed[link]];
            let Slot { role, inputs, .. } = &self.slots[to];
            self.lanes[link] = (*role == Role::Lane && inputs.len() == 1).then_some(to as u32);
        }
    }

    fn lay(&self, place: usize, list: &mut Vec<usize>) -> Wires {
        let slot = &self.slots[place];
        let lead = |link: &usize| self.lead(slot, *link);
        let leads = || slot.outputs.iter().map(lead);
        let pairs = slot.outputs.iter().copied().zip(leads());
        Wires {
            inputs: Span::add(list, slot.inputs.iter().copied()),
            leads: Span::add(list, leads()),
            watched: Span::add(list, leads().filter(|&link| self.lanes[link].is_none())),
            detours: Span::add(
                list,
                pairs
                    .filter(|(own, lead)| own != lead)
                    .flat_map(<[usize; 2]>::from),
            ),
        }
    }

    /// The link behind the join to which this one leads; itself where it leads to something else.
    fn lead(&self, from: &Slot, link: usize) -> usize {
        let to = &self.slots[self.order[self.fed[link]]];
        match *to.outputs {
            [only] if from.role == Role::Lane && to.role == Role::Joins => only,
            _ => link,
        }
    }

    /// What stands on a link that packets go past from now on goes before them.
    fn move_past(&mut self, detours: &[usize], pool: &mut Pool) {
        let (detours, _) = detours.as_chunks();
        for &[own, lead] in detours {
            while let Some(packet) = self.links[own].receive() {
                self.links[lead].transmit(packet, pool);
            }
        }
    }
}
