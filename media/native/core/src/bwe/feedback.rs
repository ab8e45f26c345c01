//! Transport-wide feedback as it comes (draft-holmer-rmcat-transport-wide-cc-extensions-01 section 3.1).

use crate::rtp::{read_u16, read_u32};

/// Units of the reference time and of a delta, in microseconds.
pub const REFERENCE_US: i64 = 64_000;
pub const DELTA_US: i64 = 250;
const HEAD: usize = 8;

/// One feedback packet, checked for its shape: all its statuses and deltas are there.
#[derive(Clone, Copy, Debug)]
pub struct Feedback<'a> {
    pub first: u16,
    pub count: u16,
    /// Of the first delta, in the peer's clock; its 24 bits of 64 ms wrap after 12 days.
    pub reference_us: i64,
    chunks: &'a [u8],
    deltas: &'a [u8],
}

impl<'a> Feedback<'a> {
    /// `body` is everything behind the media SSRC (`rtcp::read::Item::Arrivals`).
    pub fn read(body: &'a [u8]) -> Option<Self> {
        let (first, count, time) = (read_u16(body, 0)?, read_u16(body, 2)?, read_u32(body, 4)?);
        let (mut at, mut statuses) = (HEAD, 0);
        while statuses < usize::from(count) {
            statuses += Chunk::of(read_u16(body, at)?).len();
            at += 2;
        }
        let reference_us = i64::from(time as i32 >> 8) * REFERENCE_US;
        Some(Self { first, count, reference_us, chunks: &body[HEAD..at], deltas: &body[at..] })
    }

    /// Tell of each packet in order: its number, and when it came in microseconds after `reference_us`;
    /// `None` when it did not come. Ends where deltas are missing.
    pub fn each(&self, mut visit: impl FnMut(u16, Option<i64>)) {
        let (mut seq, mut left, mut deltas, mut at_us) = (self.first, self.count, self.deltas, 0);
        for chunk in self.chunks.chunks_exact(2) {
            let chunk = Chunk::of(u16::from_be_bytes([chunk[0], chunk[1]]));
            for place in 0..chunk.len().min(left.into()) {
                let delta = match chunk.status(place) {
                    1 => deltas.split_first().map(|(&delta, rest)| (i64::from(delta), rest)),
                    2 => deltas.split_first_chunk().map(|(&delta, rest)| (i16::from_be_bytes(delta).into(), rest)),
                    _ => {
                        visit(seq, None);
                        seq = seq.wrapping_add(1);
                        continue;
                    }
                };
                let Some((delta, rest)) = delta else { return };
                deltas = rest;
                at_us += delta * DELTA_US;
                visit(seq, Some(at_us));
                seq = seq.wrapping_add(1);
            }
            left = left.saturating_sub(chunk.len() as u16);
        }
    }
}

/// A packet status chunk (sections 3.1.3 and 3.1.4).
#[derive(Clone, Copy)]
enum Chunk {
    Run { status: u16, len: u16 },
    OneBit(u16),
    TwoBits(u16),
}

impl Chunk {
    fn of(word: u16) -> Self {
        match word >> 14 {
            0 | 1 => Self::Run { status: word >> 13 & 3, len: word & 0x1FFF },
            2 => Self::OneBit(word),
            _ => Self::TwoBits(word),
        }
    }

    /// An empty run counts as one, so that reading it ends.
    fn len(self) -> usize {
        match self {
            Self::Run { len, .. } => usize::from(len.max(1)),
            Self::OneBit(_) => 14,
            Self::TwoBits(_) => 7,
        }
    }

    fn status(self, place: usize) -> u16 {
        match self {
            Self::Run { status, .. } => status,
            Self::OneBit(word) => word >> (13 - place) & 1,
            Self::TwoBits(word) => word >> (2 * (6 - place)) & 3,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(body: &[u8]) -> Vec<(u16, Option<i64>)> {
        let mut told = Vec::new();
        Feedback::read(body).expect("feedback").each(|seq, at_us| told.push((seq, at_us)));
        told
    }

    #[test]
    fn runs_and_both_kinds_of_vectors_are_read() {
        let mut body = vec![0xFF, 0xFE, 0, 2 + 14 + 3, 0, 0, 2, 7];
        body.extend((1u16 << 13 | 2).to_be_bytes()); // two, small deltas
        body.extend((2u16 << 14 | 1 << 13 | 1).to_be_bytes()); // the first and the last of fourteen
        body.extend((3u16 << 14 | 2 << 12 | 1 << 8).to_be_bytes()); // large, lost, small
        body.extend([4, 8, 12, 16, 0xFF, 0xFC, 40]);
        let told = told(&body);
        assert_eq!(Feedback::read(&body).map(|feedback| feedback.reference_us), Some(128_000));
        assert_eq!(told.len(), 19);
        assert_eq!(told[0..3], [(0xFFFE, Some(1_000)), (0xFFFF, Some(3_000)), (0, Some(6_000))]);
        assert_eq!(told[15..], [(13, Some(10_000)), (14, Some(9_000)), (15, None), (16, Some(19_000))]);
        assert!(told[3..15].iter().all(|(_, at_us)| at_us.is_none()));
    }

    #[test]
    fn the_reference_time_is_signed() {
        let body = [0, 1, 0, 1, 0xFF, 0xFF, 0xFF, 0, 0x20, 1, 0];
        assert_eq!(Feedback::read(&body).map(|feedback| feedback.reference_us), Some(-64_000));
    }

    #[test]
    fn what_is_cut_short_ends_early_and_an_empty_run_ends_too() {
        let body = [0, 1, 0, 2, 0, 0, 2, 7, 0x20, 2, 9];
        assert_eq!(told(&body), [(1, Some(2_250))]);
        for len in 0..10 {
            assert!(Feedback::read(&body[..len]).is_none());
        }
        assert!(Feedback::read(&[0, 1, 0xFF, 0xFF, 0, 0, 2, 7, 0, 0, 0, 0]).is_none());
    }
}
