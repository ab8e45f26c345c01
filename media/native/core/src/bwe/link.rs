//! What the estimator makes of simulated links.

use super::Estimator;
use super::simulated::{GOOD, NARROW, ROUGH, SINGLE_BPS, Terms, Viewer, World};

#[test]
fn a_wide_link_gets_the_best_layer_within_a_second() {
    let mut world = World::new(&[GOOD]);
    world.run(1.0);
    assert_eq!(world.rung(0), Some(2));
    world.run(30.0);
    assert_eq!((world.rung(0), world.viewers[0].lost), (Some(2), 0));
    assert!(world.share_at(0, 2, 1_000_000) > 0.99);
}

#[test]
fn at_250_ms_the_best_layer_comes_within_3_s() {
    let mut world = World::new(&[Terms { delay_us: 125_000, ..GOOD }]);
    world.run(3.0);
    assert_eq!(world.rung(0), Some(2), "{:?}", world.viewers[0].rungs);
}

#[test]
fn a_narrow_link_gets_the_best_that_fits_within_3_s_and_keeps_it() {
    let mut world = World::new(&[NARROW]);
    world.run(3.0);
    assert_eq!(world.rung(0), Some(1), "{:?}", world.viewers[0].rungs);
    world.run(57.0);
    let share = world.share_at(0, 1, 3_000_000);
    assert!(share > 0.97, "{share} {:?}", world.viewers[0].rungs);
    assert!(world.viewers[0].lost * 200 < world.viewers[0].sent, "{} lost", world.viewers[0].lost);
}

#[test]
fn a_narrow_link_harms_no_other_viewer() {
    let mut world = World::new(&[NARROW, GOOD]);
    world.run(30.0);
    assert_eq!((world.rung(0), world.rung(1)), (Some(1), Some(2)));
    assert_eq!(world.viewers[1].lost, 0);
    assert!(world.viewers[1].delay_max_us < 40_000, "{}", world.viewers[1].delay_max_us);
}

#[test]
fn a_step_down_is_followed_within_3_s_and_a_step_up_too() {
    let mut world = World::new(&[GOOD]);
    world.run(10.0);
    world.links[0].terms.bps = NARROW.bps;
    world.run(3.0);
    assert_eq!(world.rung(0), Some(1), "{:?}", world.viewers[0].rungs);
    world.run(17.0);
    assert!(world.share_at(0, 1, 13_000_000) > 0.95, "{:?}", world.viewers[0].rungs);
    world.links[0].terms.bps = GOOD.bps;
    world.run(3.0);
    assert_eq!(world.rung(0), Some(2), "{:?}", world.viewers[0].rungs);
}

#[test]
fn on_a_narrow_link_the_sound_is_not_late() {
    let mut world = World::new(&[NARROW]);
    world.run(5.0);
    world.viewers[0].sound_delay_max_us = 0;
    world.run(30.0);
    assert!(world.viewers[0].sound_delay_max_us < 200_000, "{}", world.viewers[0].sound_delay_max_us);
}

#[test]
fn five_percent_of_random_loss_costs_no_layer() {
    let mut world = World::new(&[Terms { loss: 0.05, ..GOOD }]);
    world.run(3.0);
    assert_eq!(world.rung(0), Some(2), "{:?}", world.viewers[0].rungs);
    world.run(57.0);
    let share = world.share_at(0, 2, 3_000_000);
    assert!(share > 0.95, "{share} {:?}", world.viewers[0].rungs);
}

#[test]
fn a_quarter_lost_is_too_much_for_the_best_layer() {
    let mut world = World::new(&[Terms { loss: 0.25, ..GOOD }]);
    world.run(20.0);
    assert!(world.rung(0) < Some(2), "{}", world.estimate_bps(0));
}

#[test]
fn jitter_costs_no_layer() {
    let mut world = World::new(&[Terms { jitter_us: 20_000, ..GOOD }]);
    world.run(3.0);
    assert_eq!(world.rung(0), Some(2), "{:?}", world.viewers[0].rungs);
    world.run(57.0);
    let share = world.share_at(0, 2, 3_000_000);
    assert!(share > 0.9, "{share} {:?}", world.viewers[0].rungs);
}

