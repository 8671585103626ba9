//! A packet that only says what the tests want.
use super::parcel::Parcel;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Probe {
    pub(crate) id: u32,
    pub(crate) len: u32,
    pub(crate) flow: u32,
    pub(crate) class: u16,
    pub(crate) ect: bool,
    pub(crate) ce: bool,
}

impl Probe {
    pub(crate) fn new(id: u32, len: u32) -> Self {
        Self {
            id,
            len,
            ..Self::default()
        }
    }
}

impl Parcel for Probe {
    type Pool = ();

    fn wire_len(&self) -> u32 {
        self.len
    }

    fn ecn_capable(&self) -> bool {
        self.ect
    }

    fn mark_congestion(&mut self) {
        self.ce = true;
    }

    fn class(&self) -> u16 {
        self.class
    }

    fn flow_hash(&self) -> u32 {
        self.flow
    }

    fn flip_bit(&mut self, choice: u64) {
        self.len ^= 1 << (choice % 32);
    }

    fn duplicate(&self, (): &mut ()) -> Option<Self> {
        Some(self.clone())
    }
}
