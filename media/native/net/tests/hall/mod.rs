//! One camera and its viewers on a shard, all of it in clear time and without sockets.

use std::net::SocketAddr;

use twinhall_core::model::{
    Codec, Command, Extensions, IceCredentials, InboundTrack, Kind, OutboundSlot, PayloadType, PlaneSession, Purpose,
    Route, SrtpKeys, SrtpProfile, Tuple,
};
use twinhall_core::outbox::{Form, Outbox, SEAL_ROOM};
use twinhall_core::seal::Library;
use twinhall_core::shard::Shard;
use twinhall_core::srtp::Srtp;
use twinhall_core::stun;

const FRAME_US: u64 = 33_333;
pub const PARTS: u64 = 9;
const HEADER_LEN: usize = 12;
/// Of the check that lets each one in.
pub const TRANSACTION: [u8; 12] = [7; 12];

fn payload_type(number: u8, codec: Codec, clock_hz: u32) -> PayloadType {
    let fmtp = String::new();
    let nack = clock_hz == 90_000;
    PayloadType { number, codec, clock_hz, apt: None, fmtp, nack, pli: nack, transport_cc: false, remb: false }
}

/// As browsers negotiate them where `numbered`: with RTX and transport-wide feedback.
fn payloads(kind: Kind, numbered: bool) -> Vec<PayloadType> {
    let payload = match kind {
        Kind::Video => payload_type(96, Codec::Vp8, 90_000),
        Kind::Audio => payload_type(111, Codec::Opus, 48_000),
    };
    let payload = PayloadType { transport_cc: numbered, ..payload };
    let rtx = PayloadType { number: 97, apt: Some(payload.number), ..payload.clone() };
    if numbered && kind == Kind::Video { vec![payload, rtx] } else { vec![payload] }
}

fn session(number: u16, numbered: bool) -> PlaneSession {
    let extensions = Extensions { mid: 1, transport_cc: if numbered { 3 } else { 0 }, ..Extensions::default() };
    let kinds = [("0", Kind::Video, "v0"), ("1", Kind::Audio, "a0")];
    let publishes = number == 0;
    let inbound = kinds.map(|(mid, kind, _)| InboundTrack {
        mid: mid.into(),
        kind,
        payloads: payloads(kind, numbered),
        extensions,
        ssrcs: [(0x1000 + u32::from(kind == Kind::Audio), String::new())].into(),
        repairs: [].into(),
        rids: vec![],
    });
    let outbound = kinds.map(|(mid, kind, slot)| OutboundSlot {
        slot: slot.into(),
        mid: mid.into(),
        kind,
        payloads: payloads(kind, numbered),
        extensions,
        ssrc: 0x5000 + u32::from(kind == Kind::Audio),
        rtx_ssrc: (numbered && kind == Kind::Video).then_some(0x5002),
    });
    PlaneSession {
        id: format!("{number:032x}").as_str().into(),
        purpose: if publishes { Purpose::Publish } else { Purpose::Play },
        local: IceCredentials { ufrag: format!("relay{number}"), pwd: "the-relay's-password".into() },
        remote: IceCredentials { ufrag: "peer".into(), pwd: "the-peer's-password".into() },
        cname: "node".into(),
        source: publishes.then(|| "house:camera".into()),
        publication: publishes.then(|| "p".into()),
        audience: (!publishes).then(|| "house:stage".into()),
        inbound: if publishes { inbound.into() } else { vec![] },
        outbound: if publishes { vec![] } else { outbound.into() },
        shard: 0,
    }
}

fn keys(profile: SrtpProfile, receive: u8, send: u8) -> SrtpKeys {
    let len = if profile == SrtpProfile::AeadAes128Gcm { 28 } else { 30 };
    SrtpKeys { profile, receive: vec![receive; len], send: vec![send; len] }
}

/// A shard, a publisher and viewers who are let in.
pub struct Stage {
    pub shard: Shard,
    pub out: Outbox,
    publisher: Srtp,
    pub now_us: u64,
    index: u64,
    sound: u64,
    pub sent: u64,
    /// Whether what the publisher sends is kept, sealed, in `captured`.
    pub captures: bool,
    pub captured: Vec<Vec<u8>>,
}

