//! Which pictures fit through a link: an estimate divided over a viewer's slots.

/// A step up must fit with this much to spare, so that it need not be taken back at once.
const UP: f64 = 1.1;
/// A step that is in force may stay until the estimate is this much too small.
const STAY: f64 = 0.95;

/// One picture slot of a viewer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ask<'a> {
    /// What each step up costs, all headers included, ascending: layers no higher than is displayed.
    pub rungs_bps: &'a [u64],
    /// The step in force, `None` for no picture.
    pub now: Option<usize>,
    /// Displayed height in px: larger pictures come first.
    pub height: u32,
    /// The answer: the step that fits, `None` when not even the first one does.
    pub fits: Option<usize>,
}

/// Decide all slots of a viewer on a link of `estimate_bps` of which `reserved_bps` (sound) are spent.
///
/// Everybody gets a first step before anybody gets a second one, the largest picture first.
/// Returns what the next step up of any slot would need in all, 0 when everything fits.
pub fn divide(estimate_bps: u64, reserved_bps: u64, asks: &mut [Ask<'_>]) -> u64 {
    asks.sort_by_key(|ask| std::cmp::Reverse(ask.height));
    asks.iter_mut().for_each(|ask| ask.fits = None);
    let (mut spent_bps, mut wanted_bps) = (reserved_bps, 0u64);
    let rounds = asks.iter().map(|ask| ask.rungs_bps.len()).max().unwrap_or(0);
    for round in 0..rounds {
        for ask in asks.iter_mut() {
            let held = round.checked_sub(1);
            let Some(&cost_bps) = ask.rungs_bps.get(round).filter(|_| ask.fits == held) else { continue };
            let step_bps = cost_bps.saturating_sub(held.map_or(0, |held| ask.rungs_bps[held]));
            let margin = if ask.now >= Some(round) { STAY } else { UP };
            let needed_bps = ((spent_bps + step_bps) as f64 * margin) as u64;
            if needed_bps <= estimate_bps {
                ask.fits = Some(round);
                spent_bps += step_bps;
            } else if wanted_bps == 0 {
                wanted_bps = needed_bps;
            }
        }
    }
    wanted_bps
}

#[cfg(test)]
mod tests {
    use super::*;

    const LADDER: [u64; 3] = [150_000, 400_000, 1_500_000];

    fn ask(now: Option<usize>, height: u32) -> Ask<'static> {
        Ask { rungs_bps: &LADDER, now, height, fits: None }
    }

    #[test]
    fn the_best_that_fits_is_taken_and_the_next_is_wanted() {
        let mut asks = [ask(None, 720)];
        assert_eq!(divide(600_000, 50_000, &mut asks), 1_705_000);
        assert_eq!(asks[0].fits, Some(1));
        assert_eq!(divide(2_000_000, 50_000, &mut asks), 0);
        assert_eq!(asks[0].fits, Some(2));
    }

    #[test]
    fn a_step_in_force_stays_where_it_would_not_be_taken() {
        let mut asks = [ask(Some(1), 720)];
        divide(440_000, 50_000, &mut asks);
        assert_eq!(asks[0].fits, Some(1));
        divide(420_000, 50_000, &mut asks);
        assert_eq!(asks[0].fits, Some(0));
        let mut anew = [ask(Some(0), 720)];
        divide(440_000, 50_000, &mut anew);
        assert_eq!(anew[0].fits, Some(0));
    }

    #[test]
    fn below_the_lowest_there_is_no_picture_and_the_lowest_is_wanted() {
        let mut asks = [ask(Some(0), 720)];
        assert_eq!(divide(100_000, 50_000, &mut asks), 190_000);
        assert_eq!(asks[0].fits, None);
    }

    #[test]
    fn all_get_a_picture_before_the_largest_gets_a_better_one() {
        let mut asks = [ask(None, 180), ask(None, 720), ask(None, 360)];
        divide(900_000, 50_000, &mut asks);
        let fits: Vec<_> = asks.iter().map(|ask| (ask.height, ask.fits)).collect();
        assert_eq!(fits, [(720, Some(1)), (360, Some(0)), (180, Some(0))]);
    }
}
