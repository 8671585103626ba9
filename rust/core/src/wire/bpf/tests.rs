use super::code::*;
use super::*;
use proptest::prelude::*;

/// `tcpdump -ddd 'udp and port 3478'`
const UDP_3478: [[u32; 4]; 20] = [
    [40, 0, 0, 12],
    [21, 0, 9, 2048],
    [48, 0, 0, 23],
    [21, 0, 15, 17],
    [40, 0, 0, 20],
    [69, 13, 0, 8191],
    [177, 0, 0, 14],
    [72, 0, 0, 14],
    [21, 9, 0, 3478],
    [72, 0, 0, 16],
    [21, 7, 8, 3478],
    [21, 0, 7, 34525],
    [48, 0, 0, 20],
    [21, 0, 5, 17],
    [40, 0, 0, 54],
    [21, 2, 0, 3478],
    [40, 0, 0, 56],
    [21, 0, 1, 3478],
    [6, 0, 0, 262144],
    [6, 0, 0, 0],
];

/// `tcpdump -ddd 'net 10.0.0.0/8'`
const NET_10: [[u32; 4]; 18] = [
    [40, 0, 0, 12],
    [21, 0, 6, 2048],
    [32, 0, 0, 26],
    [84, 0, 0, 4278190080],
    [21, 11, 0, 167772160],
    [32, 0, 0, 30],
    [84, 0, 0, 4278190080],
    [21, 8, 9, 167772160],
    [21, 1, 0, 2054],
    [21, 0, 7, 32821],
    [32, 0, 0, 28],
    [84, 0, 0, 4278190080],
    [21, 3, 0, 167772160],
    [32, 0, 0, 38],
    [84, 0, 0, 4278190080],
    [21, 0, 1, 167772160],
    [6, 0, 0, 262144],
    [6, 0, 0, 0],
];

/// `tcpdump -ddd 'ip6 and tcp'`
const IPV6_TCP: [[u32; 4]; 9] = [
    [40, 0, 0, 12],
    [21, 0, 6, 34525],
    [48, 0, 0, 20],
    [21, 3, 0, 6],
    [21, 0, 3, 44],
    [48, 0, 0, 54],
    [21, 0, 1, 6],
    [6, 0, 0, 262144],
    [6, 0, 0, 0],
];

/// `tcpdump -ddd 'vlan 7'`
const VLAN_7: [[u32; 4]; 9] = [
    [40, 0, 0, 12],
    [21, 2, 0, 33024],
    [21, 1, 0, 34984],
    [21, 0, 4, 37120],
    [40, 0, 0, 14],
    [84, 0, 0, 4095],
    [21, 0, 1, 7],
    [6, 0, 0, 262144],
    [6, 0, 0, 0],
];

/// `tcpdump -ddd 'ip and tcp[tcpflags] & tcp-syn != 0'`
const SYN: [[u32; 4]; 11] = [
    [40, 0, 0, 12],
    [21, 0, 8, 2048],
    [48, 0, 0, 23],
    [21, 0, 6, 6],
    [40, 0, 0, 20],
    [69, 4, 0, 8191],
    [177, 0, 0, 14],
    [80, 0, 0, 27],
    [69, 0, 1, 2],
    [6, 0, 0, 262144],
    [6, 0, 0, 0],
];

fn run(code: &[[u32; 4]], bytes: &[u8]) -> u32 {
    let program = Program::new(code.to_vec()).unwrap();
    program.run(bytes, bytes.len() as u32)
}

fn takes(code: &[[u32; 4]], bytes: &[u8]) -> bool {
    run(code, bytes) != 0
}

