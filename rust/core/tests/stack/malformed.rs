//! Packets that make no sense are counted by cause, answered where an RFC says so, and harm nobody.
use super::wire::{Wire, icmp, ipv4, ipv6, udp};
use serde_json::{Value, json};
use usernet_core::packet::{Offload, Segmentation};

/// What sending these leaves in the counters.
fn dropped(packets: &[Vec<u8>]) -> Value {
    let mut wire = Wire::new("ip");
    wire.net.udp("a", "10.0.0.1:53");
    wire.net.udp("a", "[fd00::1]:53");
    wire.send(packets);
    wire.dropped()
}

fn same(_: &mut [u8]) {}

#[test]
fn good_datagrams_are_dropped_by_nobody() {
    let packets = [
        ipv4(17, &udp(53, b"hello", false), same),
        ipv6(17, &udp(53, b"hello", true)),
        // Padded by the link; options; without a checksum.
        [ipv4(17, &udp(53, b"x", false), same), vec![0; 20]].concat(),
        ipv4(
            17,
            &[&[1, 1, 1, 0][..], &udp(53, b"x", false)].concat(),
            |bytes| bytes[0] = 0x46,
        ),
        ipv4(17, &udp(53, b"x", false), |bytes| bytes[26..28].fill(0)),
    ];
    assert_eq!(dropped(&packets), json!({}));
}

#[test]
fn headers_that_make_no_sense_are_counted_by_cause() {
    let good = || ipv4(17, &udp(53, b"hello", false), same);
    let changed = |change: &dyn Fn(&mut [u8])| ipv4(17, &udp(53, b"hello", false), change);
    let mut wrong_sum = good();
    wrong_sum[10] ^= 1;
    let mut wrong_udp = udp(53, b"hello", false);
    wrong_udp[8] ^= 1;
    let mut unsealed = udp(53, b"hello", true);
    unsealed[6..8].fill(0);
    for (packet, cause) in [
        (vec![], "malformed"),
        (vec![0x45], "malformed"),
        (good()[..27].to_vec(), "malformed"),
        (ipv6(17, &[])[..39].to_vec(), "malformed"),
        (
            ipv6(17, &udp(53, b"hello", true))[..50].to_vec(),
            "malformed",
        ),
        (changed(&|bytes| bytes[0] = 0x44), "malformed"),
        (changed(&|bytes| bytes[0] = 0x55), "malformed"),
        (changed(&|bytes| bytes[3] = 19), "malformed"),
        (changed(&|bytes| bytes[25] = 7), "malformed"),
        (changed(&|bytes| bytes[24] = 1), "malformed"),
        (wrong_sum, "bad_checksum"),
        (ipv4(17, &wrong_udp, same), "bad_checksum"),
        (ipv6(17, &unsealed), "bad_checksum"),
        (changed(&|bytes| bytes[12..16].fill(0xff)), "bad_address"),
        (changed(&|bytes| bytes[12] = 224), "bad_address"),
        (changed(&|bytes| bytes[12] = 127), "bad_address"),
        (changed(&|bytes| bytes[15] = 255), "bad_address"),
        (changed(&|bytes| bytes[15] = 1), "bad_address"),
        (changed(&|bytes| bytes[16] = 127), "bad_address"),
        (changed(&|bytes| bytes[19] = 9), "not_here"),
        (changed(&|bytes| bytes[16] = 239), "not_here"),
        (changed(&|bytes| bytes[9] = 99), "unknown_protocol"),
        (ipv6(59, &[]), "unknown_protocol"),
        (ipv4(6, &[0; 19], same), "bad_checksum"),
        (ipv4(1, &[8, 0, 0, 0, 0, 0, 0], same), "malformed"),
        (ipv4(1, &[8, 0, 0, 0, 0, 0, 0, 0], same), "bad_checksum"),
        (
            ipv4(1, &icmp(&[3, 3, 0, 0, 0, 0, 0, 0, 0x45], false), same),
            "malformed",
        ),
    ] {
        assert_eq!(
            dropped(std::slice::from_ref(&packet)),
            json!({cause: 1}),
            "{packet:02x?}"
        );
    }
}

#[test]
fn ipv6_headers_that_are_unknown_are_answered_with_where_they_stand() {
    let answered = |packet: Vec<u8>| {
        let mut wire = Wire::new("ip");
        let answers = wire.send(&[packet]);
        answers.first().map(|answer| {
            let pointer = u32::from_be_bytes(*answer[44..].first_chunk().unwrap());
            (answer[40], answer[41], pointer)
        })
    };
    let rest = udp(53, b"x", true);
    let behind = |header: &[u8]| [header, &rest[..]].concat();
    // An unknown transport, an unknown one behind options, hop-by-hop in the wrong place.
    assert_eq!(answered(ipv6(200, &[])), Some((4, 1, 6)));
    assert_eq!(
        answered(ipv6(60, &[200, 0, 1, 4, 0, 0, 0, 0])),
        Some((4, 1, 40))
    );
    let late = [&[0, 0, 1, 4, 0, 0, 0, 0][..], &[17, 0, 1, 4, 0, 0, 0, 0]].concat();
    assert_eq!(answered(ipv6(60, &behind(&late))), Some((4, 1, 40)));
    // A routing header with a way to go, and options that say what is to be done with them.
    assert_eq!(
        answered(ipv6(43, &behind(&[17, 0, 4, 1, 0, 0, 0, 0]))),
        Some((4, 0, 42))
    );
    assert_eq!(
        answered(ipv6(60, &behind(&[17, 0, 0x85, 0, 0, 0, 0, 0]))),
        Some((4, 2, 42))
    );
    assert_eq!(
        answered(ipv6(60, &behind(&[17, 0, 0x45, 0, 0, 0, 0, 0]))),
        None
    );
    assert_eq!(answered(ipv6(59, &[])), None);
}

