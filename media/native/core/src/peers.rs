//! What media knows of a session: its publication or its slots.

use crate::bwe::arrivals::ArrivalRecord;
use crate::model::{AudienceName, PlaneSession, SessionId};
use crate::publication::Publication;
use crate::slab::Key;
use crate::slots::Slot;

/// One session.
pub struct Peer {
    pub id: SessionId,
    pub cname: String,
    pub audience: Option<AudienceName>,
    pub publication: Option<Key<Publication>>,
    /// In the order of the offer's lines, by SSRC.
    pub slots: Vec<(u32, Key<Slot>)>,
    pub ids: Ids,
    /// What it was told by REMB last; `None` where it lives on transport-wide feedback or on neither.
    pub estimate_bps: Option<u64>,
    /// When its packets came, where it lives on transport-wide feedback, and the SSRC of the newest.
    pub arrivals: Option<ArrivalRecord>,
    pub media_ssrc: u32,
    pub round_trip_us: Option<u64>,
    pub report_at_us: u64,
    pub joined: bool,
}

/// Header extensions that are read of each packet; 0: not negotiated.
#[derive(Clone, Copy, Debug, Default)]
pub struct Ids {
    pub transport_cc: u8,
    pub audio_level: u8,
    pub abs_capture_time: u8,
}

impl Peer {
    pub fn new(spec: &PlaneSession) -> Self {
        let payloads = || spec.inbound.iter().flat_map(|track| &track.payloads);
        let numbered = |track: &&crate::model::InboundTrack| track.payloads.iter().any(|payload| payload.transport_cc);
        let ids = Ids {
            transport_cc: spec.inbound.iter().find(numbered).map_or(0, |track| track.extensions.transport_cc),
            audio_level: spec.inbound.iter().map(|track| track.extensions.audio_level).max().unwrap_or(0),
            abs_capture_time: spec.inbound.iter().map(|track| track.extensions.abs_capture_time).max().unwrap_or(0),
        };
        let remb = ids.transport_cc == 0 && payloads().any(|payload| payload.remb);
        Self {
            id: spec.id.clone(),
            cname: spec.cname.clone(),
            audience: spec.audience.clone(),
            publication: None,
            slots: Vec::new(),
            ids,
            estimate_bps: remb.then_some(0),
            arrivals: (ids.transport_cc != 0).then(ArrivalRecord::default),
            media_ssrc: 0,
            round_trip_us: None,
            report_at_us: 0,
            joined: false,
        }
    }

    pub fn slot(&self, ssrc: u32) -> Option<Key<Slot>> {
        self.slots.iter().find(|&&(known, _)| known == ssrc).map(|&(_, slot)| slot)
    }
}