/// Ethernet, then IPv4 from 10.1.2.3 to 192.0.2.1, then a transport between these ports.
fn ipv4(protocol: u8, ports: [u16; 2]) -> Vec<u8> {
    let mut bytes = vec![0; 12];
    bytes.extend([8, 0, 0x46, 0, 0, 44, 0, 0, 0, 0, 64, protocol, 0, 0]);
    bytes.extend([10, 1, 2, 3, 192, 0, 2, 1, 1, 1, 1, 1]);
    bytes.extend(ports.map(u16::to_be_bytes).concat());
    bytes.extend([0; 16]);
    bytes
}

fn ipv6(protocol: u8) -> Vec<u8> {
    let mut bytes = vec![0; 12];
    bytes.extend([0x86, 0xdd, 0x60, 0, 0, 0, 0, 20, protocol, 64]);
    bytes.extend([0; 52]);
    bytes
}

#[test]
fn a_real_filter_for_a_port() {
    assert!(takes(&UDP_3478, &ipv4(17, [3478, 9])));
    assert!(takes(&UDP_3478, &ipv4(17, [9, 3478])));
    assert!(!takes(&UDP_3478, &ipv4(17, [9, 9])));
    assert!(!takes(&UDP_3478, &ipv4(6, [3478, 3478])));
    let mut fragment = ipv4(17, [3478, 3478]);
    fragment[21] = 1;
    assert!(!takes(&UDP_3478, &fragment));
    assert!(!takes(&UDP_3478, &ipv4(17, [3478, 3478])[..36]));
    let mut six = ipv6(17);
    six[54..56].copy_from_slice(&[0x0d, 0x96]);
    assert!(takes(&UDP_3478, &six));
}

#[test]
fn a_real_filter_for_a_net() {
    assert!(takes(&NET_10, &ipv4(1, [0, 0])));
    let mut other = ipv4(1, [0, 0]);
    other[26] = 11;
    assert!(!takes(&NET_10, &other));
    other[30] = 10;
    assert!(takes(&NET_10, &other));
    assert!(!takes(&NET_10, &ipv6(6)));
}

#[test]
fn a_real_filter_for_a_version_and_transport() {
    assert!(takes(&IPV6_TCP, &ipv6(6)));
    assert!(!takes(&IPV6_TCP, &ipv6(17)));
    assert!(!takes(&IPV6_TCP, &ipv4(6, [1, 1])));
    let mut fragment = ipv6(44);
    fragment[54] = 6;
    assert!(takes(&IPV6_TCP, &fragment));
}

#[test]
fn a_real_filter_for_a_tag() {
    let tagged = |kind: [u8; 2], tag: [u8; 2]| {
        let mut bytes = vec![0; 12];
        bytes.extend([kind, tag, [8, 0]].concat());
        takes(&VLAN_7, &bytes)
    };
    assert!(tagged([0x81, 0], [0xa0, 7]));
    assert!(tagged([0x88, 0xa8], [0, 7]));
    assert!(!tagged([0x81, 0], [0, 8]));
    assert!(!tagged([0x08, 0], [0, 7]));
}

#[test]
fn a_real_filter_for_flags() {
    let mut packet = ipv4(6, [1, 2]);
    assert!(!takes(&SYN, &packet));
    packet[14 + 24 + 13] = 0x12;
    assert!(takes(&SYN, &packet));
}

/// What is left in A after these instructions.
fn result(code: &[[u32; 4]]) -> u32 {
    let mut code = code.to_vec();
    code.push([u32::from(RETURN_ACCUMULATOR), 0, 0, 0]);
    run(&code, &[1, 2, 3, 4, 5, 0x46])
}

fn i(code: u16, constant: u32) -> [u32; 4] {
    [u32::from(code), 0, 0, constant]
}

