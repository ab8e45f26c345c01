//! STUN binding checks of an ICE-lite agent (RFC 8489, RFC 8445): read one, answer one, nothing more.

use std::net::{IpAddr, SocketAddr};

use ring::hmac;

/// The magic cookie.
pub const MAGIC: u32 = 0x2112_A442;
const BINDING_REQUEST: u16 = 0x0001;
const BINDING_SUCCESS: u16 = 0x0101;
const USERNAME: u16 = 0x0006;
const MESSAGE_INTEGRITY: u16 = 0x0008;
const XOR_MAPPED_ADDRESS: u16 = 0x0020;
const USE_CANDIDATE: u16 = 0x0025;
const FINGERPRINT: u16 = 0x8028;
const FINGERPRINT_MASK: u32 = 0x5354_554E;
const HEADER: usize = 20;
const MAC: usize = 20;

/// Bytes of our answer over IPv6. No check of a real peer is smaller, and no answer is ever larger
/// than what it answers.
pub const SIZE_MIN: usize = 76;
/// Bytes; a check is far below it (RFC 8489 section 6.1).
pub const SIZE_MAX: usize = 1280;
const ATTRIBUTES_MAX: usize = 32;

/// What proves and answers checks to one ICE password.
pub fn key(pwd: &str) -> hmac::Key {
    hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, pwd.as_bytes())
}

/// A binding request whose FINGERPRINT holds and whose MESSAGE-INTEGRITY is still to be proven.
#[derive(Debug, PartialEq, Eq)]
pub struct Check<'a> {
    pub transaction: [u8; 12],
    pub username: &'a [u8],
    pub use_candidate: bool,
    attributes: &'a [u8],
    mac: &'a [u8],
}

impl<'a> Check<'a> {
    /// The check in a datagram, `None` for anything else (also for one without all three proofs).
    pub fn read(datagram: &'a [u8]) -> Option<Self> {
        let size = datagram.len();
        if !(SIZE_MIN..=SIZE_MAX).contains(&size) || !size.is_multiple_of(4) {
            return None;
        }
        let transaction = *datagram.get(8..HEADER)?.first_chunk()?;
        let is_request = u16_at(datagram, 0)? == BINDING_REQUEST && u32_at(datagram, 4)? == MAGIC;
        if !is_request || usize::from(u16_at(datagram, 2)?) != size - HEADER {
            return None;
        }
        Self { transaction, username: b"", use_candidate: false, attributes: b"", mac: b"" }.with_attributes(datagram)
    }

    fn with_attributes(mut self, datagram: &'a [u8]) -> Option<Self> {
        let mut at = HEADER;
        for _ in 0..ATTRIBUTES_MAX {
            let (name, length) = (u16_at(datagram, at)?, usize::from(u16_at(datagram, at + 2)?));
            let value = datagram.get(at + 4..at + 4 + length)?;
            match name {
                FINGERPRINT => {
                    let complete = !self.mac.is_empty() && !self.username.is_empty() && at + 8 == datagram.len();
                    let holds = u32_at(value, 0)? == crc32(datagram.get(..at)?) ^ FINGERPRINT_MASK;
                    return (complete && holds).then_some(self);
                }
                _ if !self.mac.is_empty() => {} // what follows MESSAGE-INTEGRITY is not covered by it
                USERNAME => self.username = value,
                USE_CANDIDATE => self.use_candidate = true,
                MESSAGE_INTEGRITY if length != MAC => return None,
                MESSAGE_INTEGRITY => {
                    self.attributes = datagram.get(HEADER..at)?;
                    self.mac = value;
                }
                _ => {}
            }
            at += 4 + length.next_multiple_of(4);
        }
        None
    }

    /// Whether MESSAGE-INTEGRITY was made with this password (RFC 8489 section 14.5).
    pub fn is_proven(&self, key: &hmac::Key) -> bool {
        let covered = self.attributes.len() + 4 + MAC;
        let header = header(BINDING_REQUEST, covered, &self.transaction);
        let mut context = hmac::Context::with_key(key);
        context.update(&header);
        context.update(self.attributes);
        // ring has no `verify` for a context; both sides are public to whoever could time this
        fixed_time_equal(context.sign().as_ref(), self.mac)
    }
}

