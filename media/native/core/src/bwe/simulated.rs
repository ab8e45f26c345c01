//! Viewers on simulated links: time is moved by hand, chance comes from a seed.

use std::collections::VecDeque;

use super::arrivals::ArrivalRecord;
use super::fit::{Ask, divide};
use super::{Estimator, OVERHEAD};
use crate::pacer::Pacer;

const STEP_US: u64 = 1_000;
const LADDER_BPS: [u64; 3] = [160_000, 430_000, 1_600_000];
/// One layer of 800 kbit/s with its temporal layers.
pub(super) const SINGLE_BPS: [u64; 3] = [230_000, 450_000, 880_000];
/// So much longer takes a packet that others overtake.
const OVERTAKEN_US: u64 = 15_000;
const SOUND_BPS: u64 = 50_000;
const FRAME_US: u64 = 33_333;
const SOUND_US: u64 = 20_000;
const DECIDE_US: u64 = 100_000;
/// From the wish for another layer to its keyframe.
const KEYFRAME_US: u64 = 60_000;
const KEYFRAME_FACTOR: u64 = 7;
const UNLIMITED_BPS: u64 = 25_000_000;
/// The peers' clocks have nothing to do with ours.
const CLOCK_OFF_US: u64 = 77_000_000;

/// What lies between us and one or several viewers.
#[derive(Clone, Copy, Debug)]
pub(super) struct Terms {
    pub(super) bps: u64,
    pub(super) queue_us: u64,
    pub(super) delay_us: u64,
    /// The standard deviation of a delay that is only ever added.
    pub(super) jitter_us: u64,
    pub(super) reordered: f64,
    pub(super) loss: f64,
}

pub(super) const GOOD: Terms =
    Terms { bps: 20_000_000, queue_us: 250_000, delay_us: 10_000, jitter_us: 0, reordered: 0.0, loss: 0.0 };
pub(super) const NARROW: Terms = Terms { bps: 600_000, ..GOOD };
pub(super) const ROUGH: Terms = Terms { delay_us: 125_000, jitter_us: 20_000, reordered: 0.02, loss: 0.01, ..GOOD };

pub(super) struct Link {
    pub(super) terms: Terms,
    free_us: u64,
    last_us: u64,
    pub(super) chance: u64,
}

impl Link {
    fn new(terms: Terms) -> Self {
        Self { terms, free_us: 0, last_us: 0, chance: 42 }
    }

    fn random(&mut self) -> f64 {
        self.chance = self.chance.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.chance >> 33) as f64 / (1u64 << 31) as f64
    }

    /// When a packet that leaves now comes; `None` when it is lost.
    fn carry(&mut self, now_us: u64, size: usize) -> Option<u64> {
        let begins_us = self.free_us.max(now_us);
        if begins_us - now_us > self.terms.queue_us {
            return None;
        }
        self.free_us = begins_us + size as u64 * 8_000_000 / self.terms.bps;
        let gauss = (0..12).map(|_| self.random()).sum::<f64>() - 6.0;
        let at_us = self.free_us + self.terms.delay_us + (gauss.abs() * self.terms.jitter_us as f64) as u64;
        if self.random() < self.terms.loss {
            return None;
        }
        if self.random() < self.terms.reordered {
            return Some(at_us + OVERTAKEN_US);
        }
        self.last_us = self.last_us.max(at_us);
        Some(self.last_us)
    }
}

/// A viewer with three layers to choose from, and what it met.
pub(super) struct Viewer {
    pub(super) estimator: Estimator,
    pacer: Pacer<usize>,
    record: ArrivalRecord,
    link: usize,
    pub(super) ladder_bps: [u64; 3],
    /// (when it comes, its number)
    flying: VecDeque<(u64, u16)>,
    answers: VecDeque<(u64, Vec<u8>)>,
    pub(super) rung: Option<usize>,
    switching: Option<(u64, Option<usize>)>,
    key: bool,
    frame_us: u64,
    sound_us: u64,
    decide_us: u64,
    pub(super) sent: u64,
    pub(super) lost: u64,
    pub(super) bytes_came: u64,
    pub(super) delay_max_us: u64,
    pub(super) sound_delay_max_us: u64,
    pub(super) rungs: Vec<(u64, Option<usize>)>,
}

impl Viewer {
    pub(super) fn new(link: usize, numbered: bool) -> Self {
        Self {
            estimator: Estimator::new(0, numbered),
            pacer: Pacer::default(),
            record: ArrivalRecord::default(),
            link,
            ladder_bps: LADDER_BPS,
            flying: VecDeque::new(),
            answers: VecDeque::new(),
            rung: None,
            switching: None,
            key: true,
            frame_us: 0,
            sound_us: 0,
            decide_us: 0,
            sent: 0,
            lost: 0,
            bytes_came: 0,
            delay_max_us: 0,
            sound_delay_max_us: 0,
            rungs: Vec::new(),
        }
    }

