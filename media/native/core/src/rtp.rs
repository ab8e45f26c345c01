//! RTP packets: the fixed header (RFC 3550 section 5.1) and header extensions (RFC 8285).

/// The profile of one-byte elements,
pub const ONE_BYTE: u16 = 0xBEDE;
/// and of two-byte ones, less its four application bits.
pub const TWO_BYTE: u16 = 0x1000;
/// Longest header that we write: fixed part, block header, and what `Block` holds.
pub const HEADER_MAX: usize = 12 + 4 + BLOCK_MAX;
const BLOCK_MAX: usize = 60;

/// A header; `size` counts CSRCs and extensions, `extension` is the body of the extension block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header<'a> {
    pub padded: bool,
    pub marker: bool,
    pub payload_type: u8,
    pub seq: u16,
    pub timestamp: u32,
    pub ssrc: u32,
    pub size: usize,
    pub profile: u16,
    pub extension: &'a [u8],
}

/// RTCP types 192-223 on a port shared with RTP (RFC 5761 section 4).
pub fn is_rtcp(packet: &[u8]) -> bool {
    packet.get(1).is_some_and(|kind| (192..=223).contains(kind))
}

/// The header of a packet, `None` if it isn't version 2 or is cut short.
pub fn read_header(packet: &[u8]) -> Option<Header<'_>> {
    let fixed: &[u8; 12] = packet.first_chunk()?;
    if fixed[0] >> 6 != 2 {
        return None;
    }
    let mut size = 12 + 4 * usize::from(fixed[0] & 15);
    let (mut profile, mut extension) = (0, &packet[..0]);
    if fixed[0] & 0x10 != 0 {
        profile = read_u16(packet, size)?;
        let end = size + 4 + 4 * usize::from(read_u16(packet, size + 2)?);
        extension = packet.get(size + 4..end)?;
        size = end;
    }
    (size <= packet.len()).then_some(Header {
        padded: fixed[0] & 0x20 != 0,
        marker: fixed[1] & 0x80 != 0,
        payload_type: fixed[1] & 0x7F,
        seq: u16::from_be_bytes([fixed[2], fixed[3]]),
        timestamp: u32::from_be_bytes([fixed[4], fixed[5], fixed[6], fixed[7]]),
        ssrc: u32::from_be_bytes([fixed[8], fixed[9], fixed[10], fixed[11]]),
        size,
        profile,
        extension,
    })
}

impl<'a> Header<'a> {
    /// (id, value) of each extension element; a broken block ends early.
    pub fn elements(&self) -> Elements<'a> {
        let form = match self.profile {
            ONE_BYTE => Form::OneByte,
            two if two & 0xFFF0 == TWO_BYTE => Form::TwoByte,
            _ => Form::Unknown,
        };
        Elements { form, rest: self.extension }
    }
}

#[derive(Clone, Copy, Debug)]
enum Form {
    OneByte,
    TwoByte,
    Unknown,
}

/// Iterator over the elements of an extension block.
#[derive(Clone, Copy, Debug)]
pub struct Elements<'a> {
    form: Form,
    rest: &'a [u8],
}

impl<'a> Iterator for Elements<'a> {
    type Item = (u8, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let (&head, rest) = self.rest.split_first()?;
            self.rest = rest;
            if head == 0 {
                continue;
            }
            let (id, len) = match self.form {
                Form::OneByte if head >> 4 == 15 => return None,
                Form::OneByte => (head >> 4, usize::from(head & 15) + 1),
                Form::TwoByte => {
                    let (&len, rest) = self.rest.split_first()?;
                    self.rest = rest;
                    (head, usize::from(len))
                }
                Form::Unknown => return None,
            };
            let (value, rest) = self.rest.split_at_checked(len)?;
            self.rest = rest;
            return Some((id, value));
        }
    }
}

/// The payload of a packet whose padding bit is set; empty when the count is nonsense.
pub fn without_padding(payload: &[u8]) -> &[u8] {
    let count = usize::from(payload.last().copied().unwrap_or(0));
    match payload.len().checked_sub(count) {
        Some(left) if count > 0 => &payload[..left],
        _ => &[],
    }
}

/// Extension elements being written: one-byte form while all fit it, two-byte form otherwise.
///
/// An element that finds no room is left out.
#[derive(Clone, Copy, Debug)]
pub struct Block {
    two_byte: bool,
    len: u8,
    bytes: [u8; BLOCK_MAX],
}

impl Block {
    /// `two_byte`: some element to come has an id above 14 or more than 16 bytes.
    pub fn new(two_byte: bool) -> Self {
        Self { two_byte, len: 0, bytes: [0; BLOCK_MAX] }
    }

