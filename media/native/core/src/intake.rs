//! What comes in from peers: media into layers and on to slots, RTCP to whom it concerns.

use crate::feedback::OWN_SSRC;
use crate::layers::{Layer, Notes};
use crate::links::Link;
use crate::media::Media;
use crate::model::{Kind, Now, SessionIndex, SourceName};
use crate::outbox::Outbox;
use crate::peers::Ids;
use crate::publication::{Publication, Stream, unwrapped};
use crate::repair::Arrival;
use crate::rtcp::Block;
use crate::rtcp::read::{Item, read};
use crate::rtp::{Header, read_header, read_u16, read_u64, without_padding};
use crate::slab::Key;
use crate::sources::Change;
use crate::timeline::{middle, ntp_of, round_trip_us, unix_us_of};

/// Feeds authentic packets to layers and their followers.
pub struct Intake<'a> {
    media: &'a mut Media,
    now: Now,
}

impl<'a> Intake<'a> {
    pub fn of(media: &'a mut Media, now: Now) -> Self {
        Self { media, now }
    }

    /// One RTP packet of a session; returns what changed of its source.
    pub fn rtp(&mut self, from: SessionIndex, index: u64, packet: &[u8], out: &mut Outbox) -> Option<Change> {
        let header = read_header(packet)?;
        let peer = self.media.peer(from)?;
        let (ids, publication) = (peer.ids, peer.publication);
        let notes = self.read_extensions(from, ids, &header);
        let Some((stream, publication)) = publication.and_then(|key| Some((self.stream(key, &header)?, key))) else {
            self.media.dropped.unknown_ssrc += 1;
            return None;
        };
        let payload = &packet[header.size..];
        let payload = if header.padded { without_padding(payload) } else { payload };
        match stream {
            Stream::Layer(layer) => self.asked_layer(from, layer, index as i64, &header, payload, notes, out),
            Stream::Repair(layer) => {
                let (seq, payload) = unwrapped(payload)?;
                let repaired = self.media.stage.publications.get(publication)?;
                let payload_type = repaired.repaired_type(layer, header.payload_type)?;
                let index = self.media.stage.layers.get(layer).filter(|layer| layer.payload().is_some())?.extend(seq);
                let original = Header { payload_type, seq, ..header };
                self.asked_layer(from, layer, index, &original, payload, Notes::default(), out)
            }
        }
    }

    fn stream(&mut self, key: Key<Publication>, header: &Header<'_>) -> Option<Stream> {
        let stage = &mut self.media.stage;
        let publication = stage.publications.get_mut(key)?;
        publication.stream(header.ssrc).or_else(|| publication.bind(key, header, &mut stage.layers))
    }

    /// A packet of a layer whose publisher can be asked for what is missing.
    #[expect(clippy::too_many_arguments, reason = "a packet, whose it is, and where answers go")]
    fn asked_layer(
        &mut self,
        from: SessionIndex,
        key: Key<Layer>,
        index: i64,
        header: &Header<'_>,
        payload: &[u8],
        notes: Notes,
        out: &mut Outbox,
    ) -> Option<Change> {
        let change = self.layer_packet(key, index, header, payload, notes, out);
        let layers = &mut self.media.stage.layers;
        let asked = layers.get_mut(key).filter(|layer| layer.payload().is_some_and(|payload| payload.nack));
        let Some(layer) = asked else { return change };
        match layer.repairs.arrived(index, self.now.us) {
            Arrival::Whole => {}
            Arrival::Holes(holes) => self.media.feedback.ask_for(from, layer.ssrc, holes, out),
            Arrival::TooMany if layer.kind == Kind::Video => self.media.stage.want_keyframe(key),
            Arrival::TooMany => {}
        }
        change
    }

