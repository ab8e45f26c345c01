//! Which of a track's layers a viewer gets.

use crate::layers::Layer;
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
