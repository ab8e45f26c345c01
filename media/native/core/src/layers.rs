//! One incoming RTP stream: an encoding of a track, its ring, its clock, its figures, its followers.

use std::sync::Arc;

use crate::codecs::{self, Size};
use crate::model::{self, Codec, Kind, Now, PayloadType, SourceName};
use crate::publication::Publication;
use crate::reception::Reception;
use crate::repair::Repairs;
use crate::ring::{Entry, Ring};
use crate::rtp::Header;
use crate::slab::Key;
use crate::slots::Slot;
use crate::timeline::{StreamClock, ntp_of};

/// Without RTP for so long a stream is not live.
pub const SILENT_US: u64 = 500_000;
/// After so long a picture gives way to its fallback: an encoder's hiccup does not, and a second is promised.
pub const DARK_US: u64 = 700_000;
const PLI_EVERY_US: u64 = 500_000;
/// Packets; a repair may not reach further back.
pub const LATE_MAX: i64 = 2048;
/// How often packets say when they were captured (abs-capture-time); receivers interpolate.
const CAPTURE_EVERY_US: u64 = 1_000_000;
/// Temporal layers that are told apart.
pub const TEMPORAL_MAX: usize = 4;
/// RTP header with its elements, SRTP tag, UDP and IPv4.
const OVERHEAD: usize = 64;
/// Shorter than this (300 ms) what came says little of a layer's rate:
const COUNT_MIN_US: u64 = 300_000;
/// then it is taken for a usual picture's, in bits per pixel and second.
const USUAL: f64 = 2.1;

/// What became of a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Taken {
    pub keyframe: bool,
    /// The track sends another payload type from here on.
    pub changed: bool,
    /// The picture has another height from here on.
    pub resized: bool,
}

/// What came with a packet beside its payload.
#[derive(Clone, Copy, Debug, Default)]
pub struct Notes {
    /// RFC 6464.
    pub level: Option<u8>,
    /// abs-capture-time by the publisher's clock, NTP; 0 for none.
    pub capture_ntp: u64,
}

/// What a track's one SSRC brings. `following` forward each packet, `waiting` want a keyframe first.
pub struct Layer {
    pub publication: Key<Publication>,
    pub source: SourceName,
    pub kind: Kind,
    pub ssrc: u32,
    pub rid: String,
    /// Born inside the relay: nobody to ask for anything.
    pub local: bool,
    pub ring: Ring,
    pub repairs: Repairs,
    pub reception: Reception,
    pub clock: StreamClock,
    pub following: Vec<Key<Slot>>,
    pub waiting: Vec<Key<Slot>>,
    pub live: bool,
    pub dark: bool,
    pub heard_us: u64,
    pub size: Option<Size>,
    pub bitrate_bps: u64,
    pub frames_per_s: f64,
    pub age_us: Option<i64>,
    pub lost_share: f64,
    /// By temporal layer, those below it and all headers included, in the last second; a keyframe counts as any
    /// other frame, for it comes by chance and is spread by the pacer.
    pub temporal_bps: [u64; TEMPORAL_MAX],
    temporal_octets: [u64; TEMPORAL_MAX],
    /// Since when these are counted.
    counted_from_us: Option<u64>,
    keyframes: Keyframes,
    payloads: Arc<[PayloadType]>,
    sending: Option<usize>,
    counted: (u64, u64, i64, u64),
    keyframe_wanted: bool,
    asked_us: Option<u64>,
    frame: Frame,
}

/// Those of the current second.
#[derive(Clone, Copy, Default)]
struct Keyframes {
    timestamp: Option<u32>,
    count: u64,
    octets: u64,
}

/// The frame that comes in now.
#[derive(Clone, Copy, Default)]
struct Frame {
    timestamp: u32,
    /// Its first packet's payload size.
    first_len: usize,
    capture_ntp: u64,
    captured_at_us: Option<u64>,
}

impl Layer {
    pub fn new(
        publication: Key<Publication>,
        source: &SourceName,
        spec: (Kind, &Arc<[PayloadType]>),
        ssrc: u32,
        rid: &str,
        local: bool,
    ) -> Self {
        let (kind, payloads) = spec;
        let clock_hz =
            payloads.first().map_or(if kind == Kind::Video { 90_000 } else { 48_000 }, |first| first.clock_hz);
        Self {
            publication,
            source: source.clone(),
            kind,
            ssrc,
            rid: rid.into(),
            local,
            ring: if kind == Kind::Video { Ring::new(1 << 18, 1 << 10) } else { Ring::new(1 << 15, 1 << 8) },
            repairs: Repairs::default(),
            reception: Reception::default(),
            clock: StreamClock::new(kind, clock_hz),
            following: Vec::new(),
            waiting: Vec::new(),
            live: false,
            dark: true,
            heard_us: 0,
            size: None,
            bitrate_bps: 0,
            frames_per_s: 0.0,
            age_us: None,
            lost_share: 0.0,
            temporal_bps: [0; TEMPORAL_MAX],
            temporal_octets: [0; TEMPORAL_MAX],
            counted_from_us: None,
            keyframes: Keyframes::default(),
            payloads: payloads.clone(),
            sending: None,
            counted: (0, 0, 0, 0),
            keyframe_wanted: false,
            asked_us: None,
            frame: Frame::default(),
        }
    }

