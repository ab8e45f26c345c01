//! A slot on its way out: one SSRC whose source changes under it while its numbers run on.
//!
//! Sequence numbers have no gap at a switch (RFC 3550 section 5.1), timestamps are media time, VP8
//! and VP9 picture ids go on. All that a packet becomes follows from the segment it falls into, so
//! a NACK is answered from the layer's ring by computing it again. One packet index never seals two
//! texts, whatever is asked for again.

use crate::choice::Fit;
use crate::codecs;
use crate::layers::Layer;
use crate::links::{Waiting, Way};
use crate::model::{Codec, Kind, OutboundSlot, PayloadType, SessionIndex};
use crate::ring::{Entry, Packet};
use crate::rtp::Block;
use crate::segments::{Form, Segment, Segments};
use crate::slab::{Key, Slab};

mod fitting;
mod repairs;
mod reports;
mod writing;

use repairs::Allowance;

/// A picture whose media time would step back follows its predecessor by this (1 ms) until it has caught up.
pub const CATCH_UP_TICKS: u32 = 90;
/// One Opus packet of 20 ms: sound that would step back begins so much later.
const SOUND_TICKS: u32 = 960;
/// A sound that begins at most this (1 s) before the last one's end is cut, so that it keeps its own media time.
const OVERLAP_MAX_TICKS: u32 = 48_000;
/// Packets; a larger hole in the publisher's sequence is closed, for nobody will repair it.
const HOLE_MAX: i64 = 1000;
/// Bytes of a header, for those who must know a packet's size before it is written.
const HEADER_TYPICAL: usize = 24;

/// Why a slot does not show what its route says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Reason {
    #[default]
    None,
    WrongCodec,
    Paused,
    Silent,
    /// The viewer's line carries not even the smallest layer.
    Narrow,
}

impl Reason {
    pub fn text(self) -> &'static str {
        match self {
            Self::None => "",
            Self::WrongCodec => "codec-unsupported",
            Self::Paused => "paused",
            Self::Silent => "source-silent",
            Self::Narrow => "line-too-narrow",
        }
    }
}

/// One outbound slot of one session.
pub struct Slot {
    // Read for each packet.
    key: Key<Self>,
    session: SessionIndex,
    ssrc: u32,
    /// Newest outgoing sequence number, extended: the SRTP packet index.
    out: i64,
    segment: Option<Segment>,
    media_timestamp: Option<u32>,
    timestamp: Option<u32>,
    temporal: u8,
    temporal_wanted: u8,
    /// The same once the layer that is aimed at is forwarded.
    temporal_aimed: u8,
    video: bool,
    pads: bool,
    level_id: u8,
    capture_id: u8,
    block: Block,
    /// Where in a packet its transport-wide number lies; 0: it has none.
    number_at: u8,
    pub packets: u64,
    pub octets: u64,
    /// VP8's and VP9's picture id and base layer index as the viewer saw them last.
    shown: (u16, u8),

    pub spec: OutboundSlot,
    pub height: Option<u32>,
    pub reason: Reason,
    pub waiting: Option<Key<Layer>>,
    /// What its viewer's line leaves of it, and since when that is nothing.
    pub fit: Fit,
    pub narrow_since_us: Option<u64>,
    climb: fitting::Climb,
    pub repaired: u64,
    pub bitrate_bps: u64,
    pub lost_share: f64,
    pub jitter_ms: f64,
    pub(crate) following: bool,
    segments: Segments,
    repair_out: u64,
    allowance: Allowance,
    /// Whether a NACK without RTX is answered: not where each sending has a number of its own.
    plain_repairs: bool,
    /// Lead of the frame that is burst now.
    pub(crate) catch_up: u32,
    /// Timestamp of the frame that was left out last.
    left_out: Option<u32>,
    counted: u64,
}

impl Slot {
    /// `key` is where it will live; `first_seq` is random, below 2^15.
    pub fn new(key: Key<Self>, session: SessionIndex, spec: &OutboundSlot, first_seq: u16) -> Self {
        let rtx = spec.rtx_ssrc.is_some() && spec.payloads.iter().any(|payload| payload.apt.is_some());
        let nack = spec.payloads.iter().any(|payload| payload.nack);
        let numbered = spec.extensions.transport_cc != 0 && (rtx || !nack);
        let ids = &spec.extensions;
        let (block, number_at) = writing::block(spec, numbered);
        Self {
            key,
            session,
            ssrc: spec.ssrc,
            out: i64::from(first_seq) - 1,
            segment: None,
            media_timestamp: None,
            timestamp: None,
            temporal: u8::MAX,
            temporal_wanted: u8::MAX,
            temporal_aimed: u8::MAX,
            video: spec.kind == Kind::Video,
            pads: spec.payloads.iter().any(|payload| payload.transport_cc),
            level_id: ids.audio_level,
            capture_id: ids.abs_capture_time,
            block,
            number_at,
            packets: 0,
            octets: 0,
            shown: (0, 0),
            spec: spec.clone(),
            height: None,
            reason: Reason::None,
            waiting: None,
            fit: Fit::Whole,
            narrow_since_us: None,
            climb: fitting::Climb::default(),
            repaired: 0,
            bitrate_bps: 0,
            lost_share: 0.0,
            jitter_ms: 0.0,
            following: false,
            segments: Segments::default(),
            repair_out: first_seq.into(),
            allowance: Allowance::default(),
            plain_repairs: !numbered,
            catch_up: 0,
            left_out: None,
            counted: 0,
        }
    }

