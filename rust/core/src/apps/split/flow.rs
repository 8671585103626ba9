//! One flow of a split.
use crate::wire::bpf::Program;

/// What went to an output; a super-packet counts as those that it stands for.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Counter {
    pub(super) packets: u64,
    pub(super) bytes: u64,
}

/// A flow: what it is called, what it takes, and where that goes.
#[repr(C)] // what each packet needs first
pub(super) struct Flow {
    /// Its output, if that has a link.
    pub(super) output: Option<usize>,
    pub(super) counter: Counter,
    pub(super) name: String,
    pub(super) program: Program,
    /// What the process is called whose packets alone it takes.
    pub(super) process: Option<String>,
}

impl Flow {
    pub(super) fn new(name: String, program: Program, process: Option<String>) -> Self {
        Self {
            name,
            program,
            process,
            output: None,
            counter: Counter::default(),
        }
    }
}
