//! RTCP that we write; each function appends one packet to a compound.

use super::{Block, PSFB, RR, RTPFB, SDES, SR, XR};

/// Report blocks of one packet (RFC 3550 section 6.4.1).
pub const BLOCKS_MAX: usize = 31;
/// Pairs of one NACK packet, so that it fits a datagram.
const NACK_PAIRS_MAX: usize = 240;
const CNAME_MAX: usize = 255;

fn packet(to: &mut Vec<u8>, count: u8, kind: u8, body: impl FnOnce(&mut Vec<u8>)) {
    let at = to.len();
    to.extend([0x80 | count, kind, 0, 0]);
    body(to);
    let words = (to.len() - at) / 4 - 1;
    to[at + 2..at + 4].copy_from_slice(&(words as u16).to_be_bytes());
}

fn word(to: &mut Vec<u8>, value: u32) {
    to.extend(value.to_be_bytes());
}

pub fn sender_report(to: &mut Vec<u8>, ssrc: u32, ntp: u64, rtp: u32, packets: u64, octets: u64) {
    packet(to, 0, SR, |to| {
        word(to, ssrc);
        to.extend(ntp.to_be_bytes());
        word(to, rtp);
        word(to, packets as u32);
        word(to, octets as u32);
    });
}

/// At most `BLOCKS_MAX` blocks count.
pub fn receiver_report(to: &mut Vec<u8>, ssrc: u32, blocks: &[Block]) {
    let blocks = &blocks[..blocks.len().min(BLOCKS_MAX)];
    packet(to, blocks.len() as u8, RR, |to| {
        word(to, ssrc);
        for block in blocks {
            word(to, block.ssrc);
            word(to, u32::from(block.fraction) << 24 | block.lost as u32 & 0xFF_FFFF);
            word(to, block.highest);
            word(to, block.jitter);
            word(to, block.lsr);
            word(to, block.dlsr);
        }
    });
}

/// SDES with one CNAME (RFC 3550 section 6.5).
pub fn description(to: &mut Vec<u8>, ssrc: u32, cname: &str) {
    let name = &cname.as_bytes()[..cname.len().min(CNAME_MAX)];
    packet(to, 1, SDES, |to| {
        word(to, ssrc);
        to.extend([1, name.len() as u8]);
        to.extend(name);
        let end = (name.len() + 3).next_multiple_of(4) - (name.len() + 2);
        to.extend(std::iter::repeat_n(0, end));
    });
}

/// XR with a receiver reference time (RFC 3611 section 4.4).
pub fn receiver_time(to: &mut Vec<u8>, ssrc: u32, ntp: u64) {
    packet(to, 0, XR, |to| {
        word(to, ssrc);
        to.extend([4, 0, 0, 2]);
        to.extend(ntp.to_be_bytes());
    });
}

/// A generic NACK (RFC 4585 section 6.2.1); `seqs` ascend modulo 2^16. What doesn't fit is left out.
pub fn nack(to: &mut Vec<u8>, sender: u32, ssrc: u32, seqs: impl IntoIterator<Item = u16>) {
    packet(to, 1, RTPFB, |to| {
        word(to, sender);
        word(to, ssrc);
        let mut open: Option<(u16, u16)> = None;
        let mut pairs = 0;
        for seq in seqs {
            if let Some((first, mask)) = &mut open {
                let step = seq.wrapping_sub(*first);
                if (1..=16).contains(&step) {
                    *mask |= 1 << (step - 1);
                    continue;
                }
                close(to, *first, *mask);
            }
            open = None;
            pairs += 1;
            if pairs > NACK_PAIRS_MAX {
                break;
            }
            open = Some((seq, 0));
        }
        if let Some((first, mask)) = open {
            close(to, first, mask);
        }
    });
}

fn close(to: &mut Vec<u8>, first: u16, mask: u16) {
    to.extend(first.to_be_bytes());
    to.extend(mask.to_be_bytes());
}

/// A PLI (RFC 4585 section 6.3.1).
pub fn picture_loss(to: &mut Vec<u8>, sender: u32, ssrc: u32) {
    packet(to, 1, PSFB, |to| {
        word(to, sender);
        word(to, ssrc);
    });
}

/// REMB (draft-alvestrand-rmcat-remb-03).
pub fn estimate(to: &mut Vec<u8>, sender: u32, bitrate_bps: u64, ssrcs: impl ExactSizeIterator<Item = u32>) {
    let exponent = (64 - bitrate_bps.leading_zeros()).saturating_sub(18);
    let rate = exponent << 18 | (bitrate_bps >> exponent) as u32;
    packet(to, 15, PSFB, |to| {
        word(to, sender);
        word(to, 0);
        to.extend(b"REMB");
        word(to, (ssrcs.len() as u32) << 24 | rate);
        for ssrc in ssrcs {
            word(to, ssrc);
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_packet_is_whole_words_and_says_so() {
        for len in 0..9 {
            let mut compound = Vec::new();
            description(&mut compound, 1, &"nodenodes"[..len]);
            receiver_time(&mut compound, 1, 2);
            assert_eq!(compound.len() % 4, 0);
            let words = usize::from(u16::from_be_bytes([compound[2], compound[3]]));
            assert_eq!(compound[4 * (words + 1) + 1], XR);
            assert_eq!(compound[4 * (words + 1) - 1], 0, "an SDES chunk ends with a null");
        }
    }

    #[test]
    fn a_nack_for_very_much_still_fits_a_datagram() {
        let mut compound = Vec::new();
        nack(&mut compound, 1, 2, (0..3000).map(|step| step * 20));
        assert!(compound.len() <= 12 + 4 * NACK_PAIRS_MAX);
    }
}
