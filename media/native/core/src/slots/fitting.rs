//! What a viewer's line leaves of a slot's picture.

use super::Slot;
use crate::choice::{Fit, Step};

/// A line must seem too narrow for the smallest picture for so long before it is taken away.
const NARROW_US: u64 = 3_000_000;
/// A better picture that had to be taken back within this was more than the line carries:
const TRIAL_US: u64 = 5_000_000;
/// the next one is tried after so long, and twice as long each time, up to the second.
const HOLD_US: (u64, u64) = (2_000_000, 8_000_000);

/// When the next better picture may be tried.
#[derive(Clone, Copy, Default)]
pub(super) struct Climb {
    up_us: Option<u64>,
    hold_us: u64,
    until_us: u64,
}

impl Climb {
    /// The place that is taken, of the one in force and the one that fits.
    fn place(&mut self, now_us: u64, now: usize, fits: usize) -> usize {
        let tried = self.up_us.is_some_and(|up_us| now_us - up_us < TRIAL_US);
        if fits > now && now_us >= self.until_us {
            self.up_us = Some(now_us);
            return fits;
        }
        if fits < now && tried {
            self.hold_us = (2 * self.hold_us).clamp(HOLD_US.0, HOLD_US.1);
            (self.up_us, self.until_us) = (None, now_us + self.hold_us);
        } else if !tried && self.up_us.take().is_some() {
            self.hold_us = 0; // it lasted
        }
        fits.min(now)
    }
}

impl Slot {
    /// What to make of the step that fits (`None`: nothing is known to limit it), where `now` is in force. A line
    /// that seems too narrow for any picture is given time to show better.
    pub fn fit_of(&mut self, now_us: u64, fits: Option<Option<usize>>, now: Option<usize>, steps: &[Step]) -> Fit {
        let fits = fits.unwrap_or(Some(steps.len()));
        let fit = match fits {
            Some(place) => {
                let place = now.map_or(place, |now| self.climb.place(now_us, now, place));
                steps.get(place).filter(|_| place + 1 < steps.len()).map_or(Fit::Whole, |&step| Fit::Step(step))
            }
            None => {
                let since_us = *self.narrow_since_us.get_or_insert(now_us);
                let first = if steps.len() > 1 { Fit::Step(steps[0]) } else { Fit::Whole };
                if self.fit == Fit::Nothing || now_us - since_us >= NARROW_US { Fit::Nothing } else { first }
            }
        };
        if fits.is_some() {
            self.narrow_since_us = None;
        }
        self.fit_temporal(fit, steps);
        fit
    }

    /// Until a smaller layer's keyframe is there, the line need not carry all of the one that is too large.
    fn fit_temporal(&mut self, fit: Fit, steps: &[Step]) {
        let place = |layer| steps.iter().position(|step| Some(step.layer) == layer);
        let (aimed, smaller) = match fit {
            Fit::Step(step) => (step.temporal, place(Some(step.layer)) < place(self.current())),
            Fit::Whole | Fit::Nothing => (u8::MAX, false),
        };
        self.temporal_aimed = aimed;
        self.temporal_wanted = if smaller { 0 } else { aimed };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_that_is_taken_back_is_tried_again_after_longer_and_longer() {
        let (mut climb, mut now_us, mut waits_s) = (Climb::default(), 0, Vec::new());
        for _ in 0..4 {
            assert_eq!(climb.place(now_us, 0, 1), 1);
            now_us += 1_000_000;
            assert_eq!(climb.place(now_us, 1, 0), 0);
            let fell_us = now_us;
            while climb.clone().place(now_us, 0, 1) == 0 {
                now_us += 100_000;
            }
            waits_s.push((now_us - fell_us) / 1_000_000);
        }
        assert_eq!(waits_s, [2, 4, 8, 8]);
    }

    #[test]
    fn a_step_that_lasted_is_forgotten_and_down_is_never_held() {
        let mut climb = Climb::default();
        assert_eq!(climb.place(0, 0, 2), 2);
        assert_eq!(climb.place(1_000_000, 2, 0), 0);
        assert_eq!(climb.place(3_000_000, 0, 1), 1);
        assert_eq!(climb.place(9_000_000, 1, 1), 1);
        assert_eq!(climb.place(9_100_000, 1, 0), 0);
        assert_eq!(climb.place(9_200_000, 0, 2), 2);
    }
}
