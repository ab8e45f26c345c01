//! What is due by the clock: silence noticed, requests repeated, reports written, figures counted.

use crate::feedback::REPORT_EVERY_US;
use crate::layers::{DARK_US, Layer, SILENT_US};
use crate::links::Link;
use crate::media::Media;
use crate::model::{Now, SessionIndex};
use crate::outbox::Outbox;
use crate::ring::KEPT_US;
use crate::slab::Key;
use crate::slots::Slot;
use crate::stage::Stage;

/// How often all of it is looked at.
const TICK_US: u64 = 20_000;
/// The soonest that a repeated NACK calls for.
const TICK_MIN_US: u64 = 5_000;
/// The soonest that a line is looked at again.
const LINKS_EVERY_US: u64 = 1_000;
const PEERS_EVERY_US: u64 = 100_000;
const SECOND_US: u64 = 1_000_000;
/// If the process itself stood still for so long, nobody's silence counts before it listened again.
const STALL_US: u64 = 200_000;

/// When was looked at what.
#[derive(Default)]
pub(crate) struct Watch {
    ticked_us: Option<u64>,
    awake_us: u64,
    peers_at_us: u64,
    second_at_us: u64,
    layers: Vec<Key<Layer>>,
}

impl Media {
    /// Returns when to look again.
    pub(crate) fn watch(&mut self, now: Now, out: &mut Outbox) -> u64 {
        if self.watch.ticked_us.is_none_or(|ticked_us| now.us - ticked_us > STALL_US) {
            self.watch.awake_us = now.us;
        }
        self.watch.ticked_us = Some(now.us);
        let next_us = self.watch_layers(now, out).min(self.watch_links(now, out));
        self.report_switches(now, out);
        if now.us >= self.watch.peers_at_us {
            self.watch.peers_at_us = now.us + PEERS_EVERY_US;
            self.watch_peers(now, out);
            for row in 0..self.peers.len() {
                self.fit(now, SessionIndex(row as u32), out);
            }
        }
        if now.us >= self.watch.second_at_us {
            self.watch.second_at_us = now.us + SECOND_US;
            self.second_passed(now);
        }
        next_us
    }

    fn watch_layers(&mut self, now: Now, out: &mut Outbox) -> u64 {
        let mut keys = std::mem::take(&mut self.watch.layers);
        keys.clear();
        keys.extend(self.stage.layers.iter().filter(|(_, layer)| !layer.dark).map(|(key, _)| key));
        let mut next_us = now.us + TICK_US;
        for &key in &keys {
            next_us = next_us.min(self.watch_layer(now, key, out));
        }
        self.watch.layers = keys;
        next_us.max(now.us + TICK_MIN_US)
    }

    fn watch_layer(&mut self, now: Now, key: Key<Layer>, out: &mut Outbox) -> u64 {
        let Some(layer) = self.stage.layers.get_mut(key) else { return u64::MAX };
        let silent_us = now.us.saturating_sub(layer.heard_us.max(self.watch.awake_us));
        if silent_us >= DARK_US || (layer.live && silent_us >= SILENT_US) {
            let change = self.sources.silent(key, silent_us >= DARK_US, &mut self.stage);
            self.apply(now, change, out);
            return u64::MAX;
        }
        let publication = self.stage.publications.get(layer.publication);
        let Some((session, _)) = publication.and_then(|publication| publication.session.as_ref()) else {
            return u64::MAX;
        };
        if layer.live {
            let round_trip_us = publication.and_then(|publication| publication.round_trip_us);
            self.feedback.ask_keyframe(now, *session, layer, out);
            self.feedback.ask_again(now, *session, layer, round_trip_us, out);
        }
        layer.repairs.next_due_us()
    }

    /// What waits leaves, what came is told of. Returns when there is more.
    fn watch_links(&mut self, now: Now, out: &mut Outbox) -> u64 {
        let mut next_us = u64::MAX;
        for (row, peer) in self.peers.iter_mut().enumerate() {
            let Some(peer) = peer else { continue };
            let to = SessionIndex(row as u32);
            if let Some(record) = &mut peer.arrivals {
                self.feedback.tell_arrivals(now, to, peer.media_ssrc, record, out);
                next_us = next_us.min(record.next_due_us());
            }
            let due_us =
                |stage: &Stage| stage.links.get(row).and_then(Option::as_ref).map_or(u64::MAX, Link::next_due_us);
            if due_us(&self.stage) <= now.us {
                let video = |slot: &Key<Slot>| self.stage.slots.get(*slot).is_some_and(Slot::is_video);
                let padder = peer.slots.iter().map(|&(_, slot)| slot).find(video);
                self.stage.release(now, to, padder, out);
            }
            next_us = next_us.min(due_us(&self.stage));
        }
        next_us.max(now.us + LINKS_EVERY_US)
    }

    /// A viewer learns at once how the timestamps of what it sees now map to media time.
    fn report_switches(&mut self, now: Now, out: &mut Outbox) {
        while let Some(key) = self.unreported.pop() {
            let Some(session) = self.stage.slots.get(key).map(|slot| slot.session()) else { continue };
            let Some(peer) = self.peers.get(session.0 as usize).and_then(Option::as_ref) else { continue };
            let known = (&self.stage.slots, &self.stage.layers);
            self.feedback.report_to_viewer(now, (session, &peer.cname), std::iter::once(key), known, out);
        }
    }

    fn watch_peers(&mut self, now: Now, out: &mut Outbox) {
        for (row, peer) in self.peers.iter_mut().enumerate() {
            let Some(peer) = peer.as_mut().filter(|peer| peer.joined && now.us >= peer.report_at_us) else { continue };
            peer.report_at_us = now.us + REPORT_EVERY_US;
            let to = (SessionIndex(row as u32), peer.cname.as_str());
            if let Some(publication) = peer.publication.and_then(|key| self.stage.publications.get(key)) {
                let (keys, layers) = (publication.layers(), &mut self.stage.layers);
                self.feedback.report_to_publisher(now, to, keys, layers, peer.estimate_bps.as_mut(), out);
            }
            let slots = peer.slots.iter().map(|&(_, slot)| slot);
            self.feedback.report_to_viewer(now, to, slots, (&self.stage.slots, &self.stage.layers), out);
        }
    }

    fn second_passed(&mut self, now: Now) {
        for (_, layer) in self.stage.layers.iter_mut() {
            layer.second_passed(now.us);
        }
        for (_, slot) in self.stage.slots.iter_mut() {
            slot.second_passed();
        }
        self.reap(now);
    }

    /// Layers whose publication is gone are kept while a viewer may still ask for their last packets.
    fn reap(&mut self, now: Now) {
        let publications = &self.stage.publications;
        let orphaned = |layer: &Layer| {
            publications.get(layer.publication).is_none()
                && layer.following.is_empty()
                && layer.waiting.is_empty()
                && now.us.saturating_sub(layer.heard_us) > KEPT_US
        };
        let gone: Vec<_> = self.stage.layers.iter().filter(|(_, layer)| orphaned(layer)).map(|(key, _)| key).collect();
        for key in gone {
            self.stage.layers.remove(key);
        }
    }
}
