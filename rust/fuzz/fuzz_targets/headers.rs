//! Invariant: offsets read from any bytes lie within them, and a mark changes the ECN bits and the
//! IPv4 header's checksum alone, which stays as right or as wrong as it was.
#![no_main]

use libfuzzer_sys::fuzz_target;
use usernet_core::packet::Pool;
use usernet_core::wire::checksum::sum;
use usernet_core::wire::ecn::{ecn_capable, mark_congestion};
use usernet_core::wire::flow::flow_hash;
use usernet_core::wire::headers::{ip_len, layers};

fuzz_target!(|input: (u8, &[u8])| {
    let (network_offset, bytes) = input;
    let Some(mut packet) = Pool::default().packet_from(bytes) else {
        return;
    };
    packet.set_network_offset(network_offset.into());
    let (hash, len) = (flow_hash(&packet), ip_len(&packet));
    let Some(before) = layers(&packet) else {
        assert!(!ecn_capable(&packet));
        return;
    };
    assert!(before.network_offset < before.l4_offset && before.l4_offset <= bytes.len());
    assert!([8, 32].contains(&before.addresses(bytes).len()));
    mark_congestion(&mut packet);
    let after = layers(&packet).expect("a mark leaves the headers readable");
    assert_eq!(after.ecn, if before.ecn == 0 { 0 } else { 3 });
    assert_eq!((flow_hash(&packet), ip_len(&packet)), (hash, len));
    let header = before.network_offset..before.l4_offset;
    if before.ip_version == 4 {
        assert_eq!(sum(&packet.bytes()[header.clone()]), sum(&bytes[header]));
    }
});
