//! The sender as a whole: against scripts with exact times, and against a model of a network.
mod chaos;
mod goodput;
mod line;
mod peer;
mod rig;
