//! Which model of a line runs: our own, or netem's.
use super::exit::Exit;
use super::netem::{Netem, Outcome};
use super::pipeline::Pipeline;
use super::spec::{Compat, ImpairmentSpec};
use crate::app::Context;
use crate::packet::Packet;
use crate::time::Nanos;

/// A model of one direction of a line.
pub(super) enum Model {
    Exact(Box<Pipeline<Packet>>),
    Netem(Box<Netem<Packet>>),
}

impl Model {
    pub(super) fn new(spec: &ImpairmentSpec, seed: u64, name: &str, now: Nanos) -> Self {
        match spec.compat {
            None => Self::Exact(Box::new(Pipeline::new(spec, seed, name, now))),
            Some(Compat::Netem) => Self::Netem(Box::new(Netem::new(spec, seed, name))),
        }
    }

    pub(super) fn compat(&self) -> Option<Compat> {
        matches!(self, Self::Netem(_)).then_some(Compat::Netem)
    }

    pub(super) fn reconfigure(
        &mut self,
        spec: &ImpairmentSpec,
        now: Nanos,
        out: &mut Outcome<Packet>,
    ) {
        match self {
            Self::Exact(pipeline) => pipeline.reconfigure(spec, now, out),
            Self::Netem(netem) => netem.reconfigure(spec),
        }
    }

    /// Takes a packet that arrived at `at`. netem first gives out what left before: its limit
    /// counts what is still there.
    #[inline]
    pub(super) fn admit(
        &mut self,
        packet: Packet,
        at: Nanos,
        context: &mut Context<'_>,
        out: &mut Outcome<Packet>,
        exit: &mut Exit,
    ) {
        match self {
            Self::Exact(pipeline) => pipeline.admit(packet, at, context.pool, out),
            Self::Netem(netem) => {
                dequeue(netem, at, context, exit);
                netem.enqueue(packet, at, context.pool, out);
            }
        }
    }

    /// Gives out what is due.
    pub(super) fn release(
        &mut self,
        context: &mut Context<'_>,
        out: &mut Outcome<Packet>,
        exit: &mut Exit,
    ) {
        let now = context.now;
        match self {
            Self::Exact(pipeline) => {
                pipeline.advance(now, out);
                pipeline.release(now, &mut |due, packet| exit.leave(due, packet, context));
            }
            Self::Netem(netem) => dequeue(netem, now, context, exit),
        }
    }

    pub(super) fn next_event(&self) -> Option<Nanos> {
        match self {
            Self::Exact(pipeline) => pipeline.next_event(),
            Self::Netem(netem) => netem.next_event(),
        }
    }

    pub(super) fn delayed(&self) -> usize {
        match self {
            Self::Exact(pipeline) => pipeline.delayed(),
            Self::Netem(netem) => netem.len(),
        }
    }

    pub(super) fn backlog(&self) -> (u64, u64, Nanos) {
        match self {
            Self::Exact(pipeline) => pipeline.backlog(),
            Self::Netem(_) => (0, 0, 0),
        }
    }

    /// Packets and bytes that stand in the queue of one of those that share it.
    pub(super) fn held(&self, class: usize) -> (u64, u64) {
        match self {
            Self::Exact(pipeline) => pipeline.held(class),
            Self::Netem(_) => (0, 0),
        }
    }

    pub(super) fn marked(&self) -> u64 {
        match self {
            Self::Exact(pipeline) => pipeline.marked(),
            Self::Netem(_) => 0,
        }
    }

    /// Takes everything out, at the end.
    pub(super) fn drain(&mut self, each: &mut dyn FnMut(Packet)) {
        match self {
            Self::Exact(pipeline) => pipeline.drain(each),
            Self::Netem(netem) => {
                while let Some((_, packet)) = netem.dequeue(Nanos::MAX) {
                    each(packet);
                }
            }
        }
    }
}

/// Each packet leaves at its own moment, which with slots decides about the next one.
fn dequeue(netem: &mut Netem<Packet>, now: Nanos, context: &mut Context<'_>, exit: &mut Exit) {
    while let Some(at) = netem.next_event().filter(|&at| at <= now) {
        if let Some((due, packet)) = netem.dequeue(at) {
            exit.leave(due.max(at), packet, context);
        }
    }
}
