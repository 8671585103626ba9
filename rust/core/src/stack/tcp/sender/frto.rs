//! Forward RTO-recovery (RFC 5682): after the retransmission timer, two segments of new data find
//! out whether what counts as lost was only late.

/// What an acknowledgement says, as far as it matters here.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Signs {
    /// It advances `una`.
    pub(super) advances: bool,
    /// It delivers something that was sent before the timer went off, and once.
    pub(super) original: bool,
    /// It selectively acknowledges something that was sent after.
    pub(super) beyond: bool,
    /// It is a duplicate without selective acknowledgements (RFC 5681 §2).
    pub(super) duplicate: bool,
    /// New data waits, and the peer's window has room for it.
    pub(super) more: bool,
    /// The echo proves that the acknowledged retransmission itself arrived.
    pub(super) proven: bool,
}

/// The steps of the algorithm (§2.1, and §3.1 with selective acknowledgements).
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) enum Forward {
    /// Conventional recovery.
    #[default]
    Off,
    /// Step 2: the first segment was sent again.
    Retransmitted,
    /// Step 3: new data leaves, and nothing is sent again until it is answered.
    Probing,
}

impl Forward {
    /// Whether retransmissions wait.
    pub(super) fn holds(self) -> bool {
        self == Self::Probing
    }

    /// An acknowledgement of less than all that was sent before; whether the timeout was a mistake.
    pub(super) fn on_ack(&mut self, signs: Signs) -> bool {
        match self {
            Self::Off => false,
            Self::Retransmitted => {
                *self = self.after_retransmission(signs);
                false
            }
            Self::Probing => {
                let spurious = signs.original;
                if spurious || signs.advances || signs.duplicate || signs.beyond {
                    *self = Self::Off;
                }
                spurious
            }
        }
    }

    /// Step 2. With an echo that tells (RFC 3522) there is nothing left to find out.
    fn after_retransmission(self, signs: Signs) -> Self {
        if signs.proven || signs.duplicate {
            Self::Off
        } else if !signs.advances {
            self
        } else if signs.more {
            Self::Probing
        } else {
            Self::Off
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Forward, Signs};

    const ADVANCE: Signs = Signs {
        advances: true,
        original: false,
        beyond: false,
        duplicate: false,
        more: true,
        proven: false,
    };

    fn after(first: Signs) -> Forward {
        let mut forward = Forward::Retransmitted;
        assert!(!forward.on_ack(first));
        forward
    }

    #[test]
    fn an_advance_lets_new_data_probe() {
        assert!(after(ADVANCE).holds());
    }

    #[test]
    fn nothing_to_probe_with_is_conventional_recovery() {
        assert_eq!(
            after(Signs {
                more: false,
                ..ADVANCE
            }),
            Forward::Off
        );
    }

    #[test]
    fn selective_acknowledgements_wait_for_the_first_advance() {
        let sacks = Signs {
            original: true,
            ..Signs::default()
        };
        assert_eq!(after(sacks), Forward::Retransmitted);
    }

    #[test]
    fn a_duplicate_or_a_proof_is_conventional_recovery() {
        assert_eq!(
            after(Signs {
                duplicate: true,
                ..Signs::default()
            }),
            Forward::Off
        );
        assert_eq!(
            after(Signs {
                proven: true,
                ..ADVANCE
            }),
            Forward::Off
        );
    }

    #[test]
    fn what_was_sent_once_and_arrives_proves_the_timeout_wrong() {
        let mut forward = after(ADVANCE);
        assert!(forward.on_ack(Signs {
            original: true,
            ..ADVANCE
        }));
        assert_eq!(forward, Forward::Off);
    }

    #[test]
    fn only_new_data_arriving_proves_it_right() {
        let mut forward = after(ADVANCE);
        assert!(!forward.on_ack(Signs {
            beyond: true,
            ..Signs::default()
        }));
        assert_eq!(forward, Forward::Off);
    }
}
