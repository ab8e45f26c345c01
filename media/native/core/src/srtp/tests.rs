//! What forgers and repeaters get, and how indexes follow a stream over holes.

use super::*;
use crate::model::SrtpProfile;

const SSRC: u32 = 0x5501a0b2;
const HEADER_LEN: usize = 12;
const TEXT: &[u8] = b"Gallia est omnis divisa in partes tres";
const PROFILES: [SrtpProfile; 2] = [SrtpProfile::AeadAes128Gcm, SrtpProfile::Aes128CmSha1_80];
const LIBRARIES: [Library; 2] = [Library::Ring, Library::AwsLc];

/// Two ends of one association.
fn pair(profile: SrtpProfile, library: Library) -> (Srtp, Srtp) {
    let len = if profile == SrtpProfile::AeadAes128Gcm { 28 } else { 30 };
    let (a, b): (Vec<u8>, Vec<u8>) = ((0..len).collect(), (100..100 + len).collect());
    let end = |receive: &[u8], send: &[u8]| {
        Srtp::new(&SrtpKeys { profile, receive: receive.into(), send: send.into() }, library).unwrap()
    };
    (end(&a, &b), end(&b, &a))
}

fn each_pair(test: impl Fn(Srtp, Srtp)) {
    for profile in PROFILES {
        for library in LIBRARIES {
            let (sender, receiver) = pair(profile, library);
            test(sender, receiver);
        }
    }
}

fn clear(seq: u16) -> Vec<u8> {
    let mut packet = vec![0x80, 0x60];
    packet.extend(seq.to_be_bytes());
    packet.extend(7u32.to_be_bytes());
    packet.extend(SSRC.to_be_bytes());
    packet.extend(TEXT);
    packet
}

fn sealed(sender: &mut Srtp, index: u64) -> Vec<u8> {
    let mut packet = clear(index as u16);
    let len = packet.len();
    packet.resize(len + crate::outbox::SEAL_ROOM, 0);
    let len = sender.seal(Form::Rtp { ssrc: SSRC, index, header_len: HEADER_LEN as u16 }, &mut packet, len);
    packet.truncate(len);
    packet
}

fn open(receiver: &mut Srtp, packet: &[u8]) -> Result<u64, Denied> {
    let (mut packet, seq) = (packet.to_vec(), u16::from_be_bytes([packet[2], packet[3]]));
    let (index, len) = receiver.open(&mut packet, SSRC, seq, HEADER_LEN)?;
    assert_eq!(packet[..len], clear(seq));
    Ok(index)
}

fn report(sender: &mut Srtp) -> Vec<u8> {
    let mut packet = b"\x80\xc9\0\x01peer".to_vec();
    packet.resize(8 + crate::outbox::SEAL_ROOM, 0);
    let len = sender.seal(Form::Rtcp, &mut packet, 8);
    packet.truncate(len);
    packet
}

#[test]
fn packets_pass_over_the_wrap_of_the_sequence_number() {
    each_pair(|mut sender, mut receiver| {
        for index in 65_530..65_545 {
            let packet = sealed(&mut sender, index);
            assert_eq!(open(&mut receiver, &packet), Ok(index));
        }
    });
}

#[test]
fn a_packet_is_taken_once() {
    each_pair(|mut sender, mut receiver| {
        let packet = sealed(&mut sender, 5);
        assert_eq!(open(&mut receiver, &packet), Ok(5));
        assert_eq!(open(&mut receiver, &packet), Err(Denied::Replayed));
    });
}

#[test]
fn a_packet_from_behind_the_window_is_a_replay_too() {
    each_pair(|mut sender, mut receiver| {
        let old = sealed(&mut sender, 100);
        open(&mut receiver, &old).unwrap();
        for index in [5_000, 20_000] {
            let packet = sealed(&mut sender, index);
            assert_eq!(open(&mut receiver, &packet), Ok(index));
            assert_eq!(open(&mut receiver, &old), Err(Denied::Replayed));
        }
    });
}

