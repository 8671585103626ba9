//! Active queue management: which packets wait, which leave, which are dropped or marked.
//!
//! Every discipline also keeps the queue's hard limits: what they drop has [`Cause::Queue`], what
//! the algorithm drops has [`Cause::Aqm`].
//!
//! [`Cause::Queue`]: crate::cause::Cause::Queue
//! [`Cause::Aqm`]: crate::cause::Cause::Aqm
use super::fifo::Entry;
use super::parcel::Parcel;
use super::rules::{Drops, Rules};
use crate::time::Nanos;

pub mod codel;
pub mod drophead;
pub mod droptail;
pub mod fq_codel;
mod params;
pub mod pie;
pub mod red;
#[cfg(test)]
mod reference;

pub use params::{AqmParams, CodelParams, FqCodelParams, PieParams, RedParams};

/// What a queue asks of its discipline. Times never go back from one call to the next.
pub trait Discipline<P: Parcel> {
    /// Takes a packet that arrives at `now`; what does not stay goes to `drops`.
    fn enqueue(&mut self, packet: P, now: Nanos, rules: &mut Rules, drops: &mut Drops<P>);

    /// The packet that leaves at `now`; none only when the queue is empty.
    fn dequeue(&mut self, now: Nanos, rules: &mut Rules, drops: &mut Drops<P>) -> Option<P>;

    /// How many packets wait.
    fn packets(&self) -> u64;

    /// How many bytes wait.
    fn bytes(&self) -> u64;

    /// How long the oldest packet has waited; none where nothing waits.
    fn head_sojourn(&self, now: Nanos) -> Option<Nanos>;

    /// Takes in a packet that another discipline held; limits do not apply to it.
    fn adopt(&mut self, entry: Entry<P>);

    /// Gives all packets up, oldest first.
    fn drain(&mut self) -> Vec<Entry<P>>;
}

/// One of the disciplines.
#[derive(Debug)]
pub enum Aqm<P> {
    /// No management.
    Droptail(droptail::Droptail<P>),
    /// No management; the oldest makes room.
    Drophead(drophead::Drophead<P>),
    /// Random early detection.
    Red(red::Red<P>),
    /// RFC 8289.
    Codel(codel::Codel<P>),
    /// RFC 8290.
    FqCodel(fq_codel::FqCodel<P>),
    /// RFC 8033.
    Pie(pie::Pie<P>),
}

impl<P: Parcel> Aqm<P> {
    /// The discipline that the parameters describe.
    #[must_use]
    pub fn new(params: &AqmParams) -> Self {
        match params {
            AqmParams::Droptail {} => Self::Droptail(droptail::Droptail::default()),
            AqmParams::Drophead {} => Self::Drophead(drophead::Drophead::default()),
            AqmParams::Red(params) => Self::Red(red::Red::new(*params)),
            AqmParams::Codel(params) => Self::Codel(codel::Codel::new(*params)),
            AqmParams::FqCodel(params) => Self::FqCodel(fq_codel::FqCodel::new(*params)),
            AqmParams::Pie(params) => Self::Pie(pie::Pie::new(*params)),
        }
    }

    /// Takes new parameters. The same kind keeps its state; FQ-CoDel does so while its number of
    /// flows stays. Otherwise the packets move over, oldest first, with their times.
    pub fn reconfigure(&mut self, params: &AqmParams) {
        let kept = match (&mut *self, params) {
            (Self::Droptail(_), AqmParams::Droptail {})
            | (Self::Drophead(_), AqmParams::Drophead {}) => true,
            (Self::Red(red), AqmParams::Red(params)) => red.set(*params),
            (Self::Codel(codel), AqmParams::Codel(params)) => codel.set(*params),
            (Self::FqCodel(fq), AqmParams::FqCodel(params)) => fq.set(*params),
            (Self::Pie(pie), AqmParams::Pie(params)) => pie.set(*params),
            _ => false,
        };
        if !kept {
            let entries = self.drain();
            *self = Self::new(params);
            entries.into_iter().for_each(|entry| self.adopt(entry));
        }
    }
}

macro_rules! each {
    ($aqm:expr, $inner:ident => $do:expr) => {
        match $aqm {
            Self::Droptail($inner) => $do,
            Self::Drophead($inner) => $do,
            Self::Red($inner) => $do,
            Self::Codel($inner) => $do,
            Self::FqCodel($inner) => $do,
            Self::Pie($inner) => $do,
        }
    };
}

/// Out of line, so that a plain queue costs no more than itself.
impl<P: Parcel> Aqm<P> {
    #[inline(never)]
    fn enqueue_managed(&mut self, packet: P, now: Nanos, rules: &mut Rules, drops: &mut Drops<P>) {
        each!(self, inner => inner.enqueue(packet, now, rules, drops));
    }

    #[inline(never)]
    fn dequeue_managed(
        &mut self,
        now: Nanos,
        rules: &mut Rules,
        drops: &mut Drops<P>,
    ) -> Option<P> {
        each!(self, inner => inner.dequeue(now, rules, drops))
    }
}

impl<P: Parcel> Discipline<P> for Aqm<P> {
    #[inline]
    fn enqueue(&mut self, packet: P, now: Nanos, rules: &mut Rules, drops: &mut Drops<P>) {
        match self {
            Self::Droptail(fifo) => fifo.enqueue(packet, now, rules, drops),
            managed => managed.enqueue_managed(packet, now, rules, drops),
        }
    }

    #[inline]
    fn dequeue(&mut self, now: Nanos, rules: &mut Rules, drops: &mut Drops<P>) -> Option<P> {
        match self {
            Self::Droptail(fifo) => fifo.dequeue(now, rules, drops),
            managed => managed.dequeue_managed(now, rules, drops),
        }
    }

    #[inline]
    fn packets(&self) -> u64 {
        each!(self, inner => inner.packets())
    }

    #[inline]
    fn bytes(&self) -> u64 {
        each!(self, inner => inner.bytes())
    }

    fn head_sojourn(&self, now: Nanos) -> Option<Nanos> {
        each!(self, inner => inner.head_sojourn(now))
    }

    fn adopt(&mut self, entry: Entry<P>) {
        each!(self, inner => inner.adopt(entry));
    }

    fn drain(&mut self) -> Vec<Entry<P>> {
        each!(self, inner => inner.drain())
    }
}

/// What a discipline with one [`Fifo`](super::fifo::Fifo) called `fifo` answers about it.
macro_rules! held_in_fifo {
    () => {
        #[inline]
        fn packets(&self) -> u64 {
            self.fifo.packets()
        }

        #[inline]
        fn bytes(&self) -> u64 {
            self.fifo.bytes()
        }

        fn head_sojourn(&self, now: crate::time::Nanos) -> Option<crate::time::Nanos> {
            self.fifo.head_sojourn(now)
        }

        fn adopt(&mut self, entry: crate::apps::impairment::fifo::Entry<P>) {
            self.fifo.append(entry);
        }

        fn drain(&mut self) -> Vec<crate::apps::impairment::fifo::Entry<P>> {
            self.fifo.drain().collect()
        }
    };
}
use held_in_fifo;
