use super::super::fragment::{cut_v4, cut_v6};
use super::*;
use proptest::prelude::*;

fn packet(pool: &mut Pool, v6: bool, len: usize) -> Packet {
    let (source, destination) = if v6 {
        ("fd00::1", "fd00::2")
    } else {
        ("10.0.0.1", "10.0.0.2")
    };
    let outline = Outline {
        source: source.parse().unwrap(),
        destination: destination.parse().unwrap(),
        protocol: 17,
        hop_limit: 64,
        ecn: 0,
        id: (!v6).then_some(77),
    };
    let mut packet = pool.packet(outline.header_len() + len).unwrap();
    let at = outline.header_len();
    for (number, byte) in packet.bytes_mut()[at..].iter_mut().enumerate() {
        *byte = (number / 7) as u8;
    }
    outline.emit(packet.bytes_mut());
    packet
}

fn cut(packet: &Packet, mtu: usize, pool: &mut Pool) -> Vec<Packet> {
    if packet.bytes()[0] >> 4 == 4 {
        cut_v4(packet, mtu, pool)
    } else {
        cut_v6(packet, mtu, 77, pool)
    }
}

fn take(reassembly: &mut Reassembly, packet: &Packet, now: Nanos, pool: &mut Pool) -> Outcome {
    let mut header = Header::parse(packet.bytes()).unwrap();
    header.read_extensions(packet.bytes()).unwrap();
    reassembly.take(packet, &header, now, pool)
}

#[test]
fn pieces_fit_and_say_where_they_belong() {
    let mut pool = Pool::default();
    let whole = packet(&mut pool, false, 3000);
    let pieces = cut(&whole, 1500, &mut pool);
    let said: Vec<_> = pieces
        .iter()
        .map(|piece| {
            let header = Header::parse(piece.bytes()).unwrap();
            let fragment = header.fragment.unwrap();
            (piece.len(), fragment.offset, fragment.more)
        })
        .collect();
    assert_eq!(
        said,
        [(1500, 0, true), (1500, 1480, true), (60, 2960, false)]
    );
    let again = cut(&pieces[1], 600, &mut pool);
    let header = Header::parse(again[2].bytes()).unwrap();
    assert_eq!(
        header.fragment.map(|it| (it.offset, it.more)),
        Some((1480 + 1152, true))
    );
}

#[test]
fn overlaps_spoil_the_packet_and_copies_do_not() {
    let mut pool = Pool::default();
    let mut reassembly = Reassembly::new(Key::default());
    let whole = packet(&mut pool, true, 3000);
    let pieces = cut(&whole, 1280, &mut pool);
    let other = cut(&whole, 1320, &mut pool);
    for piece in [&pieces[0], &pieces[0]] {
        assert!(matches!(
            take(&mut reassembly, piece, 0, &mut pool),
            Outcome::Waits
        ));
    }
    for piece in [&other[0], &pieces[1], &pieces[2]] {
        let outcome = take(&mut reassembly, piece, 0, &mut pool);
        assert!(matches!(
            outcome,
            Outcome::Dropped(Dropped::ReassemblyOverlap)
        ));
    }
    let mut told = 0;
    reassembly.expire(PATIENCE[1], |_| told += 1);
    assert_eq!((told, reassembly.bytes, reassembly.known.len()), (0, 0, 0));
}

#[test]
fn what_does_not_come_in_time_is_given_up() {
    let mut pool = Pool::default();
    let mut reassembly = Reassembly::new(Key::default());
    let whole = packet(&mut pool, false, 3000);
    let pieces = cut(&whole, 1500, &mut pool);
    take(&mut reassembly, &pieces[0], 5, &mut pool);
    assert_eq!(reassembly.deadline(), Some(5 + PATIENCE[0]));
    let mut heads = Vec::new();
    reassembly.expire(4 + PATIENCE[0], |head| heads.push(head));
    assert!(heads.is_empty());
    reassembly.expire(5 + PATIENCE[0], |head| heads.push(head));
    assert_eq!(heads, [pieces[0].bytes()[..HEAD].to_vec()]);
    assert_eq!((reassembly.deadline(), reassembly.bytes), (None, 0));
}

#[test]
fn the_oldest_make_room() {
    let mut pool = Pool::default();
    let mut reassembly = Reassembly::new(Key::default());
    let mut piece = packet(&mut pool, false, 1000);
    for id in 0..9000_u32 {
        let far = (id % 100) as u16 * 80;
        crate::wire::field::put_u16(piece.bytes_mut(), 4, id as u16);
        crate::wire::field::put_u16(piece.bytes_mut(), 6, 0x2000 | far);
        crate::wire::field::put_u16(piece.bytes_mut(), 10, 0);
        let sum = crate::wire::checksum::checksum(&piece.bytes()[..20]);
        crate::wire::field::put_u16(piece.bytes_mut(), 10, sum);
        take(&mut reassembly, &piece, id.into(), &mut pool);
        assert!(reassembly.known.len() <= MOST && reassembly.bytes <= MOST_BYTES);
        assert!(reassembly.order[0].len() <= 4 * MOST + 1);
    }
    assert!(reassembly.known.len() > 50);
}

proptest! {
    #[test]
    fn pieces_in_any_order_make_the_packet(
        v6: bool, len in 1_usize..20_000, mtu in 600_usize..2000, order: u64, twice: bool,
    ) {
        let mut pool = Pool::default();
        let mut reassembly = Reassembly::new(Key::default());
        let whole = packet(&mut pool, v6, len);
        let mtu = if v6 { mtu.max(1280) } else { mtu };
        let mut pieces = cut(&whole, mtu, &mut pool);
        prop_assert!(pieces.iter().all(|piece| piece.len() <= mtu));
        let mut stream = crate::rng::Stream::new(order, "order");
        for last in (1..pieces.len()).rev() {
            pieces.swap(last, stream.below(last as u64 + 1) as usize);
        }
        let mut made = Vec::new();
        for piece in &pieces {
            for _ in 0..=usize::from(twice && made.is_empty() && pieces.len() > 1) {
                let header = Header::parse(piece.bytes()).unwrap();
                if header.fragment.is_none() && !v6 {
                    return Ok(());
                }
                let outcome = take(&mut reassembly, piece, 0, &mut pool);
                if let Outcome::Whole(packet) = outcome {
                    made.push(packet);
                    break;
                }
            }
        }
        if pieces.len() > 1 {
            prop_assert_eq!(made.len(), 1);
            let at = whole.len() - len;
            prop_assert!(made[0].bytes()[at..] == whole.bytes()[at..]);
            prop_assert_eq!((reassembly.bytes, reassembly.deadline()), (0, None));
        }
    }
}
