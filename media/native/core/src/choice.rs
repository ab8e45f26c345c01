//! Which of a track's layers a viewer gets: by what it displays, and by what its line carries.

use crate::layers::{Layer, TEMPORAL_MAX};
use crate::slab::Key;

/// The smallest layer at least `height` px high, else the largest; `None` asks for the largest.
pub fn best_layer<'a>(
    layers: impl Iterator<Item = (Key<Layer>, &'a Layer)>,
    height: Option<u32>,
) -> Option<Key<Layer>> {
    let enough = |layer: &Layer| height.is_some_and(|height| layer.height() >= height);
    let rank = |layer: &Layer| {
        let size = (i64::from(layer.height()), layer.bitrate_bps as i64);
        // Among those that are high enough the smallest wins, among the others the largest.
        if enough(layer) { (true, -size.0, -size.1) } else { (false, size.0, size.1) }
    };
    layers.max_by_key(|(_, layer)| rank(layer)).map(|(key, _)| key)
}

/// A layer with its temporal layers up to `temporal`; `u8::MAX` for all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    pub layer: Key<Layer>,
    pub temporal: u8,
}

/// What a viewer's line leaves of a picture.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Fit {
    /// Nothing is known to limit it.
    #[default]
    Whole,
    Step(Step),
    /// Not even the smallest layer.
    Nothing,
}

/// The steps up to a picture and what each costs, all headers included, none less than the one before.
#[derive(Default)]
pub struct Ladder {
    pub steps: Vec<Step>,
    pub costs_bps: Vec<u64>,
}

impl Ladder {
    fn push(&mut self, layer: Key<Layer>, temporal: u8, cost_bps: u64) {
        self.steps.push(Step { layer, temporal });
        self.costs_bps.push(cost_bps);
    }

    fn pop(&mut self) {
        self.steps.pop();
        self.costs_bps.pop();
    }

    /// Whether `cost_bps` is worth a step of its own.
    fn is_far(&self, cost_bps: u64) -> bool {
        self.costs_bps.last().is_none_or(|&last_bps| cost_bps * STEP.1 >= last_bps * STEP.0)
    }

    /// Where `fit` stands on it.
    pub fn place(&self, fit: Fit) -> Option<usize> {
        match fit {
            Fit::Whole => self.steps.len().checked_sub(1),
            Fit::Step(step) => self.steps.iter().position(|&known| known == step),
            Fit::Nothing => None,
        }
    }
}

/// Fewer frames are worth a step only where they save a fifth.
const STEP: (u64, u64) = (5, 4);

/// The steps up to the layer that a viewer of `height` would get.
pub fn ladder<'a>(layers: impl Iterator<Item = (Key<Layer>, &'a Layer)>, height: Option<u32>) -> Ladder {
    let mut offered: Vec<_> = layers.collect();
    let best = best_layer(offered.iter().copied(), height);
    let top = offered.iter().find(|&&(key, _)| Some(key) == best).map_or(0, |(_, layer)| layer.height());
    offered.retain(|(_, layer)| layer.height() <= top);
    offered.sort_by_key(|(_, layer)| (layer.height(), layer.bitrate_bps));
    let mut ladder = Ladder::default();
    for (layer, known) in offered {
        let whole_bps = known.temporal_bps[TEMPORAL_MAX - 1];
        for (temporal, &cost_bps) in known.temporal_bps.iter().enumerate() {
            if (1..whole_bps).contains(&cost_bps) && ladder.is_far(cost_bps) {
                ladder.push(layer, temporal as u8, cost_bps);
            }
        }
        if ladder.steps.last().is_some_and(|last| last.layer == layer) && !ladder.is_far(whole_bps) {
            ladder.pop();
        }
        if ladder.costs_bps.last().is_none_or(|&last_bps| whole_bps >= last_bps) {
            ladder.push(layer, u8::MAX, whole_bps);
        }
    }
    ladder
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codecs::Size;
    use crate::model::Kind;
    use crate::slab::Slab;

    /// Layers of these heights, each with the cost of its temporal layers.
    fn layers(known: &[(u16, [u64; TEMPORAL_MAX])]) -> (Slab<Layer>, Vec<Key<Layer>>) {
        let (mut slab, publications) = (Slab::default(), &mut Slab::default());
        let publication =
            publications.insert(crate::publication::Publication::new(&"house:camera".into(), &"p".into(), &[], None));
        let payloads = Vec::new().into();
        let keys = known.iter().map(|&(height, temporal_bps)| {
            let mut layer = Layer::new(publication, &"house:camera".into(), (Kind::Video, &payloads), 1, "", false);
            layer.size = Some(Size { width: height * 2, height });
            layer.bitrate_bps = temporal_bps[TEMPORAL_MAX - 1];
            layer.temporal_bps = temporal_bps;
            slab.insert(layer)
        });
        let keys = keys.collect();
        (slab, keys)
    }

    #[test]
    fn the_smallest_layer_that_is_high_enough_is_best_or_else_the_largest() {
        let (slab, keys) = layers(&[(360, [5; 4]), (180, [2; 4]), (720, [9; 4])]);
        let best = |height| best_layer(slab.iter(), height);
        assert_eq!(best(Some(300)), Some(keys[0]));
        assert_eq!(best(Some(180)), Some(keys[1]));
        assert_eq!(best(Some(1080)), Some(keys[2]));
        assert_eq!(best(None), Some(keys[2]));
    }

    #[test]
    fn a_ladder_climbs_by_temporal_layers_and_layers_up_to_what_is_displayed() {
        let (slab, keys) = layers(&[(180, [100, 150, 150, 150]), (360, [250, 400, 500, 500]), (720, [2_000; 4])]);
        let ladder = ladder(slab.iter(), Some(360));
        assert_eq!(ladder.costs_bps, [100, 150, 250, 400, 500]);
        let step = |at: usize, temporal| Step { layer: keys[at], temporal };
        assert_eq!(ladder.steps, [step(0, 0), step(0, u8::MAX), step(1, 0), step(1, 1), step(1, u8::MAX)]);
        assert_eq!(ladder.place(Fit::Whole), Some(4));
        assert_eq!(ladder.place(Fit::Step(step(1, 0))), Some(2));
        assert_eq!(ladder.place(Fit::Nothing), None);
    }

    #[test]
    fn fewer_frames_are_no_step_where_they_save_little() {
        let (slab, keys) = layers(&[(360, [450, 500, 500, 500])]);
        let ladder = ladder(slab.iter(), None);
        assert_eq!(ladder.steps, [Step { layer: keys[0], temporal: u8::MAX }]);
    }
}