    fn step(&mut self, now_us: u64, link: &mut Link) {
        self.hear(now_us);
        self.estimator.tick(now_us);
        if now_us >= self.decide_us {
            self.decide_us = now_us + DECIDE_US;
            self.decide(now_us);
        }
        let pacing_bps = self.estimator.pacing_bps(now_us).unwrap_or(UNLIMITED_BPS);
        if now_us >= self.sound_us {
            self.sound_us += SOUND_US;
            self.pacer.left(now_us, pacing_bps, 120);
            self.send(now_us, 120, link, true);
        }
        if now_us >= self.frame_us {
            self.frame_us += FRAME_US;
            self.frame(now_us, pacing_bps, link);
        }
        while let Some(size) = self.pacer.next(now_us, pacing_bps) {
            self.send(now_us, size, link, false);
        }
        while self.estimator.owed_bytes(now_us) > 0 {
            self.send(now_us, 276, link, false);
        }
    }

    fn frame(&mut self, now_us: u64, pacing_bps: u64, link: &mut Link) {
        if let Some((_, rung)) = self.switching.filter(|&(at_us, _)| now_us >= at_us) {
            (self.switching, self.rung, self.key) = (None, rung, true);
            self.rungs.push((now_us, rung));
        }
        let Some(rung) = self.rung else { return };
        let factor = if std::mem::take(&mut self.key) { KEYFRAME_FACTOR } else { 1 };
        let mut left = (self.ladder_bps[rung] * FRAME_US / 8_000_000 * factor) as usize;
        while left > 0 {
            let size = left.min(1_150);
            left -= size;
            if let Some(size) = self.pacer.offer(now_us, pacing_bps, size, size) {
                self.send(now_us, size, link, false);
            }
        }
    }

    fn send(&mut self, now_us: u64, size: usize, link: &mut Link, sound: bool) {
        let seq = self.estimator.sent(now_us, size);
        self.sent += 1;
        match link.carry(now_us, size + OVERHEAD) {
            Some(at_us) => {
                self.bytes_came += size as u64;
                self.delay_max_us = self.delay_max_us.max(at_us - now_us);
                if sound {
                    self.sound_delay_max_us = self.sound_delay_max_us.max(at_us - now_us);
                }
                let place = self.flying.partition_point(|flying| flying.0 <= at_us);
                self.flying.insert(place, (at_us, seq));
            }
            None => self.lost += 1,
        }
    }

    /// What came by now is noted by the peer, whose feedback comes back a way later.
    fn hear(&mut self, now_us: u64) {
        while let Some((at_us, seq)) = self.flying.front().copied().filter(|flying| flying.0 <= now_us) {
            self.flying.pop_front();
            self.record.note(seq, at_us + CLOCK_OFF_US);
        }
        if self.record.next_due_us() <= now_us + CLOCK_OFF_US {
            let mut packet = Vec::new();
            while self.record.write(&mut packet, 1, 2) {
                self.answers.push_back((now_us + GOOD.delay_us, packet.split_off(12)));
                packet.clear();
            }
        }
        while self.answers.front().is_some_and(|answer| answer.0 <= now_us) {
            let (_, body) = self.answers.pop_front().expect("an answer");
            self.estimator.arrivals(now_us, &body);
        }
    }

    fn decide(&mut self, now_us: u64) {
        let estimate_bps = self.estimator.estimate_bps(now_us).unwrap_or(UNLIMITED_BPS);
        let aim = self.switching.map_or(self.rung, |(_, rung)| rung);
        let mut asks = [Ask { rungs_bps: &self.ladder_bps, now: aim, height: 720, fits: None }];
        let wanted_bps = divide(estimate_bps, SOUND_BPS, &mut asks);
        self.estimator.want(wanted_bps);
        if asks[0].fits != aim {
            self.switching = Some((now_us + KEYFRAME_US, asks[0].fits));
        }
    }
}

/// Some links, some viewers, one clock.
pub(super) struct World {
    pub(super) now_us: u64,
    pub(super) links: Vec<Link>,
    pub(super) viewers: Vec<Viewer>,
}

impl World {
    /// A link for each of `terms` and a viewer on each.
    pub(super) fn new(terms: &[Terms]) -> Self {
        let links = terms.iter().copied().map(Link::new).collect();
        Self { now_us: 0, links, viewers: (0..terms.len()).map(|link| Viewer::new(link, true)).collect() }
    }

    pub(super) fn run(&mut self, seconds: f64) {
        let until_us = self.now_us + (seconds * 1e6) as u64;
        while self.now_us < until_us {
            self.now_us += STEP_US;
            for viewer in &mut self.viewers {
                viewer.step(self.now_us, &mut self.links[viewer.link]);
            }
        }
    }

    pub(super) fn rung(&self, viewer: usize) -> Option<usize> {
        self.viewers[viewer].rung
    }

    pub(super) fn estimate_bps(&self, viewer: usize) -> u64 {
        self.viewers[viewer].estimator.estimate_bps(self.now_us).expect("estimate")
    }

    /// The share of time since `from_us` in which a viewer had the layer `rung`.
    pub(super) fn share_at(&self, viewer: usize, rung: usize, from_us: u64) -> f64 {
        let rungs = &self.viewers[viewer].rungs;
        let ends = rungs.iter().skip(1).map(|change| change.0).chain([self.now_us]);
        let spans = rungs.iter().zip(ends).filter(|(change, _)| change.1 == Some(rung));
        let time_us: u64 =
            spans.map(|(change, end)| end.max(from_us) - change.0.clamp(from_us, end.max(from_us))).sum();
        time_us as f64 / (self.now_us - from_us) as f64
    }
}