#[test]
fn loads() {
    assert_eq!(result(&[i(LOAD_IMMEDIATE, 0xffff_ffff)]), 0xffff_ffff);
    assert_eq!(result(&[i(LOAD_WORD, 1)]), 0x0203_0405);
    assert_eq!(result(&[i(LOAD_HALF, 4)]), 0x0546);
    assert_eq!(result(&[i(LOAD_BYTE, 5)]), 0x46);
    assert_eq!(result(&[i(LOAD_LENGTH, 0)]), 6);
    for (code, value) in [
        (LOAD_WORD_AT, 0x0304_0546),
        (LOAD_HALF_AT, 0x0304),
        (LOAD_BYTE_AT, 3),
    ] {
        assert_eq!(result(&[i(INDEX_IMMEDIATE, 1), i(code, 1)]), value);
    }
    assert_eq!(result(&[i(INDEX_LENGTH, 0), i(X_TO_A, 0)]), 6);
    assert_eq!(result(&[i(INDEX_HEADER, 5), i(X_TO_A, 0)]), 24);
    let stored = [
        i(LOAD_IMMEDIATE, 7),
        i(STORE, 15),
        i(INDEX_MEMORY, 15),
        i(X_TO_A, 0),
    ];
    assert_eq!(result(&stored), 7);
    let stored = [i(INDEX_IMMEDIATE, 8), i(STORE_INDEX, 0), i(LOAD_MEMORY, 0)];
    assert_eq!(result(&stored), 8);
    assert_eq!(
        result(&[i(LOAD_IMMEDIATE, 9), i(A_TO_X, 0), i(ADD | INDEX, 0)]),
        18
    );
}

#[test]
fn a_load_from_outside_refuses() {
    let one = i(LOAD_IMMEDIATE, 1);
    for outside in [
        i(LOAD_WORD, 3),
        i(LOAD_HALF, 5),
        i(LOAD_BYTE, 6),
        i(INDEX_HEADER, 6),
    ] {
        assert_eq!(result(&[one, outside, one]), 0);
    }
    for code in [LOAD_WORD_AT, LOAD_HALF_AT, LOAD_BYTE_AT] {
        assert_eq!(
            result(&[one, i(INDEX_IMMEDIATE, u32::MAX), i(code, 1), one]),
            0
        );
    }
}

#[test]
fn arithmetic() {
    let of = |code: u16, left: u32, right: u32| {
        let constant = result(&[i(LOAD_IMMEDIATE, left), i(code, right)]);
        let indexed = [
            i(INDEX_IMMEDIATE, right),
            i(LOAD_IMMEDIATE, left),
            i(code | INDEX, 0),
        ];
        assert_eq!(result(&indexed), constant);
        constant
    };
    assert_eq!(of(ADD, u32::MAX, 2), 1);
    assert_eq!(of(SUBTRACT, 1, 2), u32::MAX);
    assert_eq!(of(MULTIPLY, 0x8000_0001, 2), 2);
    assert_eq!(of(DIVIDE, 0xffff_fffe, 2), 0x7fff_ffff);
    assert_eq!(of(REMAINDER, 17, 5), 2);
    assert_eq!((of(OR, 5, 2), of(AND, 7, 10), of(XOR, 7, 10)), (7, 2, 13));
    assert_eq!(
        (of(SHIFT_LEFT, 3, 31), of(SHIFT_RIGHT, 1 << 31, 31)),
        (1 << 31, 1)
    );
    assert_eq!(result(&[i(LOAD_IMMEDIATE, 1), i(NEGATE, 0)]), u32::MAX);
}

#[test]
fn an_index_of_zero_divides_nothing_and_a_long_shift_leaves_nothing() {
    let by = |code: u16, index: u32| {
        result(&[
            i(LOAD_IMMEDIATE, 9),
            i(INDEX_IMMEDIATE, index),
            i(code | INDEX, 0),
        ])
    };
    assert_eq!((by(DIVIDE, 0), by(REMAINDER, 0)), (0, 0));
    assert_eq!((by(SHIFT_LEFT, 32), by(SHIFT_RIGHT, 99)), (0, 0));
}

