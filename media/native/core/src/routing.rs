//! Which layer each slot should show: routes, fallbacks, codecs, displayed heights, and who is alive.

use std::collections::BTreeMap;

use crate::bwe::fit::{Ask, divide};
use crate::choice::{Fit, Ladder, best_layer, ladder};
use crate::layers::Layer;
use crate::model::{AudienceName, Event, Kind, Now, Route, SessionIndex, SlotId, SourceName};
use crate::outbox::Outbox;
use crate::publication::Track;
use crate::slab::Key;
use crate::slots::{Reason, Slot};
use crate::sources::Sources;
use crate::stage::Stage;

/// A playing session of an audience.
struct Member {
    session: SessionIndex,
    slots: Vec<Key<Slot>>,
}

/// One audience: its routes, its sessions, and what its slots show.
#[derive(Default)]
struct Audience {
    routes: BTreeMap<SlotId, Route>,
    members: Vec<Member>,
    showing: BTreeMap<SlotId, SourceName>,
}

impl Audience {
    fn names(&self, source: &SourceName) -> bool {
        self.routes.values().any(|route| route.source == *source || route.fallback.as_ref() == Some(source))
    }
}

/// A slot that shows its route's source, and the steps it has.
struct Picture {
    slot: Key<Slot>,
    height: u32,
    now: Fit,
    ladder: Ladder,
}

/// Reserved of each line: two stereo sounds and their headers.
const SOUND_BPS: u64 = 64_000;

/// Routes per audience, held against the publications that live.
#[derive(Default)]
pub struct Router {
    audiences: BTreeMap<AudienceName, Audience>,
}

/// What a decision is made against.
pub struct Scene<'a> {
    pub now: Now,
    pub sources: &'a Sources,
    pub stage: &'a mut Stage,
    pub out: &'a mut Outbox,
}

impl Router {
    pub fn route(&mut self, name: &AudienceName, routes: &[Route], scene: &mut Scene<'_>) {
        let audience = self.audiences.entry(name.clone()).or_default();
        audience.routes = routes.iter().map(|route| (route.slot.clone(), route.clone())).collect();
        audience.decide(name, scene);
        self.forget_if_empty(name);
    }

    /// A playing session's keys are there; it is aimed by `fit` and `decide_member`. May be said again.
    pub fn join(&mut self, name: &AudienceName, session: SessionIndex, slots: &[Key<Slot>]) {
        let audience = self.audiences.entry(name.clone()).or_default();
        if !audience.members.iter().any(|member| member.session == session) {
            audience.members.push(Member { session, slots: slots.to_vec() });
        }
    }

    /// The session's slots are gone.
    pub fn leave(&mut self, name: &AudienceName, session: SessionIndex, scene: &mut Scene<'_>) {
        if let Some(audience) = self.audiences.get_mut(name) {
            audience.members.retain(|member| member.session != session);
            audience.tell(name, scene);
        }
        self.forget_if_empty(name);
    }

    /// Aim one session's slots anew (it joined, displays another size, or its line changed).
    pub fn decide_member(&mut self, name: &AudienceName, session: SessionIndex, scene: &mut Scene<'_>) {
        let Some(audience) = self.audiences.get_mut(name) else { return };
        if let Some(member) = audience.members.iter().find(|member| member.session == session) {
            audience.decide_slots(&member.slots, scene);
            audience.tell(name, scene);
        }
    }

    /// Fit a session's pictures to a line of `estimate_bps` (`None`: nothing is known to limit it).
    /// Returns what the next better picture would need, 0 when there is none.
    pub fn fit(
        &mut self,
        name: &AudienceName,
        session: SessionIndex,
        estimate_bps: Option<u64>,
        scene: &mut Scene<'_>,
    ) -> u64 {
        let Some(audience) = self.audiences.get_mut(name) else { return 0 };
        let Some(member) = audience.members.iter().find(|member| member.session == session) else { return 0 };
        let (changed, wanted_bps) = audience.fit(&member.slots, estimate_bps, scene);
        if changed {
            audience.decide_slots(&member.slots, scene);
            audience.tell(name, scene);
        }
        wanted_bps
    }

