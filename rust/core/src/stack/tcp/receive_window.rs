//! The receive window: how much the peer may send.
//!
//! Its right edge never moves left (RFC 9293 §3.8.6), and moves right by steps that are worth a
//! segment (§3.8.6.2.2). How much may wait unread grows with what the program reads in a round trip
//! (dynamic right-sizing: Fisk and Feng, "Dynamic right-sizing in TCP", 2001).
use crate::time::Nanos;

/// What may wait at the beginning: the largest window that needs no scale, and one byte.
const FIRST: u64 = 65_536;
/// The largest window field.
const LARGEST_FIELD: u64 = u16::MAX as u64;

/// What one connection offers.
#[derive(Debug)]
pub(crate) struct ReceiveWindow {
    /// How many bytes may wait unread, now.
    limit: u64,
    /// How many may at most.
    most: u64,
    /// By how many bits the field is shifted (RFC 7323 §2).
    scale: u8,
    /// The offset behind the last byte that the peer may send.
    edge: u64,
    /// Memory is short: what may wait does not grow.
    held: bool,
    round: Round,
    /// An estimate of the round trip, for the peer's sending.
    rtt: Nanos,
    sample: Option<Sample>,
}

/// What the program reads in a round trip.
#[derive(Debug, Default)]
struct Round {
    since: Nanos,
    from: u64,
    last: u64,
}

/// A timestamp that was sent, to be found again in an echo.
#[derive(Clone, Copy, Debug)]
struct Sample {
    value: u32,
    sent: Nanos,
}

impl ReceiveWindow {
    pub(crate) fn new(receive_buffer: u32) -> Self {
        let most = u64::from(receive_buffer.max(1));
        let limit = FIRST.min(most);
        Self {
            limit,
            most,
            scale: 0,
            edge: 1 + limit.min(LARGEST_FIELD),
            held: false,
            round: Round::default(),
            rtt: 0,
            sample: None,
        }
    }

    /// The scale that our SYN offers: the smallest with which the largest buffer can be told.
    pub(crate) fn scale_to_offer(&self) -> u8 {
        (0..14)
            .find(|scale| self.most >> scale <= LARGEST_FIELD)
            .unwrap_or(14)
    }

    /// Both SYNs had the option, or one had not.
    pub(crate) fn begin(&mut self, scaled: bool) {
        self.scale = if scaled { self.scale_to_offer() } else { 0 };
        self.most = self.most.min(LARGEST_FIELD << self.scale);
        self.limit = self.limit.min(self.most);
    }

    /// The most that may wait unread was changed by the program; what was offered stays offered.
    pub(crate) fn set_most(&mut self, receive_buffer: u32) {
        self.most = u64::from(receive_buffer.max(1)).min(LARGEST_FIELD << self.scale);
        self.limit = self.limit.clamp(FIRST.min(self.most), self.most);
    }

    /// Says whether memory is short: then it does not grow.
    pub(crate) fn hold(&mut self, held: bool) {
        self.held = held;
    }

    /// The field of a SYN, which is never scaled (RFC 7323 §2.2).
    pub(crate) fn field_of_syn(&self) -> u16 {
        self.limit.min(LARGEST_FIELD) as u16
    }

    /// The field of a segment that is sent now, when `next` is expected and `read` is the first
    /// byte that was not read; `full` is a full segment.
    ///
    /// It is cut down to a multiple of the scale's unit; the edge remembers what was meant, and is
    /// honoured (RFC 7323 §2.4).
    pub(crate) fn offer(&mut self, next: u64, read: u64, full: u64) -> u16 {
        let candidate = read + self.limit;
        if candidate >= self.edge + self.step(full) {
            self.edge = candidate;
        }
        (self.size(next) >> self.scale).min(LARGEST_FIELD) as u16
    }

    /// How much the peer may still send (RCV.WND).
    pub(crate) fn size(&self, next: u64) -> u64 {
        self.edge.saturating_sub(next)
    }

    /// The offset behind the last byte that may come.
    pub(crate) fn edge(&self) -> u64 {
        self.edge
    }

    /// Whether so much was read that the peer should hear of it, though nothing has come: the window
    /// would at least double.
    pub(crate) fn is_update_due(&self, next: u64, read: u64, full: u64) -> bool {
        let (candidate, now) = (read + self.limit, self.size(next));
        candidate >= self.edge + self.step(full) && candidate.saturating_sub(next) >= 2 * now
    }

    /// The smallest step of the edge that is not silly.
    fn step(&self, full: u64) -> u64 {
        full.min(self.limit / 2).max(1)
    }

