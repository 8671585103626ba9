//! Explicit Congestion Notification between two ends (RFC 3168 §6.1).
use super::segment::Flags;

/// ECT(0) in an IP header.
pub(crate) const ECT0: u8 = 0b10;
/// Congestion Experienced.
const CE: u8 = 0b11;

/// What one connection knows of marks.
#[derive(Debug, Default)]
pub(crate) struct Ecn {
    /// Both sides speak it.
    pub(crate) on: bool,
    /// A mark came: echoed until the peer says that it reduced its window.
    echo: bool,
    /// We reduced ours, and the next new data says so.
    reduced: bool,
    /// Echoes below this offset are about the window that was reduced already.
    answered: u64,
}

impl Ecn {
    /// The flags that a SYN offers ECN with (§6.1.1).
    pub(crate) fn offer() -> Flags {
        Flags::ECE | Flags::CWR
    }

    /// Whether a SYN offers ECN.
    pub(crate) fn is_offered(flags: Flags) -> bool {
        flags.has(Flags::ECE | Flags::CWR)
    }

    /// Whether a SYN-ACK agrees: ECE alone. Both flags are our own SYN's, mirrored by a broken
    /// peer.
    pub(crate) fn is_agreed(flags: Flags) -> bool {
        flags.has(Flags::ECE) && !flags.has(Flags::CWR)
    }

    /// A segment with data came: its mark is to be echoed; CWR ends the echo of earlier marks.
    pub(crate) fn on_data(&mut self, flags: Flags, ecn: u8) {
        if !self.on {
            return;
        }
        if flags.has(Flags::CWR) {
            self.echo = false;
        }
        if ecn & CE == CE {
            self.echo = true;
        }
    }

    /// An acknowledgement of everything below `una` came, when `next` is the next to send: whether
    /// it tells of congestion in a window that was not reduced yet.
    pub(crate) fn on_ack(&mut self, flags: Flags, una: u64, next: u64) -> bool {
        let news = self.on && flags.has(Flags::ECE) && una > self.answered;
        if news {
            self.answered = next;
            self.reduced = true;
        }
        news
    }

    /// The flags of a segment: ECE on all, CWR on the first new data after a reduction.
    pub(crate) fn flags(&mut self, new_data: bool) -> Flags {
        let echo = if self.echo {
            Flags::ECE
        } else {
            Flags::default()
        };
        if new_data && std::mem::take(&mut self.reduced) {
            return echo | Flags::CWR;
        }
        echo
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ends_must_agree() {
        assert!(Ecn::is_offered(Ecn::offer()) && !Ecn::is_offered(Flags::ECE));
        assert!(Ecn::is_agreed(Flags::ECE) && !Ecn::is_agreed(Ecn::offer()));
    }

    #[test]
    fn a_mark_is_echoed_until_the_window_is_reduced() {
        let mut ecn = Ecn::default();
        ecn.on_data(Flags::ACK, CE);
        assert_eq!(ecn.flags(false), Flags::default(), "not agreed");
        ecn.on = true;
        ecn.on_data(Flags::ACK, CE);
        ecn.on_data(Flags::ACK, ECT0);
        assert_eq!(ecn.flags(false), Flags::ECE);
        ecn.on_data(Flags::CWR, CE);
        assert_eq!(ecn.flags(false), Flags::ECE, "marked again");
        ecn.on_data(Flags::CWR, ECT0);
        assert_eq!(ecn.flags(false), Flags::default());
    }

    #[test]
    fn an_echo_counts_once_a_window() {
        let mut ecn = Ecn {
            on: true,
            ..Ecn::default()
        };
        assert!(ecn.on_ack(Flags::ECE, 10, 100));
        assert!(!ecn.on_ack(Flags::ECE, 100, 150));
        assert_eq!(ecn.flags(false), Flags::default());
        assert_eq!(ecn.flags(true), Flags::CWR);
        assert_eq!(ecn.flags(true), Flags::default());
        assert!(ecn.on_ack(Flags::ECE, 101, 200));
    }
}
