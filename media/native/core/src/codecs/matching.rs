//! Which negotiated payload type can carry what a publisher sends.

use crate::model::{Codec, PayloadType};

/// The payload type that carries what `sent` carries, `None` if none can.
///
/// H264: packetization modes must be able, profiles should be equal; VP9 and AV1 profiles must be.
pub fn matching<'a>(payloads: &'a [PayloadType], sent: &PayloadType) -> Option<&'a PayloadType> {
    let mut best: Option<(u8, &PayloadType)> = None;
    for offered in payloads.iter().filter(|offered| offered.codec == sent.codec && offered.apt.is_none()) {
        if let Some(score) = likeness(sent.codec, &sent.fmtp, &offered.fmtp)
            && best.is_none_or(|(most, _)| score > most)
        {
            best = Some((score, offered));
        }
    }
    best.map(|(_, offered)| offered)
}

/// The RTX payload type that repairs `number` (RFC 4588), `None` where not negotiated.
pub fn repair_for(payloads: &[PayloadType], number: u8) -> Option<u8> {
    payloads.iter().find(|payload| payload.apt == Some(number)).map(|payload| payload.number)
}

/// How well `offered` carries `sent`, `None` when it can't.
fn likeness(codec: Codec, sent: &str, offered: &str) -> Option<u8> {
    let same = |key, otherwise| parameter(sent, key, otherwise) == parameter(offered, key, otherwise);
    match codec {
        Codec::H264 => h264_likeness(sent, offered),
        Codec::Vp9 => same("profile-id", "0").then_some(0),
        Codec::Av1 => same("profile", "0").then_some(0),
        Codec::Vp8 | Codec::Opus | Codec::Red => Some(0),
    }
}

fn h264_likeness(sent: &str, offered: &str) -> Option<u8> {
    let mode = "packetization-mode";
    let (sent_mode, offered_mode) = (parameter(sent, mode, "0"), parameter(offered, mode, "0"));
    if sent_mode > offered_mode {
        return None;
    }
    let profile = |fmtp| parameter(fmtp, "profile-level-id", "42").to_ascii_lowercase();
    let (one, other) = (profile(sent), profile(offered));
    let alike = |digits| one.get(..digits).unwrap_or(&one) == other.get(..digits).unwrap_or(&other);
    Some(2 * u8::from(alike(2)) + u8::from(alike(4)) + u8::from(sent_mode == offered_mode))
}

/// A parameter's value in `a=b;c=d`; keys count without case.
fn parameter<'a>(fmtp: &'a str, key: &str, otherwise: &'a str) -> &'a str {
    let pairs = fmtp.split(';').filter_map(|part| part.split_once('='));
    let mut found = pairs.filter(|(name, _)| name.trim().eq_ignore_ascii_case(key));
    found.next_back().map_or(otherwise, |(_, value)| value.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn payload(number: u8, codec: Codec, fmtp: &str) -> PayloadType {
        let fmtp = fmtp.into();
        PayloadType {
            number,
            codec,
            clock_hz: 90_000,
            apt: None,
            fmtp,
            nack: true,
            pli: true,
            transport_cc: true,
            remb: false,
        }
    }

    #[test]
    fn h264_goes_to_the_likest_profile_and_never_to_a_lesser_packetization_mode() {
        let sent = payload(1, Codec::H264, "packetization-mode=1;profile-level-id=42e01f");
        let lesser = payload(2, Codec::H264, "profile-level-id=42e01f");
        let other = payload(3, Codec::H264, "packetization-mode=1; profile-level-id=640C1F");
        let same = payload(4, Codec::H264, "Packetization-Mode=1;profile-level-id=42E034");
        assert_eq!(matching(&[lesser.clone(), other.clone(), same], &sent).unwrap().number, 4);
        assert_eq!(matching(&[lesser.clone(), other], &sent).unwrap().number, 3);
        assert_eq!(matching(&[lesser], &sent), None);
    }

    #[test]
    fn vp9_profiles_must_be_equal() {
        let sent = payload(1, Codec::Vp9, "");
        assert!(matching(&[payload(2, Codec::Vp9, "profile-id=0")], &sent).is_some());
        assert!(matching(&[payload(2, Codec::Vp9, "profile-id=2")], &sent).is_none());
        assert!(matching(&[payload(2, Codec::Vp8, "")], &sent).is_none());
    }

    #[test]
    fn a_repair_is_never_taken_for_what_it_repairs() {
        let sent = payload(1, Codec::Vp8, "");
        let mut repair = payload(97, Codec::Vp8, "apt=96");
        repair.apt = Some(96);
        assert_eq!(matching(std::slice::from_ref(&repair), &sent), None);
        assert_eq!(repair_for(&[repair], 96), Some(97));
    }
}
