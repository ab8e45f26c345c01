//! Whether a queue grows on the way: packet groups, trendline, overuse
//! (draft-ietf-rmcat-gcc-02 sections 5.2 to 5.4, with the slope of the delay in place of its Kalman filter).

/// Packets that leave within this time are one group,
const GROUP_US: u64 = 5_000;
/// and so are those that pile up before the bottleneck and come out of it in a burst.
const BURST_GAP_US: i64 = 5_000;
const BURST_US: i64 = 100_000;
/// Groups that the slope is taken over.
const WINDOW: usize = 20;
/// What remains of the smoothed delay at each group.
const SMOOTHING: f64 = 0.9;
const GAIN: f64 = 4.0;
/// The slope counts by how many groups there were, up to this number.
const DELTAS_MAX: f64 = 60.0;
/// Where a queue stands, no packet comes through as fast as one did lately: by so much the fastest of the
/// last groups is later, or by twice the jitter if that is more. Jitter alone lets one through.
const STANDING_US: (i64, i64) = (15_000, 40_000);
/// What remains of the mean jitter at each group.
const JITTER_SMOOTHING: f64 = 0.998;
/// Groups of which the fastest counts; for what no jitter does, fewer are enough.
const FLOOR_OF: usize = 12;
const DEEP_US: i64 = 80_000;
const DEEP_OF: usize = 4;
/// "Lately" is this time and the one before.
const LATELY_US: i64 = 10_000_000;
/// Overuse must last so long.
const OVERUSE_MS: f64 = 10.0;
const THRESHOLD_MS: f64 = 12.5;
const THRESHOLDS_MS: (f64, f64) = (6.0, 600.0);
/// How fast the threshold follows the slope up and down, per ms (section 5.4).
const THRESHOLD_UP: f64 = 0.0087;
const THRESHOLD_DOWN: f64 = 0.039;
/// A slope that much over the threshold is a jump of the route and doesn't move the threshold.
const OUTLIER_MS: f64 = 15.0;
const STEP_MAX_MS: f64 = 100.0;
/// Without a packet for so long, what came before says nothing any more.
const PAUSE_US: u64 = 1_000_000;

/// What the delay says of the link.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Usage {
    #[default]
    Normal,
    /// A queue grows.
    Over,
    /// A queue drains.
    Under,
}

#[derive(Clone, Copy)]
struct Group {
    first_sent_us: u64,
    last_sent_us: u64,
    first_arrival_us: i64,
    last_arrival_us: i64,
}

#[derive(Clone, Copy, Default)]
struct Point {
    at_ms: f64,
    delay_ms: f64,
}

/// Follows one viewer's packets through the link.
pub struct Trend {
    group: Option<Group>,
    before: Option<Group>,
    began_us: i64,
    points: [Point; WINDOW],
    count: usize,
    delay_ms: f64,
    smoothed_ms: f64,
    threshold_ms: f64,
    slope: f64,
    over_ms: f64,
    judged_ms: Option<f64>,
    usage: Usage,
    floor: Floor,
}

impl Default for Trend {
    fn default() -> Self {
        Self {
            group: None,
            before: None,
            began_us: 0,
            points: [Point::default(); WINDOW],
            count: 0,
            delay_ms: 0.0,
            smoothed_ms: 0.0,
            threshold_ms: THRESHOLD_MS,
            slope: 0.0,
            over_ms: 0.0,
            judged_ms: None,
            usage: Usage::Normal,
            floor: Floor::default(),
        }
    }
}

/// How long packets take at least, by the peer's clock: now, and lately.
struct Floor {
    newest_us: [i64; FLOOR_OF],
    count: usize,
    least_us: [i64; 2],
    turned_us: i64,
    /// By so much packets are later than the fastest, on average.
    jitter_us: f64,
}

impl Default for Floor {
    fn default() -> Self {
        Self { newest_us: [i64::MAX; FLOOR_OF], count: 0, least_us: [i64::MAX; 2], turned_us: 0, jitter_us: 0.0 }
    }
}

