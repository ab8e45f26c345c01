//! What a viewer's line leaves of a slot's picture.

use super::Slot;
use crate::choice::{Fit, Step};

/// A line must seem too narrow for the smallest picture for so long before it is taken away.
const NARROW_US: u64 = 3_000_000;

impl Slot {
    /// What to make of the step that fits (`None`: nothing is known to limit it). A line that seems too
    /// narrow for any picture is given time to show better.
    pub fn fit_of(&mut self, now_us: u64, fits: Option<Option<usize>>, steps: &[Step]) -> Fit {
        let fits = fits.unwrap_or(Some(steps.len()));
        let fit = match fits {
            Some(place) if place + 1 >= steps.len() => Fit::Whole,
            Some(place) => Fit::Step(steps[place]),
            None => {
                let since_us = *self.narrow_since_us.get_or_insert(now_us);
                let first = if steps.len() > 1 { Fit::Step(steps[0]) } else { Fit::Whole };
                if self.fit == Fit::Nothing || now_us - since_us >= NARROW_US { Fit::Nothing } else { first }
            }
        };
        if fits.is_some() {
            self.narrow_since_us = None;
        }
        self.temporal_wanted = if let Fit::Step(step) = fit { step.temporal } else { u8::MAX };
        fit
    }
}