    /// What the stream sends, or sent last.
    pub fn payload(&self) -> Option<&PayloadType> {
        self.payloads.get(self.sending?)
    }

    pub fn height(&self) -> u32 {
        self.size.map_or(0, |size| size.height.into())
    }

    /// A packet into the ring; `None` when it is a duplicate, out of reach or of an unknown payload type.
    ///
    /// `offset_us` is what the publisher's clock lacks on the common one, for `notes.capture_ntp`.
    pub fn take(
        &mut self,
        now: Now,
        index: i64,
        header: &Header<'_>,
        payload: &[u8],
        notes: Notes,
        offset_us: Option<i64>,
    ) -> Option<Taken> {
        let newest_before = self.reception.newest();
        let newest = newest_before.is_none_or(|highest| index > highest);
        let before = self.sending;
        let codec = self.accept(header.payload_type, newest_before.is_none_or(|highest| index >= highest))?;
        if self.ring.knows(index) || newest_before.is_some_and(|highest| index < highest - LATE_MAX) {
            return None;
        }
        let media_timestamp = self.clock.media_timestamp(header.timestamp, now.media_us);
        let transit = self.clock.ticks_at(now.us).wrapping_sub(header.timestamp);
        self.reception.count(index, payload.len(), transit);
        let facts = if payload.is_empty() { None } else { codecs::read(codec, payload) };
        let temporal = facts.map_or(0, |facts| usize::from(facts.numbers.temporal)).min(TEMPORAL_MAX - 1);
        self.temporal_octets[temporal] += (payload.len() + OVERHEAD) as u64;
        self.counted_from_us.get_or_insert(now.us);
        let height_before = self.height();
        let keyframe = facts.is_some_and(|facts| facts.keyframe);
        self.keyframes.came(keyframe, header.timestamp, payload.len() + OVERHEAD);
        if keyframe {
            self.keyframe_wanted = false;
            self.size = facts.and_then(|facts| facts.size).or(self.size);
            self.guess_rate();
        }
        let begins = self.enter_frame(now, header.timestamp, media_timestamp, payload.len(), newest, keyframe);
        self.note_capture(notes.capture_ntp, offset_us);
        let entry = Entry {
            index,
            arrival_us: now.us,
            capture_ntp: if header.timestamp == self.frame.timestamp { self.frame.capture_ntp } else { 0 },
            timestamp: header.timestamp,
            media_timestamp,
            numbers: facts.map(|facts| facts.numbers).unwrap_or_default(),
            marker: header.marker,
            begins_frame: facts.is_some_and(|facts| facts.begins_frame),
            keyframe,
            pad: self.pads(header, payload.len(), begins),
            level: notes.level,
        };
        self.ring.add(entry, payload);
        if newest && (header.marker || self.kind == Kind::Audio) {
            self.reception.frames += 1;
            self.age_us = Some(self.clock.age_us(media_timestamp, now.media_us));
        }
        let changed = before.is_some() && before != self.sending;
        Some(Taken { keyframe, changed, resized: self.height() != height_before })
    }

    /// The codec of a payload type that may be sent; another one than before only by the newest packet.
    fn accept(&mut self, number: u8, newest: bool) -> Option<Codec> {
        if let Some(payload) = self.payload().filter(|payload| payload.number == number) {
            return Some(payload.codec);
        }
        let found = self.payloads.iter().position(|payload| payload.number == number && payload.apt.is_none())?;
        if !newest {
            return None;
        }
        self.sending = Some(found);
        self.ring.forget_keyframe();
        Some(self.payloads[found].codec)
    }

    /// Whether a frame (of sound, a packet) begins with this packet; decides if it tells its capture time.
    fn enter_frame(
        &mut self,
        now: Now,
        timestamp: u32,
        media_timestamp: u32,
        len: usize,
        newest: bool,
        keyframe: bool,
    ) -> bool {
        let begins = newest && (self.frame.captured_at_us.is_none() || timestamp != self.frame.timestamp);
        if begins {
            let due = self.frame.captured_at_us.is_none_or(|at_us| now.us >= at_us + CAPTURE_EVERY_US);
            self.frame.timestamp = timestamp;
            self.frame.first_len = len;
            self.frame.capture_ntp = 0;
            if due || keyframe {
                let captured_us = now.media_us as i64 - self.clock.age_us(media_timestamp, now.media_us);
                self.frame.capture_ntp = ntp_of(captured_us.max(0) as u64);
                self.frame.captured_at_us = Some(now.us);
            }
        }
        begins
    }

