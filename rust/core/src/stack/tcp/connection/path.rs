//! The path's MTU: told, learnt from ICMP, or found out (RFC 1191, RFC 8201, RFC 4821).
use super::Connection;
use crate::stack::tcp::mtu::SEARCH_AGAIN;
use crate::stack::tcp::timers::Timer;
use crate::time::Nanos;
use std::ops::Range;

/// So many full segments must follow a probe, or nobody would notice its loss before a timeout.
const FOLLOWERS: u64 = 3;

/// A segment that is larger than the path is known to take.
#[derive(Debug)]
pub(super) struct Probe {
    /// Of its IP packet.
    size: u32,
    /// The offset behind it.
    end: u64,
}

impl Connection {
    /// The path's MTU is known to be this (a route changed, or another connection learnt it).
    pub fn set_path_mtu(&mut self, mtu: u32, now: Nanos) {
        let before = self.mss();
        if self.path.tell(mtu) {
            self.on_mtu_changed(before, now);
        }
    }

    /// A router says that a packet was too large for its next link.
    pub(super) fn on_too_big(&mut self, mtu: Option<u32>, now: Nanos) {
        let before = self.mss();
        if self.path.on_too_big(mtu) {
            self.on_mtu_changed(before, now);
        }
    }

    /// The retransmission timer went off: perhaps what is sent is too large.
    pub(super) fn suspect_black_hole(&mut self, now: Nanos) {
        // A probe's loss says nothing of its size, where everything is lost.
        self.probe = None;
        let before = self.mss();
        let largest = (self.next() - self.una()).min(before.into()) as u32 + self.options_len();
        if self.path.on_black_hole(self.sender.retries(), largest) {
            self.on_mtu_changed(before, now);
        }
    }

    fn on_mtu_changed(&mut self, before: u32, now: Nanos) {
        let mss = self.mss();
        self.sender.set_mss(mss);
        if mss < before && self.una() < self.next() && self.state.may_send() {
            // What is under way is too large: again, in smaller pieces.
            self.sender.probe_lost(self.una()..self.next());
        }
        self.watch_path(now);
    }

    /// Below what the host says, larger sizes are tried again some time.
    fn watch_path(&mut self, now: Nanos) {
        if self.path.is_content() && self.state.may_send() {
            self.timers.arm(Timer::Search, now + SEARCH_AGAIN);
        }
    }

    pub(super) fn on_search_timer(&mut self) {
        self.path.search_again();
    }

    /// Payload of a probe that may leave now, when so much waits and may leave. Only with selective
    /// acknowledgements is the loss of a single segment plain.
    pub(super) fn probe_payload(&self, pending: u64, window: u64, allowance: u64) -> Option<u64> {
        let size = self
            .path
            .next_probe()
            .filter(|_| self.sack && self.probe.is_none())?;
        let calm = self.sender.retries() == 0 && self.sender.statistics().phase == "open";
        let payload = u64::from(self.path.mss_of(size) - self.options_len());
        let followed = payload + FOLLOWERS * u64::from(self.mss());
        (calm && allowance >= payload && pending.min(window) >= followed).then_some(payload)
    }

    /// A probe leaves.
    pub(super) fn on_probe_sent(&mut self, range: Range<u64>) {
        if let Some(size) = self.path.next_probe() {
            self.probe = Some(Probe {
                size,
                end: range.end,
            });
            self.sender.mtu_probe_sent(range);
        }
    }

    /// Something was acknowledged, or found lost: perhaps the probe.
    pub(super) fn watch_probe(&mut self, now: Nanos) {
        let lost = self.sender.take_lost_probe().is_some();
        let arrived = |probe: &Probe| self.sender.una() >= probe.end;
        let Some(probe) = self.probe.take_if(|probe| lost || arrived(probe)) else {
            return;
        };
        if lost {
            self.path.on_probe_lost(probe.size);
        } else if self.path.on_probe_arrived(probe.size) {
            self.sender.set_mss(self.mss());
        }
        self.watch_path(now);
    }
}
