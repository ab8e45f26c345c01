//! VP8 payloads (RFC 7741): keyframes, picture size, temporal layers, and numbers that run on over a switch.

use super::{Facts, Numbers, Size};

/// What a packet's descriptor (section 4.2) and the frame header behind it say; `None` when cut short.
pub fn read(payload: &[u8]) -> Option<Facts> {
    let first = *payload.first()?;
    let begins_frame = first & 0x10 != 0 && first & 0x07 == 0;
    let (size, numbers) = if first & 0x80 != 0 { extended(payload)? } else { (1, Numbers::default()) };
    let keyframe = begins_frame && payload.get(size).is_some_and(|head| head & 1 == 0);
    let size = if keyframe { picture_size(payload, size) } else { None };
    Some(Facts { begins_frame, keyframe, size, numbers })
}

fn extended(payload: &[u8]) -> Option<(usize, Numbers)> {
    let flags = *payload.get(1)?;
    let mut numbers = Numbers::default();
    let mut at = 2;
    if flags & 0x80 != 0 {
        at += numbers.read_picture_id(payload, at)?;
    }
    if flags & 0x40 != 0 {
        numbers.read_tl0(payload, at)?;
        at += 1;
    }
    if flags & 0x30 != 0 {
        let layer = *payload.get(at)?;
        if flags & 0x20 != 0 {
            numbers.temporal = layer >> 6;
            numbers.may_enter = layer & 0x20 != 0;
        }
        at += 1;
    }
    Some((at, numbers))
}

/// From a keyframe's first packet (RFC 6386 section 9.1).
fn picture_size(payload: &[u8], at: usize) -> Option<Size> {
    let four = payload.get(at + 6..)?.first_chunk::<4>()?;
    let [width, height] = [[four[0], four[1]], [four[2], four[3]]].map(|pair| u16::from_le_bytes(pair) & 0x3FFF);
    Some(Size { width, height })
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEYFRAME: [u8; 10] = [0x10, 0, 0, 0x9D, 1, 0x2A, 0, 5, 0xD0, 2];

    #[test]
    fn a_keyframe_begins_with_its_size() {
        let facts = read(&[&[0x10][..], &KEYFRAME].concat()).unwrap();
        assert!(facts.keyframe && facts.begins_frame);
        assert_eq!(facts.size, Some(Size { width: 1280, height: 720 }));
        assert_eq!(facts.numbers, Numbers::default());
    }

    #[test]
    fn numbers_and_layers_are_found_where_they_lie() {
        let facts = read(&[0x90, 0xE0, 0x81, 0x02, 7, 0x60, 1]).unwrap();
        let numbers = facts.numbers;
        assert!(!facts.keyframe && facts.begins_frame);
        assert_eq!((numbers.picture_id, numbers.tl0, numbers.temporal, numbers.may_enter), (0x102, 7, 1, true));
    }

    #[test]
    fn a_packet_in_the_middle_of_a_frame_begins_nothing() {
        let facts = read(&[0x80, 0x80, 0x05, 0]).unwrap();
        assert!(!facts.begins_frame && !facts.keyframe);
        assert_eq!(facts.numbers.picture_id, 5);
    }

    #[test]
    fn a_descriptor_cut_short_says_nothing() {
        let whole = [0x90, 0xE0, 0x81, 0x02, 7, 0x60];
        assert!((0..whole.len()).all(|len| read(&whole[..len]).is_none()));
    }
}
