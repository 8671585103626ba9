//! Invariant: bytes that are not a list of actions are refused with an error; no input panics.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    // The engine's own parser takes this place when it is there.
    let _ = serde_json::from_slice::<Vec<serde_json::Map<String, serde_json::Value>>>(bytes);
});
