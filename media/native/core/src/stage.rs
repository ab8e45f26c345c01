//! Layers and slots, and what passes between them: forwarding, switches, joins.

use crate::fresh::Fresh;
use crate::layers::Layer;
use crate::links::{Link, Way};
use crate::model::{Now, SessionIndex};
use crate::outbox::Outbox;
use crate::publication::Publication;
use crate::ring::Packet;
use crate::slab::{Key, Slab};
use crate::slots::{CATCH_UP_TICKS, Slot};

/// A keyframe in the ring that is younger is burst to a new viewer instead of asking for one.
const YOUNG_US: u64 = 400_000;
/// Packets of padding that leave at once.
const PADDINGS_MAX: usize = 32;

/// Publications with their layers, and the slots that show them.
#[derive(Default)]
pub struct Stage {
    pub publications: Slab<Publication>,
    pub layers: Slab<Layer>,
    pub slots: Slab<Slot>,
    /// By session; those that play have one.
    pub links: Vec<Option<Link>>,
    /// Layers whose keyframe is wanted since the last call.
    pub asked: Vec<Key<Layer>>,
    /// What came and is still to be forwarded.
    pub fresh: Fresh,
    /// Slots that switched since the last call.
    pub switched: Vec<Key<Slot>>,
}

impl Stage {
    /// Show `layer` as soon as it can be decoded; the old one stays until then. `None`: stop.
    pub fn aim(&mut self, now: Now, slot: Key<Slot>, layer: Option<Key<Layer>>, out: &mut Outbox) {
        let Some(known) = self.slots.get(slot) else { return };
        let (waiting, current, video) = (known.waiting, known.current(), known.is_video());
        if layer.is_some() && layer == waiting {
            return;
        }
        self.stop_waiting(slot);
        let Some(layer) = layer else {
            self.detach(slot);
            return;
        };
        if Some(layer) == current {
            return;
        }
        if let (Some(aimed), Some(slot_known)) = (self.layers.get_mut(layer), self.slots.get_mut(slot)) {
            aimed.waiting.push(slot);
            slot_known.waiting = Some(layer);
            if video {
                self.begin_from_ring(now, slot, layer, out);
            }
        }
    }

    fn begin_from_ring(&mut self, now: Now, slot: Key<Slot>, key: Key<Layer>, out: &mut Outbox) {
        let Some(layer) = self.layers.get(key) else { return };
        let oldest_us = if layer.local { 0 } else { now.us.saturating_sub(YOUNG_US) };
        let Some(burst) = layer.ring.since_keyframe(oldest_us) else {
            self.want_keyframe(key);
            return;
        };
        let (frames, newest) = frames(layer, burst.clone());
        let (mut place, mut frame) = (frames, None);
        for index in burst {
            let Some(entry) = self.layers.get(key).and_then(|layer| layer.ring.get(index)).map(|packet| *packet.entry)
            else {
                continue;
            };
            if frame != Some(entry.media_timestamp) {
                frame = Some(entry.media_timestamp);
                place = place.saturating_sub(1);
                self.set_catch_up(slot, newest, place, entry.media_timestamp);
            }
            if entry.keyframe && self.slots.get(slot).is_some_and(|slot| slot.waiting == Some(key)) {
                self.switch(slot, index);
            }
            self.forward_to(now, slot, key, index, out);
        }
        if let Some(slot) = self.slots.get_mut(slot) {
            slot.catch_up = 0;
        }
    }

    /// With their own times the frames of a burst would set the receiver's clock to the oldest of them:
    /// it would show everything after as much later. So each comes just before the next, up to the newest.
    fn set_catch_up(&mut self, slot: Key<Slot>, newest: u32, place: u32, media_timestamp: u32) {
        let lead = newest.wrapping_sub(place.wrapping_mul(CATCH_UP_TICKS)).wrapping_sub(media_timestamp);
        if let Some(slot) = self.slots.get_mut(slot) {
            slot.catch_up = if lead >> 31 != 0 { 0 } else { lead };
        }
    }

    /// The awaited layer begins at its packet `index`, if that does not lie behind what was heard.
    fn switch(&mut self, slot: Key<Slot>, index: i64) {
        let Some(key) = self.slots.get(slot).and_then(|slot| slot.waiting) else { return };
        self.detach(slot);
        if self.overlaps(slot, key, index) {
            return;
        }
        self.stop_waiting(slot);
        let Self { layers, slots, switched, .. } = self;
        let (Some(layer), Some(known)) = (layers.get_mut(key), slots.get_mut(slot)) else { return };
        let Some(packet) = layer.ring.get(index) else { return };
        if known.begin(key, layer, packet) {
            layer.following.push(slot);
            switched.push(slot);
        }
    }

    fn overlaps(&self, slot: Key<Slot>, layer: Key<Layer>, index: i64) -> bool {
        let packet = self.layers.get(layer).and_then(|layer| layer.ring.get(index));
        packet.zip(self.slots.get(slot)).is_some_and(|(packet, slot)| slot.overlaps(packet.entry))
    }

    fn forward_to(&mut self, now: Now, slot: Key<Slot>, key: Key<Layer>, index: i64, out: &mut Outbox) {
        let Self { layers, slots, links, .. } = self;
        let packet = layers.get(key).and_then(|layer| layer.ring.get(index));
        if let (Some(packet), Some(slot)) = (packet, slots.get_mut(slot))
            && slot.current() == Some(key)
            && let Some(mut way) = way(links, now, slot.session(), out)
        {
            slot.forward(packet, &mut way);
        }
    }