#[test]
fn known_extension_headers_are_read_over() {
    let mut wire = Wire::new("ip");
    let server = wire.net.udp("a", "[fd00::1]:53");
    let headers = [
        [60, 0, 1, 4, 0, 0, 0, 0],
        [43, 0, 0x05, 2, 0, 0, 0, 0],
        [44, 0, 4, 0, 0, 0, 0, 0],
        [17, 0, 0, 0, 0, 0, 0, 9],
    ];
    let payload = [&headers.concat()[..], &udp(53, b"behind", true)].concat();
    wire.send(&[ipv6(0, &payload)]);
    assert_eq!(wire.net.receive_from("a", server).unwrap().0, b"behind");
}

#[test]
fn nobody_is_told_of_errors_groups_and_later_fragments() {
    let mut wire = Wire::new("ip");
    let quoted = ipv4(17, &udp(53, b"x", false), same);
    let error = icmp(&[&[3, 3, 0, 0, 0, 0, 0, 0][..], &quoted].concat(), false);
    let answers = wire.send(&[
        ipv4(1, &error, same),
        ipv4(17, &udp(99, b"x", false), |bytes| bytes[19] = 255),
        ipv4(17, &udp(99, b"x", false), |bytes| bytes[16..20].fill(255)),
        ipv4(99, b"12345678", |bytes| {
            bytes[6..8].copy_from_slice(&[0, 5])
        }),
        ipv4(1, &icmp(&[8, 0, 0, 0, 0, 0, 0, 0], false), |bytes| {
            bytes[19] = 255
        }),
    ]);
    assert!(answers.is_empty(), "{answers:02x?}");
}

#[test]
fn an_error_quotes_what_it_is_about() {
    let mut wire = Wire::new("ip");
    let big = ipv4(17, &udp(99, &[7; 1000], false), same);
    let answers = wire.send(&[big.clone(), ipv6(17, &udp(99, &[7; 1300], true))]);
    assert_eq!(answers[0].len(), 576);
    assert_eq!(answers[0][20..22], [3, 3]);
    assert_eq!(answers[0][28..], big[..548]);
    assert_eq!(answers[1].len(), 1280);
    assert_eq!(answers[1][40..42], [1, 4]);
}

#[test]
fn a_udp_super_packet_is_several_datagrams() {
    let mut wire = Wire::new("ip");
    let server = wire.net.udp("a", "10.0.0.1:53");
    let packet = ipv4(17, &udp(53, b"aaabbbcc", false), same);
    let offload = Offload {
        partial_checksum: true,
        segmentation: Segmentation::Udp,
        segment_size: 3,
        checksum_start: 20,
        checksum_offset: 6,
        ..Offload::default()
    };
    wire.send_offloaded(vec![(packet, offload)]);
    for datagram in [&b"aaa"[..], b"bbb", b"cc"] {
        assert_eq!(wire.net.receive_from("a", server).unwrap().0, datagram);
    }
}

#[test]
fn frames_for_others_are_let_go() {
    let mut wire = Wire::new("ethernet");
    let frame = |to: u8, kind: [u8; 2], payload: &[u8]| {
        let mut bytes = vec![to; 6];
        bytes.extend([2, 0, 0, 0, 0, 9]);
        bytes.extend(kind);
        bytes.extend(payload);
        bytes
    };
    let packet = ipv4(17, &udp(53, b"x", false), same);
    wire.send(&[
        frame(4, [8, 0], &packet),
        frame(0xff, [0x81, 0], &packet),
        frame(0xff, [0x86, 0xdd], &packet),
        frame(0xff, [8, 6], &[0; 28]),
        vec![0xff; 13],
    ]);
    assert_eq!(wire.dropped(), json!({"not_ip": 2, "malformed": 3}));
}

#[test]
fn who_asks_for_an_address_is_answered() {
    let mut wire = Wire::new("ethernet");
    let mut frame = vec![0xff; 6];
    frame.extend([
        2, 0, 0, 0, 0, 9, 8, 6, 0, 1, 8, 0, 6, 4, 0, 1, 2, 0, 0, 0, 0, 9, 10, 0, 0, 2,
    ]);
    frame.extend([0, 0, 0, 0, 0, 0, 10, 0, 0, 1]);
    let answers = wire.send(&[frame.clone()]);
    assert_eq!(answers[0][..6], [2, 0, 0, 0, 0, 9]);
    assert_eq!(
        (&answers[0][20..22], &answers[0][28..32]),
        (&[0, 2][..], &[10, 0, 0, 1][..])
    );
    // It is known now where 10.0.0.2 is: nobody is asked.
    let echo = wire.net.echo("a");
    wire.net.send_to("a", echo, b"", "10.0.0.2:1").unwrap();
    let sent = wire.send(&[]);
    assert_eq!((sent.len(), &sent[0][..6]), (1, &[2, 0, 0, 0, 0, 9][..]));
    // A probe (RFC 5227) is answered and teaches nothing; of others' addresses nothing is said.
    frame[28..32].fill(0);
    assert_eq!(wire.send(&[frame.clone()]).len(), 1);
    frame[41] = 7;
    assert_eq!(wire.send(&[frame]).len(), 0);
}
