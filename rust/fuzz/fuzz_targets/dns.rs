//! Invariant: DNS messages of any bytes are read within bounds; a name is text of 253 bytes at most, and an
//! answer to what could be read says the same of what it answers.
#![no_main]

use libfuzzer_sys::fuzz_target;
use std::net::IpAddr;
use usernet_core::wire::dns::{self, A, AAAA, Record};

fuzz_target!(|message: &[u8]| {
    dns::answers(message, |name, _| check(name));
    let Some(question) = dns::query(message) else {
        return;
    };
    check(&question.name);
    let _ = dns::reversed(&question.name);
    let addresses = [IpAddr::from([192, 0, 0, 3]), IpAddr::from([7; 16])];
    let records: Vec<_> = addresses.into_iter().map(Record::Address).collect();
    let answer = dns::answer(message, &question, &records, 60);
    assert_eq!(dns::query(&answer), None);
    let mut found = Vec::new();
    dns::answers(&answer, |name, address| {
        assert_eq!(name, question.name);
        found.push(address);
    });
    assert_eq!(found, addresses);
    let named = dns::answer(message, &question, &[Record::Name(&question.name)], 60);
    dns::answers(&named, |_, _| {
        unreachable!("it holds no address, of {A} or {AAAA}")
    });
});

fn check(name: &str) {
    assert!(name.len() <= 253 && name.is_ascii());
}
