//! The one face of media: what the shard calls. Packets come in clear, and go out clear into the
//! Outbox, where the shard seals them.

use std::collections::BTreeMap;

use crate::choice::Fit;
use crate::feedback::Feedback;
use crate::intake::Intake;
use crate::layers::Layer;
use crate::links::Link;
use crate::model::{
    AudienceName, Event, InboundTrack, Now, PlaneSession, PublicationId, PublicationState, Route, SessionFigures,
    SessionIndex, SlotId, SlotState, SourceName, SourceSpec,
};
use crate::outbox::Outbox;
use crate::peers::Peer;
use crate::publication::Publication;
use crate::routing::{Router, Scene};
use crate::slab::Key;
use crate::slots::Slot;
use crate::sources::{Change, Sources};
use crate::stage::Stage;
use crate::watch::Watch;

/// Packets that media threw away.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Dropped {
    pub unknown_ssrc: u64,
    pub unusable: u64,
}

/// Publications, slots and routes of one shard. Events go into the Outbox too.
pub struct Media {
    pub(crate) peers: Vec<Option<Peer>>,
    pub(crate) stage: Stage,
    pub(crate) sources: Sources,
    pub(crate) feedback: Feedback,
    pub(crate) watch: Watch,
    pub(crate) dropped: Dropped,
    /// Slots whose viewers are owed a sender report, for they switched.
    pub(crate) unreported: Vec<Key<Slot>>,
    router: Router,
    random: u64,
    repaired_before: u64,
}

impl Media {
    /// `seed` is random: first sequence numbers follow from it.
    pub fn new(seed: u64) -> Self {
        Self {
            peers: Vec::new(),
            stage: Stage::default(),
            sources: Sources::default(),
            feedback: Feedback::default(),
            watch: Watch::default(),
            dropped: Dropped::default(),
            unreported: Vec::new(),
            router: Router::default(),
            random: seed,
            repaired_before: 0,
        }
    }

    /// SplitMix64.
    fn random(&mut self) -> u64 {
        self.random = self.random.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.random ^ self.random >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ mixed >> 31
    }

    // --- sessions

    /// A session is known; it moves no media before `join`.
    pub fn add(&mut self, now: Now, at: SessionIndex, session: &PlaneSession) {
        let mut peer = Peer::new(session);
        for spec in &session.outbound {
            let first_seq = (self.random() & 0x3FFF) as u16;
            let slot = self.stage.slots.insert_with(|key| Slot::new(key, at, spec, first_seq));
            peer.slots.push((spec.ssrc, slot));
        }
        if let (Some(source), Some(id), false) = (&session.source, &session.publication, session.inbound.is_empty()) {
            let owner = Some((at, session.id.clone()));
            peer.publication = Some(self.sources.born(source, id, &session.inbound, owner, &mut self.stage));
        }
        let row = at.0 as usize;
        if self.peers.len() <= row {
            self.peers.resize_with(row + 1, || None);
            self.stage.links.resize_with(row + 1, || None);
        }
        self.stage.links[row] = (!session.outbound.is_empty()).then(|| Link::new(now.us, at, session));
        self.peers[row] = Some(peer);
    }

    /// The session's keys are there: routes apply to it from here on. May be called again (new keys).
    pub fn join(&mut self, now: Now, at: SessionIndex, out: &mut Outbox) {
        self.stage.forward_all(now, out);
        let Some(peer) = self.peer_mut(at) else { return };
        peer.joined = true;
        let slots: Vec<_> = peer.slots.iter().map(|&(_, slot)| slot).collect();
        if let Some(audience) = peer.audience.clone() {
            self.scene(now, out, |router, _| router.join(&audience, at, &slots));
            self.fit(now, at, out);
            self.scene(now, out, |router, scene| router.decide_member(&audience, at, scene));
        }
        self.settle(now, out);
    }

    /// The session is over; its index may be given to another one. Nothing more is sent to it.
    pub fn remove(&mut self, now: Now, at: SessionIndex, out: &mut Outbox) {
        self.stage.forward_all(now, out);
        let Some(peer) = self.peers.get_mut(at.0 as usize).and_then(Option::take) else { return };
        self.stage.links[at.0 as usize] = None;
        for &(_, slot) in &peer.slots {
            self.repaired_before += self.stage.drop_slot(slot);
        }
        if let Some(audience) = &peer.audience {
            self.scene(now, out, |router, scene| router.leave(audience, at, scene));
        }
        let change = peer.publication.and_then(|publication| self.sources.gone(publication, &mut self.stage));
        self.apply(now, change, out);
        self.settle(now, out);
    }

    pub(crate) fn peer(&self, at: SessionIndex) -> Option<&Peer> {
        self.peers.get(at.0 as usize)?.as_ref()
    }

    pub(crate) fn peer_mut(&mut self, at: SessionIndex) -> Option<&mut Peer> {
        self.peers.get_mut(at.0 as usize)?.as_mut()
    }

    // --- routes and sources

