//! What a payload says of itself: keyframes, sizes, picture numbers, temporal layers; and who can decode it.

pub mod av1;
pub mod bits;
pub mod h264;
mod matching;
pub mod red;
pub mod vp8;
pub mod vp9;

pub use matching::{matching, repair_for};

use crate::model::Codec;

/// A picture's size in px; the larger one is the wider one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Size {
    pub width: u16,
    pub height: u16,
}

/// What forwarding must know of a video packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Facts {
    /// A frame is known to begin here.
    pub begins_frame: bool,
    /// A keyframe begins here.
    pub keyframe: bool,
    pub size: Option<Size>,
    pub numbers: Numbers,
}

/// Numbers of VP8 and VP9 that count frames, and where they lie in the payload (0: absent).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Numbers {
    pub picture_id: u16,
    picture_id_at: u8,
    /// The picture id has 15 bits, not 7.
    wide: bool,
    pub tl0: u8,
    tl0_at: u8,
    /// Temporal layer, 0 is the base.
    pub temporal: u8,
    /// A viewer of the layers below may enter this one here (VP8's Y bit, VP9's U bit).
    pub may_enter: bool,
}

impl Numbers {
    /// Read a picture id at `at`; returns its bytes.
    fn read_picture_id(&mut self, payload: &[u8], at: usize) -> Option<usize> {
        let first = *payload.get(at)?;
        (self.picture_id, self.picture_id_at) = (u16::from(first & 0x7F), at as u8);
        self.wide = first & 0x80 != 0;
        if self.wide {
            self.picture_id = self.picture_id << 8 | u16::from(*payload.get(at + 1)?);
        }
        Some(if self.wide { 2 } else { 1 })
    }

    fn read_tl0(&mut self, payload: &[u8], at: usize) -> Option<()> {
        (self.tl0, self.tl0_at) = (*payload.get(at)?, at as u8);
        Some(())
    }

    /// In a copy of the payload, move the picture id and the base layer's index, modulo their widths.
    pub fn shift(&self, payload: &mut [u8], picture_step: u16, tl0_step: u8) {
        let moved = self.picture_id.wrapping_add(picture_step);
        match (usize::from(self.picture_id_at), self.wide) {
            (0, _) => (),
            (at, false) => set(payload, at, moved as u8 & 0x7F),
            (at, true) => {
                set(payload, at, 0x80 | (moved >> 8) as u8);
                set(payload, at + 1, moved as u8);
            }
        }
        if self.tl0_at != 0 {
            set(payload, self.tl0_at.into(), self.tl0.wrapping_add(tl0_step));
        }
    }
}

fn set(payload: &mut [u8], at: usize, value: u8) {
    if let Some(place) = payload.get_mut(at) {
        *place = value;
    }
}

/// What a packet says; of sound, or when its descriptor is cut short, nothing.
pub fn read(codec: Codec, payload: &[u8]) -> Option<Facts> {
    match codec {
        Codec::Vp8 => vp8::read(payload),
        Codec::Vp9 => vp9::read(payload),
        Codec::H264 => Some(h264::read(payload)),
        Codec::Av1 => Some(av1::read(payload)),
        Codec::Opus | Codec::Red => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn picture_numbers_move_within_their_widths() {
        let mut payload = [0x90, 0xC0, 0xFF, 0xFF, 0xFF, 1];
        let facts = vp8::read(&payload).unwrap();
        facts.numbers.shift(&mut payload, 2, 2);
        let moved = vp8::read(&payload).unwrap().numbers;
        assert_eq!((moved.picture_id, moved.tl0), (1, 1));
        assert_eq!(payload[2] & 0x80, 0x80, "it keeps its width");

        let mut narrow = [0x90, 0x80, 0x7F, 1];
        vp8::read(&narrow).unwrap().numbers.shift(&mut narrow, 1, 9);
        assert_eq!(narrow, [0x90, 0x80, 0, 1]);
    }
}
