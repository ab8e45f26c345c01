//! Simulcast layers by RID, temporal layers, and datagrams of equal size.

mod world;

use twinhall_core::bwe::arrivals::ArrivalRecord;
use twinhall_core::model::{Codec, Extensions, InboundTrack, OutboundSlot, SessionIndex};
use twinhall_core::rtcp::write;
use world::*;

const SLOT: u32 = 0x5_0000;

fn stage() -> (World, SessionIndex, [Camera; 3]) {
    let mut world = World::default();
    let at = world.publisher(CHANGZHOU, vec![simulcast_in()]);
    world.route(&[route("v0", CHANGZHOU, None)]);
    let camera = |ssrc, rid, height, packets, index| Camera {
        rid: Some(rid),
        height,
        packets,
        index,
        picture_id: index as u16,
        ..Camera::new(at, ssrc)
    };
    let cameras = [camera(0x11, "q", 180, 1, 100), camera(0x22, "h", 360, 2, 9_000), camera(0x33, "f", 720, 4, 60_000)];
    (world, at, cameras)
}

fn frames(world: &mut World, cameras: &mut [Camera; 3], key: bool, count: usize) {
    for _ in 0..count {
        for camera in cameras.iter_mut() {
            camera.frame(world, key);
        }
        world.pass(33_333);
    }
}

fn widths(world: &World, viewer: SessionIndex) -> Vec<usize> {
    let got = world.got(viewer, SLOT);
    let mut frames: Vec<usize> = Vec::new();
    let mut count = 0;
    for got in got {
        count += 1;
        if got.marker {
            frames.push(std::mem::take(&mut count));
        }
    }
    frames
}

#[test]
fn the_smallest_layer_that_fills_the_displayed_height_is_sent() {
    let (mut world, _, mut cameras) = stage();
    let viewer = world.viewer(vec![slot("v0")]);
    world.heights(viewer, "v0", 300);
    frames(&mut world, &mut cameras, true, 1);
    frames(&mut world, &mut cameras, true, 1);
    world.forget(viewer);
    frames(&mut world, &mut cameras, false, 5);
    assert_eq!(widths(&world, viewer), [2; 5]);
}

#[test]
fn a_switch_of_layers_waits_for_the_keyframe_and_numbers_run_on() {
    let (mut world, at, mut cameras) = stage();
    let viewer = world.viewer(vec![slot("v0")]);
    frames(&mut world, &mut cameras, true, 2);
    frames(&mut world, &mut cameras, false, 15);
    world.forget(at);
    world.heights(viewer, "v0", 100);
    assert_eq!(world.picture_requests(at), 1);
    frames(&mut world, &mut cameras, false, 2);
    cameras[0].frame(&mut world, true);
    world.pass(33_333);
    frames(&mut world, &mut cameras, false, 3);
    let widths = widths(&world, viewer);
    assert_eq!(widths[widths.len() - 6..], [4, 4, 1, 1, 1, 1]);
    let got = world.got(viewer, SLOT);
    assert!(gapless(got.iter().map(|got| got.seq)));
    let first: Vec<_> = got.iter().filter(|got| got.payload[0] & 0x10 != 0).collect();
    assert!(gapless(first.iter().map(|got| picture_id(&got.payload))));
    assert!(first.windows(2).all(|pair| (pair[1].timestamp.wrapping_sub(pair[0].timestamp) as i32) > 0));
}

#[test]
fn a_layer_that_its_publisher_stops_gives_way_to_one_that_it_sends() {
    let (mut world, _, mut cameras) = stage();
    let viewer = world.viewer(vec![slot("v0")]);
    frames(&mut world, &mut cameras, true, 2);
    world.forget(viewer);
    for _ in 0..40 {
        cameras[0].frame(&mut world, false);
        cameras[1].frame(&mut world, false);
        world.pass(33_333);
    }
    cameras[1].frame(&mut world, true);
    cameras[1].frame(&mut world, false);
    let widths = widths(&world, viewer);
    assert_eq!(widths.last(), Some(&2));
    assert_eq!(world.shows("v0").as_deref(), Some(CHANGZHOU));
}

