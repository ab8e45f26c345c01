//! RTCP that we read: reports, repair requests, picture requests, bandwidth feedback, goodbyes.

use super::{BYE, Block, PSFB, RR, RTPFB, SR, XR};
use crate::rtp::{read_u16, read_u32, read_u64};

/// Packets of a compound; real ones hold fewer than ten.
const PACKETS_MAX: usize = 32;
/// Sequence numbers of one NACK packet that are answered.
pub const NACKS_MAX: usize = 1024;
/// Entries of one FIR or DLRR that count.
const ENTRIES_MAX: usize = 32;

/// Something of interest in a compound.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Item<'a> {
    /// `ntp` is 32.32 fixed point since 1900.
    SenderReport {
        ssrc: u32,
        ntp: u64,
        rtp: u32,
    },
    /// A report block of a sender or receiver report.
    Report(Block),
    Nack {
        ssrc: u32,
        seqs: Nacked<'a>,
    },
    /// PLI or FIR.
    PictureRequest {
        ssrc: u32,
    },
    Bye {
        ssrc: u32,
    },
    /// A DLRR sub-block (RFC 3611 section 4.5): our own reference time, and how long it lay there.
    LastReceiverTime {
        ssrc: u32,
        last: u32,
        delay: u32,
    },
    /// Transport-wide feedback: everything behind the media SSRC
    /// (draft-holmer-rmcat-transport-wide-cc-extensions-01 section 3.1).
    Arrivals(&'a [u8]),
    /// REMB (draft-alvestrand-rmcat-remb-03).
    Estimate {
        bitrate_bps: u64,
    },
}

/// The sequence numbers of a NACK.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Nacked<'a>(&'a [u8]);

impl Nacked<'_> {
    pub fn iter(self) -> impl Iterator<Item = u16> {
        let pairs = self.0.chunks_exact(4).map(|pair| {
            let first = u16::from_be_bytes([pair[0], pair[1]]);
            let mask = u16::from_be_bytes([pair[2], pair[3]]);
            (first, mask)
        });
        let seqs = pairs.flat_map(|(first, mask)| {
            let more = (0..16u16).filter(move |bit| mask >> bit & 1 != 0).map(move |bit| first.wrapping_add(bit + 1));
            std::iter::once(first).chain(more)
        });
        seqs.take(NACKS_MAX)
    }
}

/// Everything of interest in a compound; ends at the first packet that is cut short or not RTCP.
pub fn read<'a>(compound: &'a [u8], mut visit: impl FnMut(Item<'a>)) {
    let mut rest = compound;
    for _ in 0..PACKETS_MAX {
        let Some(&[first, kind, high, low]) = rest.first_chunk() else { return };
        let size = 4 + 4 * usize::from(u16::from_be_bytes([high, low]));
        let (true, Some(body)) = (first >> 6 == 2, rest.get(4..size)) else { return };
        let count = first & 31;
        match kind {
            SR => sender_report(count, body, &mut visit),
            RR => blocks(count, body, 4, &mut visit),
            BYE => goodbyes(count, body, &mut visit),
            RTPFB => transport_feedback(count, body, &mut visit),
            PSFB => payload_feedback(count, body, &mut visit),
            XR => extended_report(body, &mut visit),
            _ => (),
        }
        rest = &rest[size..];
    }
}

fn sender_report<'a>(count: u8, body: &'a [u8], visit: &mut impl FnMut(Item<'a>)) {
    let fields = (read_u32(body, 0), read_u64(body, 4), read_u32(body, 12));
    let (Some(ssrc), Some(ntp), Some(rtp)) = fields else { return };
    if body.len() >= 24 {
        visit(Item::SenderReport { ssrc, ntp, rtp });
        blocks(count, body, 24, visit);
    }
}

fn blocks<'a>(count: u8, body: &'a [u8], at: usize, visit: &mut impl FnMut(Item<'a>)) {
    for chunk in body.get(at..).unwrap_or(&[]).chunks_exact(24).take(count.into()) {
        let word = |at| read_u32(chunk, at).unwrap_or(0);
        let loss = word(4);
        visit(Item::Report(Block {
            ssrc: word(0),
            fraction: (loss >> 24) as u8,
            lost: (loss << 8) as i32 >> 8,
            highest: word(8),
            jitter: word(12),
            lsr: word(16),
            dlsr: word(20),
        }));
    }
}

fn goodbyes<'a>(count: u8, body: &'a [u8], visit: &mut impl FnMut(Item<'a>)) {
    for at in 0..usize::from(count) {
        let Some(ssrc) = read_u32(body, 4 * at) else { return };
        visit(Item::Bye { ssrc });
    }
}

fn transport_feedback<'a>(format: u8, body: &'a [u8], visit: &mut impl FnMut(Item<'a>)) {
    let (Some(ssrc), Some(information)) = (read_u32(body, 4), body.get(8..)) else { return };
    match format {
        1 => visit(Item::Nack { ssrc, seqs: Nacked(information) }),
        15 => visit(Item::Arrivals(information)),
        _ => (),
    }
}