impl Floor {
    fn came(&mut self, arrival_us: i64, way_us: i64) {
        self.newest_us[self.count % FLOOR_OF] = way_us;
        self.count += 1;
        if arrival_us - self.turned_us > LATELY_US {
            (self.least_us, self.turned_us) = ([i64::MAX, self.least_us[0]], arrival_us);
        }
        self.least_us[0] = self.least_us[0].min(way_us);
        let keeps = JITTER_SMOOTHING.min(1.0 - 1.0 / self.count as f64);
        self.jitter_us = keeps * self.jitter_us + (1.0 - keeps) * (way_us - self.lately_us()) as f64;
    }

    fn lately_us(&self) -> i64 {
        self.least_us[0].min(self.least_us[1])
    }

    fn is_raised(&self) -> bool {
        let lately_us = self.lately_us();
        let newest = |groups: usize| (1..=groups).map(|back| self.newest_us[(self.count + FLOOR_OF - back) % FLOOR_OF]);
        let risen_us = |groups| newest(groups).min().map_or(0, |us| us.saturating_sub(lately_us));
        let standing_us = (2.0 * self.jitter_us) as i64;
        risen_us(FLOOR_OF) > standing_us.clamp(STANDING_US.0, STANDING_US.1) || risen_us(DEEP_OF) > DEEP_US
    }
}

impl Trend {
    pub fn usage(&self) -> Usage {
        self.usage
    }

    /// By so much packets are later than the fastest one, on average.
    pub fn jitter_us(&self) -> u64 {
        self.floor.jitter_us as u64
    }

    /// A packet that left at `sent_us` came at `arrival_us` of the peer's clock.
    pub fn came(&mut self, sent_us: u64, arrival_us: i64) {
        let Some(group) = &mut self.group else {
            self.group = Some(Group::of(sent_us, arrival_us));
            return;
        };
        if sent_us < group.last_sent_us {
            return; // overtaken, and told of late: its group is judged already
        }
        if sent_us.saturating_sub(group.last_sent_us) > PAUSE_US {
            *self = Self {
                threshold_ms: self.threshold_ms,
                floor: std::mem::take(&mut self.floor),
                group: Some(Group::of(sent_us, arrival_us)),
                ..Self::default()
            };
            return;
        }
        if group.takes(sent_us, arrival_us) {
            group.last_sent_us = group.last_sent_us.max(sent_us);
            group.last_arrival_us = group.last_arrival_us.max(arrival_us);
            return;
        }
        let whole = *group;
        self.group = Some(Group::of(sent_us, arrival_us));
        if let Some(before) = self.before.replace(whole) {
            self.judge(before, whole);
        }
    }

    fn judge(&mut self, before: Group, group: Group) {
        let sent_ms = (group.last_sent_us - before.last_sent_us) as f64 / 1e3;
        let came_ms = (group.last_arrival_us - before.last_arrival_us) as f64 / 1e3;
        if came_ms < 0.0 {
            return;
        }
        self.floor.came(group.first_arrival_us, group.first_arrival_us - group.first_sent_us as i64);
        if self.count == 0 {
            self.began_us = group.last_arrival_us;
        }
        self.delay_ms += came_ms - sent_ms;
        self.smoothed_ms = SMOOTHING * self.smoothed_ms + (1.0 - SMOOTHING) * self.delay_ms;
        let at_ms = (group.last_arrival_us - self.began_us) as f64 / 1e3;
        self.points[self.count % WINDOW] = Point { at_ms, delay_ms: self.smoothed_ms };
        self.count += 1;
        let slope = if self.count < WINDOW { self.slope } else { slope_of(&self.points).unwrap_or(self.slope) };
        self.detect(slope, sent_ms, at_ms);
    }

    fn detect(&mut self, slope: f64, sent_ms: f64, at_ms: f64) {
        let trend_ms = (self.count as f64).min(DELTAS_MAX) * slope * GAIN;
        if trend_ms > self.threshold_ms {
            self.over_ms += if self.over_ms == 0.0 { sent_ms / 2.0 } else { sent_ms };
            if self.over_ms > OVERUSE_MS && slope >= self.slope && self.floor.is_raised() {
                self.usage = Usage::Over;
                self.over_ms = f64::MIN_POSITIVE;
            }
        } else {
            self.over_ms = 0.0;
            self.usage = if trend_ms < -self.threshold_ms { Usage::Under } else { Usage::Normal };
        }
        self.slope = slope;
        self.follow(trend_ms, at_ms);
    }

