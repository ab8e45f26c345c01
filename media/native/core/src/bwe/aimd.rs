//! The rate that the delay allows: up while no queue grows, down below what comes through when one does
//! (draft-ietf-rmcat-gcc-02 section 5.5).

use super::trend::Usage;

/// Up by so much a second while the link's capacity is unknown.
const GROWTH_PER_S: f64 = 1.08;
/// Down to so much of what came through when the queue grew.
const DECREASE: f64 = 0.85;
/// Never far above what really comes through: nothing was learnt about more.
const AHEAD: f64 = 1.5;
const AHEAD_BPS: f64 = 10_000.0;
const PACKET_BITS: f64 = 1_200.0 * 8.0;
/// Time that passes until a change shows, beside the round trip.
const REACTION_US: u64 = 100_000;
const ADDITIVE_MIN_BPS: f64 = 4_000.0;
/// How much one more congestion tells of the capacity.
const CAPACITY_WEIGHT: f64 = 0.05;
const STEP_MAX_US: u64 = 1_000_000;

/// The link's capacity as congestions showed it: mean, and a variance that grows with it.
#[derive(Clone, Copy)]
struct Capacity {
    mean_bps: f64,
    /// Of the deviation, divided by the mean, in kbit/s.
    variance: f64,
}

impl Capacity {
    fn seen(before: Option<Self>, bps: f64) -> Self {
        let Some(before) = before else { return Self { mean_bps: bps, variance: 0.4 } };
        let mean_bps = (1.0 - CAPACITY_WEIGHT) * before.mean_bps + CAPACITY_WEIGHT * bps;
        let off = (mean_bps - bps) / 1e3;
        let share = off * off / (mean_bps / 1e3).max(1.0);
        let variance = (1.0 - CAPACITY_WEIGHT) * before.variance + CAPACITY_WEIGHT * share;
        Self { mean_bps, variance: variance.clamp(0.4, 2.5) }
    }

    /// Three standard deviations around the mean.
    fn bounds_bps(&self) -> (f64, f64) {
        let off_bps = 3.0 * (self.variance * self.mean_bps / 1e3).sqrt() * 1e3;
        (self.mean_bps - off_bps, self.mean_bps + off_bps)
    }
}

/// The delay-based rate of one viewer.
pub struct Aimd {
    rate_bps: f64,
    capacity: Option<Capacity>,
    changed_us: u64,
    decreased_us: Option<u64>,
    /// After a decrease the rate is held until the queue is gone.
    holds: bool,
}

impl Aimd {
    pub fn new(now_us: u64, rate_bps: u64) -> Self {
        let rate_bps = rate_bps as f64;
        Self { rate_bps, capacity: None, changed_us: now_us, decreased_us: None, holds: false }
    }

    pub fn rate_bps(&self) -> u64 {
        self.rate_bps as u64
    }

    /// Whether a queue has shown what the link carries.
    pub fn is_limited(&self) -> bool {
        self.capacity.is_some()
    }

    /// A probe came through at `bps`.
    pub fn probed(&mut self, now_us: u64, bps: u64) {
        self.changed_us = now_us;
        self.holds = false;
        if bps as f64 > self.rate_bps {
            self.rate_bps = bps as f64;
            if self.capacity.is_some_and(|capacity| self.rate_bps > capacity.bounds_bps().1) {
                self.capacity = None;
            }
        }
    }

    /// Loss, or a peer's own estimate, allows no more than `bps`.
    pub fn limited(&mut self, bps: u64) {
        self.rate_bps = self.rate_bps.min(bps as f64);
    }

    /// What the delay says now, and what comes through; true when the rate fell.
    pub fn update(&mut self, now_us: u64, usage: Usage, through: Through, round_trip_us: u64) -> bool {
        let passed_us = (now_us - self.changed_us).min(STEP_MAX_US);
        match usage {
            Usage::Over => return self.decrease(now_us, through, round_trip_us),
            Usage::Under => self.holds = true,
            Usage::Normal if self.holds => self.holds = false,
            Usage::Normal => self.increase(passed_us as f64 / 1e6, through, round_trip_us),
        }
        self.changed_us = now_us;
        false
    }

