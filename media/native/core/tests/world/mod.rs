//! Media without sockets, ciphers or clocks: peers that send, time that is moved by hand, what viewers got.
#![allow(dead_code, unused_imports, reason = "each test program uses its part")]

mod senders;

use std::collections::BTreeMap;

use twinhall_core::media::Media;
use twinhall_core::model::{
    AudienceName, Codec, Event, Extensions, IceCredentials, InboundTrack, Kind, Now, OutboundSlot, PayloadType,
    PlaneSession, Purpose, Route, SessionIndex, SlotId, SourceName,
};
use twinhall_core::outbox::Outbox;
use twinhall_core::rtcp::read::{Item, read};
use twinhall_core::rtp::{is_rtcp, read_header};

pub use senders::{Camera, Microphone, packet};

pub const EPOCH_US: u64 = 1_700_000_000_000_000;
pub const TICK_US: u64 = 20_000;
pub const CHANGZHOU: &str = "house:changzhou/camera-1";
pub const MINDEN: &str = "house:minden/camera-1";
pub const SLATE: &str = "house:slate/changzhou";
pub const STAGE: &str = "house.stage:attendee";
pub const VIDEO_SSRC: u32 = 0x1000;
pub const AUDIO_SSRC: u32 = 0x2000;
pub const IDS: Extensions = Extensions {
    mid: 1,
    rid: 2,
    repaired_rid: 3,
    abs_send_time: 0,
    transport_cc: 4,
    abs_capture_time: 6,
    audio_level: 5,
};

/// An RTP packet that a viewer got.
#[derive(Clone, Debug)]
pub struct Got {
    pub at_us: u64,
    pub marker: bool,
    pub payload_type: u8,
    pub seq: u16,
    pub timestamp: u32,
    pub ssrc: u32,
    pub padded: bool,
    pub elements: BTreeMap<u8, Vec<u8>>,
    pub payload: Vec<u8>,
    pub len: usize,
}

/// What a peer was told by RTCP.
#[derive(Clone, Debug, PartialEq)]
pub enum Told {
    Sender { ssrc: u32, ntp: u64, rtp: u32 },
    Block(twinhall_core::rtcp::Block),
    Nack { ssrc: u32, seqs: Vec<u16> },
    Picture { ssrc: u32 },
    Other,
}

pub struct World {
    pub media: Media,
    pub out: Outbox,
    pub now_us: u64,
    pub events: Vec<Event>,
    pub rtp: BTreeMap<SessionIndex, Vec<Got>>,
    pub told: BTreeMap<SessionIndex, Vec<(u64, Told)>>,
    sessions: u32,
}

impl Default for World {
    fn default() -> Self {
        Self {
            media: Media::new(7),
            out: Outbox::new(),
            now_us: 1_000_000_000,
            events: Vec::new(),
            rtp: BTreeMap::new(),
            told: BTreeMap::new(),
            sessions: 0,
        }
    }
}

pub fn payload_type(number: u8, codec: Codec) -> PayloadType {
    let video = !matches!(codec, Codec::Opus | Codec::Red);
    PayloadType {
        number,
        codec,
        clock_hz: if video { 90_000 } else { 48_000 },
        apt: None,
        fmtp: if codec == Codec::H264 { "packetization-mode=1;profile-level-id=42e01f".into() } else { String::new() },
        nack: video,
        pli: video,
        transport_cc: true,
        remb: false,
    }
}

pub fn rtx(number: u8, of: &PayloadType) -> PayloadType {
    PayloadType { number, apt: Some(of.number), fmtp: format!("apt={}", of.number), ..of.clone() }
}

pub fn vp8() -> Vec<PayloadType> {
    let vp8 = payload_type(96, Codec::Vp8);
    vec![vp8.clone(), rtx(97, &vp8)]
}

pub fn video_in() -> InboundTrack {
    InboundTrack {
        mid: "0".into(),
        kind: Kind::Video,
        payloads: vp8(),
        extensions: IDS,
        ssrcs: [(VIDEO_SSRC, String::new())].into(),
        repairs: [(VIDEO_SSRC + 1, VIDEO_SSRC)].into(),
        rids: vec![],
    }
}

