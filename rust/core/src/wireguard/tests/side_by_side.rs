//! Devices with a crew do what devices without one do, to the byte.
use super::super::{Ahead, Arrival, Crew, Device, Identity, Outgoing, PeerSpec, Task};
use super::rig::{at, bytes, key, public};
use crate::packet::{Packet, Pool};
use crate::rng::Stream;
use crate::stack::compose::{Marks, datagram};
use crate::time::{Nanos, SECOND};
use proptest::prelude::*;
use std::net::IpAddr;

const INSIDE: [[u8; 4]; 2] = [[10, 0, 0, 1], [10, 0, 0, 2]];

/// Does what it is asked from the last to the first, and leaves every third.
struct Backwards;

impl Crew for Backwards {
    fn share(&mut self, tasks: &mut [Task<'_>]) {
        let all = tasks.iter_mut().enumerate().rev();
        all.filter(|(place, _)| place % 3 > 0)
            .for_each(|(_, task)| task.run());
    }
}

#[derive(Clone, Debug)]
enum Step {
    Send {
        one: usize,
        lengths: Vec<usize>,
    },
    SendSuper {
        one: usize,
        segment: u16,
    },
    /// All that is under way comes, from this place on, and the first so many once more.
    Deliver {
        from: usize,
        twice: usize,
    },
    Wait(Nanos),
}

fn step() -> impl Strategy<Value = Step> {
    let lengths = prop::collection::vec(0..1400_usize, 0..60);
    prop_oneof![
        3 => (0..2_usize, lengths).prop_map(|(one, lengths)| Step::Send { one, lengths }),
        2 => (0..2_usize, 500..1400_u16).prop_map(|(one, segment)| Step::SendSuper { one, segment }),
        3 => (0..50_usize, 0..50_usize).prop_map(|(from, twice)| Step::Deliver { from, twice }),
        1 => (0..130_u64).prop_map(|seconds| Step::Wait(seconds * SECOND)),
    ]
}

/// Two devices, what is under way, and what came out.
struct Pair {
    devices: [Device; 2],
    pool: Pool,
    now: Nanos,
    flying: Vec<(usize, Vec<u8>)>,
    came: Vec<Vec<u8>>,
    ahead: usize,
}

impl Pair {
    fn new(crew: fn() -> Option<Box<dyn Crew>>) -> Self {
        let mut pool = Pool::default();
        let devices = [1_u8, 2].map(|own| {
            let chance = Box::new(Stream::new(own.into(), "wireguard"));
            let mut device = Device::new(Identity::new(key(own)), 1420, 0, chance);
            let other = usize::from(2 - own);
            let spec = PeerSpec {
                endpoint: Some(at("192.0.2.9:1")),
                allowed: vec![(IpAddr::from(INSIDE[other]), 32)],
                ..PeerSpec::default()
            };
            assert!(device.set_peer(public(3 - own), &spec, &mut pool, 0));
            crew().into_iter().for_each(|crew| device.set_crew(crew));
            device
        });
        Self {
            devices,
            pool,
            now: 0,
            flying: Vec::new(),
            came: Vec::new(),
            ahead: 0,
        }
    }

    fn take(&mut self, step: &Step) {
        match step {
            Step::Send { one, lengths } => {
                for &len in lengths {
                    let bytes = bytes(INSIDE[*one], INSIDE[1 - one], len);
                    let packet = self.pool.packet_from(&bytes).unwrap();
                    self.send(*one, packet);
                }
            }
            Step::SendSuper { one, segment } => {
                let ends = [at("10.0.0.1:7"), at("10.0.0.2:7")];
                let marks = Marks {
                    hop_limit: 64,
                    traffic_class: 0,
                    id: None,
                };
                let (ends, size) = ((ends[*one], ends[1 - one]), (50_000, Some(*segment)));
                let fill = |room: &mut [u8]| room.fill(7);
                let packet = datagram(&mut self.pool, ends, marks, size, fill).unwrap();
                self.send(*one, packet);
            }
            Step::Deliver { from, twice } => self.deliver(*from, *twice),
            Step::Wait(time) => {
                self.now += time;
                for device in &mut self.devices {
                    device.fire(&mut self.pool, self.now);
                }
            }
        }
        (0..2).for_each(|one| self.launch(one));
    }

