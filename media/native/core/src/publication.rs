//! What fills a source: tracks, their layers, and which SSRC belongs to which (RFC 4588, 8843, 8852).

use std::sync::Arc;

use crate::layers::Layer;
use crate::model::{
    Extensions, InboundTrack, Kind, PayloadType, PublicationId, PublicationState, SessionId, SessionIndex, SourceName,
    TrackState,
};
use crate::rtp::{Header, read_u16};
use crate::slab::{Key, Slab};
use crate::timeline::PublisherClock;

/// SSRCs of one publication, repairs included.
pub const STREAMS_MAX: usize = 48;

/// Whose an SSRC is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stream {
    Layer(Key<Layer>),
    /// An RTX stream and the layer that it repairs.
    Repair(Key<Layer>),
}

/// One m-line of a publication with its layers by RID.
pub struct Track {
    mid: String,
    pub kind: Kind,
    pub extensions: Extensions,
    payloads: Arc<[PayloadType]>,
    rids: Vec<String>,
    /// (RID, layer); an SSRC that its peer gave up keeps its place under no RID, for late packets only.
    layers: Vec<(Option<String>, Key<Layer>)>,
}

impl Track {
    fn payload(&self, number: u8) -> Option<&PayloadType> {
        self.payloads.iter().find(|payload| payload.number == number)
    }

    fn layer(&self, rid: &str) -> Option<Key<Layer>> {
        self.layers.iter().find(|(name, _)| name.as_deref() == Some(rid)).map(|&(_, layer)| layer)
    }

    fn all<'a>(&'a self, layers: &'a Slab<Layer>) -> impl Iterator<Item = (Key<Layer>, &'a Layer)> {
        self.layers.iter().filter_map(|&(_, key)| Some((key, layers.get(key)?)))
    }

    /// What the track sends, or sent last.
    pub fn sending<'a>(&'a self, layers: &'a Slab<Layer>) -> Option<&'a PayloadType> {
        let heard = self.all(layers).filter(|(_, layer)| layer.payload().is_some());
        let newest = heard.max_by_key(|(_, layer)| (layer.live, layer.heard_us))?;
        newest.1.payload()
    }

    /// The live layers; while none is, the one that was heard last.
    pub fn heard<'a>(&'a self, layers: &'a Slab<Layer>) -> impl Iterator<Item = (Key<Layer>, &'a Layer)> {
        let heard = || self.all(layers).filter(|(_, layer)| layer.payload().is_some());
        let last = heard().max_by_key(|(_, layer)| (layer.live, layer.heard_us)).map(|(key, _)| key);
        heard().filter(move |&(key, layer)| layer.live || last == Some(key))
    }

    pub fn live(&self, layers: &Slab<Layer>) -> bool {
        self.all(layers).any(|(_, layer)| layer.live)
    }

    /// Live, or not silent long enough to be replaced.
    pub fn lit(&self, layers: &Slab<Layer>) -> bool {
        self.all(layers).any(|(_, layer)| !layer.dark)
    }

    /// `None` while nothing of it was ever heard.
    fn state(&self, layers: &Slab<Layer>) -> Option<TrackState> {
        let heard = || self.all(layers).filter(|(_, layer)| layer.payload().is_some());
        let codec = heard().next()?.1.payload()?.codec;
        let jitter_ms = |layer: &Layer| layer.reception.jitter * 1000.0 / f64::from(layer.clock.clock_hz);
        Some(TrackState {
            kind: self.kind,
            codec,
            live: self.live(layers),
            layers: heard().filter(|(_, layer)| layer.live).map(|(_, layer)| layer.state()).collect(),
            packets: heard().map(|(_, layer)| layer.reception.packets).sum(),
            lost: heard().map(|(_, layer)| layer.reception.lost()).sum(),
            jitter_ms: heard().map(|(_, layer)| jitter_ms(layer)).fold(0.0, f64::max),
            lost_share: heard().filter(|(_, layer)| layer.live).map(|(_, layer)| layer.lost_share).fold(0.0, f64::max),
            repaired: heard().map(|(_, layer)| layer.repairs.mended).sum(),
        })
    }
}

/// What fills a source: a peer's tracks, or without a session a slate's.
pub struct Publication {
    pub source: SourceName,
    pub id: PublicationId,
    pub session: Option<(SessionIndex, SessionId)>,
    pub clock: PublisherClock,
    pub round_trip_us: Option<u64>,
    pub tracks: Vec<Track>,
    /// Its media took the source once; it does not take it again from a living successor.
    pub seated: bool,
    streams: Vec<(u32, Stream)>,
}

impl Publication {
    pub fn new(
        source: &SourceName,
        id: &PublicationId,
        tracks: &[InboundTrack],
        session: Option<(SessionIndex, SessionId)>,
    ) -> Self {
        let track = |spec: &InboundTrack| Track {
            mid: spec.mid.clone(),
            kind: spec.kind,
            extensions: spec.extensions,
            payloads: spec.payloads.as_slice().into(),
            rids: spec.rids.clone(),
            layers: Vec::new(),
        };
        Self {
            source: source.clone(),
            id: id.clone(),
            session,
            clock: PublisherClock::default(),
            round_trip_us: None,
            tracks: tracks.iter().map(track).collect(),
            seated: false,
            streams: Vec::new(),
        }
    }

