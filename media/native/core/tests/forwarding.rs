//! Packets from a publisher to its viewers: routes, switches, fallbacks, one timeline.

mod world;

use twinhall_core::model::{Codec, Event, OutboundSlot};
use world::*;

fn stage() -> (World, Camera) {
    let mut world = World::default();
    let at = world.publisher(CHANGZHOU, vec![video_in(), audio_in()]);
    world.route(&[route("v0", CHANGZHOU, Some(SLATE)), route("a0", CHANGZHOU, None)]);
    (world, Camera::new(at, VIDEO_SSRC))
}

#[test]
fn a_viewer_gets_every_packet_from_the_first_keyframe_on_media_time() {
    let (mut world, mut camera) = stage();
    let viewer = world.viewer(vec![slot("v0"), slot("a0")]);
    camera.frame(&mut world, false);
    assert!(world.got(viewer, 0x5_0000).is_empty());
    world.pass(33_333);
    camera.frame(&mut world, true);
    let first = world.got(viewer, 0x5_0000)[0].clone();
    camera.play(&mut world, 10);
    let got = world.got(viewer, 0x5_0000);
    assert_eq!(got.len(), 33);
    assert!(gapless(got.iter().map(|got| got.seq)));
    assert_eq!(got[0].elements[&1], b"0");
    assert!(got[2].marker && !got[1].marker);
    let captured = world.now_us - 10 * 33_333;
    let apart = first.timestamp.wrapping_sub(media_ticks(EPOCH_US + captured)) as i32;
    assert!(apart.abs() < 9_000, "{apart} ticks from media time");
    assert_eq!(world.shows("v0").as_deref(), Some(CHANGZHOU));
}

#[test]
fn sound_begins_with_any_packet_once_its_track_lives_and_carries_its_level() {
    let (mut world, camera) = stage();
    let mut spec = slot("a0");
    spec.extensions.audio_level = 5;
    let viewer = world.viewer(vec![spec]);
    let mut microphone = Microphone::new(camera.from);
    for _ in 0..3 {
        microphone.speak(&mut world);
    }
    let got = world.got(viewer, 0x6_0000);
    assert_eq!(got.iter().map(|got| got.marker).collect::<Vec<_>>(), [true, false]);
    assert_eq!(got[0].elements[&5], [0x85]);
    assert_eq!(got[1].timestamp.wrapping_sub(got[0].timestamp), 960);
}

#[test]
fn one_picture_request_serves_all_who_wait() {
    let (mut world, mut camera) = stage();
    camera.frame(&mut world, true);
    camera.play(&mut world, 30);
    world.forget(camera.from);
    for _ in 0..5 {
        world.viewer(vec![slot("v0")]);
    }
    world.pass(100_000);
    assert_eq!(world.picture_requests(camera.from), 1);
}

#[test]
fn a_young_keyframe_is_burst_to_a_new_viewer_and_its_frames_are_shown_at_once() {
    let (mut world, mut camera) = stage();
    camera.frame(&mut world, true);
    world.pass(33_333);
    camera.play(&mut world, 5);
    world.forget(camera.from);
    let viewer = world.viewer(vec![slot("v0")]);
    let got = world.got(viewer, 0x5_0000);
    assert_eq!(got.len(), 18);
    assert_eq!(world.picture_requests(camera.from), 0);
    let spread = got[17].timestamp.wrapping_sub(got[0].timestamp);
    assert_eq!(spread, 5 * 90, "each a millisecond after the one before");
    camera.frame(&mut world, false);
    let next = world.got(viewer, 0x5_0000)[18].timestamp;
    assert_eq!(next.wrapping_sub(got[17].timestamp), 3000, "what follows has its own time");
}