impl Stage {
    pub fn new(profile: SrtpProfile, library: Library, viewers: u16, numbered: bool) -> Self {
        let (mut shard, mut out) = (Shard::new(7, library), Outbox::new());
        let routes =
            ["v0", "a0"].map(|slot| Route { slot: slot.into(), source: "house:camera".into(), fallback: None });
        shard.command(0, Command::Route { audience: "house:stage".into(), routes: routes.into() }, &mut out);
        for number in 0..=viewers {
            let session = session(number, numbered);
            let id = session.id.clone();
            shard.command(0, Command::Add { session }, &mut out);
            let mut check = stun::request(TRANSACTION, &format!("relay{number}:peer"), "the-relay's-password", true);
            shard.datagram(0, tuple(number), &mut check, &mut out);
            shard.command(0, Command::Secure { session: id, keys: keys(profile, 1, 2) }, &mut out);
        }
        let publisher = Srtp::new(&keys(profile, 2, 1), library).unwrap_or_else(|_| panic!("keys of the right length"));
        let mut stage = Self {
            shard,
            out,
            publisher,
            now_us: 1_000_000,
            index: 1,
            sound: 1,
            sent: 0,
            captures: false,
            captured: vec![],
        };
        stage.flush();
        stage.sent = 0;
        stage
    }

    /// A packet of the publisher's through the shard.
    fn packet(&mut self, kind: Kind, index: u64, head: &[u8], marked: bool) {
        let mut packet = [0x55; 1400];
        let (number, ssrc, ticks_per_ms) = if kind == Kind::Video { (96, 0x1000_u32, 90) } else { (111, 0x1001, 48) };
        packet[..2].copy_from_slice(&[0x80, number | u8::from(marked) << 7]);
        packet[2..4].copy_from_slice(&(index as u16).to_be_bytes());
        packet[4..8].copy_from_slice(&((self.now_us / 1000 * ticks_per_ms) as u32).to_be_bytes());
        packet[8..12].copy_from_slice(&ssrc.to_be_bytes());
        packet[HEADER_LEN..][..head.len()].copy_from_slice(head);
        let form = Form::Rtp { ssrc, index, header_len: HEADER_LEN as u16 };
        let len = if kind == Kind::Video { 1184 } else { 140 };
        let len = self.publisher.seal(form, &mut packet[..len + SEAL_ROOM], len);
        if self.captures {
            self.captured.push(packet[..len].to_vec());
        }
        self.shard.datagram(self.now_us, tuple(0), &mut packet[..len], &mut self.out);
    }

    /// A picture and a sound, forwarded and sent; `PARTS + 1` datagrams for each viewer.
    pub fn frame(&mut self, keyframe: bool) {
        let picture = (self.index / PARTS) as u8;
        for part in 0..PARTS {
            let start = [0x90, 0xC0, 0x80, picture, 9, u8::from(!keyframe), 0, 0, 0x9d, 1, 0x2a, 0, 5, 0xd0, 2];
            let later = [0x80, 0xC0, 0x80, picture, 9];
            self.packet(Kind::Video, self.index, if part == 0 { &start } else { &later }, part == PARTS - 1);
            self.index += 1;
        }
        self.flush();
        self.packet(Kind::Audio, self.sound, &[], false);
        self.sound += 1;
        self.flush();
        self.now_us += FRAME_US;
    }

    pub fn flush(&mut self) {
        while !self.shard.forward(self.now_us, &mut self.out) {
            self.send();
        }
        self.send();
        self.out.events.clear();
    }

    fn send(&mut self) {
        self.shard.seal(&mut self.out);
        for place in 0..self.out.busy().len() {
            self.sent += self.out.datagrams(self.out.busy()[place]).count() as u64;
        }
        self.out.clear();
    }
}

pub fn tuple(number: u16) -> Tuple {
    Tuple { local: 0, remote: SocketAddr::from(([192, 0, 2, 1], 40_000 + number)) }
}