#[test]
fn packets_of_a_frame_that_differ_by_a_byte_become_equal_where_the_viewer_takes_padding() {
    let mut world = World::default();
    let at = world.publisher(CHANGZHOU, vec![video_in()]);
    world.route(&[route("v0", CHANGZHOU, None)]);
    let viewer = world.viewer(vec![slot("v0")]);
    let mut camera = Camera::new(at, VIDEO_SSRC);
    camera.frame(&mut world, true);
    world.forget(viewer);
    let mut frame = camera.next(false, 0);
    for (_, bytes) in &mut frame[1..] {
        bytes.push(1);
    }
    for (index, bytes) in &frame {
        world.send(at, *index, bytes);
    }
    let got = world.got(viewer, SLOT);
    assert_eq!(got.iter().map(|got| got.padded).collect::<Vec<_>>(), [true, false, false]);
    assert!(got.iter().all(|each| each.len == got[0].len));
    assert_eq!(got[0].payload.len() + 1, got[1].payload.len(), "padding is no payload");
}

#[test]
fn a_frame_says_when_it_was_captured_once_a_second_and_with_each_keyframe() {
    let mut world = World::default();
    let at = world.publisher(CHANGZHOU, vec![video_in()]);
    world.route(&[route("v0", CHANGZHOU, None)]);
    let extensions = Extensions { mid: 1, abs_capture_time: 7, ..Extensions::default() };
    let viewer = world.viewer(vec![OutboundSlot { extensions, ..slot("v0") }]);
    let mut camera = Camera::new(at, VIDEO_SSRC);
    camera.frame(&mut world, true);
    camera.play(&mut world, 60);
    let said: Vec<_> = world.got(viewer, SLOT).into_iter().filter(|got| got.elements.contains_key(&7)).collect();
    assert_eq!(said.len(), 3 * 2, "all packets of two frames");
    for got in said {
        let ntp = u64::from_be_bytes(got.elements[&7].clone().try_into().unwrap());
        let captured = twinhall_core::timeline::unix_us_of(ntp);
        let ticks = media_ticks(captured as u64);
        assert!((ticks.wrapping_sub(got.timestamp) as i32).abs() < 3000);
    }
}

/// The viewer's own estimate of its line (REMB).
fn tell_line(world: &mut World, viewer: SessionIndex, bitrate_bps: u64) {
    let mut compound = Vec::new();
    write::estimate(&mut compound, 9, bitrate_bps, [SLOT].into_iter());
    world.send_control(viewer, &compound);
}

/// A second of 30 frames, every other one of temporal layer 1.
fn two_layered(world: &mut World, camera: &mut Camera, viewer: SessionIndex, line_bps: u64) {
    tell_line(world, viewer, line_bps);
    for frame in 0..30 {
        for (index, bytes) in camera.next(false, frame % 2) {
            world.send(camera.from, index, &bytes);
        }
        world.pass(33_333);
    }
}

fn single() -> (World, SessionIndex, Camera) {
    let mut world = World::default();
    let at = world.publisher(CHANGZHOU, vec![video_in(), audio_in()]);
    world.route(&[route("v0", CHANGZHOU, None), route("a0", CHANGZHOU, None)]);
    let viewer = world.viewer(vec![slot("v0"), slot("a0")]);
    let mut camera = Camera::new(at, VIDEO_SSRC);
    camera.frame(&mut world, true);
    (world, viewer, camera)
}

fn begins(world: &World, viewer: SessionIndex) -> Vec<Got> {
    world.got(viewer, SLOT).into_iter().filter(|got| got.payload[0] & 0x10 != 0).collect()
}

#[test]
fn under_pressure_the_upper_temporal_layer_is_left_out_and_numbers_run_on() {
    let (mut world, viewer, mut camera) = single();
    for _ in 0..3 {
        two_layered(&mut world, &mut camera, viewer, 10_000_000);
    }
    two_layered(&mut world, &mut camera, viewer, 600_000);
    let before = begins(&world, viewer).len();
    two_layered(&mut world, &mut camera, viewer, 600_000);
    let narrow = begins(&world, viewer);
    assert_eq!(narrow.len() - before, 15, "half the frames");
    two_layered(&mut world, &mut camera, viewer, 10_000_000);
    let before = begins(&world, viewer).len();
    two_layered(&mut world, &mut camera, viewer, 10_000_000);
    assert_eq!(begins(&world, viewer).len() - before, 30, "all come again by themselves");
    assert!(gapless(world.got(viewer, SLOT).iter().map(|got| got.seq)));
    assert!(gapless(begins(&world, viewer).iter().map(|got| picture_id(&got.payload))));
}