fn payload_feedback<'a>(format: u8, body: &'a [u8], visit: &mut impl FnMut(Item<'a>)) {
    let (Some(ssrc), Some(information)) = (read_u32(body, 4), body.get(8..)) else { return };
    match format {
        1 => visit(Item::PictureRequest { ssrc }),
        4 => {
            for entry in information.chunks_exact(8).take(ENTRIES_MAX) {
                visit(Item::PictureRequest { ssrc: read_u32(entry, 0).unwrap_or(0) });
            }
        }
        15 => estimate(information, visit),
        _ => (),
    }
}

/// Six bits of exponent, eighteen of mantissa.
fn estimate<'a>(information: &'a [u8], visit: &mut impl FnMut(Item<'a>)) {
    if let (Some(rest), Some(rate)) = (information.strip_prefix(b"REMB"), read_u32(information, 4)) {
        let (exponent, mantissa) = (rate >> 18 & 63, u64::from(rate & 0x3_FFFF));
        let fits = !rest.is_empty() && exponent <= mantissa.leading_zeros();
        visit(Item::Estimate { bitrate_bps: if fits { mantissa << exponent } else { u64::MAX } });
    }
}

fn extended_report<'a>(body: &'a [u8], visit: &mut impl FnMut(Item<'a>)) {
    let mut rest = body.get(4..).unwrap_or(&[]);
    for _ in 0..PACKETS_MAX {
        let Some(words) = read_u16(rest, 2) else { return };
        let end = (4 + 4 * usize::from(words)).min(rest.len());
        if rest[0] == 5 {
            for sub in rest[4..end].chunks_exact(12).take(ENTRIES_MAX) {
                let word = |at| read_u32(sub, at).unwrap_or(0);
                visit(Item::LastReceiverTime { ssrc: word(0), last: word(4), delay: word(8) });
            }
        }
        rest = &rest[end..];
    }
}

#[cfg(test)]
mod tests {
    use super::super::write;
    use super::*;

    fn items(compound: &[u8]) -> Vec<Item<'_>> {
        let mut found = Vec::new();
        read(compound, |item| found.push(item));
        found
    }

    #[test]
    fn reports_come_back_as_they_were_written() {
        let block = Block { ssrc: 9, fraction: 12, lost: -3, highest: 70_000, jitter: 5, lsr: 6, dlsr: 7 };
        let mut compound = Vec::new();
        write::sender_report(&mut compound, 1, 42 << 32, 90_000, 10, 1_000);
        write::receiver_report(&mut compound, 1, &[block]);
        write::description(&mut compound, 1, "node");
        let expected = [Item::SenderReport { ssrc: 1, ntp: 42 << 32, rtp: 90_000 }, Item::Report(block)];
        assert_eq!(items(&compound), expected);
    }

    #[test]
    fn a_nack_names_the_packets_it_was_written_for_over_the_turn_of_the_numbers() {
        let wanted = [65_530, 65_534, 65_535, 0, 3, 40];
        let mut compound = Vec::new();
        write::nack(&mut compound, 1, 7, wanted);
        let [Item::Nack { ssrc: 7, seqs }] = items(&compound)[..] else { panic!() };
        assert_eq!(seqs.iter().collect::<Vec<_>>(), wanted);
    }

    #[test]
    fn a_mad_nack_asks_for_a_bounded_number_of_packets() {
        let mut compound = vec![0x81, RTPFB, 0x01, 0x68];
        compound.extend([0xFF; 4 * 0x168]);
        let [Item::Nack { seqs, .. }] = items(&compound)[..] else { panic!() };
        assert_eq!(seqs.iter().count(), NACKS_MAX);
    }

    #[test]
    fn picture_requests_estimates_and_goodbyes_are_found() {
        let mut compound = Vec::new();
        write::picture_loss(&mut compound, 1, 2);
        write::estimate(&mut compound, 1, 3_000_000, [2].into_iter());
        compound.extend([0x81, BYE, 0, 1, 0, 0, 0, 9]);
        compound.extend([0x84, PSFB, 0, 4, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 5, 1, 0, 0, 0]);
        let found = items(&compound);
        assert_eq!(found[0], Item::PictureRequest { ssrc: 2 });
        assert!(matches!(found[1], Item::Estimate { bitrate_bps: 2_990_000..=3_000_000 }), "{found:?}");
        assert_eq!(found[2..], [Item::Bye { ssrc: 9 }, Item::PictureRequest { ssrc: 5 }]);
    }

    #[test]
    fn an_echo_of_our_reference_time_is_found() {
        let mut compound = vec![0x80, XR, 0, 5, 0, 0, 0, 2, 5, 0, 0, 3];
        compound.extend([0, 0, 0, 1, 0, 0, 0, 7, 0, 0, 0, 8]);
        assert_eq!(items(&compound), [Item::LastReceiverTime { ssrc: 1, last: 7, delay: 8 }]);
    }

    #[test]
    fn a_compound_that_is_cut_short_gives_what_came_before() {
        let mut compound = Vec::new();
        write::picture_loss(&mut compound, 1, 2);
        write::picture_loss(&mut compound, 1, 3);
        for len in 0..compound.len() {
            assert_eq!(items(&compound[..len]).len(), usize::from(len >= 12));
        }
    }
}
