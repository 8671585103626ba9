//! RFC 9293: opening, closing, windows, and what to do with segments that are not expected.
mod closing;
mod opening;
mod sending;
mod windows;

use super::script::play;

const OPEN: &str = "0     listen
         0     < S 0:0(0) win 65535 <mss 1000>
         0     > S. 0:0(0) ack 1 win 65535 <mss 1460>
         0     < . 1:1(0) ack 1 win 65535
         0     events WRITABLE|CONNECTED
";

/// The same over a path of 100 ms: the first retransmission timeout is 300 ms.
const OPEN_FAR: &str = "0     listen
         0     < S 0:0(0) win 65535 <mss 1000>
         0     > S. 0:0(0) ack 1 win 65535 <mss 1460>
         0.1   < . 1:1(0) ack 1 win 65535
         0     events WRITABLE|CONNECTED
";

fn established(rest: &str) {
    play(&format!("{OPEN}{rest}"));
}