    fn decrease(&mut self, now_us: u64, through: Through, round_trip_us: u64) -> bool {
        let wait_us = round_trip_us.clamp(10_000, 200_000) + REACTION_US;
        if self.decreased_us.is_some_and(|at_us| now_us - at_us < wait_us) {
            return false;
        }
        let Some(recent_bps) = through.recent_bps else { return false };
        let recent_bps = recent_bps as f64;
        if self.capacity.is_some_and(|capacity| recent_bps < capacity.bounds_bps().0) {
            self.capacity = None;
        }
        self.capacity = Some(Capacity::seen(self.capacity, recent_bps));
        let before_bps = self.rate_bps;
        self.rate_bps = self.rate_bps.min(DECREASE * recent_bps);
        (self.changed_us, self.decreased_us, self.holds) = (now_us, Some(now_us), true);
        self.rate_bps < before_bps
    }

    fn increase(&mut self, passed_s: f64, through: Through, round_trip_us: u64) {
        let Some(through_bps) = through.bps else { return };
        let most_bps = AHEAD * through_bps as f64 + AHEAD_BPS;
        if self.capacity.is_some_and(|capacity| through_bps as f64 > capacity.bounds_bps().1) {
            self.capacity = None;
        }
        let grown_bps = match self.capacity {
            Some(_) => {
                let response_s = (round_trip_us + REACTION_US) as f64 / 1e6;
                self.rate_bps + (PACKET_BITS / response_s).max(ADDITIVE_MIN_BPS) * passed_s
            }
            None => self.rate_bps * GROWTH_PER_S.powf(passed_s) + 1_000.0 * passed_s,
        };
        self.rate_bps = self.rate_bps.max(grown_bps.min(most_bps));
    }
}

/// What came through, over half a second and over the last fifth of one.
#[derive(Clone, Copy, Debug, Default)]
pub struct Through {
    pub bps: Option<u64>,
    pub recent_bps: Option<u64>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn through(bps: u64) -> Through {
        Through { bps: Some(bps), recent_bps: Some(bps) }
    }

    #[test]
    fn it_grows_by_8_percent_a_second_up_to_half_more_than_comes_through() {
        let mut aimd = Aimd::new(0, 1_000_000);
        (1..=20).for_each(|step| assert!(!aimd.update(step * 50_000, Usage::Normal, through(1_000_000), 50_000)));
        assert!((1_070_000..1_090_000).contains(&aimd.rate_bps()), "{}", aimd.rate_bps());
        (21..=800).for_each(|step| assert!(!aimd.update(step * 50_000, Usage::Normal, through(1_000_000), 50_000)));
        assert_eq!(aimd.rate_bps(), 1_510_000);
    }

    #[test]
    fn overuse_takes_it_below_what_comes_through_once_per_reaction() {
        let mut aimd = Aimd::new(0, 2_000_000);
        assert!(aimd.update(50_000, Usage::Over, through(1_000_000), 50_000));
        assert_eq!(aimd.rate_bps(), 850_000);
        assert!(!aimd.update(100_000, Usage::Over, through(500_000), 50_000));
        assert!(aimd.update(250_000, Usage::Over, through(500_000), 50_000));
        assert_eq!(aimd.rate_bps(), 425_000);
    }

    #[test]
    fn near_the_capacity_that_it_knows_it_grows_by_a_packet_per_response() {
        let mut aimd = Aimd::new(0, 2_000_000);
        aimd.update(50_000, Usage::Over, through(1_000_000), 100_000);
        aimd.update(100_000, Usage::Under, through(1_000_000), 100_000);
        let held_bps = aimd.rate_bps();
        aimd.update(150_000, Usage::Normal, through(850_000), 100_000);
        assert_eq!(aimd.rate_bps(), held_bps);
        (4..=23).for_each(|step| assert!(!aimd.update(step * 50_000, Usage::Normal, through(850_000), 100_000)));
        assert!((44_000..52_000).contains(&(aimd.rate_bps() - held_bps)), "{}", aimd.rate_bps() - held_bps);
    }

    #[test]
    fn a_probe_raises_it_and_never_lowers_it() {
        let mut aimd = Aimd::new(0, 500_000);
        aimd.probed(0, 2_000_000);
        aimd.probed(0, 1_000_000);
        assert_eq!(aimd.rate_bps(), 2_000_000);
    }
}
