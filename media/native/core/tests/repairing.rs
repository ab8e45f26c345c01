//! What is lost is asked for and sent again: from publishers by NACK, to viewers from the ring.

mod world;

use twinhall_core::model::OutboundSlot;
use twinhall_core::rtcp::write;
use world::*;

const SLOT: u32 = 0x5_0000;

fn stage() -> (World, Camera) {
    let mut world = World::default();
    let at = world.publisher(CHANGZHOU, vec![video_in()]);
    world.route(&[route("v0", CHANGZHOU, None)]);
    (world, Camera::new(at, VIDEO_SSRC))
}

fn nack(ssrc: u32, seqs: &[u16]) -> Vec<u8> {
    let mut compound = Vec::new();
    write::nack(&mut compound, 9, ssrc, seqs.iter().copied());
    compound
}

/// An RTX packet of `VIDEO_SSRC` that carries `packet` (RFC 4588 section 4).
fn wrapped(seq: u16, packet: &[u8], header: usize) -> Vec<u8> {
    let mut bytes = world::packet(true, 97, seq, 0, VIDEO_SSRC + 1, &[], &packet[2..4]);
    bytes[1] = packet[1] & 0x80 | 97;
    bytes[4..8].copy_from_slice(&packet[4..8]);
    bytes.extend_from_slice(&packet[header..]);
    bytes
}

fn asked(world: &World, at: twinhall_core::model::SessionIndex) -> Vec<(u64, Vec<u16>)> {
    let told = world.told.get(&at).into_iter().flatten();
    told.filter_map(|(at_us, told)| match told {
        Told::Nack { seqs, .. } => Some((*at_us, seqs.clone())),
        _ => None,
    })
    .collect()
}

#[test]
fn a_hole_is_asked_for_at_once_and_a_repair_reaches_viewers_at_its_place() {
    let (mut world, mut camera) = stage();
    let viewer = world.viewer(vec![slot("v0")]);
    camera.frame(&mut world, true);
    let frame = camera.next(false, 0);
    world.send(camera.from, frame[0].0, &frame[0].1);
    world.send(camera.from, frame[2].0, &frame[2].1);
    assert_eq!(asked(&world, camera.from), [(world.now_us, vec![frame[1].0 as u16])]);
    let header = twinhall_core::rtp::read_header(&frame[1].1).unwrap().size;
    world.send(camera.from, 1, &wrapped(1, &frame[1].1, header));
    let got = world.got(viewer, SLOT);
    assert_eq!(got.len(), 6);
    assert_eq!(got[5].seq.wrapping_add(1), got[4].seq, "the repaired one stands before the last");
    assert_eq!(got[5].timestamp, got[4].timestamp);
    world.pass(2_000_000);
    assert_eq!(asked(&world, camera.from).len(), 1, "it is not asked for again");
}

#[test]
fn padding_between_lost_packets_leaves_no_hole_in_whatever_order_they_come() {
    let (mut world, mut camera) = stage();
    let viewer = world.viewer(vec![slot("v0")]);
    camera.packets = 1;
    camera.frame(&mut world, true);
    let mut lost = Vec::new();
    for _ in 0..2 {
        lost.extend(camera.next(false, 0));
        camera.index += 1;
        let padding = world::packet(false, 96, camera.index as u16, camera.timestamp, VIDEO_SSRC, &[], &[]);
        world.send(camera.from, camera.index, &padding);
    }
    for (index, packet) in lost.iter().rev() {
        world.send(camera.from, *index, packet);
    }
    camera.frame(&mut world, false);
    let first = world.got(viewer, SLOT)[0].seq;
    let order: Vec<_> = world.got(viewer, SLOT).iter().map(|got| got.seq.wrapping_sub(first)).collect();
    assert_eq!(order, [0, 2, 1, 3]);
}

#[test]
fn lost_sound_is_not_asked_for_and_nobody_asks_for_its_picture() {
    let mut world = World::default();
    let at = world.publisher(CHANGZHOU, vec![video_in(), audio_in()]);
    let mut voice = Microphone::new(at);
    for _ in 0..700 {
        voice.speak(&mut world);
        voice.index += 1;
        world.pass(20_000);
    }
    assert_eq!((asked(&world, at).len(), world.picture_requests(at)), (0, 0));
}

