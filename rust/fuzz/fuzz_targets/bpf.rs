//! Invariant: any program is refused, or ends on any bytes, with the same verdict each time.
#![no_main]

use libfuzzer_sys::fuzz_target;
use usernet_core::wire::bpf::Program;

fuzz_target!(|input: (Vec<(u16, u8, u8, u32)>, Vec<u8>, u32)| {
    let (code, bytes, wire_len) = input;
    let code = code
        .into_iter()
        .map(|(code, yes, no, constant)| [code.into(), yes.into(), no.into(), constant]);
    if let Ok(program) = Program::new(code.collect()) {
        let verdict = program.run(&bytes, wire_len);
        assert_eq!(program.run(&bytes, wire_len), verdict);
    }
});