pub fn simulcast_in() -> InboundTrack {
    let rids = ["q", "h", "f"].map(String::from).to_vec();
    InboundTrack { ssrcs: BTreeMap::new(), repairs: BTreeMap::new(), rids, ..video_in() }
}

pub fn audio_in() -> InboundTrack {
    InboundTrack {
        mid: "1".into(),
        kind: Kind::Audio,
        payloads: vec![payload_type(111, Codec::Opus)],
        extensions: IDS,
        ssrcs: [(AUDIO_SSRC, String::new())].into(),
        repairs: BTreeMap::new(),
        rids: vec![],
    }
}

pub fn slot(name: &str) -> OutboundSlot {
    let video = name.starts_with('v');
    let number: u32 = name[1..].parse().unwrap();
    let ssrc = if video { 0x5_0000 } else { 0x6_0000 } + 2 * number;
    OutboundSlot {
        slot: name.into(),
        mid: number.to_string(),
        kind: if video { Kind::Video } else { Kind::Audio },
        payloads: if video { vp8() } else { vec![payload_type(111, Codec::Opus)] },
        extensions: Extensions { mid: 1, ..Extensions::default() },
        ssrc,
        rtx_ssrc: video.then_some(ssrc + 1),
    }
}

pub fn route(slot: &str, source: &str, fallback: Option<&str>) -> Route {
    Route { slot: slot.into(), source: source.into(), fallback: fallback.map(SourceName::from) }
}

impl World {
    pub fn now(&self) -> Now {
        Now { us: self.now_us, media_us: EPOCH_US + self.now_us }
    }

    fn session(&mut self, purpose: Purpose) -> (SessionIndex, PlaneSession) {
        let at = SessionIndex(self.sessions);
        self.sessions += 1;
        let ice = IceCredentials { ufrag: String::new(), pwd: String::new() };
        let spec = PlaneSession {
            id: format!("{:032x}", at.0).as_str().into(),
            purpose,
            local: ice.clone(),
            remote: ice,
            cname: "node".into(),
            source: None,
            publication: None,
            audience: None,
            inbound: vec![],
            outbound: vec![],
            shard: 0,
        };
        (at, spec)
    }

    pub fn publisher(&mut self, source: &str, inbound: Vec<InboundTrack>) -> SessionIndex {
        let (at, spec) = self.session(Purpose::Publish);
        let publication = Some(format!("p{}", at.0).as_str().into());
        let spec = PlaneSession { source: Some(source.into()), publication, inbound, ..spec };
        self.connect(at, &spec);
        at
    }

    pub fn viewer(&mut self, outbound: Vec<OutboundSlot>) -> SessionIndex {
        let (at, spec) = self.session(Purpose::Play);
        self.connect(at, &PlaneSession { audience: Some(STAGE.into()), outbound, ..spec });
        at
    }

    fn connect(&mut self, at: SessionIndex, spec: &PlaneSession) {
        self.media.add(self.now(), at, spec);
        self.media.join(self.now(), at, &mut self.out);
        self.collect();
    }

    pub fn remove(&mut self, at: SessionIndex) {
        self.media.remove(self.now(), at, &mut self.out);
        self.collect();
    }

    pub fn route(&mut self, routes: &[Route]) {
        self.media.route(self.now(), &AudienceName::from(STAGE), routes, &mut self.out);
        self.collect();
    }

    pub fn heights(&mut self, at: SessionIndex, slot: &str, height: u32) {
        self.media.heights(self.now(), at, &[(SlotId::from(slot), height)].into(), &mut self.out);
        self.collect();
    }

    /// A slate that sends VP8 as SSRC 0x9000.
    pub fn slate(&mut self, source: &str) {
        let track = InboundTrack {
            ssrcs: [(0x9000, String::new())].into(),
            repairs: BTreeMap::new(),
            extensions: Extensions::default(),
            ..video_in()
        };
        self.media.publish(self.now(), &source.into(), &"slate".into(), &[track], &mut self.out);
    }

    pub fn inject(&mut self, source: &str, packet: &[u8]) {
        self.media.inject(self.now(), &source.into(), 0x9000, packet, &mut self.out);
        self.collect();
    }

    /// An RTP packet from a peer; the low bits of `index` are its sequence number.
    pub fn send(&mut self, from: SessionIndex, index: u64, packet: &[u8]) {
        self.media.rtp(self.now(), from, index, packet, &mut self.out);
        self.collect();
    }