#[test]
fn jumps() {
    let of = |code: u16, left: u32, right: u32| {
        let jump = [u32::from(code), 0, 1, right];
        let ends = [i(RETURN_CONSTANT, 1), i(RETURN_CONSTANT, 2)];
        run(&[i(LOAD_IMMEDIATE, left), jump, ends[0], ends[1]], &[]) == 1
    };
    assert!(of(JUMP_EQUAL, 5, 5) && !of(JUMP_EQUAL, 5, 6));
    assert!(of(JUMP_GREATER, u32::MAX, 1) && !of(JUMP_GREATER, 5, 5));
    assert!(of(JUMP_GREATER_EQUAL, 5, 5) && !of(JUMP_GREATER_EQUAL, 4, 5));
    assert!(of(JUMP_SET, 6, 2) && !of(JUMP_SET, 6, 9));
    let over = [i(JUMP, 1), i(RETURN_CONSTANT, 1), i(RETURN_CONSTANT, 2)];
    assert_eq!(run(&over, &[]), 2);
}

fn fault(code: &[[u32; 4]]) -> String {
    Program::new(code.to_vec()).unwrap_err()
}

#[test]
fn what_could_go_wrong_is_refused_when_loaded() {
    let end = i(RETURN_CONSTANT, 0);
    let first = |instruction| fault(&[instruction, end]);
    assert_eq!(fault(&[]), "a filter has 1 to 4096 instructions, not 0");
    assert_eq!(
        fault(&vec![end; 4097]),
        "a filter has 1 to 4096 instructions, not 4097"
    );
    assert_eq!(
        fault(&[i(ADD, 1)]),
        "instruction 0 is the last and returns nothing"
    );
    assert_eq!(
        first([0x1_0006, 0, 0, 0]),
        "instruction 0 has a value too large for its field"
    );
    assert_eq!(first(i(0x0e, 0)), "instruction 0 is unknown");
    assert_eq!(first(i(NEGATE | INDEX, 0)), "instruction 0 is unknown");
    assert_eq!(
        first(i(STORE, 16)),
        "instruction 0 is for memory beyond slot 15"
    );
    assert_eq!(first(i(DIVIDE, 0)), "instruction 0 divides by zero");
    assert_eq!(first(i(REMAINDER, 0)), "instruction 0 divides by zero");
    assert_eq!(
        first(i(SHIFT_LEFT, 32)),
        "instruction 0 shifts by more than 31 bits"
    );
    assert_eq!(first(i(JUMP, 1)), "instruction 0 jumps out");
    assert_eq!(first(i(JUMP, u32::MAX)), "instruction 0 jumps out");
    assert_eq!(
        first([u32::from(JUMP_SET), 1, 0, 9]),
        "instruction 0 jumps out"
    );
    let vlan = i(LOAD_HALF, 0xffff_f02c);
    assert_eq!(
        first(vlan),
        "instruction 0 loads what only Linux has beside the packet"
    );
}

#[test]
fn the_longest_program_runs() {
    let mut code = vec![i(ADD, 1); MOST - 1];
    code.push(i(RETURN_ACCUMULATOR, 0));
    assert_eq!(run(&code, &[]), 4095);
}

proptest! {
    #[test]
    fn any_program_is_refused_or_ends(
        mut code in prop::collection::vec(
            (0_u32..0xb8, 0_u32..4, 0_u32..4, prop_oneof![0_u32..40, any::<u32>()]), 1..20,
        ),
        bytes in prop::collection::vec(any::<u8>(), 0..64),
    ) {
        code.push((RETURN_ACCUMULATOR.into(), 0, 0, 0));
        // What cannot be known is left out, or hardly any program would run.
        code.retain(|&(code, ..)| {
            Instruction::new([code, 0, 0, 1]).is_some_and(Instruction::known)
        });
        let code = code.into_iter().map(|(code, yes, no, k)| [code, yes, no, k]).collect();
        if let Ok(program) = Program::new(code) {
            let once = program.run(&bytes, 64);
            prop_assert_eq!(program.run(&bytes, 64), once);
        }
    }
}
