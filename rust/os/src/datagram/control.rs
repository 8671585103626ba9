//! What the kernel says beside the bytes of a message (`struct cmsghdr`, cmsg(3)): read from plain bytes,
//! within bounds.

/// Bytes of the header before each piece.
const HEADER: usize = size_of::<libc::cmsghdr>();
const ALIGN: usize = size_of::<usize>();
/// Where level and type stand, behind the length.
const LEVEL: usize = size_of::<usize>();

/// Room for what is asked for here: the largest is an error with an address.
#[derive(Clone, Copy)]
#[repr(C, align(8))]
pub(crate) struct Control(pub(crate) [u8; 128]);

impl Default for Control {
    fn default() -> Self {
        Self([0; 128])
    }
}

impl Control {
    /// What of it the kernel has written for a message.
    pub(crate) fn said(&self, message: &libc::msghdr) -> &[u8] {
        let len = message.msg_controllen.min(self.0.len() as _);
        &self.0[..len]
    }
}

/// A piece: its level, its type, its bytes.
pub(crate) type Piece<'a> = (i32, i32, &'a [u8]);

/// The pieces that stand in these bytes, up to the first that makes no sense.
pub(crate) fn pieces(mut bytes: &[u8]) -> impl Iterator<Item = Piece<'_>> {
    std::iter::from_fn(move || {
        let length: [u8; size_of::<usize>()] = *bytes.first_chunk()?;
        let length = usize::from_ne_bytes(length);
        let number = |at: usize| {
            bytes
                .get(at..)?
                .first_chunk()
                .copied()
                .map(i32::from_ne_bytes)
        };
        let (level, kind) = (number(LEVEL)?, number(LEVEL + 4)?);
        let data = bytes.get(HEADER.next_multiple_of(ALIGN)..length)?;
        let next = length.checked_next_multiple_of(ALIGN)?;
        bytes = bytes.get(next..).unwrap_or_default();
        Some((level, kind, data))
    })
}

/// The number that a piece holds: an `int`, or a single byte (the type of service of IPv4).
pub(crate) fn number(data: &[u8]) -> Option<i32> {
    match data.first_chunk() {
        Some(number) => Some(i32::from_ne_bytes(*number)),
        None => data.first().copied().map(i32::from),
    }
}

/// What the kernel is told beside the bytes of a message: pieces one behind the other.
#[derive(Clone, Copy)]
#[repr(C, align(8))]
pub(crate) struct Orders {
    bytes: [u8; ORDERS],
    len: usize,
}

/// Room for an address, a type of service, and a segment size.
const ORDERS: usize = 88;

impl Default for Orders {
    fn default() -> Self {
        Self {
            bytes: [0; ORDERS],
            len: 0,
        }
    }
}

impl Orders {
    /// Adds a piece; one that there is no room for is left out.
    pub(crate) fn add(&mut self, level: i32, kind: i32, data: &[u8]) {
        let length = HEADER + data.len();
        let next = self.len + length.next_multiple_of(ALIGN);
        let Some(room) = self.bytes.get_mut(self.len..next) else {
            return;
        };
        room[..LEVEL].copy_from_slice(&length.to_ne_bytes());
        room[LEVEL..LEVEL + 4].copy_from_slice(&level.to_ne_bytes());
        room[LEVEL + 4..HEADER].copy_from_slice(&kind.to_ne_bytes());
        room[HEADER..length].copy_from_slice(data);
        self.len = next;
    }

    /// The pieces.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes[..self.len]
    }
}

/// The order to cut a message into datagrams of a size (`UDP_SEGMENT`, udp(7)).
#[derive(Clone, Copy)]
#[repr(C, align(8))]
pub(crate) struct SegmentOrder {
    header: libc::cmsghdr,
    size: u16,
}

impl SegmentOrder {
    pub(crate) fn new(size: u16) -> Self {
        // SAFETY: a header is plain numbers, for which zero is valid.
        let mut header: libc::cmsghdr = unsafe { std::mem::zeroed() };
        header.cmsg_len = (HEADER + size_of::<u16>()) as _;
        header.cmsg_level = libc::SOL_UDP;
        header.cmsg_type = libc::UDP_SEGMENT;
        Self { header, size }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn piece(level: i32, kind: i32, data: &[u8]) -> Vec<u8> {
        let mut bytes = (HEADER + data.len()).to_ne_bytes().to_vec();
        bytes.extend(level.to_ne_bytes());
        bytes.extend(kind.to_ne_bytes());
        bytes.extend(data);
        bytes.resize(bytes.len().next_multiple_of(ALIGN), 0);
        bytes
    }

    #[test]
    fn pieces_are_told_apart() {
        let mut bytes = piece(0, 1, &[7]);
        bytes.extend(piece(17, 104, &1400_i32.to_ne_bytes()));
        bytes.extend([0; 40]);
        let found: Vec<_> = pieces(&bytes)
            .map(|(level, kind, data)| (level, kind, number(data)))
            .collect();
        assert_eq!(found, [(0, 1, Some(7)), (17, 104, Some(1400))]);
    }

    #[test]
    fn orders_are_read_as_they_were_given() {
        let mut orders = Orders::default();
        orders.add(41, 50, &[2; 20]);
        orders.add(41, 67, &[1; 4]);
        orders.add(17, 103, &1400_u16.to_ne_bytes());
        let told: [Piece<'_>; 3] = [(41, 50, &[2; 20]), (41, 67, &[1; 4]), (17, 103, &[0x78, 5])];
        assert_eq!(pieces(orders.bytes()).collect::<Vec<_>>(), told);
        orders.add(0, 0, &[]);
        assert_eq!(pieces(orders.bytes()).count(), 3);
    }

    proptest! {
        #[test]
        fn no_bytes_are_too_strange(bytes: Vec<u8>) {
            prop_assert!(pieces(&bytes).count() <= bytes.len() / HEADER + 1);
        }
    }
}