    /// A clear packet of a layer: ring, following slots, waiting slots, life.
    fn layer_packet(
        &mut self,
        key: Key<Layer>,
        index: i64,
        header: &Header<'_>,
        payload: &[u8],
        notes: Notes,
        out: &mut Outbox,
    ) -> Option<Change> {
        let stage = &mut self.media.stage;
        let layer = stage.layers.get_mut(key)?;
        let offset_us = match notes.capture_ntp {
            0 => None,
            _ => stage.publications.get(layer.publication).and_then(|publication| publication.clock.offset_us()),
        };
        let Some(taken) = layer.take(self.now, index, header, payload, notes, offset_us) else {
            self.media.dropped.unusable += 1;
            return None;
        };
        layer.heard_us = self.now.us;
        let picture = layer.kind == Kind::Video;
        if taken.changed {
            stage.forward_all(self.now, out);
            stage.cut(key);
        }
        stage.fresh.push(key, picture, index);
        let layer = stage.layers.get_mut(key)?;
        let news = !layer.live || taken.changed || taken.resized;
        (layer.live, layer.dark) = (true, false);
        if !layer.waiting.is_empty() && !taken.changed && (taken.keyframe || layer.kind == Kind::Audio) {
            stage.forward_all(self.now, out);
            stage.begin_waiting(self.now, key, index, out);
        }
        if news {
            stage.forward_all(self.now, out);
            self.media.sources.alive(key, stage)
        } else {
            None
        }
    }

    /// One clear RTP packet of a publication born inside the relay.
    pub fn inject(&mut self, source: &SourceName, ssrc: u32, packet: &[u8], out: &mut Outbox) -> Option<Change> {
        let key = self.media.sources.present(source)?;
        let header = Header { ssrc, ..read_header(packet)? };
        self.media.stage.publications.get(key).filter(|publication| publication.session.is_none())?;
        let Some(Stream::Layer(layer)) = self.stream(key, &header) else { return None };
        let payload = &packet[header.size..];
        let payload = if header.padded { without_padding(payload) } else { payload };
        let index = self.media.stage.layers.get(layer)?.extend(header.seq);
        self.layer_packet(layer, index, &header, payload, Notes::default(), out)
    }

    /// Note the transport-wide number; return what else a packet carries beside its payload.
    fn read_extensions(&mut self, from: SessionIndex, ids: Ids, header: &Header<'_>) -> Notes {
        let mut notes = Notes::default();
        for (id, value) in header.elements().filter(|&(id, _)| id != 0) {
            if id == ids.audio_level && value.len() == 1 {
                notes.level = Some(value[0]);
            } else if id == ids.abs_capture_time {
                notes.capture_ntp = read_u64(value, 0).unwrap_or(0);
            } else if id == ids.transport_cc
                && let (Some(number), Some(peer)) = (read_u16(value, 0), self.media.peer_mut(from))
                && let Some(arrivals) = &mut peer.arrivals
            {
                arrivals.note(number, self.now.us);
                peer.media_ssrc = header.ssrc;
            }
        }
        notes
    }
}

impl Media {
    /// One RTCP compound of a session.
    pub(crate) fn control(&mut self, now: Now, from: SessionIndex, compound: &[u8], out: &mut Outbox) {
        if self.peer(from).is_none() {
            return;
        }
        read(compound, |item| match item {
            Item::SenderReport { ssrc, ntp, rtp } => self.sender_report(now, from, ssrc, (ntp, rtp)),
            Item::Report(block) => self.report_of_viewer(now, from, block),
            Item::Nack { ssrc, seqs } => self.repair(now, from, ssrc, seqs.iter(), out),
            Item::PictureRequest { ssrc } => self.picture_request(from, ssrc),
            Item::Bye { ssrc } => self.farewell(now, from, ssrc, out),
            Item::LastReceiverTime { ssrc, last, delay } => {
                if ssrc == OWN_SSRC && last != 0 {
                    self.round_trip_of_publisher(now, from, round_trip_us(ntp_of(now.media_us), last, delay));
                }
            }
            Item::Arrivals(body) => self.learn(from, |link| link.estimator.arrivals(now.us, body)),
            Item::Estimate { bitrate_bps } => {
                self.learn(from, |link| link.estimator.peer_estimate(now.us, bitrate_bps))
            }
        });
    }

