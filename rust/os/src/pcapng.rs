//! Blocks of a pcapng file (draft-ietf-opsawg-pcapng), little-endian.

const SECTION: u32 = 0x0a0d_0d0a;
const INTERFACE: u32 = 1;
const ENHANCED_PACKET: u32 = 6;
const BYTE_ORDER: u32 = 0x1a2b_3c4d;

/// `LINKTYPE_ETHERNET`.
pub(crate) const ETHERNET: u16 = 1;
/// `LINKTYPE_RAW`: IPv4 or IPv6, by the first four bits.
pub(crate) const RAW: u16 = 101;

const END: u16 = 0;
const COMMENT: u16 = 1;
const NAME: u16 = 2;
const RESOLUTION: u16 = 9;
const APPLICATION: u16 = 4;

/// Bytes of a block around its body: type, and the length before and behind.
const AROUND: usize = 12;

/// Appends the header of a file.
pub(crate) fn section(into: &mut Vec<u8>) {
    block(into, SECTION, |body| {
        body.extend(BYTE_ORDER.to_le_bytes());
        body.extend(1_u16.to_le_bytes());
        body.extend(0_u16.to_le_bytes());
        // The section's length is not said: nobody knows it yet.
        body.extend((-1_i64).to_le_bytes());
        option(body, APPLICATION, b"usernet");
        option(body, END, b"");
    });
}

/// Appends the description of an interface whose stamps are nanoseconds.
pub(crate) fn interface(into: &mut Vec<u8>, name: &str, link_type: u16) {
    let nanoseconds = [9];
    block(into, INTERFACE, |body| {
        body.extend(link_type.to_le_bytes());
        body.extend([0; 2]);
        // No limit to the bytes kept of a packet.
        body.extend(0_u32.to_le_bytes());
        option(body, NAME, name.as_bytes());
        option(body, RESOLUTION, &nanoseconds);
        option(body, END, b"");
    });
}

/// Appends a packet of an interface, whole.
pub(crate) fn packet(into: &mut Vec<u8>, interface: u32, at: u64, bytes: &[u8], comment: &str) {
    block(into, ENHANCED_PACKET, |body| {
        body.extend(interface.to_le_bytes());
        body.extend(((at >> 32) as u32).to_le_bytes());
        body.extend((at as u32).to_le_bytes());
        body.extend((bytes.len() as u32).to_le_bytes());
        body.extend((bytes.len() as u32).to_le_bytes());
        body.extend(bytes);
        pad(body, bytes.len());
        if !comment.is_empty() {
            option(body, COMMENT, comment.as_bytes());
            option(body, END, b"");
        }
    });
}

/// How many of these bytes, which start with a block, are whole blocks.
pub(crate) fn whole(bytes: &[u8]) -> usize {
    let mut end = 0;
    while let Some(len) = bytes
        .get(end + 4..end + 8)
        .and_then(|len| len.try_into().ok())
    {
        let len = u32::from_le_bytes(len) as usize;
        if len < AROUND || end + len > bytes.len() {
            break;
        }
        end += len;
    }
    end
}

fn block(into: &mut Vec<u8>, kind: u32, body: impl FnOnce(&mut Vec<u8>)) {
    let start = into.len();
    into.extend(kind.to_le_bytes());
    into.extend([0; 4]);
    body(into);
    let len = (into.len() - start + 4) as u32;
    into[start + 4..start + 8].copy_from_slice(&len.to_le_bytes());
    into.extend(len.to_le_bytes());
}

fn option(into: &mut Vec<u8>, code: u16, value: &[u8]) {
    let len = value.len().min(usize::from(u16::MAX));
    into.extend(code.to_le_bytes());
    into.extend((len as u16).to_le_bytes());
    into.extend(&value[..len]);
    pad(into, len);
}

/// Fills up to a multiple of four bytes.
fn pad(into: &mut Vec<u8>, len: usize) {
    into.resize(into.len() + len.next_multiple_of(4) - len, 0);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_blocks_are_found_in_any_part_of_a_file() {
        let mut file = Vec::new();
        section(&mut file);
        let first = file.len();
        interface(&mut file, "eth0", ETHERNET);
        let second = file.len();
        for cut in 0..file.len() {
            let expected = if cut >= first { first } else { 0 };
            assert_eq!(whole(&file[..cut]), expected);
        }
        assert_eq!(whole(&file), second);
    }

    #[test]
    fn a_block_is_a_multiple_of_four_bytes_and_says_its_length_twice() {
        for len in 0..9 {
            let mut file = Vec::new();
            let bytes = vec![7; len];
            packet(&mut file, 1, 1 << 40, &bytes, "why");
            assert_eq!(file[28..28 + len], bytes);
            let total = file.len() as u32;
            assert_eq!(total % 4, 0);
            assert_eq!(file[4..8], total.to_le_bytes());
            assert_eq!(file[file.len() - 4..], total.to_le_bytes());
        }
    }
}
