//! The rate that loss allows (draft-ietf-rmcat-gcc-02 section 6): little loss is the link's nature, much is ours.

/// Loss below is nothing, above is congestion; between the two the limit stays.
const LITTLE: f64 = 0.02;
const MUCH: f64 = 0.10;
const GROWTH_PER_S: f64 = 1.08;
/// A share counts once so many packets, or so much time, made it: fewer tell chance from congestion badly.
const PACKETS_MIN: u32 = 60;
const TIME_US: u64 = 1_000_000;
/// Time that passes until a decrease shows, beside the round trip.
const REACTION_US: u64 = 300_000;
/// How much of the smoothed share is old.
const SMOOTHING: f64 = 0.6;
/// A limit so far above the rate is none.
const FAR: f64 = 2.0;

/// What one viewer's loss allows.
#[derive(Default)]
pub struct Loss {
    limit_bps: Option<f64>,
    expected: u32,
    missing: u32,
    since_us: u64,
    decreased_us: Option<u64>,
    /// Of the packets of the last second or two: a burst alone is no congestion.
    share: f64,
}

impl Loss {
    /// The most that loss allows, `None` while it limits nothing.
    pub fn limit_bps(&self) -> Option<u64> {
        self.limit_bps.map(|bps| bps as u64)
    }

    pub fn share(&self) -> f64 {
        self.share
    }

    /// A probe of `bps` came through: loss allows it.
    pub fn probed(&mut self, bps: u64) {
        self.limit_bps = self.limit_bps.map(|limit_bps| limit_bps.max(bps as f64));
    }

    /// The rate fell for the delay's sake: the loss that the same queue made must not take it down again.
    pub fn excused(&mut self, now_us: u64) {
        self.decreased_us = Some(now_us);
    }

    /// `missing` of `expected` packets did not come; `rate_bps` is the rate in force.
    pub fn told(&mut self, now_us: u64, expected: u32, missing: u32, rate_bps: u64, round_trip_us: u64) {
        self.expected += expected;
        self.missing += missing.min(expected);
        let passed_us = now_us - self.since_us;
        if self.expected < PACKETS_MIN && passed_us < TIME_US || self.expected == 0 {
            return;
        }
        let share = f64::from(self.missing) / f64::from(self.expected);
        (self.expected, self.missing, self.since_us) = (0, 0, now_us);
        self.share = SMOOTHING * self.share + (1.0 - SMOOTHING) * share;
        self.judge(now_us, share, rate_bps as f64, round_trip_us, passed_us.min(1_000_000) as f64 / 1e6);
    }

    /// The same by a receiver report, whose share is that of a second or more.
    pub fn reported(&mut self, now_us: u64, share: f64, rate_bps: u64, round_trip_us: u64) {
        let passed_us = now_us - self.since_us;
        self.since_us = now_us;
        self.share = share;
        self.judge(now_us, share, rate_bps as f64, round_trip_us, passed_us.min(2_000_000) as f64 / 1e6);
    }

    fn judge(&mut self, now_us: u64, share: f64, rate_bps: f64, round_trip_us: u64, passed_s: f64) {
        let wait_us = REACTION_US + round_trip_us;
        if self.share > MUCH && share > MUCH {
            if self.decreased_us.is_none_or(|at_us| now_us - at_us >= wait_us) {
                self.decreased_us = Some(now_us);
                self.limit_bps = Some(rate_bps * (1.0 - 0.5 * share));
            }
        } else if share < LITTLE {
            let grown_bps = self.limit_bps.map(|bps| bps * GROWTH_PER_S.powf(passed_s) + 1_000.0 * passed_s);
            self.limit_bps = grown_bps.filter(|&bps| bps < FAR * rate_bps);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_percent_limits_nothing_and_a_fifth_takes_a_tenth() {
        let mut loss = Loss::default();
        loss.told(1_000_000, 100, 2, 1_000_000, 50_000);
        assert_eq!(loss.limit_bps(), None);
        loss.told(2_000_000, 100, 20, 1_000_000, 50_000);
        assert_eq!(loss.limit_bps(), None, "a burst");
        loss.told(3_000_000, 100, 20, 1_000_000, 50_000);
        assert_eq!(loss.limit_bps(), Some(900_000));
    }

    #[test]
    fn it_falls_once_per_reaction_and_holds_at_five_percent() {
        let mut loss = Loss::default();
        for at_us in [900_000, 1_000_000, 1_100_000, 1_200_000] {
            loss.told(at_us, 100, 20, 1_000_000, 50_000);
        }
        loss.told(1_250_000, 100, 5, 900_000, 50_000);
        assert_eq!(loss.limit_bps(), Some(900_000));
        loss.told(1_400_000, 100, 20, 900_000, 50_000);
        assert_eq!(loss.limit_bps(), Some(810_000));
    }

    #[test]
    fn loss_of_a_queue_that_was_answered_already_is_excused() {
        let mut loss = Loss::default();
        loss.told(900_000, 100, 50, 1_000_000, 50_000);
        let limit_bps = loss.limit_bps();
        loss.excused(1_300_000);
        loss.told(1_400_000, 100, 50, 1_000_000, 50_000);
        assert_eq!(loss.limit_bps(), limit_bps);
        loss.told(1_700_000, 100, 50, 700_000, 50_000);
        assert!(loss.limit_bps() < limit_bps);
    }

    #[test]
    fn a_few_packets_are_no_share() {
        let mut loss = Loss::default();
        loss.told(1_000, 4, 2, 1_000_000, 50_000);
        assert_eq!(loss.limit_bps(), None);
    }

    #[test]
    fn without_loss_the_limit_grows_and_goes() {
        let mut loss = Loss::default();
        loss.told(1_000_000, 100, 50, 1_000_000, 50_000);
        let limit_bps = loss.limit_bps().expect("limit");
        loss.told(2_000_000, 100, 0, 700_000, 50_000);
        assert!(loss.limit_bps() > Some(limit_bps));
        (3..20).for_each(|second| loss.told(second * 1_000_000, 100, 0, 700_000, 50_000));
        assert_eq!(loss.limit_bps(), None);
    }

    #[test]
    fn a_report_counts_as_it_is() {
        let mut loss = Loss::default();
        loss.reported(1_000_000, 0.25, 2_000_000, 50_000);
        assert_eq!(loss.limit_bps(), Some(1_750_000));
    }
}