    fn published_layer(&self, from: SessionIndex, ssrc: u32) -> Option<Key<Layer>> {
        let publication = self.stage.publications.get(self.peer(from)?.publication?)?;
        match publication.stream(ssrc)? {
            Stream::Layer(layer) => Some(layer),
            Stream::Repair(_) => None,
        }
    }

    fn sender_report(&mut self, now: Now, from: SessionIndex, ssrc: u32, (ntp, rtp): (u64, u32)) {
        let Some(key) = self.published_layer(from, ssrc).filter(|_| ntp != 0) else { return };
        let Some(layer) = self.stage.layers.get_mut(key) else { return };
        let Some(publication) = self.stage.publications.get_mut(layer.publication) else { return };
        let ntp_us = unix_us_of(ntp);
        publication.clock.heard(now.us, now.media_us, ntp_us);
        layer.reception.last_report = Some((middle(ntp), now.us));
        layer.clock.report(now.us, ntp_us, rtp);
        layer.clock.settle(publication.clock.offset_us());
    }

    /// What a viewer's line tells of itself.
    fn learn(&mut self, from: SessionIndex, tell: impl FnOnce(&mut Link)) {
        if let Some(link) = self.stage.links.get_mut(from.0 as usize).and_then(Option::as_mut) {
            tell(link);
        }
    }

    fn report_of_viewer(&mut self, now: Now, from: SessionIndex, block: Block) {
        let Some(peer) = self.peer_mut(from) else { return };
        let Some(slot) = peer.slot(block.ssrc) else { return };
        let round_trip = (block.lsr != 0).then(|| round_trip_us(ntp_of(now.media_us), block.lsr, block.dlsr));
        peer.round_trip_us = round_trip.or(peer.round_trip_us);
        let share = f64::from(block.fraction) / 256.0;
        if let Some(slot) = self.stage.slots.get_mut(slot) {
            slot.lost_share = share;
            let clock_hz = if slot.is_video() { 90_000.0 } else { 48_000.0 };
            slot.jitter_ms = (f64::from(block.jitter) * 10_000.0 / clock_hz).round() / 10.0;
        }
        self.learn(from, |link| {
            link.estimator.reported(now.us, share);
            if let Some(round_trip_us) = round_trip {
                link.estimator.round_trip(round_trip_us);
            }
        });
    }

    fn repair(&mut self, now: Now, from: SessionIndex, ssrc: u32, seqs: impl Iterator<Item = u16>, out: &mut Outbox) {
        if let Some(slot) = self.peer(from).and_then(|peer| peer.slot(ssrc)) {
            self.stage.repair(now, slot, seqs, out);
        }
    }

    fn picture_request(&mut self, from: SessionIndex, ssrc: u32) {
        let slot = self.peer(from).and_then(|peer| peer.slot(ssrc)).and_then(|key| self.stage.slots.get(key));
        let Some(slot) = slot.filter(|slot| slot.is_video()) else { return };
        if let Some(layer) = slot.waiting.or_else(|| slot.current()) {
            self.stage.want_keyframe(layer);
        }
    }

    fn farewell(&mut self, now: Now, from: SessionIndex, ssrc: u32, out: &mut Outbox) {
        if let Some(layer) = self.published_layer(from, ssrc) {
            self.stage.forward_all(now, out);
            let change = self.sources.silent(layer, true, &mut self.stage);
            self.apply(now, change, out);
        }
    }

    fn round_trip_of_publisher(&mut self, now: Now, from: SessionIndex, round_trip_us: u64) {
        let Some(key) = self.peer(from).and_then(|peer| peer.publication) else { return };
        if let Some(publication) = self.stage.publications.get_mut(key) {
            publication.round_trip_us = Some(round_trip_us);
            publication.clock.round_trip(now.us, round_trip_us);
        }
        if let Some(peer) = self.peer_mut(from) {
            peer.round_trip_us = Some(round_trip_us);
        }
    }
}
