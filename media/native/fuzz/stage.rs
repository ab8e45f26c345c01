//! A stage for mad peers: a publisher of every codec, a viewer of all it sends, time moved by hand.

use std::collections::BTreeMap;

use twinhall_core::media::Media;
use twinhall_core::model::{
    AudienceName, Codec, Extensions, IceCredentials, InboundTrack, Kind, Now, OutboundSlot, PayloadType, PlaneSession,
    Purpose, Route, SessionIndex,
};
use twinhall_core::outbox::Outbox;

const PUBLISHER: SessionIndex = SessionIndex(0);
const VIEWER: SessionIndex = SessionIndex(1);
const STAGE: &str = "house.stage:attendee";
const SOURCE: &str = "house:changzhou/camera-1";
/// Datagrams that one input may call forth.
const SENT_MAX: usize = 4096;
const IDS: Extensions = Extensions {
    mid: 1,
    rid: 2,
    repaired_rid: 3,
    abs_send_time: 0,
    transport_cc: 4,
    abs_capture_time: 6,
    audio_level: 5,
};
const CODECS: [(u8, Codec); 6] =
    [(96, Codec::Vp8), (98, Codec::Vp9), (102, Codec::H264), (45, Codec::Av1), (111, Codec::Opus), (63, Codec::Red)];

pub struct Stage {
    media: Media,
    out: Outbox,
    now_us: u64,
    sent: usize,
    index: u64,
}

impl Default for Stage {
    fn default() -> Self {
        Self::new()
    }
}

impl Stage {
    pub fn new() -> Self {
        let mut stage = Self { media: Media::new(1), out: Outbox::new(), now_us: 1_000_000, sent: 0, index: 0x1_0000 };
        let now = stage.now();
        let publisher = PlaneSession {
            source: Some(SOURCE.into()),
            publication: Some("p".into()),
            inbound: vec![track(Kind::Video), track(Kind::Audio)],
            ..session("0", Purpose::Publish)
        };
        let viewer = PlaneSession {
            audience: Some(STAGE.into()),
            outbound: vec![slot(Kind::Video), slot(Kind::Audio)],
            ..session("1", Purpose::Play)
        };
        for (at, spec) in [(PUBLISHER, publisher), (VIEWER, viewer)] {
            stage.media.add(now, at, &spec);
            stage.media.join(now, at, &mut stage.out);
        }
        let routes = ["v0", "a0"].map(|slot| Route { slot: slot.into(), source: SOURCE.into(), fallback: None });
        stage.media.route(now, &AudienceName::from(STAGE), &routes, &mut stage.out);
        stage
    }

    fn now(&self) -> Now {
        Now { us: self.now_us, media_us: 1_700_000_000_000_000 + self.now_us }
    }

    /// A VP8 keyframe, so that there is something to report on.
    pub fn play(&mut self) {
        let mut packet = vec![0x80, 0x80 | 96, 0, 0, 0, 0, 0, 9, 0, 0, 0x10, 0];
        packet[2..4].copy_from_slice(&(self.index as u16).to_be_bytes());
        packet.extend([0x10, 0, 0, 0, 0x9D, 1, 0x2A, 0, 5, 0xD0, 2, 0]);
        self.publisher_sends(self.index, &packet);
        self.index += 1;
    }

    pub fn publisher_sends(&mut self, index: u64, packet: &[u8]) {
        self.media.rtp(self.now(), PUBLISHER, index, packet, &mut self.out);
        self.count();
    }

    pub fn publisher_reports(&mut self, compound: &[u8]) {
        self.media.rtcp(self.now(), PUBLISHER, compound, &mut self.out);
        self.count();
    }

    pub fn viewer_reports(&mut self, compound: &[u8]) {
        self.media.rtcp(self.now(), VIEWER, compound, &mut self.out);
        self.count();
    }

    pub fn pass(&mut self, microseconds: u64) {
        let until_us = self.now_us + microseconds;
        while self.now_us < until_us {
            self.now_us += 20_000;
            self.media.tick(self.now(), &mut self.out);
            self.count();
        }
        self.media.publications();
        self.media.session_figures(VIEWER);
    }

    fn count(&mut self) {
        while !self.media.forward(self.now(), &mut self.out) {}
        self.sent += self.out.busy().iter().map(|&to| self.out.datagrams(to).count()).sum::<usize>();
        assert!(self.sent <= SENT_MAX, "one input called forth {} datagrams", self.sent);
        self.out.clear();
        self.out.events.clear();
    }
}

fn session(id: &str, purpose: Purpose) -> PlaneSession {
    let ice = IceCredentials { ufrag: String::new(), pwd: String::new() };
    PlaneSession {
        id: id.into(),
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
    }
}

fn payloads(kind: Kind) -> Vec<PayloadType> {
    let video = kind == Kind::Video;
    let of_kind = CODECS.iter().filter(|(_, codec)| matches!(codec, Codec::Opus | Codec::Red) != video);
    let whole = |&(number, codec): &(u8, Codec)| PayloadType {
        number,
        codec,
        clock_hz: if video { 90_000 } else { 48_000 },
        apt: None,
        fmtp: String::new(),
        nack: video,
        pli: video,
        transport_cc: true,
        remb: true,
    };
    let repairs =
        of_kind.clone().filter(|_| video).map(|one| PayloadType { number: one.0 + 1, apt: Some(one.0), ..whole(one) });
    of_kind.clone().map(whole).chain(repairs).collect()
}

fn track(kind: Kind) -> InboundTrack {
    let ssrc = if kind == Kind::Video { 0x1000 } else { 0x2000 };
    InboundTrack {
        mid: if kind == Kind::Video { "0".into() } else { "1".into() },
        kind,
        payloads: payloads(kind),
        extensions: IDS,
        ssrcs: [(ssrc, String::new())].into(),
        repairs: if kind == Kind::Video { [(0x1001, 0x1000)].into() } else { BTreeMap::new() },
        rids: vec![],
    }
}

fn slot(kind: Kind) -> OutboundSlot {
    let video = kind == Kind::Video;
    OutboundSlot {
        slot: if video { "v0".into() } else { "a0".into() },
        mid: "0".into(),
        kind,
        payloads: payloads(kind),
        extensions: IDS,
        ssrc: if video { 0x5_0000 } else { 0x6_0000 },
        rtx_ssrc: video.then_some(0x5_0001),
    }
}