    /// A source's media came, went, or changed its layers.
    pub fn changed(&mut self, source: &SourceName, scene: &mut Scene<'_>) {
        for (name, audience) in self.audiences.iter_mut().filter(|(_, audience)| audience.names(source)) {
            audience.decide(name, scene);
        }
    }

    /// A slot switched; one that lacks the codec and shows its slate says nothing about the rest.
    pub fn switched(&mut self, name: &AudienceName, slot: &SlotId, source: &SourceName, scene: &mut Scene<'_>) {
        let Some(audience) = self.audiences.get_mut(name) else { return };
        if audience.expected(slot, scene).as_ref() == Some(source) {
            audience.show(name, slot, Some(source.clone()), scene.out);
        }
    }

    fn forget_if_empty(&mut self, name: &AudienceName) {
        if self.audiences.get(name).is_some_and(|audience| audience.members.is_empty() && audience.routes.is_empty()) {
            self.audiences.remove(name);
        }
    }
}

impl Audience {
    fn decide(&mut self, name: &AudienceName, scene: &mut Scene<'_>) {
        for member in &self.members {
            self.decide_slots(&member.slots, scene);
        }
        self.tell(name, scene);
    }

    fn decide_slots(&self, slots: &[Key<Slot>], scene: &mut Scene<'_>) {
        for &key in slots {
            let Some(slot) = scene.stage.slots.get(key) else { continue };
            let (layer, reason) = scene.wanted(slot, self.routes.get(&slot.spec.slot));
            if let Some(slot) = scene.stage.slots.get_mut(key) {
                slot.reason = reason;
            }
            scene.stage.aim(scene.now, key, layer, scene.out);
        }
    }

    /// Whether a slot of a session gets another fit, and what the next better picture would need.
    fn fit(&self, slots: &[Key<Slot>], estimate_bps: Option<u64>, scene: &mut Scene<'_>) -> (bool, u64) {
        let mut pictures: Vec<Picture> = slots.iter().filter_map(|&key| self.picture(key, scene)).collect();
        pictures.sort_by_key(|picture| std::cmp::Reverse(picture.height));
        let mut asks: Vec<Ask<'_>> = pictures
            .iter()
            .map(|picture| Ask {
                rungs_bps: &picture.ladder.costs_bps,
                now: picture.ladder.place(picture.now),
                height: picture.height,
                fits: None,
            })
            .collect();
        let wanted_bps = estimate_bps.map_or(0, |estimate_bps| divide(estimate_bps, SOUND_BPS, &mut asks));
        let mut changed = false;
        for (picture, ask) in pictures.iter().zip(&asks) {
            let Some(slot) = scene.stage.slots.get_mut(picture.slot) else { continue };
            let fit = slot.fit_of(scene.now.us, estimate_bps.map(|_| ask.fits), ask.now, &picture.ladder.steps);
            changed |= std::mem::replace(&mut slot.fit, fit) != fit;
        }
        (changed, wanted_bps)
    }

    fn picture(&self, key: Key<Slot>, scene: &Scene<'_>) -> Option<Picture> {
        let slot = scene.stage.slots.get(key).filter(|slot| slot.is_video() && slot.height != Some(0))?;
        let route = self.routes.get(&slot.spec.slot)?;
        let track = scene.track(slot, &route.source, Kind::Video)?;
        let ladder = ladder(track.heard(&scene.stage.layers), slot.height);
        Some(Picture { slot: key, height: slot.height.unwrap_or(u32::MAX), now: slot.fit, ladder })
    }

    /// Say what is shown, but for slots that still wait for a keyframe.
    fn tell(&mut self, name: &AudienceName, scene: &mut Scene<'_>) {
        let named: Vec<SlotId> = self.routes.keys().chain(self.showing.keys()).cloned().collect();
        for slot in named {
            let expected = self.expected(&slot, scene);
            if expected.is_none() || !self.waits(&slot, scene.stage) {
                self.show(name, &slot, expected, scene.out);
            }
        }
    }

