//! H264 payloads (RFC 6184): where keyframes begin, and the picture size in the SPS.

use super::bits::Bits;
use super::{Facts, Numbers, Size};

const IDR: u8 = 5;
const SPS: u8 = 7;
const STAP_A: u8 = 24;
const FU_A: u8 = 28;
const UNITS_MAX: usize = 64;
/// Bytes of an SPS that are looked at.
const SPS_MAX: usize = 200;
const HIGH_PROFILES: [u32; 13] = [100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135];

/// Keyframe, and its size where an SPS tells it. Where frames begin is not said in H264.
pub fn read(payload: &[u8]) -> Facts {
    let mut facts = Facts { begins_frame: false, keyframe: false, size: None, numbers: Numbers::default() };
    units(payload, |kind, body| {
        facts.keyframe |= kind == IDR || kind == SPS;
        if kind == SPS && facts.size.is_none() {
            facts.size = sps_size(Bits::escaped(&body[..body.len().min(SPS_MAX)]));
        }
    });
    facts
}

/// (type, bytes behind the header) of the NAL units that begin in a packet.
fn units(payload: &[u8], mut visit: impl FnMut(u8, &[u8])) {
    let Some((head, mut rest)) = payload.split_first() else { return };
    match head & 31 {
        kind @ 1..=23 => visit(kind, rest),
        STAP_A => {
            for _ in 0..UNITS_MAX {
                let Some((size, behind)) = rest.split_first_chunk::<2>() else { return };
                let Some((unit, left)) = behind.split_at_checked(u16::from_be_bytes(*size).into()) else { return };
                let Some((head, body)) = unit.split_first() else { return };
                visit(head & 31, body);
                rest = left;
            }
        }
        FU_A => {
            if let Some((fragment, body)) = rest.split_first()
                && fragment & 0x80 != 0
                && !body.is_empty()
            {
                visit(fragment & 31, body);
            }
        }
        _ => (),
    }
}

/// H.264 section 7.3.2.1.1.
fn sps_size(mut bits: Bits<'_>) -> Option<Size> {
    let profile = bits.take(8)?;
    bits.take(16)?;
    bits.unsigned()?;
    let chroma = if HIGH_PROFILES.contains(&profile) { skip_high_profile(&mut bits)? } else { 1 };
    bits.unsigned()?;
    skip_picture_order(&mut bits)?;
    bits.unsigned()?;
    bits.flag()?;
    let width = 16 * (u64::from(bits.unsigned()?) + 1);
    let map_units = u64::from(bits.unsigned()?) + 1;
    let fields = if bits.flag()? { 1 } else { 2 };
    if fields == 2 {
        bits.flag()?;
    }
    let height = 16 * map_units * fields;
    bits.flag()?;
    let (cut_wide, cut_high) = if bits.flag()? { cropping(&mut bits, chroma, fields)? } else { (0, 0) };
    let small = |whole: u64, cut: u64| u16::try_from(whole.saturating_sub(cut)).ok();
    Some(Size { width: small(width, cut_wide)?, height: small(height, cut_high)? })
}

fn cropping(bits: &mut Bits<'_>, chroma: u32, fields: u64) -> Option<(u64, u64)> {
    let mut side = || bits.unsigned().map(u64::from);
    let (left, right, top, bottom) = (side()?, side()?, side()?, side()?);
    let across = if matches!(chroma, 1 | 2) { 2 } else { 1 };
    let down = if chroma == 1 { 2 } else { 1 } * fields;
    Some((across * (left + right), down * (top + bottom)))
}

fn skip_high_profile(bits: &mut Bits<'_>) -> Option<u32> {
    let chroma = bits.unsigned()?;
    if chroma == 3 {
        bits.flag()?;
    }
    bits.unsigned()?;
    bits.unsigned()?;
    bits.flag()?;
    if bits.flag()? {
        for which in 0..if chroma == 3 { 12 } else { 8 } {
            if bits.flag()? {
                skip_scaling_list(bits, if which < 6 { 16 } else { 64 })?;
            }
        }
    }
    Some(chroma)
}

fn skip_scaling_list(bits: &mut Bits<'_>, size: u32) -> Option<()> {
    let (mut last, mut following) = (8, 8);
    for _ in 0..size {
        if following != 0 {
            following = (last + bits.signed()?).rem_euclid(256);
        }
        last = if following != 0 { following } else { last };
    }
    Some(())
}

fn skip_picture_order(bits: &mut Bits<'_>) -> Option<()> {
    match bits.unsigned()? {
        0 => {
            bits.unsigned()?;
        }
        1 => {
            bits.flag()?;
            bits.signed()?;
            bits.signed()?;
            for _ in 0..bits.unsigned()?.min(255) {
                bits.signed()?;
            }
        }
        _ => (),
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 1280 x 720, baseline, as x264 writes it.
    const SPS_720: [u8; 27] = [
        0x67, 0x42, 0xC0, 0x1F, 0xD9, 0x00, 0x50, 0x05, 0xBB, 0x01, 0x6A, 0x02, 0x02, 0x02, 0x80, 0x00, 0x00, 0x03,
        0x00, 0x80, 0x00, 0x00, 0x1E, 0x47, 0x8C, 0x19, 0x24,
    ];

    #[test]
    fn an_sps_or_an_idr_slice_begins_a_keyframe() {
        assert!(read(&[0x65, 0x88]).keyframe);
        assert!(read(&SPS_720).keyframe);
        assert!(read(&[0x7C, 0x85, 0x88]).keyframe, "a fragmented IDR slice's first fragment");
        assert!(!read(&[0x7C, 0x05, 0x88]).keyframe, "its later fragments");
        assert!(!read(&[0x41, 0x9A]).keyframe);
    }

    #[test]
    fn a_picture_size_is_read_from_an_sps_in_an_aggregate() {
        let mut packet = vec![0x78, 0, SPS_720.len() as u8];
        packet.extend(SPS_720);
        packet.extend([0, 2, 0x68, 0xCE]);
        let facts = read(&packet);
        assert!(facts.keyframe);
        assert_eq!(facts.size, Some(Size { width: 1280, height: 720 }));
    }

    #[test]
    fn an_aggregate_cut_short_gives_what_came_before() {
        assert!(!read(&[0x78, 0, 9, 0x65]).keyframe);
        assert!(!read(&[0x78]).keyframe);
        assert!(!read(&[]).keyframe);
    }
}
