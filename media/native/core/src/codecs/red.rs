//! Redundant audio (RFC 2198): passes through with our payload types inside, or gives up its primary.

const BLOCKS_MAX: usize = 8;

/// The offset behind the block headers and the bytes of the redundant blocks; `None` when broken.
fn headers(payload: &[u8], mut visit: impl FnMut(usize)) -> Option<(usize, usize)> {
    let (mut at, mut redundant) = (0, 0);
    for _ in 0..BLOCKS_MAX {
        visit(at);
        if payload.get(at)? & 0x80 == 0 {
            return Some((at + 1, redundant));
        }
        let len = payload.get(at + 2..at + 4)?;
        redundant += usize::from(u16::from_be_bytes([len[0], len[1]]) & 0x3FF);
        at += 4;
    }
    None
}

/// The primary encoding of a packet, empty when it is broken.
pub fn primary(payload: &[u8]) -> &[u8] {
    headers(payload, |_| ()).and_then(|(end, redundant)| payload.get(end + redundant..)).unwrap_or(&[])
}

/// Set every block's payload type to `payload_type`; a broken packet stays as it is.
pub fn renumber(payload: &mut [u8], payload_type: u8) {
    let (mut heads, mut count) = ([0; BLOCKS_MAX], 0);
    let found = headers(payload, |at| {
        heads[count] = at;
        count += 1;
    });
    if found.is_some() {
        for &at in &heads[..count] {
            payload[at] = payload[at] & 0x80 | payload_type;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PACKET: [u8; 10] = [0x80 | 111, 0, 0, 3, 111, b'o', b'l', b'd', b'n', b'w'];

    #[test]
    fn the_primary_is_what_is_behind_the_redundant_blocks() {
        assert_eq!(primary(&PACKET), b"nw");
        assert_eq!(primary(&[111, b'x']), b"x");
    }

    #[test]
    fn every_block_gets_our_payload_type() {
        let mut packet = PACKET;
        renumber(&mut packet, 96);
        assert_eq!((packet[0], packet[4]), (0x80 | 96, 96));
        assert_eq!(packet[5..], PACKET[5..]);
    }

    #[test]
    fn a_broken_packet_gives_nothing_and_stays_as_it_is() {
        let mut endless = [0xFF; 64];
        assert_eq!(primary(&endless), b"");
        renumber(&mut endless, 1);
        assert_eq!(endless, [0xFF; 64]);
        assert_eq!(primary(&[0x80 | 111, 0, 3, 0xFF, 111]), b"");
        assert_eq!(primary(&[]), b"");
    }
}