    fn send(&mut self, one: usize, packet: Packet) {
        let sent = self.devices[one].send_with_others(packet, &mut self.pool, self.now);
        assert!(sent.is_ok());
    }

    fn launch(&mut self, one: usize) {
        let mut out = Vec::new();
        self.devices[one].take_outgoing(&mut out);
        for Outgoing {
            packet,
            segment_size,
            ..
        } in out
        {
            let each = segment_size.map_or(usize::MAX, usize::from);
            let messages = packet.bytes().chunks(each).map(<[u8]>::to_vec);
            self.flying
                .extend(messages.map(|message| (1 - one, message)));
            self.pool.free(packet);
        }
    }

    fn deliver(&mut self, from: usize, twice: usize) {
        let mut flying = std::mem::take(&mut self.flying);
        let from = from.min(flying.len());
        flying.rotate_left(from);
        flying.extend_from_within(..twice.min(flying.len()));
        for one in 0..2 {
            let own = flying.iter_mut().filter(|(to, _)| *to == one);
            let mut own: Vec<&mut Vec<u8>> = own.map(|(_, message)| message).collect();
            let (mut ahead, device) = (Vec::new(), &mut self.devices[one]);
            let messages = own.iter_mut().map(|message| message.as_mut_slice());
            device.open_ahead(messages, &mut ahead, self.now);
            self.ahead += ahead.iter().filter(|one| **one != Ahead::Sealed).count();
            let mut ahead = ahead.into_iter();
            for message in own {
                let (ahead, arrival) = (ahead.next().unwrap_or_default(), at("192.0.2.9:1"));
                let arrival = Arrival::from(arrival);
                let inner = device.hear(message, arrival, ahead, &mut self.pool, self.now);
                let inner = inner.map(|(inner, _)| message[inner].to_vec());
                self.came.extend(inner);
            }
        }
    }
}

fn status(pair: &Pair) -> Vec<String> {
    let all = pair.devices.iter();
    all.map(|one| {
        let peers: Vec<_> = one.peers().collect();
        format!("{:?} {peers:?}", one.drops())
    })
    .collect()
}

#[test]
fn much_is_opened_ahead_and_arrives() {
    let mut pair = Pair::new(|| Some(Box::new(Backwards)));
    let all = |from| Step::Deliver { from, twice: 0 };
    let send = |one, count| Step::Send {
        one,
        lengths: vec![1000; count],
    };
    for step in [send(0, 1), all(0), all(0), all(0), send(0, 50), all(0)] {
        pair.take(&step);
    }
    assert_eq!((pair.came.len(), pair.ahead), (51, 50));
}

#[test]
fn numbers_are_given_back_to_the_session_that_they_are_of() {
    // The answer to a call comes between what was sent and what leaves.
    let mut pair = Pair::new(|| Some(Box::new(Backwards)));
    let all = Step::Deliver { from: 0, twice: 0 };
    pair.take(&Step::Send {
        one: 0,
        lengths: vec![1],
    });
    (0..3).for_each(|_| pair.take(&all));
    pair.take(&Step::Wait(125 * SECOND));
    pair.take(&Step::Send {
        one: 0,
        lengths: vec![1],
    });
    pair.take(&all);
    let packet = bytes(INSIDE[0], INSIDE[1], 5);
    let packet = pair.pool.packet_from(&packet).unwrap();
    pair.send(0, packet);
    pair.deliver(0, 0);
    (0..2).for_each(|one| pair.launch(one));
    pair.take(&all);
    assert_eq!(pair.came.len(), 3);
    assert_eq!(
        pair.devices.each_ref().map(|one| one.drops().session),
        [0, 0]
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_crew_changes_nothing(steps in prop::collection::vec(step(), 1..30)) {
        let mut crewed = Pair::new(|| Some(Box::new(Backwards)));
        let mut alone = Pair::new(|| None);
        for step in &steps {
            crewed.take(step);
            alone.take(step);
            prop_assert!(crewed.flying == alone.flying);
            prop_assert!(crewed.came == alone.came);
            prop_assert_eq!(status(&crewed), status(&alone));
        }
    }
}