    /// Replace an audience's routes. Slots keep the old picture until the new one's keyframe.
    pub fn route(&mut self, now: Now, audience: &AudienceName, routes: &[Route], out: &mut Outbox) {
        self.stage.forward_all(now, out);
        self.scene(now, out, |router, scene| router.route(audience, routes, scene));
        self.settle(now, out);
    }

    /// Displayed heights in px; 0 pauses a slot.
    pub fn heights(&mut self, now: Now, at: SessionIndex, heights: &BTreeMap<SlotId, u32>, out: &mut Outbox) {
        self.stage.forward_all(now, out);
        let Some(peer) = self.peers.get(at.0 as usize).and_then(Option::as_ref) else { return };
        for &(_, key) in &peer.slots {
            if let Some(slot) = self.stage.slots.get_mut(key)
                && let Some(&height) = heights.get(&slot.spec.slot)
            {
                slot.height = Some(height);
            }
        }
        if let Some(audience) = peer.audience.clone() {
            self.scene(now, out, |router, scene| router.decide_member(&audience, at, scene));
        }
        self.settle(now, out);
    }

    /// Sound delays; a source that isn't named has none.
    pub fn configure(&mut self, _now: Now, sources: &[SourceSpec]) {
        self.sources.configure(sources, &mut self.stage);
    }

    /// A publication born inside the relay (a slate): packets come by `inject`.
    pub fn publish(
        &mut self,
        now: Now,
        source: &SourceName,
        publication: &PublicationId,
        tracks: &[InboundTrack],
        out: &mut Outbox,
    ) {
        self.withdraw(now, source, out);
        self.sources.born(source, publication, tracks, None, &mut self.stage);
    }

    /// One clear RTP packet of such a publication, to be taken as of SSRC `ssrc`.
    pub fn inject(&mut self, now: Now, source: &SourceName, ssrc: u32, packet: &[u8], out: &mut Outbox) {
        let change = Intake::of(self, now).inject(source, ssrc, packet, out);
        self.apply(now, change, out);
        self.settle(now, out);
    }

    pub fn withdraw(&mut self, now: Now, source: &SourceName, out: &mut Outbox) {
        self.stage.forward_all(now, out);
        let local = self
            .sources
            .present(source)
            .filter(|&key| self.stage.publications.get(key).is_some_and(|publication| publication.session.is_none()));
        let change = local.and_then(|key| self.sources.gone(key, &mut self.stage));
        self.apply(now, change, out);
        self.settle(now, out);
    }

    // --- packets and time

    /// One authentic RTP packet of a session, in clear, header included. `index` is its SRTP packet
    /// index (rollover counter and sequence number). It waits for `forward`.
    pub fn rtp(&mut self, now: Now, from: SessionIndex, index: u64, packet: &[u8], out: &mut Outbox) {
        let change = Intake::of(self, now).rtp(from, index, packet, out);
        self.apply(now, change, out);
        self.settle(now, out);
    }

    /// Forward the packets that came; call it after every batch, and again once the outbox was sent while it
    /// returns false: then the outbox is heavy, and there is more.
    pub fn forward(&mut self, now: Now, out: &mut Outbox) -> bool {
        self.stage.forward(now, out)
    }

    /// One authentic RTCP compound of a session, in clear.
    pub fn rtcp(&mut self, now: Now, from: SessionIndex, compound: &[u8], out: &mut Outbox) {
        self.control(now, from, compound, out);
        self.settle(now, out);
    }

    /// What is due. Returns when it wants to be called again, in monotonic microseconds; it is called
    /// then or earlier.
    pub fn tick(&mut self, now: Now, out: &mut Outbox) -> u64 {
        self.stage.forward_all(now, out);
        let next_us = self.watch(now, out);
        self.settle(now, out);
        next_us
    }

    /// Fit a viewer's pictures to what its line carries now.
    pub(crate) fn fit(&mut self, now: Now, at: SessionIndex, out: &mut Outbox) {
        let Some(audience) = self.peer(at).filter(|peer| peer.joined).and_then(|peer| peer.audience.clone()) else {
            return;
        };
        let Some(link) = self.stage.links.get_mut(at.0 as usize).and_then(Option::as_mut) else { return };
        let estimate_bps = link.estimate(now.us);
        if estimate_bps.is_none() && self.fits_whole(at) {
            return;
        }
        let mut wanted_bps = 0;
        self.scene(now, out, |router, scene| wanted_bps = router.fit(&audience, at, estimate_bps, scene));
        if let Some(link) = self.stage.links.get_mut(at.0 as usize).and_then(Option::as_mut) {
            link.estimator.want(wanted_bps);
        }
    }

    fn fits_whole(&self, at: SessionIndex) -> bool {
        let slots = self.peer(at).into_iter().flat_map(|peer| &peer.slots);
        slots.filter_map(|&(_, key)| self.stage.slots.get(key)).all(|slot| slot.fit == Fit::Whole)
    }