    /// Append an element; returns where in the block's body its value lies.
    pub fn push(&mut self, id: u8, value: &[u8]) -> Option<usize> {
        let head = if self.two_byte { 2 } else { 1 };
        let at = usize::from(self.len);
        let place = self.bytes.get_mut(at..at + head + value.len())?;
        if id == 0 || (!self.two_byte && (id > 14 || value.is_empty() || value.len() > 16)) {
            return None;
        }
        if self.two_byte {
            (place[0], place[1]) = (id, value.len() as u8);
        } else {
            place[0] = id << 4 | (value.len() - 1) as u8;
        }
        place[head..].copy_from_slice(value);
        self.len += (head + value.len()) as u8;
        Some(at + head)
    }

    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Write the block, its header included, to the front of `to`; returns its length, 0 when empty.
    pub fn write(&self, to: &mut [u8]) -> usize {
        let len = usize::from(self.len);
        let whole = len.next_multiple_of(4);
        let Some(place) = to.get_mut(..4 + whole).filter(|_| len > 0) else { return 0 };
        let profile = if self.two_byte { TWO_BYTE } else { ONE_BYTE };
        place[..2].copy_from_slice(&profile.to_be_bytes());
        place[2..4].copy_from_slice(&((whole / 4) as u16).to_be_bytes());
        place[4..4 + len].copy_from_slice(&self.bytes[..len]);
        place[4 + len..].fill(0);
        4 + whole
    }
}

/// The fixed part of a header without CSRCs.
pub fn write_fixed(to: &mut [u8; 12], first: u8, second: u8, seq: u16, timestamp: u32, ssrc: u32) {
    (to[0], to[1]) = (first, second);
    to[2..4].copy_from_slice(&seq.to_be_bytes());
    to[4..8].copy_from_slice(&timestamp.to_be_bytes());
    to[8..12].copy_from_slice(&ssrc.to_be_bytes());
}

/// Big-endian 16 bits at `at`, `None` beyond the end.
pub fn read_u16(bytes: &[u8], at: usize) -> Option<u16> {
    bytes.get(at..)?.first_chunk().map(|&two| u16::from_be_bytes(two))
}

/// Big-endian 32 bits at `at`, `None` beyond the end.
pub fn read_u32(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..)?.first_chunk().map(|&four| u32::from_be_bytes(four))
}

/// Big-endian 64 bits at `at`, `None` beyond the end.
pub fn read_u64(bytes: &[u8], at: usize) -> Option<u64> {
    bytes.get(at..)?.first_chunk().map(|&eight| u64::from_be_bytes(eight))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packet(block: &Block, payload: &[u8]) -> Vec<u8> {
        let mut bytes = vec![0; HEADER_MAX];
        let first = if block.is_empty() { 0x80 } else { 0x90 };
        write_fixed(bytes.first_chunk_mut().unwrap(), first, 0xE0, 7, 90_000, 0x1234);
        let size = 12 + block.write(&mut bytes[12..]);
        bytes.truncate(size);
        bytes.extend_from_slice(payload);
        bytes
    }

    #[test]
    fn a_header_reads_back_as_it_was_written() {
        let mut block = Block::new(false);
        block.push(1, b"0");
        block.push(4, &[1, 2]);
        let bytes = packet(&block, b"payload");
        let header = read_header(&bytes).unwrap();
        assert!(header.marker && !header.padded);
        assert_eq!((header.payload_type, header.seq, header.timestamp, header.ssrc), (96, 7, 90_000, 0x1234));
        assert_eq!(&bytes[header.size..], b"payload");
        assert_eq!(header.elements().collect::<Vec<_>>(), [(1, &b"0"[..]), (4, &[1, 2])]);
    }

    #[test]
    fn two_byte_elements_carry_large_ids_and_empty_values() {
        let mut block = Block::new(true);
        block.push(20, b"");
        block.push(3, b"a-mid-of-twenty-char");
        let bytes = packet(&block, b"");
        let found = read_header(&bytes).unwrap().elements().collect::<Vec<_>>();
        assert_eq!(found, [(20, &b""[..]), (3, b"a-mid-of-twenty-char")]);
    }

    #[test]
    fn an_element_that_does_not_fit_is_left_out() {
        let mut block = Block::new(false);
        assert_eq!(block.push(15, b"x"), None);
        assert_eq!(block.push(1, &[0; 17]), None);
        assert_eq!(block.push(1, b"x"), Some(1));
        assert_eq!((0..10).filter_map(|_| block.push(2, &[0; 16])).count(), 3);
    }

    #[test]
    fn what_is_cut_short_or_of_another_version_is_no_header() {
        let mut block = Block::new(false);
        block.push(1, b"0");
        let bytes = packet(&block, b"");
        assert!((0..bytes.len()).all(|len| read_header(&bytes[..len]).is_none()));
        assert!(read_header(&[0x40; 40]).is_none());
        assert!(read_header(&[0x8F; 20]).is_none(), "fifteen CSRCs need 72 bytes");
    }

    #[test]
    fn padding_that_is_nonsense_leaves_nothing() {
        assert_eq!(without_padding(&[1, 2, 3, 2]), [1, 2]);
        assert_eq!(without_padding(&[1, 2, 0]), []);
        assert_eq!(without_padding(&[1, 2, 9]), []);
        assert_eq!(without_padding(&[]), []);
    }
}