    /// The program has read up to `read`.
    pub(crate) fn on_read(&mut self, read: u64, now: Nanos) {
        if self.rtt == 0 || now.saturating_sub(self.round.since) < self.rtt {
            return;
        }
        let copied = read - self.round.from;
        // The peer may have doubled its window while this was measured: grow as it grew.
        let grown = match self.round.last {
            0 => copied,
            last => copied.saturating_mul(copied) / last,
        };
        // A hole holds reading up for a round trip and more, in which the peer should not have to
        // stop: half of the window is for these times.
        let target = 4 * grown.clamp(copied, 2 * copied);
        if !self.held {
            self.limit = self.limit.max(target.min(self.most));
        }
        self.round = Round {
            since: now,
            from: read,
            last: copied,
        };
    }

    /// A segment with this timestamp leaves.
    pub(crate) fn on_sent(&mut self, value: u32, now: Nanos) {
        self.sample.get_or_insert(Sample { value, sent: now });
    }

    /// Data came that echoes this timestamp: a round trip at most since it was sent first.
    pub(crate) fn on_echo(&mut self, echo: u32, now: Nanos) {
        if let Some(sample) = self.sample.filter(|it| !super::seq::before(echo, it.value)) {
            self.on_round_trip(now - sample.sent);
            self.sample = None;
        }
    }

    /// A round trip was measured.
    pub(crate) fn on_round_trip(&mut self, sample: Nanos) {
        let sample = sample.max(1);
        self.rtt = match self.rtt {
            0 => sample,
            rtt => (7 * rtt + sample) / 8,
        };
    }

    /// How many bytes may wait unread, now.
    pub(crate) fn limit(&self) -> u64 {
        self.limit
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FULL: u64 = 1000;

    fn window(most: u32) -> ReceiveWindow {
        let mut window = ReceiveWindow::new(most);
        window.begin(true);
        window
    }

    #[test]
    fn the_first_window_needs_no_scale() {
        let mut window = window(6 << 20);
        assert_eq!(
            (window.field_of_syn(), window.scale_to_offer()),
            (65_535, 7)
        );
        assert_eq!(
            window.offer(1, 1, FULL),
            511,
            "the last byte would be a silly step"
        );
        assert_eq!(window.offer(1001, 1001, FULL), 512);
        assert_eq!(window.size(1001), 65_536);
    }

    #[test]
    fn the_edge_never_moves_left() {
        let mut window = window(6 << 20);
        window.set_most(1);
        assert_eq!((window.limit(), window.edge()), (1, 65_536));
        assert_eq!(window.offer(60_000, 1, FULL), (5536 >> 7) as u16);
        assert_eq!(window.edge(), 65_536);
        assert_eq!(window.offer(65_536, 65_535, FULL), 0);
    }

    #[test]
    fn one_that_is_not_scaled_stays_below_64_kib() {
        let mut window = ReceiveWindow::new(6 << 20);
        window.begin(false);
        assert_eq!(window.offer(2001, 2001, FULL), 65_535);
    }

    #[test]
    fn small_reads_are_no_news() {
        let mut window = window(65_536);
        window.offer(1001, 1001, FULL);
        let full = 1001 + 65_536;
        assert_eq!(window.offer(full, 1001, FULL), 0);
        assert!(!window.is_update_due(full, 2000, FULL));
        assert!(window.is_update_due(full, 2001, FULL));
        window.offer(full, 2001, FULL);
        assert_eq!(window.size(full), 1000);
        assert!(!window.is_update_due(full, 2501, FULL));
        assert!(window.is_update_due(full, 3001, FULL));
    }

    #[test]
    fn it_grows_to_four_times_what_is_read_in_a_round_trip() {
        let mut window = window(1 << 20);
        window.on_read(50_000, 10);
        assert_eq!(window.limit(), 65_536, "no round trip is known");
        window.on_round_trip(100);
        window.on_read(50_000, 100);
        assert_eq!(window.limit(), 200_000);
        window.on_read(60_000, 150);
        assert_eq!(window.limit(), 200_000, "the round is not over");
        window.on_read(150_000, 200);
        assert_eq!(
            window.limit(),
            800_000,
            "twice as much as before: the peer doubles"
        );
        window.on_read(150_000, 400);
        assert_eq!(window.limit(), 800_000, "it does not shrink");
        window.on_read(1_500_000, 600);
        assert_eq!(window.limit(), 1 << 20);
    }

    #[test]
    fn an_echo_measures_the_round_trip_once() {
        let mut window = window(1 << 20);
        window.on_sent(7, 100);
        window.on_sent(8, 200);
        window.on_echo(6, 250);
        assert_eq!(window.rtt, 0);
        window.on_echo(7, 300);
        window.on_echo(8, 900);
        assert_eq!(window.rtt, 200);
    }
}
