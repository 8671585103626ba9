//! The tables, and that they are as they were.
use crate::path::{Bottleneck, Path};
use std::fmt::Write as _;
use usernet_core::stack::options::{Algorithm, SocketOptions};
use usernet_core::time::{MILLISECOND, Nanos, SECOND};

const RATE: u64 = 100_000_000;
const TIME: Nanos = 10 * SECOND;
const LOSSES: [f64; 4] = [0.0, 0.1, 1.0, 5.0];
const ROUND_TRIPS: [u64; 3] = [20, 100, 300];
const QUEUES: [usize; 2] = [32, 256];
/// Where chance decides, runs are repeated with other seeds until so many segments were sent, or so
/// often, and the table has the mean.
const ENOUGH: u64 = 30_000;
const MOST_RUNS: u64 = 5;

const HEADER: &str = "\
Goodput in Mbit/s, and segments sent again, over ten seconds from the SYN on
through a bottleneck of 100 Mbit/s with a drop-tail queue of 32 or 256 packets

loss %  RTT ms |  32: Mbit/s   again | 256: Mbit/s   again
---------------+---------------------+--------------------
";

/// Sums over the runs of one cell.
#[derive(Default)]
struct Cell {
    runs: u64,
    received: u64,
    sent: u64,
    again: u64,
}

impl Cell {
    fn measure(algorithm: Algorithm, loss: f64, rtt: u64, queue: usize) -> Self {
        let bottleneck = Bottleneck {
            rate: RATE,
            rtt: rtt * MILLISECOND,
            queue,
            loss: loss / 100.0,
        };
        let mut cell = Self::default();
        cell.run(algorithm, bottleneck);
        while loss > 0.0 && cell.sent < ENOUGH && cell.runs < MOST_RUNS {
            cell.run(algorithm, bottleneck);
        }
        cell
    }

    fn run(&mut self, algorithm: Algorithm, bottleneck: Bottleneck) {
        let options = SocketOptions {
            congestion: algorithm,
            ..SocketOptions::default()
        };
        let mut path = Path::new(bottleneck, &options, self.runs);
        path.run(TIME);
        let info = path.sender.info(path.now);
        self.runs += 1;
        self.received += path.received;
        self.sent += info.segments_sent;
        self.again += info.segments_retransmitted;
    }

    fn goodput(&self) -> f64 {
        let bits = self.received as f64 * 8.0;
        bits / (self.runs * TIME / 1000) as f64
    }
}

fn table(algorithm: Algorithm) -> String {
    let mut text = HEADER.to_owned();
    for loss in LOSSES {
        for rtt in ROUND_TRIPS {
            write!(text, "{loss:6.1}  {rtt:6}").unwrap();
            for queue in QUEUES {
                let cell = Cell::measure(algorithm, loss, rtt, queue);
                let again = cell.again.div_ceil(cell.runs);
                write!(text, " |{:12.2} {again:7}", cell.goodput()).unwrap();
            }
            text.push('\n');
        }
    }
    text
}

fn file(name: &str) -> String {
    format!("{}/tests/tcp_tables/{name}.txt", env!("CARGO_MANIFEST_DIR"))
}

fn compare(algorithm: Algorithm, name: &str) {
    let (kept, now) = (
        std::fs::read_to_string(file(name)).unwrap(),
        table(algorithm),
    );
    let changed: String = kept
        .lines()
        .zip(now.lines())
        .filter(|(kept, now)| kept != now)
        .map(|(kept, now)| format!("was {kept}\nis  {now}\n"))
        .collect();
    assert!(
        kept == now,
        "{name}.txt has changed:\n{changed}If that is for the better, write it anew: \
         cargo test -p usernet-core --test tcp_tables -- --ignored"
    );
}

#[test]
fn cubic_is_as_it_was() {
    compare(Algorithm::Cubic, "cubic");
}

#[test]
fn reno_is_as_it_was() {
    compare(Algorithm::Reno, "reno");
}

#[test]
fn bbr_is_as_it_was() {
    compare(Algorithm::Bbr, "bbr");
}

#[test]
#[ignore = "writes the tables anew"]
fn write_anew() {
    let all = [Algorithm::Cubic, Algorithm::Reno, Algorithm::Bbr];
    for (algorithm, name) in all.into_iter().zip(["cubic", "reno", "bbr"]) {
        std::fs::write(file(name), table(algorithm)).unwrap();
    }
}