#[test]
fn the_rollover_counter_is_right_after_a_hole_of_almost_a_round() {
    each_pair(|mut sender, mut receiver| {
        let mut index = 40_000;
        for hole in [1, 30_000, 33_000, 50_000, 64_000] {
            index += hole;
            let packet = sealed(&mut sender, index);
            assert_eq!(open(&mut receiver, &packet), Ok(index), "after a hole of {hole}");
        }
    });
}

#[test]
fn a_packet_with_any_bit_changed_is_forged_and_moves_no_window() {
    each_pair(|mut sender, mut receiver| {
        let packet = sealed(&mut sender, 5);
        for place in 0..packet.len() {
            let mut forged = packet.clone();
            forged[place] ^= 1 << (place % 8);
            let seq = u16::from_be_bytes([packet[2], packet[3]]);
            assert_eq!(receiver.open(&mut forged, SSRC, seq, HEADER_LEN), Err(Denied::Forged), "byte {place}");
        }
        assert_eq!(open(&mut receiver, &packet), Ok(5));
    });
}

#[test]
fn what_is_cut_short_at_any_length_is_forged() {
    each_pair(|mut sender, mut receiver| {
        let (packet, report) = (sealed(&mut sender, 5), report(&mut sender));
        for len in HEADER_LEN..packet.len() {
            let denied = receiver.open(&mut packet[..len].to_vec(), SSRC, 5, HEADER_LEN);
            assert_eq!(denied, Err(Denied::Forged), "{len} bytes");
        }
        for len in 0..report.len() {
            let denied = receiver.open_control(&mut report[..len].to_vec());
            assert_eq!(denied, Err(Denied::Forged), "a report of {len} bytes");
        }
    });
}

#[test]
fn a_header_longer_than_its_packet_is_forged_and_never_sealed() {
    each_pair(|mut sender, mut receiver| {
        let mut packet = sealed(&mut sender, 5);
        let len = packet.len();
        assert_eq!(receiver.open(&mut packet, SSRC, 5, len), Err(Denied::Forged));
        let form = Form::Rtp { ssrc: SSRC, index: 6, header_len: 21 };
        assert_eq!(sender.seal(form, &mut packet, 20), 0);
    });
}

#[test]
fn reports_count_per_ssrc_and_are_taken_once() {
    each_pair(|mut sender, mut receiver| {
        let reports = [report(&mut sender), report(&mut sender)];
        assert_ne!(reports[0], reports[1]);
        for report in &reports {
            assert_eq!(receiver.open_control(&mut report.clone()), Ok(8));
            assert_eq!(receiver.open_control(&mut report.clone()), Err(Denied::Replayed));
        }
    });
}

#[test]
fn a_session_opens_only_so_many_ssrcs() {
    let (mut sender, mut receiver) = pair(SrtpProfile::AeadAes128Gcm, Library::Ring);
    for ssrc in 0..=STREAMS_MAX as u32 {
        let mut packet = clear(1);
        packet[8..12].copy_from_slice(&ssrc.to_be_bytes());
        let len = packet.len();
        packet.resize(len + crate::outbox::SEAL_ROOM, 0);
        let len = sender.seal(Form::Rtp { ssrc, index: 1, header_len: 12 }, &mut packet, len);
        let opened = receiver.open(&mut packet[..len], ssrc, 1, HEADER_LEN);
        assert_eq!(opened.is_ok(), (ssrc as usize) < STREAMS_MAX);
    }
}

/// A walk of any steps within the window and holes beyond it, against a plain set.
#[test]
fn the_window_follows_any_walk() {
    let mut random = 0x9e37_79b9_7f4a_7c15_u64;
    for _ in 0..200 {
        let (mut window, mut seen, mut highest) = (Window::default(), std::collections::BTreeSet::new(), 70_000_u64);
        window.take(highest);
        seen.insert(highest);
        for _ in 0..300 {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let step = match random >> 60 {
                0 => (random >> 30) % 60_000,
                1..8 => (random >> 30) % 20,
                _ => 0,
            };
            let index = highest + step - if step == 0 { (random >> 30) % WINDOW } else { 0 };
            assert_eq!(window.index_of(index as u16), index);
            assert_eq!(window.admits(index), !seen.contains(&index));
            if seen.insert(index) {
                window.take(index);
            }
            highest = highest.max(index);
        }
    }
}
