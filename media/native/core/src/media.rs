//! The one face of media: what the shard calls. Packets come in clear, and go out clear into the
//! Outbox, where the shard seals them.

use std::collections::BTreeMap;

use crate::model::{
    AudienceName, InboundTrack, Now, PlaneSession, PublicationId, PublicationState, Route, SessionFigures,
    SessionIndex, SlotId, SourceName, SourceSpec,
};
use crate::outbox::Outbox;

/// Publications, slots and routes of one shard. Events go into the Outbox too.
pub struct Media {}

impl Media {
    /// `seed` is random: first sequence numbers follow from it.
    pub fn new(seed: u64) -> Self {
        let _ = seed;
        Self {}
    }

    /// A session is known; it moves no media before `join`.
    pub fn add(&mut self, now: Now, at: SessionIndex, session: &PlaneSession) {
        let _ = (now, at, session);
    }

    /// The session's keys are there: routes apply to it from here on. May be called again (new keys).
    pub fn join(&mut self, now: Now, at: SessionIndex, out: &mut Outbox) {
        let _ = (now, at, out);
    }

    /// The session is over; its index may be given to another one. Nothing more is sent to it.
    pub fn remove(&mut self, now: Now, at: SessionIndex, out: &mut Outbox) {
        let _ = (now, at, out);
    }

    /// Replace an audience's routes. Slots keep the old picture until the new one's keyframe.
    pub fn route(&mut self, now: Now, audience: &AudienceName, routes: &[Route], out: &mut Outbox) {
        let _ = (now, audience, routes, out);
    }

    /// Displayed heights in px; 0 pauses a slot.
    pub fn heights(&mut self, now: Now, at: SessionIndex, heights: &BTreeMap<SlotId, u32>, out: &mut Outbox) {
        let _ = (now, at, heights, out);
    }

    /// Sound delays; a source that isn't named has none.
    pub fn configure(&mut self, now: Now, sources: &[SourceSpec]) {
        let _ = (now, sources);
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
        let _ = (now, source, publication, tracks, out);
    }

    /// One clear RTP packet of such a publication, to be taken as of SSRC `ssrc`.
    pub fn inject(&mut self, now: Now, source: &SourceName, ssrc: u32, packet: &[u8], out: &mut Outbox) {
        let _ = (now, source, ssrc, packet, out);
    }

    pub fn withdraw(&mut self, now: Now, source: &SourceName, out: &mut Outbox) {
        let _ = (now, source, out);
    }

    /// One authentic RTP packet of a session, in clear, header included. `index` is its SRTP packet
    /// index (rollover counter and sequence number).
    pub fn rtp(&mut self, now: Now, from: SessionIndex, index: u64, packet: &[u8], out: &mut Outbox) {
        let _ = (now, from, index, packet, out);
    }

    /// One authentic RTCP compound of a session, in clear.
    pub fn rtcp(&mut self, now: Now, from: SessionIndex, compound: &[u8], out: &mut Outbox) {
        let _ = (now, from, compound, out);
    }

    /// What is due. Returns when it wants to be called again, in monotonic microseconds; it is called
    /// then or earlier.
    pub fn tick(&mut self, now: Now, out: &mut Outbox) -> u64 {
        let _ = out;
        now.us + 20_000
    }

    /// Media's part of a session's figures (round trip, loss, slots); the shard adds what it counts.
    pub fn session_figures(&self, at: SessionIndex) -> SessionFigures {
        let _ = at;
        SessionFigures::default()
    }

    pub fn publications(&self) -> BTreeMap<SourceName, PublicationState> {
        BTreeMap::new()
    }

    /// Packets sent again to viewers who asked, sessions that ended included.
    pub fn repaired(&self) -> u64 {
        0
    }

    /// Packets that media threw away, by reason (`unknown-ssrc`, `unusable`).
    pub fn dropped(&self) -> BTreeMap<String, u64> {
        BTreeMap::new()
    }
}