/// The success response to a check, written to `room`; its length, or 0 if there is no room.
/// XOR-MAPPED-ADDRESS, MESSAGE-INTEGRITY by the password, FINGERPRINT; smaller than any check.
pub fn answer(transaction: &[u8; 12], key: &hmac::Key, to: SocketAddr, room: &mut [u8]) -> usize {
    let mut address = [0u8; 24];
    let address = mapped(transaction, to, &mut address);
    let body = address.len() + 4 + MAC;
    let Some(room) = room.get_mut(..HEADER + body + 8) else { return 0 };
    let (covered, rest) = room.split_at_mut(HEADER + address.len());
    covered[..HEADER].copy_from_slice(&header(BINDING_SUCCESS, body, transaction));
    covered[HEADER..].copy_from_slice(address);
    let mac = hmac::sign(key, covered);
    rest[..2].copy_from_slice(&MESSAGE_INTEGRITY.to_be_bytes());
    rest[2..4].copy_from_slice(&(MAC as u16).to_be_bytes());
    rest[4..4 + MAC].copy_from_slice(mac.as_ref());
    room[2..4].copy_from_slice(&(body as u16 + 8).to_be_bytes());
    let (message, fingerprint) = room.split_at_mut(HEADER + body);
    fingerprint[..2].copy_from_slice(&FINGERPRINT.to_be_bytes());
    fingerprint[2..4].copy_from_slice(&4u16.to_be_bytes());
    fingerprint[4..].copy_from_slice(&(crc32(message) ^ FINGERPRINT_MASK).to_be_bytes());
    HEADER + body + 8
}

fn mapped<'a>(transaction: &[u8; 12], to: SocketAddr, place: &'a mut [u8; 24]) -> &'a [u8] {
    let mut mask = [0u8; 16];
    mask[..4].copy_from_slice(&MAGIC.to_be_bytes());
    mask[4..].copy_from_slice(transaction);
    let port = to.port() ^ (MAGIC >> 16) as u16;
    let (family, octets) = match to.ip().to_canonical() {
        IpAddr::V4(ip) => (1, &ip.octets()[..]),
        IpAddr::V6(ip) => (2, &ip.octets()[..]),
    };
    place[..2].copy_from_slice(&XOR_MAPPED_ADDRESS.to_be_bytes());
    place[2..4].copy_from_slice(&(octets.len() as u16 + 4).to_be_bytes());
    place[5] = family;
    place[6..8].copy_from_slice(&port.to_be_bytes());
    for ((hidden, octet), mask) in place[8..].iter_mut().zip(octets).zip(mask) {
        *hidden = octet ^ mask;
    }
    &place[..8 + octets.len()]
}

fn header(kind: u16, length: usize, transaction: &[u8; 12]) -> [u8; HEADER] {
    let mut header = [0; HEADER];
    header[..2].copy_from_slice(&kind.to_be_bytes());
    header[2..4].copy_from_slice(&(length as u16).to_be_bytes());
    header[4..8].copy_from_slice(&MAGIC.to_be_bytes());
    header[8..].copy_from_slice(transaction);
    header
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_be_bytes(*bytes.get(at..)?.first_chunk()?))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(*bytes.get(at..)?.first_chunk()?))
}

fn fixed_time_equal(a: &[u8], b: &[u8]) -> bool {
    a.len() == b.len() && a.iter().zip(b).fold(0, |differing, (a, b)| differing | (a ^ b)) == 0
}

/// CRC-32 of ISO 3309, as zlib's (RFC 8489 section 14.7).
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0, |crc, byte| CRC_TABLE[usize::from(crc as u8 ^ byte)] ^ (crc >> 8))
}

const CRC_TABLE: [u32; 256] = {
    let mut table = [0u32; 256];
    let mut byte = 0;
    while byte < 256 {
        let (mut crc, mut bit) = (byte as u32, 0);
        while bit < 8 {
            crc = if crc & 1 == 1 { 0xEDB8_8320 ^ (crc >> 1) } else { crc >> 1 };
            bit += 1;
        }
        table[byte] = crc;
        byte += 1;
    }
    table
};