#[test]
fn the_old_picture_stays_until_the_new_ones_keyframe_and_the_timeline_runs_on() {
    let (mut world, mut camera) = stage();
    let minden = world.publisher(MINDEN, vec![video_in()]);
    let mut other = Camera { index: 9, timestamp: 77, picture_id: 12_000, ..Camera::new(minden, VIDEO_SSRC) };
    let viewer = world.viewer(vec![slot("v0")]);
    camera.frame(&mut world, true);
    other.frame(&mut world, true);
    world.pass(500_000 - 1);
    camera.play(&mut world, 5);
    other.frame(&mut world, false);
    world.route(&[route("v0", MINDEN, None)]);
    assert_eq!(world.picture_requests(minden), 1);
    camera.frame(&mut world, false);
    assert_eq!(world.shows("v0").as_deref(), Some(CHANGZHOU));
    world.pass(33_333);
    other.frame(&mut world, true);
    assert_eq!(world.shows("v0").as_deref(), Some(MINDEN));
    camera.frame(&mut world, false);
    other.frame(&mut world, false);
    let got = world.got(viewer, 0x5_0000);
    assert_eq!(got.len(), 3 * (1 + 5 + 1 + 2), "nothing of the old one after the switch");
    assert!(gapless(got.iter().map(|got| got.seq)));
    let frames: Vec<_> = got.iter().step_by(3).collect();
    assert!(frames.windows(2).all(|pair| (pair[1].timestamp.wrapping_sub(pair[0].timestamp) as i32) > 0));
    assert!(gapless(frames.iter().map(|got| picture_id(&got.payload))));
}

#[test]
fn a_source_silent_for_half_a_second_shows_its_slate_within_a_second_and_comes_back() {
    let (mut world, mut camera) = stage();
    world.slate(SLATE);
    let mut loops = Camera::new(camera.from, 0x9000);
    for (_, bytes) in loops.next(true, 0) {
        world.inject(SLATE, &bytes);
    }
    let viewer = world.viewer(vec![slot("v0")]);
    camera.frame(&mut world, true);
    camera.play(&mut world, 3);
    assert_eq!(world.shows("v0").as_deref(), Some(CHANGZHOU));
    let before = world.now_us;
    while world.shows("v0").as_deref() != Some(SLATE) {
        world.pass(20_000);
        for (_, bytes) in loops.next(false, 0) {
            world.inject(SLATE, &bytes);
        }
        assert!(world.now_us - before < 1_000_000, "no slate within a second");
    }
    assert!(world.events.contains(&Event::Life { source: CHANGZHOU.into(), live: false }));
    camera.frame(&mut world, false);
    assert_eq!(world.shows("v0").as_deref(), Some(SLATE), "it returns with a keyframe");
    camera.frame(&mut world, true);
    assert_eq!(world.shows("v0").as_deref(), Some(CHANGZHOU));
    assert!(gapless(world.got(viewer, 0x5_0000).iter().map(|got| got.seq)));
}

#[test]
fn a_standstill_of_the_process_makes_nobody_silent() {
    let (mut world, mut camera) = stage();
    world.viewer(vec![slot("v0")]);
    camera.frame(&mut world, true);
    camera.play(&mut world, 3);
    world.now_us += 3_000_000;
    world.pass(100_000);
    assert_eq!(world.shows("v0").as_deref(), Some(CHANGZHOU));
    assert!(!world.events.contains(&Event::Life { source: CHANGZHOU.into(), live: false }));
}

#[test]
fn a_viewer_without_the_codec_gets_the_slate_and_says_nothing_about_the_rest() {
    let (mut world, mut camera) = stage();
    world.slate(SLATE);
    let h264 = payload_type(102, Codec::H264);
    let viewer = world.viewer(vec![OutboundSlot { payloads: vec![h264], ..slot("v0") }]);
    camera.frame(&mut world, true);
    assert!(world.got(viewer, 0x5_0000).is_empty());
    let figures = world.media.session_figures(viewer);
    assert_eq!(figures.slots[&"v0".into()].reason, "codec-unsupported");
    assert_eq!(world.shows("v0").as_deref(), Some(CHANGZHOU));
}

