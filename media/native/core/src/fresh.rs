//! Packets that came and have not gone to all who follow their layer.
//!
//! They go out follower by follower, not packet by packet: then a frame is one run for each viewer
//! however many there are, and what was written is still in the cache when it is sealed and sent.

use crate::layers::Layer;
use crate::slab::Key;

#[derive(Clone, Copy)]
struct Came {
    picture: bool,
    layer: Key<Layer>,
    order: usize,
    index: i64,
}

/// What one batch brought. Its room stays for the next one.
#[derive(Default)]
pub struct Fresh {
    packets: Vec<Came>,
    sorted: bool,
    /// Packets that went to everybody, and followers of the next ones' layer that they went to.
    done: usize,
    pub follower: usize,
}

impl Fresh {
    /// A packet of `layer` came, and is in its ring.
    pub fn push(&mut self, layer: Key<Layer>, picture: bool, index: i64) {
        debug_assert!((self.done, self.follower) == (0, 0), "the batch before goes out first");
        self.packets.push(Came { picture, layer, order: self.packets.len(), index });
        self.sorted = false;
    }

    /// The layer whose packets go next: sounds first.
    pub fn layer(&mut self) -> Option<Key<Layer>> {
        if !self.sorted {
            self.packets.sort_unstable_by_key(|came| (came.picture, came.layer.row(), came.order));
            self.sorted = true;
        }
        Some(self.packets.get(self.done)?.layer)
    }

    /// Its packets' indexes, in the order in which they came.
    pub fn indexes(&self) -> impl Iterator<Item = i64> {
        let packets = self.packets.get(self.done..).unwrap_or_default();
        let layer = packets.first().map(|came| came.layer);
        packets.iter().take_while(move |came| Some(came.layer) == layer).map(|came| came.index)
    }

    /// They went to everybody.
    pub fn advance(&mut self) {
        self.done += self.indexes().count().max(1);
        self.follower = 0;
        if self.done >= self.packets.len() {
            self.packets.clear();
            self.done = 0;
        }
    }
}