    /// The publisher says itself when the frame was captured: by its clock, so move that onto ours.
    fn note_capture(&mut self, ntp: u64, offset_us: Option<i64>) {
        if let (true, true, Some(offset_us)) = (ntp != 0, self.frame.capture_ntp != 0, offset_us) {
            let captured_us = crate::timeline::unix_us_of(ntp).wrapping_add(offset_us);
            self.frame.capture_ntp = ntp_of(captured_us.max(0) as u64);
        }
    }

    /// libwebrtc splits a frame into packets that differ by a byte, the shorter ones first. A byte of
    /// padding on those makes the frame one run of equal datagrams.
    fn pads(&self, header: &Header<'_>, len: usize, begins: bool) -> bool {
        self.kind == Kind::Video
            && len > 0
            && len == self.frame.first_len
            && header.timestamp == self.frame.timestamp
            && !(begins && header.marker)
    }

    /// The extended sequence number that `seq` (16 bits) has near the newest one.
    pub fn extend(&self, seq: u16) -> i64 {
        match self.reception.newest() {
            Some(highest) => highest + i64::from(seq.wrapping_sub(highest as u16) as i16),
            None => 0x1_0000 + i64::from(seq), // one turn up: an earlier one may come late
        }
    }

    /// A keyframe is needed: it is asked for now, or as soon as the last request is PLI_EVERY_US old.
    pub fn want_keyframe(&mut self) {
        self.keyframe_wanted = !self.local;
    }

    /// Whether a PLI is to be sent now.
    pub fn keyframe_due(&mut self, now_us: u64) -> bool {
        let due = self.keyframe_wanted && self.asked_us.is_none_or(|asked_us| now_us >= asked_us + PLI_EVERY_US);
        if due {
            self.asked_us = Some(now_us);
        }
        due
    }

    /// Before it was counted.
    fn guess_rate(&mut self) {
        if let (0, Some(size)) = (self.temporal_bps[TEMPORAL_MAX - 1], self.size) {
            let bps = USUAL * f64::from(size.width) * f64::from(size.height);
            self.temporal_bps = [bps as u64; TEMPORAL_MAX];
        }
    }

    /// Bitrate, frame rate and loss of the last second.
    pub fn second_passed(&mut self, now_us: u64) {
        let got = &self.reception;
        let (octets, frames, expected, lost) = self.counted;
        self.bitrate_bps = 8 * (got.octets - octets);
        self.frames_per_s = (got.frames - frames) as f64;
        self.lost_share = got.lost().saturating_sub(lost) as f64 / (got.expected() - expected).max(1) as f64;
        self.counted = (got.octets, got.frames, got.expected(), got.lost());
        if let Some(from_us) = self.counted_from_us.filter(|from_us| now_us - from_us >= COUNT_MIN_US) {
            self.count_rates(now_us - from_us);
            self.counted_from_us = None;
        }
    }

    fn count_rates(&mut self, lasted_us: u64) {
        let excess = self.keyframes.excess(self.temporal_octets.iter().sum(), self.frames_per_s as u64);
        self.temporal_octets[0] = self.temporal_octets[0].saturating_sub(excess);
        let mut below = 0;
        for (bps, octets) in self.temporal_bps.iter_mut().zip(&mut self.temporal_octets) {
            below += std::mem::take(octets);
            *bps = 8_000_000 * below / lasted_us;
        }
    }

    pub fn state(&self) -> model::Layer {
        model::Layer {
            rid: self.rid.clone(),
            width: self.size.map_or(0, |size| size.width.into()),
            height: self.height(),
            bitrate_bps: self.bitrate_bps,
            frames_per_s: self.frames_per_s,
        }
    }
}

impl Keyframes {
    fn came(&mut self, begins: bool, timestamp: u32, octets: usize) {
        if begins && self.timestamp != Some(timestamp) {
            self.timestamp = Some(timestamp);
            self.count += 1;
        }
        if self.timestamp == Some(timestamp) {
            self.octets += octets as u64;
        }
    }

    /// What they had more than as many other frames, of `octets` in `frames`; begins the next second.
    fn excess(&mut self, octets: u64, frames: u64) -> u64 {
        let Self { count, octets: own, .. } = std::mem::replace(self, Self { count: 0, octets: 0, ..*self });
        let others = frames.saturating_sub(count);
        let usual = if others > count { octets.saturating_sub(own) * count / others } else { own };
        own.saturating_sub(usual)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_keyframe_costs_what_other_frames_do_where_it_is_alone() {
        let mut keyframes = Keyframes::default();
        (0..7).for_each(|part| keyframes.came(part == 0, 3_000, 1_000));
        keyframes.came(false, 6_000, 1_000);
        assert_eq!(keyframes.excess(36_000, 30), 6_000);
        assert_eq!(keyframes.excess(30_000, 30), 0, "the next second");
    }

    #[test]
    fn a_stream_of_keyframes_costs_what_it_sends() {
        let mut keyframes = Keyframes::default();
        (0..30).for_each(|frame| keyframes.came(true, 3_000 * frame, 5_000));
        assert_eq!(keyframes.excess(150_000, 30), 0);
    }
}