/// A check as a full agent sends it: every test's side of ICE.
pub fn request(transaction: [u8; 12], username: &str, pwd: &str, use_candidate: bool) -> Vec<u8> {
    fn attribute(to: &mut Vec<u8>, name: u16, value: &[u8]) {
        to.extend(name.to_be_bytes());
        to.extend((value.len() as u16).to_be_bytes());
        to.extend(value);
        to.resize(to.len().next_multiple_of(4), 0);
    }
    let mut message = header(BINDING_REQUEST, 0, &transaction).to_vec();
    attribute(&mut message, USERNAME, username.as_bytes());
    attribute(&mut message, 0x0024, &[0x6e, 0xff, 0xff, 0xff]);
    attribute(&mut message, 0x802A, &[0; 8]);
    if use_candidate {
        attribute(&mut message, USE_CANDIDATE, b"");
    }
    let covered = (message.len() - HEADER + 24) as u16;
    message[2..4].copy_from_slice(&covered.to_be_bytes());
    let mac = hmac::sign(&key(pwd), &message);
    attribute(&mut message, MESSAGE_INTEGRITY, mac.as_ref());
    message[2..4].copy_from_slice(&(covered + 8).to_be_bytes());
    let print = crc32(&message) ^ FINGERPRINT_MASK;
    attribute(&mut message, FINGERPRINT, &print.to_be_bytes());
    message
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 5769 section 2.1: a request from a real implementation, its password beside it.
    const SAMPLE: &[u8] = b"\x00\x01\x00\x58\x21\x12\xa4\x42\xb7\xe7\xa7\x01\xbc\x34\xd6\x86\xfa\x87\xdf\xae\
        \x80\x22\x00\x10STUN test client\x00\x24\x00\x04\x6e\x00\x01\xff\x80\x29\x00\x08\x93\x2f\xf9\xb1\x51\x26\x3b\x36\
        \x00\x06\x00\x09evtj:h6vY\x20\x20\x20\x00\x08\x00\x14\x9a\xea\xa7\x0c\xbf\xd8\xcb\x56\x78\x1e\xf2\xb5\
        \xb2\xd3\xf2\x49\xc1\xb5\x71\xa2\x80\x28\x00\x04\xe5\x7a\x3b\xcf";
    const SAMPLE_PWD: &str = "VOkJxbRl1RmTxUk/WvJxBt";

    #[test]
    fn the_sample_request_of_rfc_5769_is_read_and_proven() {
        let check = Check::read(SAMPLE).unwrap();
        assert_eq!(check.username, b"evtj:h6vY");
        assert!(check.is_proven(&key(SAMPLE_PWD)));
        assert!(!check.is_proven(&key("another password")));
    }

    #[test]
    fn the_answer_to_an_address_is_that_of_rfc_5769_but_for_its_software() {
        let transaction = *SAMPLE[8..].first_chunk().unwrap();
        let mut room = [0; 100];
        let size = answer(&transaction, &key(SAMPLE_PWD), "192.0.2.1:32853".parse().unwrap(), &mut room);
        assert_eq!(size, 64);
        assert_eq!(&room[20..32], b"\x00\x20\x00\x08\x00\x01\xa1\x47\xe1\x12\xa6\x43");
        let mac =
            hmac::sign(&key(SAMPLE_PWD), &[&header(BINDING_SUCCESS, 36, &transaction)[..], &room[20..32]].concat());
        assert_eq!(&room[36..56], mac.as_ref());
        assert_eq!(room[60..64], (crc32(&room[..56]) ^ FINGERPRINT_MASK).to_be_bytes());
    }

    #[test]
    fn an_answer_is_never_larger_than_the_smallest_check() {
        for to in ["[2001:db8::1]:1", "192.0.2.1:1", "[::ffff:192.0.2.1]:1"] {
            assert!(answer(&[0; 12], &key("p"), to.parse().unwrap(), &mut [0; 100]) <= SIZE_MIN);
        }
        assert_eq!(answer(&[0; 12], &key("p"), "192.0.2.1:1".parse().unwrap(), &mut [0; 63]), 0);
    }

    #[test]
    fn a_request_with_any_byte_changed_or_cut_is_refused() {
        let whole = request([7; 12], "ours:theirs", "password", true);
        let key = key("password");
        assert!(Check::read(&whole).is_some_and(|check| check.use_candidate && check.is_proven(&key)));
        for at in 0..whole.len() {
            let mut broken = whole.clone();
            broken[at] ^= 1;
            assert!(!Check::read(&broken).is_some_and(|check| check.is_proven(&key)), "byte {at}");
            assert!(Check::read(&whole[..at]).is_none());
        }
    }
}