    pub fn session(&self) -> SessionIndex {
        self.session
    }

    pub fn is_video(&self) -> bool {
        self.video
    }

    /// The layer that is forwarded now.
    pub fn current(&self) -> Option<Key<Layer>> {
        self.segment.filter(|_| self.following).map(|segment| segment.layer)
    }

    /// The payload type of this viewer that carries what `sent` carries.
    pub fn outgoing(&self, sent: &PayloadType) -> Option<&PayloadType> {
        let opus = || self.spec.payloads.iter().find(|own| own.codec == Codec::Opus && sent.codec == Codec::Red);
        codecs::matching(&self.spec.payloads, sent).or_else(opus)
    }

    /// Begin a segment of `layer` at `packet` (a keyframe's first, or any sound). False when the viewer
    /// lacks its codec.
    pub(crate) fn begin(&mut self, key: Key<Layer>, layer: &Layer, packet: Packet<'_>) -> bool {
        let Some(sent) = layer.payload() else { return false };
        let Some(own) = self.outgoing(sent) else { return false };
        let (number, own_codec) = (own.number, own.codec);
        let inner = self.spec.payloads.iter().find(|own| own.codec == Codec::Opus).map_or(0, |own| own.number);
        let repair = codecs::repair_for(&self.spec.payloads, number).filter(|_| self.spec.rtx_ssrc.is_some());
        let (picture_step, tl0_step) = self.picture_steps(sent.codec, packet.entry);
        let segment = Segment {
            layer: key,
            start: packet.entry.index,
            seq_step: self.out + 1 - packet.entry.index,
            ticks: if self.video { self.lead(packet.entry) } else { self.sound_step(packet.entry) },
            picture_step,
            tl0_step,
            codec: sent.codec,
            payload_type: number,
            repair_type: repair,
            form: match (sent.codec, own_codec) {
                _ if self.video => Form::Picture,
                (Codec::Red, Codec::Red) => Form::RedOf(inner),
                (Codec::Red, _) => Form::PrimaryOfRed,
                _ => Form::Sound,
            },
        };
        self.enter(segment);
        self.following = true;
        self.media_timestamp = None;
        self.left_out = None;
        (self.temporal, self.temporal_wanted) = (self.temporal_aimed, self.temporal_aimed);
        true
    }

    fn picture_steps(&self, codec: Codec, entry: &Entry) -> (u16, u8) {
        let (picture_id, tl0) = self.shown;
        match self.segment {
            Some(before) if before.codec == codec => (
                picture_id.wrapping_add(1).wrapping_sub(entry.numbers.picture_id),
                tl0.wrapping_add(1).wrapping_sub(entry.numbers.tl0),
            ),
            _ => (0, 0),
        }
    }

    /// Ticks to add to media time so that the picture does not step back, and a burst is shown at once.
    fn lead(&self, entry: &Entry) -> u32 {
        let Some(timestamp) = self.timestamp else { return self.catch_up };
        let least = timestamp.wrapping_add(CATCH_UP_TICKS).wrapping_sub(entry.media_timestamp);
        if least >> 31 != 0 { self.catch_up } else { self.catch_up.max(least) }
    }

    /// What makes publisher timestamps media time, fixed until the next switch; never back by a sample.
    fn sound_step(&self, entry: &Entry) -> u32 {
        entry.media_timestamp.wrapping_add(self.behind(entry)).wrapping_sub(entry.timestamp)
    }

    /// Ticks by which a sound lies before the end of what was sent.
    fn behind(&self, entry: &Entry) -> u32 {
        let least = self
            .timestamp
            .map_or(0, |timestamp| timestamp.wrapping_add(SOUND_TICKS).wrapping_sub(entry.media_timestamp));
        if least >> 31 != 0 { 0 } else { least }
    }

    /// Whether a sound that would begin at `entry` came a longer way than what was heard until now. It is
    /// cut, not moved: receivers learn a stream's line from many reports, and a moved one would part from
    /// its picture for as long.
    pub(crate) fn overlaps(&self, entry: &Entry) -> bool {
        !self.video && (1..=OVERLAP_MAX_TICKS).contains(&self.behind(entry))
    }

    fn enter(&mut self, segment: Segment) {
        self.segment = Some(segment);
        self.segments.add(segment, self.out);
    }

    // --- packets