    /// Bind the SSRCs that were announced. `key` is this publication's own.
    pub fn announce(&mut self, key: Key<Self>, specs: &[InboundTrack], layers: &mut Slab<Layer>) {
        for (at, spec) in specs.iter().enumerate() {
            for (&ssrc, rid) in &spec.ssrcs {
                self.add_layer(key, at, ssrc, rid, layers);
            }
            for (&ssrc, &repaired) in &spec.repairs {
                if let Some(Stream::Layer(layer)) = self.stream(repaired)
                    && self.streams.len() < STREAMS_MAX
                {
                    self.streams.push((ssrc, Stream::Repair(layer)));
                }
            }
        }
    }

    fn add_layer(
        &mut self,
        key: Key<Self>,
        at: usize,
        ssrc: u32,
        rid: &str,
        layers: &mut Slab<Layer>,
    ) -> Option<Key<Layer>> {
        let local = self.session.is_none();
        let track = self.tracks.get_mut(at).filter(|_| self.streams.len() < STREAMS_MAX)?;
        let spec = (track.kind, &track.payloads);
        let layer = layers.insert(Layer::new(key, &self.source, spec, ssrc, rid, local));
        for (name, _) in &mut track.layers {
            name.take_if(|name| name == rid);
        }
        track.layers.push((Some(rid.into()), layer));
        self.streams.push((ssrc, Stream::Layer(layer)));
        Some(layer)
    }

    pub fn stream(&self, ssrc: u32) -> Option<Stream> {
        self.streams.iter().find(|&&(known, _)| known == ssrc).map(|&(_, stream)| stream)
    }

    /// The stream of an SSRC seen for the first time; `None` when nothing says whose it is.
    pub fn bind(&mut self, key: Key<Self>, header: &Header<'_>, layers: &mut Slab<Layer>) -> Option<Stream> {
        let at = self.track_of(header)?;
        let track = &self.tracks[at];
        let payload = track.payload(header.payload_type)?;
        let rid = text(header, track.extensions.rid);
        if payload.apt.is_some() {
            let repaired = text(header, track.extensions.repaired_rid);
            let only = || track.layers.first().filter(|_| track.layers.len() == 1).map(|&(_, layer)| layer);
            let layer = track.layer(if repaired.is_empty() { rid } else { repaired }).or_else(only)?;
            if self.streams.len() >= STREAMS_MAX {
                return None;
            }
            self.streams.push((header.ssrc, Stream::Repair(layer)));
            return Some(Stream::Repair(layer));
        }
        if !track.rids.is_empty() && !track.rids.iter().any(|known| known == rid) {
            return None;
        }
        let rid = rid.to_owned();
        self.add_layer(key, at, header.ssrc, &rid, layers).map(Stream::Layer)
    }

    /// By mid; else the only track that knows the payload type.
    fn track_of(&self, header: &Header<'_>) -> Option<usize> {
        let by_mid = |track: &Track| text(header, track.extensions.mid) == track.mid;
        self.tracks.iter().position(by_mid).or_else(|| {
            let able = |track: &Track| track.payload(header.payload_type).is_some();
            let at = self.tracks.iter().position(able)?;
            (!self.tracks[at + 1..].iter().any(able)).then_some(at)
        })
    }

    /// The payload type that an RTX payload type of `layer`'s track repairs.
    pub fn repaired_type(&self, layer: Key<Layer>, number: u8) -> Option<u8> {
        let track = self.tracks.iter().find(|track| track.layers.iter().any(|&(_, known)| known == layer))?;
        track.payload(number)?.apt
    }

    pub fn layers(&self) -> impl Iterator<Item = Key<Layer>> {
        self.tracks.iter().flat_map(|track| track.layers.iter().map(|&(_, layer)| layer))
    }

    pub fn live(&self, layers: &Slab<Layer>) -> bool {
        self.tracks.iter().any(|track| track.live(layers))
    }

    /// Its figures; `estimate_bps` is what its encoder was told by REMB.
    pub fn state(&self, layers: &Slab<Layer>, estimate_bps: Option<u64>) -> PublicationState {
        PublicationState {
            id: self.id.clone(),
            source: self.source.clone(),
            session: self.session.as_ref().map(|(_, id)| id.clone()),
            tracks: self.tracks.iter().filter_map(|track| track.state(layers)).collect(),
            round_trip_ms: self.round_trip_us.map(|microseconds| microseconds as f64 / 1000.0),
            age_ms: self.age_ms(layers),
            estimate_bps,
        }
    }

    /// Capture to relay, of the picture where there is one; `None` before sender reports tell.
    fn age_ms(&self, layers: &Slab<Layer>) -> Option<f64> {
        self.clock.offset_us()?;
        let live = || self.layers().filter_map(|key| layers.get(key)).filter(|layer| layer.live);
        let pictured = live().any(|layer| layer.kind == Kind::Video);
        let counted = live().filter(|layer| !pictured || layer.kind == Kind::Video);
        let microseconds = counted.filter_map(|layer| layer.age_us).min()?;
        Some(microseconds as f64 / 1000.0)
    }
}

/// An SDES item carried as header extension; empty when it isn't there.
fn text<'a>(header: &Header<'a>, id: u8) -> &'a str {
    let found = header.elements().find(|&(name, _)| id != 0 && name == id);
    found.and_then(|(_, value)| std::str::from_utf8(value).ok()).unwrap_or("")
}

/// The original packet in an RTX packet (RFC 4588 section 4): its sequence number, and where its payload begins.
pub fn unwrapped(payload: &[u8]) -> Option<(u16, &[u8])> {
    Some((read_u16(payload, 0)?, payload.get(2..).filter(|rest| !rest.is_empty())?))
}