#[test]
fn a_paused_slot_gets_nothing_until_it_is_shown_again() {
    let (mut world, mut camera) = stage();
    let viewer = world.viewer(vec![slot("v0")]);
    camera.frame(&mut world, true);
    world.heights(viewer, "v0", 0);
    world.forget(viewer);
    camera.play(&mut world, 20);
    assert!(world.got(viewer, 0x5_0000).is_empty());
    world.heights(viewer, "v0", 360);
    camera.frame(&mut world, true);
    assert_eq!(world.got(viewer, 0x5_0000).len(), 3);
}

#[test]
fn padding_of_the_publisher_leaves_no_hole() {
    let (mut world, mut camera) = stage();
    let viewer = world.viewer(vec![slot("v0")]);
    camera.frame(&mut world, true);
    camera.index += 1;
    let padding = packet(false, 96, camera.index as u16, camera.timestamp, VIDEO_SSRC, &[], &[]);
    world.send(camera.from, camera.index, &padding);
    camera.frame(&mut world, false);
    assert!(gapless(world.got(viewer, 0x5_0000).iter().map(|got| got.seq)));
    assert_eq!(world.got(viewer, 0x5_0000).len(), 6);
}

#[test]
fn packets_out_of_order_keep_their_places() {
    let (mut world, mut camera) = stage();
    let viewer = world.viewer(vec![slot("v0")]);
    camera.frame(&mut world, true);
    let mut frame = camera.next(false, 0);
    frame.swap(0, 2);
    for (index, bytes) in &frame {
        world.send(camera.from, *index, bytes);
    }
    let mut seqs: Vec<_> = world.got(viewer, 0x5_0000).iter().map(|got| got.seq).collect();
    assert_eq!(seqs.len(), 6);
    seqs.sort_unstable();
    assert!(gapless(seqs));
}

#[test]
fn a_duplicate_is_sent_once() {
    let (mut world, mut camera) = stage();
    let viewer = world.viewer(vec![slot("v0")]);
    let frame = camera.next(true, 0);
    for (index, bytes) in frame.iter().chain(&frame) {
        world.send(camera.from, *index, bytes);
    }
    assert_eq!(world.got(viewer, 0x5_0000).len(), 3);
    assert_eq!(world.media.dropped()["unusable"], 3);
}

#[test]
fn a_viewer_who_left_is_sent_nothing_more() {
    let (mut world, mut camera) = stage();
    let viewer = world.viewer(vec![slot("v0")]);
    camera.frame(&mut world, true);
    world.remove(viewer);
    world.forget(viewer);
    camera.play(&mut world, 5);
    assert!(!world.rtp.contains_key(&viewer) && !world.told.contains_key(&viewer));
}

#[test]
fn a_publisher_who_rejoins_takes_its_source_with_its_first_packet() {
    let (mut world, mut camera) = stage();
    let viewer = world.viewer(vec![slot("v0")]);
    camera.frame(&mut world, true);
    let again = world.publisher(CHANGZHOU, vec![video_in()]);
    camera.frame(&mut world, false);
    assert_eq!(world.got(viewer, 0x5_0000).len(), 6, "a living one keeps its source");
    let mut next = Camera::new(again, VIDEO_SSRC);
    next.frame(&mut world, true);
    camera.frame(&mut world, false);
    assert_eq!(world.got(viewer, 0x5_0000).len(), 9);
    world.remove(camera.from);
    next.frame(&mut world, false);
    assert_eq!(world.got(viewer, 0x5_0000).len(), 12);
    assert!(gapless(world.got(viewer, 0x5_0000).iter().map(|got| got.seq)));
}

#[test]
fn sender_reports_map_a_viewers_timestamps_to_media_time() {
    let (mut world, mut camera) = stage();
    let viewer = world.viewer(vec![slot("v0")]);
    camera.frame(&mut world, true);
    world.pass(20_000);
    let told = world.told(viewer);
    let Some(Told::Sender { ssrc: 0x5_0000, rtp, .. }) = told.first() else { panic!("{told:?}") };
    assert_eq!(*rtp, media_ticks(EPOCH_US + world.now_us), "it says so right after the switch");
}