#[test]
fn a_publication_tells_what_it_lost_in_the_last_second_and_what_was_repaired() {
    let (mut world, mut camera) = stage();
    camera.frame(&mut world, true);
    camera.play(&mut world, 33);
    let mut late = Vec::new();
    for _ in 0..33 {
        let frame = camera.next(false, 0);
        late.push(frame[1].clone());
        for (index, packet) in [&frame[0], &frame[2]] {
            world.send(camera.from, *index, packet);
        }
        world.pass(33_333);
    }
    let told = |world: &World| world.media.publications()[&CHANGZHOU.into()].tracks[0].clone();
    assert!((0.25..0.4).contains(&told(&world).lost_share), "{}", told(&world).lost_share);
    for (index, packet) in &late[28..] {
        world.send(camera.from, *index, packet);
    }
    camera.play(&mut world, 65);
    assert_eq!((told(&world).lost_share, told(&world).lost, told(&world).repaired), (0.0, 28, 5));
}

#[test]
fn at_300_ms_a_packet_is_asked_for_again_after_each_round_trip_and_not_before() {
    let (mut world, mut camera) = stage();
    camera.frame(&mut world, true);
    let now_ntp = twinhall_core::timeline::ntp_of(EPOCH_US + world.now_us - 300_000);
    let mut echo = vec![0x80, 207, 0, 5, 0, 0, 0, 2, 5, 0, 0, 3, 0, 0, 0, 1];
    echo.extend(twinhall_core::timeline::middle(now_ntp).to_be_bytes());
    echo.extend([0; 4]);
    world.send_control(camera.from, &echo);
    let frame = camera.next(false, 0);
    world.send(camera.from, frame[0].0, &frame[0].1);
    world.send(camera.from, frame[2].0, &frame[2].1);
    for _ in 0..60 {
        world.pass(33_333);
        camera.frame(&mut world, false);
    }
    let times: Vec<_> = asked(&world, camera.from).iter().map(|(at_us, _)| *at_us).collect();
    assert_eq!(times.len(), 5, "{times:?}");
    assert!(times.windows(2).all(|pair| (300_000..380_000).contains(&(pair[1] - pair[0]))), "{times:?}");
}

#[test]
fn a_viewers_nack_is_answered_by_rtx_with_the_same_payload() {
    let (mut world, mut camera) = stage();
    let viewer = world.viewer(vec![slot("v0")]);
    camera.frame(&mut world, true);
    camera.play(&mut world, 60);
    let got = world.got(viewer, SLOT);
    let wanted = [&got[4], &got[100]];
    world.send_control(viewer, &nack(SLOT, &[wanted[0].seq, wanted[1].seq]));
    let repairs = world.got(viewer, SLOT + 1);
    assert_eq!(repairs.len(), 2, "two seconds back");
    for (repair, wanted) in repairs.iter().zip(wanted) {
        assert_eq!(repair.payload_type, 97);
        assert_eq!(repair.payload[..2], wanted.seq.to_be_bytes());
        assert_eq!(repair.payload[2..], wanted.payload);
        assert_eq!((repair.timestamp, repair.marker), (wanted.timestamp, wanted.marker));
    }
    assert!(gapless(repairs.iter().map(|repair| repair.seq)));
    assert_eq!(world.media.repaired(), 2);
}

#[test]
fn without_rtx_the_packet_itself_comes_again_byte_for_byte() {
    let (mut world, mut camera) = stage();
    let plain = OutboundSlot {
        payloads: vec![payload_type(96, twinhall_core::model::Codec::Vp8)],
        rtx_ssrc: None,
        ..slot("v0")
    };
    let viewer = world.viewer(vec![plain]);
    camera.frame(&mut world, true);
    let first = world.got(viewer, SLOT)[1].clone();
    world.send_control(viewer, &nack(SLOT, &[first.seq]));
    let got = world.got(viewer, SLOT);
    assert_eq!(got.len(), 4);
    assert_eq!(
        (got[3].seq, got[3].len, &got[3].payload, got[3].padded),
        (first.seq, first.len, &first.payload, first.padded)
    );
}

#[test]
fn a_nack_is_answered_right_over_a_switch() {
    let (mut world, mut camera) = stage();
    let minden = world.publisher(MINDEN, vec![video_in()]);
    let mut other = Camera { len: 900, ..Camera::new(minden, VIDEO_SSRC) };
    let viewer = world.viewer(vec![slot("v0")]);
    camera.frame(&mut world, true);
    camera.play(&mut world, 3);
    world.route(&[route("v0", MINDEN, None)]);
    other.frame(&mut world, true);
    let got = world.got(viewer, SLOT);
    let seqs: Vec<_> = got.iter().map(|got| got.seq).collect();
    world.send_control(viewer, &nack(SLOT, &seqs));
    let repairs = world.got(viewer, SLOT + 1);
    assert_eq!(repairs.len(), got.len());
    for (repair, got) in repairs.iter().zip(&got) {
        assert_eq!(repair.payload[2..], got.payload);
    }
}