#[test]
fn vp9_that_goes_without_its_upper_temporal_layer_keeps_its_picture_ids() {
    let mut world = World::default();
    let vp9 = vec![payload_type(96, Codec::Vp9)];
    let at = world.publisher(CHANGZHOU, vec![InboundTrack { payloads: vp9.clone(), ..video_in() }]);
    world.route(&[route("v0", CHANGZHOU, None)]);
    let viewer = world.viewer(vec![OutboundSlot { payloads: vp9, rtx_ssrc: None, ..slot("v0") }]);
    let mut camera = Camera { vp9: true, ..Camera::new(at, VIDEO_SSRC) };
    camera.frame(&mut world, true);
    for line_bps in [10_000_000, 10_000_000, 10_000_000, 600_000, 600_000] {
        two_layered(&mut world, &mut camera, viewer, line_bps);
    }
    let got = world.got(viewer, SLOT);
    assert!(gapless(got.iter().map(|got| got.seq)));
    let ids = got.iter().filter(|got| got.payload[0] & 0x08 != 0).map(|got| got.payload[2]);
    let ids: Vec<_> = ids.collect();
    let steps: Vec<_> = ids.windows(2).map(|pair| pair[1].wrapping_sub(pair[0])).collect();
    assert_eq!((&steps[..60], &steps[steps.len() - 14..]), (&[1; 60][..], &[2; 14][..]));
}

#[test]
fn a_narrower_line_gets_a_smaller_layer_and_a_wider_one_the_larger_again() {
    let (mut world, at, mut cameras) = stage();
    let viewer = world.viewer(vec![slot("v0")]);
    frames(&mut world, &mut cameras, true, 2);
    for line_bps in [10_000_000, 10_000_000, 700_000, 700_000] {
        tell_line(&mut world, viewer, line_bps);
        frames(&mut world, &mut cameras, false, 30);
    }
    frames(&mut world, &mut cameras, true, 1);
    world.forget(viewer);
    world.forget(at);
    tell_line(&mut world, viewer, 700_000);
    frames(&mut world, &mut cameras, false, 20);
    let narrow = widths(&world, viewer);
    assert!(narrow.len() >= 20 && narrow.iter().all(|&packets| packets == 2), "{narrow:?}");
    for _ in 0..2 {
        tell_line(&mut world, viewer, 10_000_000);
        frames(&mut world, &mut cameras, false, 15);
    }
    assert_eq!(world.picture_requests(at), 2, "one each half second until the keyframe comes");
    frames(&mut world, &mut cameras, true, 1);
    world.forget(viewer);
    frames(&mut world, &mut cameras, false, 5);
    let wide = widths(&world, viewer);
    assert!(wide.len() >= 5 && wide.iter().all(|&packets| packets == 4), "{wide:?}");
}

#[test]
fn a_layer_too_large_goes_without_its_upper_temporal_layer_until_the_smaller_ones_keyframe() {
    let (mut world, _, mut cameras) = stage();
    let viewer = world.viewer(vec![slot("v0")]);
    frames(&mut world, &mut cameras, true, 2);
    let mut seconds = |world: &mut World, lines_bps: &[u64]| {
        for &line_bps in lines_bps {
            tell_line(world, viewer, line_bps);
            for frame in 0..30 {
                for camera in &mut cameras {
                    for (index, bytes) in camera.next(false, frame % 2) {
                        world.send(camera.from, index, &bytes);
                    }
                }
                world.pass(33_333);
            }
        }
    };
    seconds(&mut world, &[10_000_000, 10_000_000]);
    world.forget(viewer);
    seconds(&mut world, &[10_000_000]);
    assert_eq!(widths(&world, viewer), [4; 30]);
    seconds(&mut world, &[700_000]);
    world.forget(viewer);
    seconds(&mut world, &[700_000]);
    assert_eq!(widths(&world, viewer), [4; 15], "no keyframe came yet");
}

#[test]
fn below_the_lowest_layer_sound_stays_and_the_picture_pauses_says_so_and_returns_by_itself() {
    let (mut world, viewer, mut camera) = single();
    let mut microphone = Microphone::new(camera.from);
    let mut second = |world: &mut World, line_bps, key| {
        tell_line(world, viewer, line_bps);
        for _ in 0..30 {
            camera.frame(world, key);
            microphone.speak(world);
            world.pass(33_333);
        }
    };
    second(&mut world, 10_000_000, false);
    second(&mut world, 100_000, false);
    assert!(!world.got(viewer, SLOT).is_empty());
    for _ in 0..4 {
        second(&mut world, 100_000, false);
    }
    world.forget(viewer);
    second(&mut world, 100_000, false);
    assert!(world.got(viewer, SLOT).is_empty());
    assert_eq!(world.got(viewer, 0x6_0000).len(), 30);
    assert_eq!(world.media.session_figures(viewer).slots[&"v0".into()].reason, "line-too-narrow");
    second(&mut world, 10_000_000, true);
    assert!(world.got(viewer, SLOT).len() > 60);
    assert_eq!(world.media.session_figures(viewer).slots[&"v0".into()].reason, "");
}

