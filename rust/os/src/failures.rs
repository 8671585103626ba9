//! How often the kernel has refused a packet, by its reason.
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// Counts by errno.
#[derive(Default)]
pub(crate) struct Failures(BTreeMap<i32, u64>);

impl Failures {
    pub(crate) fn add(&mut self, errno: i32, count: u64) {
        *self.0.entry(errno).or_default() += count;
    }

    /// The counts, by the reasons' names.
    pub(crate) fn counts(&self) -> Map<String, Value> {
        let counts = self.0.iter();
        counts
            .map(|(errno, count)| (name(*errno), (*count).into()))
            .collect()
    }
}

fn name(errno: i32) -> String {
    match errno {
        libc::EACCES => "EACCES".into(),
        libc::EADDRNOTAVAIL => "EADDRNOTAVAIL".into(),
        libc::EAFNOSUPPORT => "EAFNOSUPPORT".into(),
        libc::EAGAIN => "EAGAIN".into(),
        libc::ECONNREFUSED => "ECONNREFUSED".into(),
        libc::EHOSTUNREACH => "EHOSTUNREACH".into(),
        libc::EMSGSIZE => "EMSGSIZE".into(),
        libc::ENETUNREACH => "ENETUNREACH".into(),
        libc::EINVAL => "EINVAL".into(),
        libc::EIO => "EIO".into(),
        libc::ENETDOWN => "ENETDOWN".into(),
        libc::ENOBUFS => "ENOBUFS".into(),
        libc::ENODEV => "ENODEV".into(),
        libc::ENXIO => "ENXIO".into(),
        libc::EPERM => "EPERM".into(),
        other => other.to_string(),
    }
}
