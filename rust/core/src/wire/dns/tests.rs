use super::*;
use proptest::prelude::*;

const QUERY: &[u8] = b"\x12\x34\x01\x00\x00\x01\0\0\0\0\0\0\x03wWw\x07example\x03org\0\0\x01\0\x01";

/// An answer to [`QUERY`]: another name, and two addresses of that.
fn answer_with_another_name() -> Vec<u8> {
    let mut message = QUERY.to_vec();
    message[2..4].copy_from_slice(&[0x81, 0x80]);
    message[7] = 3;
    message.extend(b"\xc0\x0c\0\x05\0\x01\0\0\0\x3c\0\x06\x03cdn\xc0\x10");
    message.extend(b"\xc0\x2d\0\x01\0\x01\0\0\0\x3c\0\x04\xc0\0\x02\x01");
    message
        .extend(b"\xc0\x2d\0\x1c\0\x01\0\0\0\x3c\0\x10\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x05");
    message
}

fn told(message: &[u8]) -> Vec<(String, String)> {
    let mut told = Vec::new();
    answers(message, |name, address| {
        told.push((name.into(), address.to_string()))
    });
    told
}

#[test]
fn a_query_is_read_in_lower_case() {
    let question = query(QUERY).unwrap();
    assert_eq!(question.name, "www.example.org");
    assert_eq!(
        (question.kind, question.class, question.end),
        (A, INTERNET, QUERY.len())
    );
}

#[test]
fn addresses_belong_to_the_name_that_was_asked_for() {
    let name = || "www.example.org".to_string();
    let expected = [(name(), "192.0.2.1".into()), (name(), "2001:db8::5".into())];
    assert_eq!(told(&answer_with_another_name()), expected);
    assert_eq!(told(QUERY), []);
    assert_eq!(query(&answer_with_another_name()), None);
}

#[test]
fn an_answer_of_ones_own_is_read_back() {
    let question = query(QUERY).unwrap();
    let one = IpAddr::from([192, 0, 0, 3]);
    let message = answer(QUERY, &question, &[Record::Address(one)], 60);
    assert_eq!(&message[..12], b"\x12\x34\x85\x80\0\x01\0\x01\0\0\0\0");
    assert_eq!(&message[12..QUERY.len()], &QUERY[12..]);
    assert_eq!(
        told(&message),
        [("www.example.org".into(), "192.0.0.3".into())]
    );
    let named = answer(QUERY, &question, &[Record::Name("host.usernet")], 60);
    assert!(named.ends_with(b"\xc0\x0c\0\x0c\0\x01\0\0\0\x3c\0\x0e\x04host\x07usernet\0"));
    let none = answer(QUERY, &question, &[], 60);
    assert_eq!((none.len(), &none[6..8]), (QUERY.len(), &[0, 0][..]));
}

#[test]
fn what_follows_the_question_is_not_repeated() {
    let mut with_edns = QUERY.to_vec();
    with_edns[11] = 1;
    with_edns.extend(b"\0\0\x29\x04\xd0\0\0\0\0\0\0");
    let question = query(&with_edns).unwrap();
    assert_eq!(answer(&with_edns, &question, &[], 0).len(), QUERY.len());
}

#[test]
fn a_pointer_in_a_circle_is_no_name() {
    let read = |name: &[u8], at| {
        let message = [&[0; HEADER], name].concat();
        read_name(&message, HEADER + at).map(|(name, end)| (name, end - HEADER))
    };
    assert_eq!(read(b"\xc0\x0c", 0), None);
    assert_eq!(read(b"\x01a\xc0\x0c", 0), None);
    assert_eq!(read(b"\xc0\x0e\xc0\x0c", 2), None);
    assert_eq!(read(b"\x01a\0\xc0\x0c", 3), Some(("a".into(), 5)));
    assert_eq!(read(b"\x41a\0", 0), None);
    // The header holds no names.
    assert_eq!(read(b"\xc0\x00", 0), None);
}

#[test]
fn a_name_that_is_too_long_is_none() {
    let long = |labels| {
        let mut name = Vec::new();
        write_name(&mut name, &vec!["a".repeat(60); labels].join("."));
        read_name(&name, 0).map(|(name, _)| name.len())
    };
    assert_eq!((long(4), long(5)), (Some(243), None));
}

#[test]
fn names_of_addresses_are_understood() {
    let reversed = |name| reversed(name).map(|address| address.to_string());
    assert_eq!(reversed("3.0.0.192.in-addr.arpa"), Some("192.0.0.3".into()));
    let digits = "3.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.4.7.5.6.e.6.2.7.5.6.3.7.5.7.d.f";
    let long = format!("{digits}.ip6.arpa");
    assert_eq!(reversed(&long), Some("fd75:7365:726e:6574::3".into()));
    for bad in [
        "1.2.3.in-addr.arpa",
        "1.2.3.4.5.in-addr.arpa",
        "1.ip6.arpa",
        "300.0.0.1.in-addr.arpa",
        "x",
    ] {
        assert_eq!(reversed(bad), None, "{bad}");
    }
}

proptest! {
    #[test]
    fn any_bytes_are_read_within_bounds(bytes: Vec<u8>, prefix in 0_usize..60) {
        let mut message = answer_with_another_name();
        message.truncate(prefix);
        message.extend(bytes);
        if let Some(question) = query(&message) {
            let address = Record::Address(IpAddr::from([10, 0, 0, 1]));
            prop_assert!(question.name.len() <= 253);
            let _ = answer(&message, &question, &[address], 1);
        }
        answers(&message, |name, _| assert!(name.len() <= 253));
    }

    #[test]
    fn a_changed_byte_does_no_harm(place in 0_usize..100, value: u8) {
        let mut message = answer_with_another_name();
        let place = place % message.len();
        message[place] = value;
        answers(&message, |name, _| assert!(name.len() <= 253));
    }
}