    fn follow(&mut self, trend_ms: f64, at_ms: f64) {
        let since_ms =
            self.judged_ms.replace(at_ms).map_or(0.0, |judged_ms| (at_ms - judged_ms).clamp(0.0, STEP_MAX_MS));
        if trend_ms.abs() > self.threshold_ms + OUTLIER_MS {
            return;
        }
        let rate = if trend_ms.abs() < self.threshold_ms { THRESHOLD_DOWN } else { THRESHOLD_UP };
        self.threshold_ms += rate * (trend_ms.abs() - self.threshold_ms) * since_ms;
        self.threshold_ms = self.threshold_ms.clamp(THRESHOLDS_MS.0, THRESHOLDS_MS.1);
    }
}

impl Group {
    fn of(sent_us: u64, arrival_us: i64) -> Self {
        Self {
            first_sent_us: sent_us,
            last_sent_us: sent_us,
            first_arrival_us: arrival_us,
            last_arrival_us: arrival_us,
        }
    }

    fn takes(&self, sent_us: u64, arrival_us: i64) -> bool {
        let sent_later_us = sent_us.saturating_sub(self.last_sent_us) as i64;
        let came_later_us = arrival_us - self.last_arrival_us;
        sent_us - self.first_sent_us <= GROUP_US
            || (came_later_us < sent_later_us
                && came_later_us <= BURST_GAP_US
                && arrival_us - self.first_arrival_us < BURST_US)
    }
}

/// Of the line through the points (least squares), ms of delay per ms; `None` when they are all at one time.
fn slope_of(points: &[Point]) -> Option<f64> {
    let count = points.len() as f64;
    let mean_at = points.iter().map(|point| point.at_ms).sum::<f64>() / count;
    let mean_delay = points.iter().map(|point| point.delay_ms).sum::<f64>() / count;
    let over: f64 = points.iter().map(|point| (point.at_ms - mean_at) * (point.delay_ms - mean_delay)).sum();
    let under: f64 = points.iter().map(|point| (point.at_ms - mean_at).powi(2)).sum();
    (under > 0.0).then(|| over / under)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Groups every 10 ms whose delay grows by `grows_us` each.
    fn run(trend: &mut Trend, groups: u64, from: u64, mut delay_us: i64, grows_us: i64) -> i64 {
        for group in from..from + groups {
            delay_us += grows_us;
            trend.came(group * 10_000, group as i64 * 10_000 + delay_us);
        }
        delay_us
    }

    #[test]
    fn a_queue_that_grows_is_overuse_and_one_that_drains_is_underuse() {
        let mut trend = Trend::default();
        let delay_us = run(&mut trend, 50, 0, 20_000, 0);
        assert_eq!(trend.usage(), Usage::Normal);
        let delay_us = run(&mut trend, 30, 50, delay_us, 2_000);
        assert_eq!(trend.usage(), Usage::Over);
        let delay_us = run(&mut trend, 25, 80, delay_us, -2_000);
        assert_eq!(trend.usage(), Usage::Under);
        run(&mut trend, 60, 105, delay_us, 0);
        assert_eq!(trend.usage(), Usage::Normal);
    }

    #[test]
    fn a_wrong_clock_of_the_peer_is_no_queue() {
        let mut trend = Trend::default();
        run(&mut trend, 500, 0, 0, 2); // 200 ppm
        assert_eq!(trend.usage(), Usage::Normal);
    }

    #[test]
    fn jitter_is_no_queue() {
        let mut trend = Trend::default();
        let mut seed = 1u32;
        for group in 0..2_000u64 {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let jitter_us = i64::from(seed >> 16) % 8_000;
            trend.came(group * 10_000, group as i64 * 10_000 + jitter_us);
            assert_ne!((trend.usage(), group > 100), (Usage::Over, true), "group {group}");
        }
    }

    #[test]
    fn after_a_pause_it_begins_anew() {
        let mut trend = Trend::default();
        run(&mut trend, 100, 0, 0, 2_000);
        assert_eq!(trend.usage(), Usage::Over);
        trend.came(5_000_000, 5_700_000);
        assert_eq!(trend.usage(), Usage::Normal);
    }
}