    fn waits(&self, name: &SlotId, stage: &Stage) -> bool {
        let slots = self.members.iter().flat_map(|member| &member.slots).filter_map(|&key| stage.slots.get(key));
        slots.filter(|slot| slot.spec.slot == *name).any(|slot| slot.waiting.is_some())
    }

    fn show(&mut self, audience: &AudienceName, slot: &SlotId, source: Option<SourceName>, out: &mut Outbox) {
        if self.showing.get(slot) == source.as_ref() {
            return;
        }
        match &source {
            Some(source) => self.showing.insert(slot.clone(), source.clone()),
            None => self.showing.remove(slot),
        };
        out.events.push(Event::Showing { audience: audience.clone(), slot: slot.clone(), source });
    }

    /// What a slot shows to those who can decode it.
    fn expected(&self, slot: &SlotId, scene: &Scene<'_>) -> Option<SourceName> {
        let route = self.routes.get(slot)?;
        let kind = if slot.0.starts_with('a') { Kind::Audio } else { Kind::Video };
        let fallback = route.fallback.as_ref().filter(|_| kind == Kind::Video);
        [Some(&route.source), fallback]
            .into_iter()
            .flatten()
            .find(|source| scene.tracks(source, kind).next().is_some())
            .cloned()
    }
}

impl Scene<'_> {
    /// The tracks of a source that may be shown: those lit; a silent sound keeps its place.
    fn tracks(&self, source: &SourceName, kind: Kind) -> impl Iterator<Item = &Track> {
        let publication = self.sources.present(source).and_then(|key| self.stage.publications.get(key));
        let tracks = publication.map(|publication| publication.tracks.as_slice()).unwrap_or(&[]);
        let of_kind = move |track: &&Track| track.kind == kind;
        let layers = &self.stage.layers;
        let any_lit = tracks.iter().filter(of_kind).any(|track| track.lit(layers));
        tracks.iter().filter(of_kind).filter(move |track| match (any_lit, kind) {
            (true, _) => track.lit(layers),
            (false, Kind::Audio) => track.sending(layers).is_some(),
            (false, Kind::Video) => false,
        })
    }

    fn wanted(&self, slot: &Slot, route: Option<&Route>) -> (Option<Key<Layer>>, Reason) {
        let Some(route) = route else { return (None, Reason::None) };
        if slot.is_video() && slot.height == Some(0) {
            return (None, Reason::Paused);
        }
        let kind = slot.spec.kind;
        if let Some(track) = self.track(slot, &route.source, kind) {
            return match slot.fit {
                Fit::Nothing => (None, Reason::Narrow),
                _ => (self.layer(slot, track), Reason::None),
            };
        }
        let sends = self.tracks(&route.source, kind).next().is_some();
        let reason = if sends { Reason::WrongCodec } else { Reason::Silent };
        let fallback = route.fallback.as_ref().filter(|_| slot.is_video());
        let track = fallback.and_then(|fallback| self.track(slot, fallback, kind));
        (track.and_then(|track| self.layer(slot, track)), reason)
    }

    /// The first track of a source that the viewer can decode.
    fn track(&self, slot: &Slot, source: &SourceName, kind: Kind) -> Option<&Track> {
        let layers = &self.stage.layers;
        let carried = |track: &&Track| track.sending(layers).is_some_and(|sent| slot.outgoing(sent).is_some());
        self.tracks(source, kind).find(carried)
    }

    fn layer(&self, slot: &Slot, track: &Track) -> Option<Key<Layer>> {
        let layers = &self.stage.layers;
        let fitting = match slot.fit {
            Fit::Step(step) => track.heard(layers).find(|&(key, _)| key == step.layer).map(|(key, _)| key),
            Fit::Whole | Fit::Nothing => None,
        };
        fitting.or_else(|| best_layer(track.heard(layers), slot.height))
    }
}