    /// Tell what changed of a source, and aim its viewers anew.
    pub(crate) fn apply(&mut self, now: Now, change: Option<Change>, out: &mut Outbox) {
        let Some(Change { source, life }) = change else { return };
        if let Some(live) = life {
            out.events.push(Event::Life { source: source.clone(), live });
        }
        self.scene(now, out, |router, scene| router.changed(&source, scene));
    }

    fn scene(&mut self, now: Now, out: &mut Outbox, decide: impl FnOnce(&mut Router, &mut Scene<'_>)) {
        let mut scene = Scene { now, sources: &self.sources, stage: &mut self.stage, out };
        decide(&mut self.router, &mut scene);
    }

    /// After every call: picture requests that came up go out, switches are told.
    fn settle(&mut self, now: Now, out: &mut Outbox) {
        while let Some(key) = self.stage.asked.pop() {
            let Stage { layers, publications, .. } = &mut self.stage;
            let Some(layer) = layers.get_mut(key) else { continue };
            let publisher = publications.get(layer.publication).and_then(|publication| publication.session.as_ref());
            if let Some(&(session, _)) = publisher {
                self.feedback.ask_keyframe(now, session, layer, out);
            }
        }
        while let Some(key) = self.stage.switched.pop() {
            self.tell_switch(now, key, out);
        }
    }

    fn tell_switch(&mut self, now: Now, key: Key<Slot>, out: &mut Outbox) {
        let Some(slot) = self.stage.slots.get(key) else { return };
        self.unreported.push(key);
        let source = slot.current().and_then(|layer| self.stage.layers.get(layer)).map(|layer| layer.source.clone());
        let audience = self.peer(slot.session()).and_then(|peer| peer.audience.clone());
        if let (Some(audience), Some(source)) = (audience, source) {
            let name = slot.spec.slot.clone();
            self.scene(now, out, |router, scene| router.switched(&audience, &name, &source, scene));
        }
    }

    // --- figures

    /// Media's part of a session's figures (round trip, loss, slots); the shard adds what it counts.
    pub fn session_figures(&self, at: SessionIndex) -> SessionFigures {
        let Some(peer) = self.peer(at) else { return SessionFigures::default() };
        let slots = peer.slots.iter().filter_map(|&(_, key)| self.stage.slots.get(key));
        SessionFigures {
            round_trip_ms: peer.round_trip_us.map(|microseconds| microseconds as f64 / 1000.0),
            lost_share: self.lost_share(peer),
            slots: slots.map(|slot| (slot.spec.slot.clone(), self.slot_state(slot))).collect(),
            estimate_bps: self.stage.links.get(at.0 as usize).and_then(Option::as_ref).and_then(Link::known_bps),
            ..SessionFigures::default()
        }
    }

    fn slot_state(&self, slot: &Slot) -> SlotState {
        let layer = slot.current().and_then(|layer| self.stage.layers.get(layer));
        SlotState {
            showing: layer.map(|layer| layer.source.clone()),
            bitrate_bps: slot.bitrate_bps,
            reason: slot.reason.text().into(),
            layer: layer.map_or_else(String::new, |layer| layer.rid.clone()),
            height: layer.map_or(0, Layer::height),
            packets: slot.packets,
            repaired: slot.repaired,
            lost_share: slot.lost_share,
            jitter_ms: slot.jitter_ms,
        }
    }

    fn lost_share(&self, peer: &Peer) -> f64 {
        if let Some(publication) = peer.publication.and_then(|key| self.stage.publications.get(key)) {
            let layers = publication.layers().filter_map(|key| self.stage.layers.get(key));
            return layers.filter(|layer| layer.live).map(|layer| layer.lost_share).fold(0.0, f64::max);
        }
        let slots = peer.slots.iter().filter_map(|&(_, key)| self.stage.slots.get(key));
        slots.map(|slot| slot.lost_share).fold(0.0, f64::max)
    }

    pub fn publications(&self) -> BTreeMap<SourceName, PublicationState> {
        let present = self.sources.all();
        let states = present.filter_map(|(source, key)| Some((source.clone(), self.stage.publications.get(key)?)));
        states.map(|(source, publication)| (source, self.publication_state(publication))).collect()
    }

    fn publication_state(&self, publication: &Publication) -> PublicationState {
        let peer = publication.session.as_ref().and_then(|&(at, _)| self.peer(at));
        let told_bps = peer.and_then(|peer| peer.estimate_bps).filter(|&bps| bps > 0);
        publication.state(&self.stage.layers, told_bps)
    }

    /// Packets sent again to viewers who asked, sessions that ended included.
    pub fn repaired(&self) -> u64 {
        self.repaired_before + self.stage.slots.iter().map(|(_, slot)| slot.repaired).sum::<u64>()
    }

    /// Packets that media threw away, by reason (`unknown-ssrc`, `unusable`).
    pub fn dropped(&self) -> BTreeMap<String, u64> {
        let named = [("unknown-ssrc", self.dropped.unknown_ssrc), ("unusable", self.dropped.unusable)];
        named.into_iter().filter(|&(_, count)| count > 0).map(|(name, count)| (name.into(), count)).collect()
    }
}