#[test]
fn a_nack_for_what_never_was_is_not_answered() {
    let (mut world, mut camera) = stage();
    let viewer = world.viewer(vec![slot("v0")]);
    world.send_control(viewer, &nack(SLOT, &[1, 2, 3]));
    camera.frame(&mut world, true);
    let first = world.got(viewer, SLOT)[0].seq;
    world.send_control(viewer, &nack(SLOT, &[first.wrapping_sub(1), first.wrapping_add(3)]));
    world.send_control(viewer, &nack(0xDEAD, &[first]));
    assert!(world.got(viewer, SLOT + 1).is_empty());
}

#[test]
fn a_flood_of_nacks_buys_no_flood_of_repairs() {
    let (mut world, mut camera) = stage();
    let viewer = world.viewer(vec![slot("v0")]);
    camera.packets = 30;
    camera.frame(&mut world, true);
    camera.play(&mut world, 40);
    let seqs: Vec<_> = world.got(viewer, SLOT).iter().rev().take(200).map(|got| got.seq).collect();
    let seqs: Vec<_> = seqs.into_iter().rev().collect();
    for _ in 0..100 {
        world.send_control(viewer, &nack(SLOT, &seqs));
    }
    let bytes: usize = world.got(viewer, SLOT + 1).iter().map(|got| got.len).sum();
    assert!(bytes < 1_500_000, "{bytes} bytes for 100 NACKs of 200 packets");
}

#[test]
fn a_hole_too_large_to_repair_asks_for_a_keyframe() {
    let (mut world, mut camera) = stage();
    world.viewer(vec![slot("v0")]);
    camera.frame(&mut world, true);
    camera.play(&mut world, 30);
    world.forget(camera.from);
    camera.index += 600;
    camera.frame(&mut world, false);
    assert_eq!(world.picture_requests(camera.from), 1);
    assert!(asked(&world, camera.from).is_empty());
}

#[test]
fn the_publisher_is_told_what_was_lost_and_its_report_is_echoed() {
    let (mut world, mut camera) = stage();
    camera.frame(&mut world, true);
    let mut report = Vec::new();
    let ntp = twinhall_core::timeline::ntp_of(EPOCH_US + world.now_us);
    write::sender_report(&mut report, VIDEO_SSRC, ntp, camera.timestamp, 3, 3000);
    world.send_control(camera.from, &report);
    for _ in 0..45 {
        let frame = camera.next(false, 0);
        for (index, bytes) in &frame[..2] {
            world.send(camera.from, *index, bytes);
        }
        world.pass(33_333);
    }
    let blocks: Vec<_> = world
        .told(camera.from)
        .into_iter()
        .filter_map(|told| match told {
            Told::Block(block) => Some(block),
            _ => None,
        })
        .collect();
    let last = blocks.last().unwrap();
    assert_eq!(last.ssrc, VIDEO_SSRC);
    assert!((75..=95).contains(&last.fraction), "{}", last.fraction);
    assert_eq!(last.lsr, twinhall_core::timeline::middle(ntp));
}

#[test]
fn repairs_take_half_of_a_line_that_is_narrow_at_most() {
    let repaired_bytes = |line_bps: Option<u64>| {
        let (mut world, mut camera) = stage();
        let viewer = world.viewer(vec![slot("v0")]);
        camera.frame(&mut world, true);
        for _ in 0..60 {
            let mut estimate = Vec::new();
            line_bps.into_iter().for_each(|bps| write::estimate(&mut estimate, 9, bps, [SLOT].into_iter()));
            world.send_control(viewer, &estimate);
            camera.frame(&mut world, false);
            world.pass(33_333);
        }
        let seqs: Vec<u16> = world.got(viewer, SLOT).iter().map(|got| got.seq).collect();
        (0..3).for_each(|_| world.send_control(viewer, &nack(SLOT, &seqs)));
        world.pass(300_000);
        world.got(viewer, SLOT + 1).iter().map(|got| got.payload.len()).sum::<usize>()
    };
    let (wide, narrow) = (repaired_bytes(None), repaired_bytes(Some(400_000)));
    let second = 400_000 / 2 / 8; // and two bytes of each packet's own number
    assert!(narrow <= second + second / 100 && narrow * 2 < wide, "{narrow} of {wide} bytes");
}