    /// Send a packet of the current layer, at its place in the outgoing sequence.
    pub fn forward(&mut self, packet: Packet<'_>, way: &mut Way<'_>) {
        let Some(mut segment) = self.segment else { return };
        let entry = packet.entry;
        let mut number = entry.index + segment.seq_step;
        if number <= self.out || entry.index < segment.start {
            self.forward_late(packet, way);
            return;
        }
        if packet.payload.is_empty() {
            // Padding is not passed on, and leaves no hole.
            self.enter(Segment { start: entry.index + 1, seq_step: segment.seq_step - 1, ..segment });
            return;
        }
        if (entry.numbers.temporal > self.temporal || self.temporal != self.temporal_wanted) && !self.passes(entry) {
            self.leave_out(entry, segment);
            return;
        }
        if number > self.out + HOLE_MAX {
            number = self.out + 1;
            segment = Segment { start: entry.index, seq_step: number - entry.index, ..segment };
            self.enter(segment);
        }
        if !self.video {
            self.timestamp = Some(entry.timestamp.wrapping_add(segment.ticks));
        } else if self.media_timestamp != Some(entry.media_timestamp) {
            segment = self.next_frame(entry, segment);
        }
        self.out = number;
        self.emit(packet, &segment, number, way);
    }

    fn next_frame(&mut self, entry: &Entry, mut segment: Segment) -> Segment {
        let lead = self.lead(entry);
        if lead != segment.ticks {
            segment = Segment { start: entry.index, ticks: lead, ..segment };
            self.enter(segment);
        }
        self.media_timestamp = Some(entry.media_timestamp);
        self.timestamp = Some(entry.media_timestamp.wrapping_add(lead));
        segment
    }

    /// A packet that came out of order or was repaired: by the rules of its own time.
    fn forward_late(&mut self, packet: Packet<'_>, way: &mut Way<'_>) {
        let Some(segment) = self.segments.of_late(packet.entry.index) else { return };
        if !packet.payload.is_empty() && packet.entry.numbers.temporal <= self.temporal {
            let number = packet.entry.index + segment.seq_step;
            self.out = self.out.max(number);
            self.emit(packet, &segment, number, way);
        }
    }

    /// Whether a packet's temporal layer is forwarded. Layers are left at any frame, and entered where
    /// the viewer can decode them.
    fn passes(&mut self, entry: &Entry) -> bool {
        let layer = entry.numbers.temporal;
        let begins = self.media_timestamp != Some(entry.media_timestamp) && self.left_out != Some(entry.timestamp);
        if begins && self.temporal_wanted < self.temporal {
            self.temporal = self.temporal_wanted;
        } else if begins && self.temporal_wanted > self.temporal {
            if entry.keyframe {
                self.temporal = self.temporal_wanted;
            } else if entry.begins_frame && entry.numbers.may_enter && layer == self.temporal + 1 {
                self.temporal = layer;
            }
        }
        layer <= self.temporal
    }

    /// What follows moves up: no hole in the sequence numbers, and none in VP8's picture ids. VP9 names the
    /// pictures that one is made from by how far back their ids lie (RFC 9628 section 4.2): these stay.
    fn leave_out(&mut self, entry: &Entry, segment: Segment) {
        let within = self.left_out == Some(entry.timestamp);
        let next = if within { segment.first_out() } else { entry.index + segment.seq_step };
        let start = entry.index + 1;
        let picture_step = segment.picture_step.wrapping_sub(u16::from(!within && segment.codec == Codec::Vp8));
        self.left_out = Some(entry.timestamp);
        self.enter(Segment { start, seq_step: next - start, picture_step, ..segment });
    }

    fn emit(&mut self, packet: Packet<'_>, segment: &Segment, number: i64, way: &mut Way<'_>) {
        if number == self.out {
            let numbers = &packet.entry.numbers;
            self.shown.0 = numbers.picture_id.wrapping_add(segment.picture_step);
            self.shown.1 = numbers.tl0.wrapping_add(segment.tl0_step);
        }
        let size = packet.payload.len() + HEADER_TYPICAL;
        if !self.video {
            way.link.left(way.now_us, size);
        } else if !way.link.may_leave(way.now_us, Waiting { slot: self.key, number }, size) {
            return;
        }
        self.leave(packet, segment, number, way);
    }

    fn leave(&mut self, packet: Packet<'_>, segment: &Segment, number: i64, way: &mut Way<'_>) {
        let (header, whole) = way.send(self.ssrc, number as u64, self.number_at, |room| {
            self.write(room, packet, segment, number as u16, None)
        });
        self.packets += 1;
        self.octets += (whole - header) as u64;
    }

    /// A packet that waited for its turn, if its layer's ring still holds it.
    pub fn release(&mut self, number: i64, layers: &Slab<Layer>, way: &mut Way<'_>) {
        if let Some((segment, packet)) = self.sent_as(number, layers) {
            self.leave(packet, &segment, number, way);
        }
    }

    /// What was or would have been sent as `number`.
    fn sent_as<'a>(&self, number: i64, layers: &'a Slab<Layer>) -> Option<(Segment, Packet<'a>)> {
        let segment = *self.segments.of_number(number)?;
        let packet = layers.get(segment.layer)?.ring.get(number - segment.seq_step)?;
        (!packet.payload.is_empty()).then_some((segment, packet))
    }
}