    /// Forward what came, follower by follower. False: the outbox is heavy; once it was sent, call again.
    pub fn forward(&mut self, now: Now, out: &mut Outbox) -> bool {
        let Self { layers, slots, links, fresh, .. } = self;
        while let Some(layer) = fresh.layer() {
            let layer = layers.get(layer);
            for &slot in layer.map_or(&[][..], |layer| &layer.following[fresh.follower..]) {
                fresh.follower += 1;
                if let Some(slot) = slots.get_mut(slot)
                    && let Some(mut way) = way(links, now, slot.session(), out)
                {
                    let packets = fresh.indexes().filter_map(|index| layer?.ring.get(index));
                    packets.for_each(|packet| slot.forward(packet, &mut way));
                }
                if out.is_heavy() {
                    return false;
                }
            }
            fresh.advance();
        }
        true
    }

    /// The same to the end: before anything changes who follows what.
    pub fn forward_all(&mut self, now: Now, out: &mut Outbox) {
        while !self.forward(now, out) {}
    }

    /// Send again what a viewer's NACK names.
    pub fn repair(&mut self, now: Now, slot: Key<Slot>, seqs: impl Iterator<Item = u16>, out: &mut Outbox) {
        let Self { layers, slots, links, .. } = self;
        if let Some(slot) = slots.get_mut(slot)
            && let Some(mut way) = way(links, now, slot.session(), out)
        {
            slot.repair(seqs, layers, &mut way);
        }
    }

    /// Packets that waited for their turn, and padding that a probe of the line wants.
    pub fn release(&mut self, now: Now, to: SessionIndex, padder: Option<Key<Slot>>, out: &mut Outbox) {
        let Self { layers, slots, links, .. } = self;
        let Some(mut way) = way(links, now, to, out) else { return };
        while let Some(waiting) = way.link.next(now.us) {
            if let Some(slot) = slots.get_mut(waiting.slot) {
                slot.release(waiting.number, layers, &mut way);
            }
        }
        let mut padder = padder.and_then(|key| slots.get_mut(key));
        for _ in 0..PADDINGS_MAX {
            if way.link.estimator.owed_bytes(now.us) == 0 {
                return;
            }
            if !padder.as_mut().is_some_and(|slot| slot.pad(&mut way)) {
                way.link.estimator.nothing_to_pad(now.us);
                return;
            }
        }
    }

    /// Slots that wait begin at packet `index`; if it was repaired, what overtook it follows.
    pub fn begin_waiting(&mut self, now: Now, key: Key<Layer>, index: i64, out: &mut Outbox) {
        let Some(layer) = self.layers.get(key) else { return };
        let (waiting, highest) = (layer.waiting.clone(), layer.ring.highest());
        for slot in waiting {
            self.switch(slot, index);
            for behind in index..=highest {
                self.forward_to(now, slot, key, behind, out);
            }
        }
    }

    pub fn want_keyframe(&mut self, key: Key<Layer>) {
        if let Some(layer) = self.layers.get_mut(key) {
            layer.want_keyframe();
            self.asked.push(key);
        }
    }

    /// All who follow a layer stop; its payload type changed under them.
    pub fn cut(&mut self, key: Key<Layer>) {
        let following = self.layers.get(key).map(|layer| layer.following.clone()).unwrap_or_default();
        for slot in following {
            self.stop_waiting(slot);
            self.detach(slot);
        }
    }

    fn stop_waiting(&mut self, slot: Key<Slot>) {
        let waiting = self.slots.get_mut(slot).and_then(|slot| slot.waiting.take());
        if let Some(layer) = waiting.and_then(|key| self.layers.get_mut(key)) {
            layer.waiting.retain(|&waiting| waiting != slot);
        }
    }

    fn detach(&mut self, key: Key<Slot>) {
        let Some(slot) = self.slots.get_mut(key) else { return };
        let current = slot.current();
        slot.following = false;
        if let Some(layer) = current.and_then(|current| self.layers.get_mut(current)) {
            layer.following.retain(|&following| following != key);
        }
    }

    /// The slot's session is over. Returns how many packets it was sent again.
    pub fn drop_slot(&mut self, key: Key<Slot>) -> u64 {
        self.stop_waiting(key);
        self.detach(key);
        self.slots.remove(key).map_or(0, |slot| slot.repaired)
    }
}

fn way<'a>(links: &'a mut [Option<Link>], now: Now, to: SessionIndex, out: &'a mut Outbox) -> Option<Way<'a>> {
    let link = links.get_mut(to.0 as usize)?.as_mut()?;
    Some(Way { now_us: now.us, link, out })
}

/// How many frames a burst has, and the newest one's media time.
fn frames(layer: &Layer, burst: std::ops::RangeInclusive<i64>) -> (u32, u32) {
    let mut packets =
        burst.filter_map(|index| layer.ring.get(index)).map(|packet: Packet<'_>| packet.entry.media_timestamp);
    let Some(mut newest) = packets.next() else { return (0, 0) };
    let mut count = 1;
    for media_timestamp in packets {
        if media_timestamp != newest {
            newest = media_timestamp;
            count += 1;
        }
    }
    (count, newest)
}
