//! A split's config.
use super::REST;
use super::flow::Flow;
use super::talkers::Remote;
use crate::app::AppError;
use crate::wire::bpf::Program;
use serde::Deserialize;
use std::collections::BTreeSet;

/// How many filters a split may have.
pub const MOST: usize = 1024;

/// A split's config.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Spec {
    /// The filters, in the order in which they are asked: `code`, `jt`, `jf`, `k` of each
    /// instruction.
    pub programs: Vec<Vec<[u32; 4]>>,
    /// The names of the flows, which are those of their ports; their numbers where it is empty.
    #[serde(default)]
    pub names: Vec<String>,
    /// What the process is called whose packets alone each flow takes; any where it is none, and
    /// where the list is empty.
    #[serde(default)]
    pub processes: Vec<Option<String>>,
    /// Which end of a packet is the remote one, whose traffic is counted; none counts nobody's.
    #[serde(default)]
    pub remote: Option<Remote>,
}

impl Spec {
    /// The flows, in order.
    pub(super) fn compile(self) -> Result<Vec<Flow>, AppError> {
        let count = self.programs.len();
        if count > MOST {
            let message = format!("programs: {count} of them, and {MOST} are allowed");
            return Err(AppError::config(message));
        }
        let names = named(self.names, count)?;
        let mut processes = self.processes;
        processes.resize(count, None);
        if self.remote.is_none() && processes.iter().any(Option::is_some) {
            let message = String::from("processes: only where remote says which end is whose");
            return Err(AppError::config(message));
        }
        let flows = names
            .into_iter()
            .zip(self.programs)
            .zip(processes)
            .enumerate();
        let compiled = flows.map(|(number, ((name, code), process))| {
            let wrong = |fault| AppError::config(format!("programs[{number}]: {fault}"));
            Ok(Flow::new(name, Program::new(code).map_err(wrong)?, process))
        });
        compiled.collect()
    }
}

fn named(names: Vec<String>, count: usize) -> Result<Vec<String>, AppError> {
    if names.is_empty() {
        return Ok((0..count).map(|number| number.to_string()).collect());
    }
    let distinct: BTreeSet<&str> = names.iter().map(String::as_str).collect();
    if names.len() != count || distinct.len() != count || distinct.contains(REST) {
        let message = format!("names: one of its own for each program, and none of them {REST}");
        return Err(AppError::config(message));
    }
    Ok(names)
}
