use super::*;
use proptest::prelude::*;
use std::net::Ipv4Addr;

fn talker(number: u32) -> Talker {
    Talker {
        address: Ipv4Addr::from(number).into(),
        port: 53,
        protocol: 17,
    }
}

fn total(json: &Value) -> u64 {
    let named = json["talkers"].as_array().unwrap().iter();
    let named: u64 = named.map(|one| one["bytes"].as_u64().unwrap()).sum();
    named + json["others"]["bytes"].as_u64().unwrap()
}

#[test]
fn up_to_the_bound_every_count_is_exact() {
    let mut talkers = Talkers::default();
    for number in 0..MOST as u32 {
        talkers.add(talker(number), 1, u64::from(number));
        talkers.add(talker(number), 2, 1);
    }
    let json = talkers.to_json();
    let last = MOST as u64 - 1;
    assert_eq!(json["talkers"][0]["address"], "0.0.7.255");
    assert_eq!(json["talkers"][0]["bytes"], last + 1);
    assert_eq!(json["talkers"][0]["packets"], 3);
    assert_eq!(json["talkers"].as_array().unwrap().len(), NAMED);
    assert_eq!(
        (&json["known"], &json["replaced"]),
        (&MOST.into(), &0.into())
    );
    assert_eq!(total(&json), last * (last + 1) / 2 + MOST as u64);
}

#[test]
fn a_newcomer_takes_the_place_of_the_least_and_inherits_a_doubt() {
    let mut talkers = Talkers::default();
    let places: Vec<Place> = (0..MOST as u32)
        .map(|number| talkers.add(talker(number), 1, 100 + u64::from(number)))
        .collect();
    assert!(
        talkers.add_at(places[0], 1, 1000),
        "the least has more by now"
    );
    talkers.add(talker(9999), 1, 5000);
    assert!(!talkers.add_at(places[1], 1, 1), "its place is another's");
    assert!(talkers.add_at(places[0], 1, 1) && talkers.add_at(places[2], 1, 1));
    let json = talkers.to_json();
    let first = &json["talkers"][0];
    assert_eq!(first["address"], "0.0.39.15");
    assert_eq!(
        (&first["bytes"], &first["doubted_bytes"]),
        (&5000.into(), &101.into())
    );
    assert_eq!(json["replaced"], 1);
}

proptest! {
    /// Metwally et al., lemma 3.3 and theorem 3.5: all is counted once, and whoever has more than
    /// the least is there, with no more in doubt than that.
    #[test]
    fn nothing_is_lost_and_the_great_are_there(
        sent in prop::collection::vec((0_u32..6000, 1_u64..100), 0..9000),
    ) {
        let mut talkers = Talkers::default();
        let mut truth: BTreeMap<Talker, u64> = BTreeMap::new();
        for &(number, bytes) in &sent {
            talkers.add(talker(number), 1, bytes);
            *truth.entry(talker(number)).or_default() += bytes;
        }
        let least = talkers.counts.iter().map(|count| count.bytes).min().unwrap_or(0);
        let sum: u64 = truth.values().sum();
        prop_assert_eq!(total(&talkers.to_json()), sum);
        for (talker, bytes) in truth {
            let place = talkers.places.get(&talker);
            prop_assert!(place.is_some() || bytes <= least);
            if let Some(slot) = place {
                let count = &talkers.counts[usize::from(*slot)];
                prop_assert!(count.bytes >= bytes && count.bytes - count.doubted.1 <= bytes);
                prop_assert!(talkers.counts.len() < MOST || count.doubted.1 <= least);
            }
        }
    }
}