#[test]
fn a_rough_link_costs_no_frame() {
    for chance in 1..=10 {
        let mut world = World::new(&[ROUGH]);
        world.links[0].chance = chance;
        world.viewers[0].ladder_bps = SINGLE_BPS;
        world.run(60.0);
        let share = world.share_at(0, 2, 3_000_000);
        assert!(share > 0.98, "{share} {:?}", world.viewers[0].rungs);
    }
}

#[test]
fn two_viewers_on_one_link_share_it() {
    let mut world = World::new(&[Terms { bps: 1_300_000, ..GOOD }]);
    world.viewers.push(Viewer::new(0, true));
    world.run(60.0);
    let came: Vec<u64> = world.viewers.iter().map(|viewer| viewer.bytes_came).collect();
    assert!(came[0] * 3 > came[1] && came[1] * 3 > came[0], "{came:?}");
    for viewer in &world.viewers {
        assert!(viewer.lost * 50 < viewer.sent, "{} of {} lost", viewer.lost, viewer.sent);
        assert!(viewer.rung >= Some(0));
    }
}

#[test]
fn a_link_that_carries_only_sound_keeps_the_sound_and_the_picture_returns() {
    let mut world = World::new(&[GOOD]);
    world.run(5.0);
    world.links[0].terms.bps = 120_000;
    world.run(10.0);
    assert_eq!(world.rung(0), None, "{:?}", world.viewers[0].rungs);
    world.viewers[0].sound_delay_max_us = 0;
    world.run(10.0);
    assert!(world.viewers[0].sound_delay_max_us < 400_000, "{}", world.viewers[0].sound_delay_max_us);
    world.links[0].terms.bps = GOOD.bps;
    world.run(5.0);
    assert_eq!(world.rung(0), Some(2), "{:?}", world.viewers[0].rungs);
}

#[test]
fn a_link_that_dies_ends_the_estimate_and_it_comes_back() {
    let mut world = World::new(&[GOOD]);
    world.run(5.0);
    world.links[0].terms.loss = 1.0;
    world.run(6.0);
    assert!(world.estimate_bps(0) < 200_000, "{}", world.estimate_bps(0));
    world.links[0].terms.loss = 0.0;
    world.run(5.0);
    assert_eq!(world.rung(0), Some(2), "{:?}", world.viewers[0].rungs);
}

#[test]
fn a_peer_that_never_tells_is_not_limited() {
    let mut estimator = Estimator::new(0, true);
    assert_eq!(estimator.estimate_bps(0), Some(super::START_BPS));
    (0..500).for_each(|packet| assert_eq!(estimator.sent(packet * 10_000, 1_000), packet as u16 + 1));
    assert_eq!(estimator.estimate_bps(5_000_000), None);
}

#[test]
fn a_peer_without_numbers_is_limited_by_its_own_estimate_and_by_loss() {
    let mut estimator = Estimator::new(0, false);
    assert_eq!(estimator.estimate_bps(0), None);
    estimator.peer_estimate(0, 700_000);
    assert_eq!(estimator.estimate_bps(1_000_000), Some(700_000));
    assert_eq!(estimator.estimate_bps(6_000_000), None);
    (0..600).for_each(|packet| assert_eq!(estimator.sent(packet * 10_000, 1_206), 0));
    (1..3).for_each(|second| estimator.reported(second * 1_000_000 + 6_000_000, 0.3));
    let limited_bps = estimator.estimate_bps(9_000_000).expect("limit");
    assert!((700_000..900_000).contains(&limited_bps), "{limited_bps}");
}

#[test]
fn feedback_about_nothing_changes_nothing() {
    let mut estimator = Estimator::new(0, true);
    estimator.arrivals(0, &[]);
    estimator.arrivals(0, &[0, 1, 0, 1, 0, 0, 0, 0, 0x20, 1, 0]);
    assert_eq!(estimator.estimate_bps(0), Some(super::START_BPS));
}
