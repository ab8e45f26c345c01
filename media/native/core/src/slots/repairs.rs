//! What is sent beside the stream: answers to NACKs, and padding that probes a line.

use super::{HEADER_TYPICAL, Slot};
use crate::layers::Layer;
use crate::links::Way;
use crate::ring::Packet;
use crate::rtp::write_fixed;
use crate::segments::Segment;
use crate::slab::Slab;

/// As long as padding can be (RFC 3550 section 5.1).
const PADDING: usize = 255;
const REPAIR_MIN_BPS: u64 = 8_000_000;

/// Bytes that may be sent again: what is asked for in good faith is far below, what is asked for in bad
/// faith buys no flood, and repairs of what a narrow line lost don't fill it.
#[derive(Default)]
pub(super) struct Allowance {
    bytes: u64,
    at_us: u64,
}

impl Allowance {
    /// As much as the slot itself sends, and at least `REPAIR_MIN_BPS`; on a line that is known to carry no more than
    /// `line_bps`, half of that.
    fn refill(&mut self, now_us: u64, bitrate_bps: u64, line_bps: Option<u64>) {
        let most_bps = bitrate_bps.max(REPAIR_MIN_BPS);
        let bytes_per_s = line_bps.map_or(most_bps, |line_bps| most_bps.min(line_bps / 2)) / 8;
        let gained = (now_us - self.at_us).min(1_000_000) * bytes_per_s / 1_000_000;
        self.bytes = (self.bytes + gained).min(bytes_per_s);
        self.at_us = now_us;
    }

    fn take(&mut self, len: usize) -> bool {
        let left = self.bytes.checked_sub(len as u64);
        self.bytes = left.unwrap_or(self.bytes);
        left.is_some()
    }
}

impl Slot {
    /// Answer a NACK from the layers' rings, as RTX where negotiated.
    pub fn repair(&mut self, seqs: impl Iterator<Item = u16>, layers: &Slab<Layer>, way: &mut Way<'_>) {
        let line_bps = way.link.estimator.pacing_bps(way.now_us).and(way.link.known_bps());
        self.allowance.refill(way.now_us, self.bitrate_bps, line_bps);
        for seq in seqs {
            let number = self.out - i64::from((self.out as u16).wrapping_sub(seq));
            let Some((segment, packet)) = self.sent_as(number, layers) else { continue };
            if self.allowance.take(packet.payload.len()) {
                way.link.left(way.now_us, packet.payload.len() + HEADER_TYPICAL);
                self.resend(packet, &segment, number, way);
                self.repaired += 1;
            }
        }
    }

    fn resend(&mut self, packet: Packet<'_>, segment: &Segment, number: i64, way: &mut Way<'_>) {
        if let (Some(kind), Some(ssrc)) = (segment.repair_type, self.spec.rtx_ssrc) {
            let index = self.next_repair();
            way.send(ssrc, index, self.number_at, |room| {
                self.write(room, packet, segment, index as u16, Some((ssrc, kind, number as u16)))
            });
        } else if self.plain_repairs {
            self.leave(packet, segment, number, way);
        }
    }

    fn next_repair(&mut self) -> u64 {
        self.repair_out += 1;
        self.repair_out - 1
    }

    /// A packet of padding alone on the RTX stream, to learn what the line carries. False without RTX.
    pub fn pad(&mut self, way: &mut Way<'_>) -> bool {
        let kind = self.spec.payloads.iter().find(|payload| payload.apt.is_some()).map(|payload| payload.number);
        let (Some(kind), Some(ssrc), true) = (kind, self.spec.rtx_ssrc, self.number_at != 0) else { return false };
        let (index, stamp) = (self.next_repair(), self.timestamp.unwrap_or(0));
        let lengths = way.send(ssrc, index, self.number_at, |room| {
            let header = 12 + room.get_mut(12..).map_or(0, |room| self.block.write(room));
            let Some(fixed) = room.first_chunk_mut() else { return (0, 0) };
            write_fixed(fixed, 0xB0, kind, index as u16, stamp, ssrc);
            let Some(padding) = room.get_mut(header..header + PADDING) else { return (0, 0) };
            padding.fill(0);
            padding[PADDING - 1] = PADDING as u8;
            (header, header + PADDING)
        });
        lengths.1 > 0
    }
}
