//! Simulcast layers by RID, temporal layers, and datagrams of equal size.

mod world;

use twinhall_core::model::{Extensions, OutboundSlot, SessionIndex};
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
