//! What a packet of a layer becomes on its way to one viewer: header, extension elements, payload.

use super::Slot;
use crate::codecs::red;
use crate::model::OutboundSlot;
use crate::ring::{Entry, Packet};
use crate::rtp::{Block, write_fixed};
use crate::segments::{Form, Segment};

impl Slot {
    /// Header and payload, as RTX of number `repairs` or as itself: the same bytes each time, for one
    /// packet index never seals two texts. Returns the lengths of header and whole; 0 when it doesn't fit.
    pub(super) fn write(
        &self,
        room: &mut [u8],
        packet: Packet<'_>,
        segment: &Segment,
        seq: u16,
        repairs: Option<(u32, u8, u16)>,
    ) -> (usize, usize) {
        let entry = packet.entry;
        let (ssrc, payload_type) = repairs.map_or((self.ssrc, segment.payload_type), |(ssrc, kind, _)| (ssrc, kind));
        let padded = entry.pad && self.pads && repairs.is_none();
        let header = 12 + room.get_mut(12..).map_or(0, |room| self.write_block(entry, room));
        let first = 0x80 | if header > 12 { 0x10 } else { 0 } | if padded { 0x20 } else { 0 };
        let marked = entry.marker || (!self.video && entry.index == segment.start);
        let stamp = if segment.form == Form::Picture { entry.media_timestamp } else { entry.timestamp };
        let Some(fixed) = room.first_chunk_mut() else { return (0, 0) };
        let second = payload_type | if marked { 0x80 } else { 0 };
        write_fixed(fixed, first, second, seq, stamp.wrapping_add(segment.ticks), ssrc);

        let payload = if segment.form == Form::PrimaryOfRed { red::primary(packet.payload) } else { packet.payload };
        let body = header + if repairs.is_some() { 2 } else { 0 };
        let end = body + payload.len();
        let Some(place) = room.get_mut(header..end + usize::from(padded)) else { return (0, 0) };
        if let Some((_, _, number)) = repairs {
            place[..2].copy_from_slice(&number.to_be_bytes());
        }
        place[body - header..end - header].copy_from_slice(payload);
        if padded {
            place[end - header] = 1;
        }
        let copy = &mut place[body - header..end - header];
        match segment.form {
            Form::Picture if (segment.picture_step, segment.tl0_step) != (0, 0) => {
                entry.numbers.shift(copy, segment.picture_step, segment.tl0_step);
            }
            Form::RedOf(inner) => red::renumber(copy, inner),
            _ => (),
        }
        (header, end + usize::from(padded))
    }

    /// The extension block of a packet; returns its length.
    fn write_block(&self, entry: &Entry, room: &mut [u8]) -> usize {
        let level = entry.level.filter(|_| self.level_id != 0);
        let captured = self.capture_id != 0 && entry.capture_ntp != 0;
        if level.is_none() && !captured {
            return self.block.write(room);
        }
        let mut block = self.block;
        if let Some(level) = level {
            block.push(self.level_id, &[level]);
        }
        if captured {
            block.push(self.capture_id, &entry.capture_ntp.to_be_bytes());
        }
        block.write(room)
    }
}

/// The elements that every packet of a slot carries, and where the transport-wide number goes (0: nowhere).
pub(super) fn block(spec: &OutboundSlot, numbered: bool) -> (Block, u8) {
    let ids = &spec.extensions;
    let mid = spec.mid.as_bytes();
    let used = [ids.mid, ids.transport_cc, ids.audio_level, ids.abs_capture_time];
    let mut block = Block::new(used.iter().any(|&id| id > 14) || mid.len() > 16);
    block.push(ids.mid, mid);
    let number_at = if numbered { block.push(ids.transport_cc, &[0, 0]) } else { None };
    (block, number_at.map_or(0, |at| (12 + 4 + at) as u8))
}
