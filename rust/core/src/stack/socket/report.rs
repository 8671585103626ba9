//! What ICMP said about the datagrams of a socket, word for word: for those who trace a path.
use std::collections::VecDeque;
use std::net::{IpAddr, SocketAddr};

/// How many are kept; the newest go.
const MOST: usize = 64;

/// An ICMP message about a datagram, or an echo reply.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Report {
    /// Who says it.
    pub from: IpAddr,
    /// Type and code (RFC 792, RFC 4443).
    pub kind: (u8, u8),
    /// Where the datagram went; of an echo request, its sequence number is the port.
    pub about: SocketAddr,
    /// The hop limit that the message came with.
    pub hop_limit: u8,
}

/// Reports, oldest first.
#[derive(Default)]
pub(crate) struct Reports(VecDeque<Report>);

impl Reports {
    pub(crate) fn push(&mut self, report: Report) {
        if self.0.len() < MOST {
            self.0.push_back(report);
        }
    }

    pub(crate) fn take(&mut self) -> Option<Report> {
        self.0.pop_front()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_takes_is_bounded() {
        let report = |code| Report {
            from: [10, 0, 0, 1].into(),
            kind: (11, code),
            about: ([10, 0, 0, 2], 1).into(),
            hop_limit: 64,
        };
        let mut reports = Reports::default();
        (0..=MOST as u8).for_each(|code| reports.push(report(code)));
        let taken: Vec<u8> = std::iter::from_fn(|| reports.take())
            .map(|one| one.kind.1)
            .collect();
        assert_eq!(taken, (0..MOST as u8).collect::<Vec<u8>>());
    }
}
