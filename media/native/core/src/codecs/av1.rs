//! AV1 payloads (RTP payload format for AV1, v1.0): where coded video sequences begin, and their size.

use super::bits::Bits;
use super::{Facts, Numbers, Size};

const SEQUENCE_HEADER: u8 = 1;
const NEW_SEQUENCE: u8 = 0x08;

/// Keyframe (N bit, section 4.4) and its size where a sequence header leads.
pub fn read(payload: &[u8]) -> Facts {
    let aggregation = payload.first().copied().unwrap_or(0);
    let keyframe = aggregation & NEW_SEQUENCE != 0 && payload.len() > 1;
    let size = if keyframe { picture_size(payload, aggregation) } else { None };
    Facts { begins_frame: keyframe, keyframe, size, numbers: Numbers::default() }
}

fn picture_size(payload: &[u8], aggregation: u8) -> Option<Size> {
    let mut rest = payload.get(1..)?;
    if aggregation >> 4 & 3 != 1 {
        // The first element carries its length (leb128).
        let last = rest.iter().take(8).position(|byte| byte & 0x80 == 0)?;
        rest = rest.get(last + 1..)?;
    }
    let head = *rest.first()?;
    if head >> 3 & 15 != SEQUENCE_HEADER {
        return None;
    }
    let behind = 1 + usize::from(head >> 2 & 1) + usize::from(head >> 1 & 1);
    sequence_size(Bits::new(rest.get(behind..)?))
}

/// AV1 section 5.5.1.
fn sequence_size(mut bits: Bits<'_>) -> Option<Size> {
    bits.take(4)?;
    if bits.flag()? {
        bits.take(5)?;
    } else {
        if bits.flag()? {
            return None; // timing_info: nobody sends it live
        }
        let delayed = bits.flag()?;
        for _ in 0..=bits.take(5)? {
            bits.take(12)?;
            if bits.take(5)? > 7 {
                bits.flag()?;
            }
            if delayed && bits.flag()? {
                bits.take(4)?;
            }
        }
    }
    let (wide, high) = (bits.take(4)? + 1, bits.take(4)? + 1);
    let (width, height) = (bits.take(wide)?, bits.take(high)?);
    let plus_one = |value: u32| u16::try_from(value + 1).ok();
    Some(Size { width: plus_one(width)?, height: plus_one(height)? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_coded_sequence_begins_with_its_size() {
        // Profile 0, one operating point of level 8 with its tier; 10 and 9 bits of 640 x 360 less one.
        let bits = "000 0 0 0 0 00000 000000000000 01000 0 1001 1000 1001111111 101100111".replace(' ', "");
        let packed = bits
            .as_bytes()
            .chunks(8)
            .map(|byte| byte.iter().enumerate().fold(0, |value, (at, bit)| value | (bit - b'0') << (7 - at)));
        // The three bits of the profile, then still_picture, reduced_still_picture_header, timing_info, delay.
        let mut payload = vec![0x18, 0x08];
        payload.extend(packed);
        let facts = read(&payload);
        assert!(facts.keyframe);
        assert_eq!(facts.size, Some(Size { width: 640, height: 360 }));
    }

    #[test]
    fn other_packets_begin_nothing() {
        assert!(!read(&[0x10, 0x30, 1]).keyframe);
        assert!(!read(&[0x08]).keyframe);
        assert_eq!(read(&[0x08, 0xFF, 0xFF]).size, None);
    }
}
