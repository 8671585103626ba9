//! Invariant: any bytes are refused at a place within them, or every record lies within them, in
//! the order of the file, and none is longer than a packet may be.
#![no_main]

use libfuzzer_sys::fuzz_target;
use usernet_core::packet::LARGEST;
use usernet_os::capture::parse;

fuzz_target!(|bytes: &[u8]| {
    let records = match parse(bytes) {
        Ok(records) => records,
        Err(malformed) => return assert!(malformed.at <= bytes.len()),
    };
    let mut end = 0;
    for record in records {
        assert!(record.start >= end && record.len <= LARGEST);
        end = record.start + record.len;
        assert!(end <= bytes.len());
    }
});