    pub fn send_control(&mut self, from: SessionIndex, compound: &[u8]) {
        self.media.rtcp(self.now(), from, compound, &mut self.out);
        self.collect();
    }

    /// Move the clock; media ticks as often as it would.
    pub fn pass(&mut self, microseconds: u64) {
        let until_us = self.now_us + microseconds;
        while self.now_us < until_us {
            self.now_us = (self.now_us + TICK_US).min(until_us);
            self.media.tick(self.now(), &mut self.out);
            self.collect();
        }
    }

    fn collect(&mut self) {
        while !self.media.forward(self.now(), &mut self.out) {}
        self.events.append(&mut self.out.events);
        for &to in self.out.busy() {
            for datagram in self.out.datagrams(to) {
                if is_rtcp(datagram) {
                    let told = self.told.entry(to).or_default();
                    read(datagram, |item| told.push((self.now_us, owned(item))));
                } else {
                    self.rtp.entry(to).or_default().push(got(self.now_us, datagram));
                }
            }
        }
        self.out.clear();
    }

    /// What a viewer got on one SSRC, all of it from the beginning.
    pub fn got(&self, at: SessionIndex, ssrc: u32) -> Vec<Got> {
        self.rtp.get(&at).into_iter().flatten().filter(|got| got.ssrc == ssrc).cloned().collect()
    }

    /// Forget what a viewer got so far.
    pub fn forget(&mut self, at: SessionIndex) {
        self.rtp.remove(&at);
        self.told.remove(&at);
    }

    pub fn told(&self, at: SessionIndex) -> Vec<Told> {
        self.told.get(&at).into_iter().flatten().map(|(_, told)| told.clone()).collect()
    }

    pub fn picture_requests(&self, at: SessionIndex) -> usize {
        self.told(at).iter().filter(|told| matches!(told, Told::Picture { .. })).count()
    }

    pub fn showing(&self) -> BTreeMap<SlotId, Option<SourceName>> {
        let mut showing = BTreeMap::new();
        for event in &self.events {
            if let Event::Showing { slot, source, .. } = event {
                showing.insert(slot.clone(), source.clone());
            }
        }
        showing
    }

    pub fn shows(&self, slot: &str) -> Option<String> {
        self.showing().get(&SlotId::from(slot)).cloned().flatten().map(|source| source.0.to_string())
    }
}

fn owned(item: Item<'_>) -> Told {
    match item {
        Item::SenderReport { ssrc, ntp, rtp } => Told::Sender { ssrc, ntp, rtp },
        Item::Report(block) => Told::Block(block),
        Item::Nack { ssrc, seqs } => Told::Nack { ssrc, seqs: seqs.iter().collect() },
        Item::PictureRequest { ssrc } => Told::Picture { ssrc },
        _ => Told::Other,
    }
}

fn got(at_us: u64, datagram: &[u8]) -> Got {
    let header = read_header(datagram).expect("we send what can be read");
    let payload = &datagram[header.size..];
    let payload = if header.padded { twinhall_core::rtp::without_padding(payload) } else { payload };
    Got {
        at_us,
        marker: header.marker,
        payload_type: header.payload_type,
        seq: header.seq,
        timestamp: header.timestamp,
        ssrc: header.ssrc,
        padded: header.padded,
        elements: header.elements().map(|(id, value)| (id, value.to_vec())).collect(),
        payload: payload.to_vec(),
        len: datagram.len(),
    }
}

/// Whether numbers run on by one, 16 bits around.
pub fn gapless(seqs: impl IntoIterator<Item = u16>) -> bool {
    let seqs: Vec<_> = seqs.into_iter().collect();
    seqs.windows(2).all(|pair| pair[1] == pair[0].wrapping_add(1))
}

/// The VP8 picture id of a payload.
pub fn picture_id(payload: &[u8]) -> u16 {
    twinhall_core::codecs::vp8::read(payload).unwrap().numbers.picture_id
}

/// Media time as RTP ticks of 90 kHz.
pub fn media_ticks(unix_us: u64) -> u32 {
    twinhall_core::timeline::ticks_at(unix_us as i64, 90_000)
}