#[test]
fn packets_of_all_slots_share_one_row_of_transport_wide_numbers() {
    let mut world = World::default();
    let at = world.publisher(CHANGZHOU, vec![video_in(), audio_in()]);
    world.route(&[route("v0", CHANGZHOU, None), route("a0", CHANGZHOU, None)]);
    let extensions = Extensions { mid: 1, transport_cc: 4, ..Extensions::default() };
    let slots = ["v0", "a0"].map(|name| OutboundSlot { extensions, ..slot(name) });
    let viewer = world.viewer(slots.to_vec());
    let (mut camera, mut microphone) = (Camera::new(at, VIDEO_SSRC), Microphone::new(at));
    microphone.speak(&mut world);
    camera.frame(&mut world, true);
    for _ in 0..10 {
        microphone.speak(&mut world);
        camera.frame(&mut world, false);
        world.pass(33_333);
    }
    let numbers = world.rtp[&viewer].iter().map(|got| u16::from_be_bytes([got.elements[&4][0], got.elements[&4][1]]));
    assert!(gapless(numbers));
}

#[test]
fn a_large_keyframe_is_spread_and_sound_never_waits_behind_it() {
    let (mut world, viewer, mut camera) = single();
    let mut microphone = Microphone::new(camera.from);
    microphone.speak(&mut world);
    tell_line(&mut world, viewer, 2_000_000);
    world.pass(1_000_000);
    world.forget(viewer);
    camera.packets = 60;
    let began_us = world.now_us;
    camera.frame(&mut world, true);
    microphone.speak(&mut world);
    let at_once = world.got(viewer, SLOT).len();
    assert!((9..30).contains(&at_once), "{at_once} packets at once");
    assert_eq!(world.got(viewer, 0x6_0000).len(), 1);
    world.pass(300_000);
    let got = world.got(viewer, SLOT);
    assert_eq!(got.len(), 60);
    assert!(gapless(got.iter().map(|got| got.seq)));
    assert!(got[59].at_us - began_us > 40_000, "60 kB at 5 Mbit/s");
}

#[test]
fn a_viewer_on_a_wide_line_keeps_its_picture_from_the_first_second_on() {
    let mut world = World::default();
    let at = world.publisher(CHANGZHOU, vec![video_in()]);
    world.route(&[route("v0", CHANGZHOU, None)]);
    let extensions = Extensions { mid: 1, transport_cc: 4, ..Extensions::default() };
    let viewer = world.viewer(vec![OutboundSlot { extensions, ..slot("v0") }]);
    let mut camera = Camera { packets: 10, ..Camera::new(at, VIDEO_SSRC) };
    let (mut record, mut seen, mut shown) = (ArrivalRecord::default(), 0, Vec::new());
    for frame in 0..300 {
        camera.frame(&mut world, frame == 0);
        for _ in 0..3 {
            world.pass(11_111);
            let got = world.rtp.get(&viewer).map(Vec::as_slice).unwrap_or(&[]);
            for packet in &got[seen..] {
                let number = u16::from_be_bytes([packet.elements[&4][0], packet.elements[&4][1]]);
                record.note(number, packet.at_us + 20_000);
            }
            seen = got.len();
            let mut compound = Vec::new();
            if record.next_due_us() <= world.now_us + 20_000 && record.write(&mut compound, 9, SLOT) {
                world.send_control(viewer, &compound);
            }
        }
        shown.push(world.got(viewer, SLOT).len());
    }
    let figures = world.media.session_figures(viewer);
    assert_eq!(figures.slots[&"v0".into()].reason, "", "estimate {:?}", figures.estimate_bps);
    let frames = shown.windows(2).filter(|pair| pair[1] - pair[0] >= 5).count();
    assert!(frames > 280, "{frames} of 299 frames came in their time");
    assert!(figures.estimate_bps.is_some_and(|bps| bps > 2_400_000), "{:?}", figures.estimate_bps);
}
