//! VP9 payloads (RFC 9628): keyframes, picture size, temporal layers, and numbers that run on over a switch.

use super::bits::Bits;
use super::{Facts, Numbers, Size};

const INTER: u8 = 0x40;
const LAYERS: u8 = 0x20;
const FLEXIBLE: u8 = 0x10;
const BEGINS: u8 = 0x08;
const STRUCTURE: u8 = 0x02;

/// What a packet's descriptor (section 4.2) says; `None` when cut short before its end of TL0PICIDX.
pub fn read(payload: &[u8]) -> Option<Facts> {
    let first = *payload.first()?;
    let mut numbers = Numbers { may_enter: first & INTER == 0, ..Numbers::default() };
    let mut at = 1;
    if first & 0x80 != 0 {
        at += numbers.read_picture_id(payload, at)?;
    }
    let mut spatial = 0;
    if first & LAYERS != 0 {
        let layer = *payload.get(at)?;
        spatial = layer >> 1 & 7;
        numbers.temporal = layer >> 5;
        numbers.may_enter |= layer & 0x10 != 0;
        at += 1;
        if first & FLEXIBLE == 0 {
            numbers.read_tl0(payload, at)?;
            at += 1;
        }
    }
    let begins_frame = first & BEGINS != 0 && spatial == 0;
    let size = if first & STRUCTURE != 0 { picture_size(payload, first, at) } else { None };
    Some(Facts { begins_frame, keyframe: begins_frame && first & INTER == 0, size, numbers })
}

/// The largest spatial layer in the scalability structure behind the descriptor.
fn picture_size(payload: &[u8], first: u8, mut at: usize) -> Option<Size> {
    if first & (FLEXIBLE | INTER) == FLEXIBLE | INTER {
        for _ in 0..3 {
            at += 1;
            if payload.get(at - 1)? & 1 == 0 {
                break;
            }
        }
    }
    let mut bits = Bits::new(payload.get(at..)?);
    let layers = bits.take(3)? + 1;
    let sized = bits.flag()?;
    bits.take(4)?;
    let mut largest = None;
    for _ in 0..if sized { layers } else { 0 } {
        let size = Size { width: bits.take(16)? as u16, height: bits.take(16)? as u16 };
        largest = largest.max(Some(size));
    }
    largest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_keyframe_refers_to_nothing_and_may_carry_its_size() {
        let facts = read(&[0x8A, 0x85, 0x01, 0x10, 2, 0x80, 1, 0x68, 0]).unwrap();
        assert!(facts.keyframe && facts.begins_frame);
        assert_eq!(facts.numbers.picture_id, 0x501);
        assert_eq!(facts.size, Some(Size { width: 640, height: 360 }));
    }

    #[test]
    fn temporal_layers_and_the_base_index_are_found() {
        let facts = read(&[0xE8, 0x05, 0x30, 9, 0]).unwrap();
        assert!(facts.begins_frame && !facts.keyframe);
        let numbers = facts.numbers;
        assert_eq!((numbers.picture_id, numbers.temporal, numbers.tl0, numbers.may_enter), (5, 1, 9, true));
    }

    #[test]
    fn an_upper_spatial_layer_begins_no_picture() {
        let facts = read(&[0xAC, 0x05, 0x02, 9]).unwrap();
        assert!(!facts.begins_frame && !facts.keyframe);
    }

    #[test]
    fn a_descriptor_cut_short_says_nothing() {
        let whole = [0xE8, 0x85, 0x01, 0x30, 9];
        assert!((0..whole.len()).all(|len| read(&whole[..len]).is_none()));
        assert_eq!(read(&[0x8A, 0x05, 0x10]).unwrap().size, None);
    }
}
