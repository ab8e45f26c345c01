//! The packets of the load: RTP that a plane takes for VP8 and Opus, with the moment of sending in its payload.

use twinhall_core::outbox::{Form, SEAL_ROOM};
use twinhall_core::rtp::{is_rtcp, read_header};
use twinhall_core::srtp::Srtp;

use crate::clock;
use crate::spec::{Kind, Stream};

pub const HEADER_LEN: usize = 12;
/// Of the header with all extensions that the bench's viewers negotiate.
pub const CLEAR_LEN: usize = 32;
/// Where in a payload the moment of sending stands (ns of the wall clock, 8 bytes), and after it the packet's class.
const STAMP_AT: usize = 24;

/// What a packet belongs to, for the figures.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Class {
    Sound = 0,
    Frame = 1,
    Keyframe = 2,
}

impl Class {
    pub const ALL: [Self; 3] = [Self::Sound, Self::Frame, Self::Keyframe];
}

/// One SSRC's packets, sealed one after the other.
pub struct Writer {
    stream: Stream,
    index: u64,
    picture: u16,
}

impl Writer {
    pub fn new(stream: Stream) -> Self {
        Self { stream, index: 1, picture: 0 }
    }

    /// The next burst, sealed, in `to`. Returns the length of each datagram, and how many they are.
    pub fn burst(&mut self, keyframe: bool, now_ns: u64, srtp: &mut Srtp, to: &mut Vec<u8>) -> (usize, usize) {
        let packets = if keyframe { self.stream.keyframe_burst } else { self.stream.burst };
        let class = match (self.stream.kind, keyframe) {
            (Kind::Audio, _) => Class::Sound,
            (Kind::Video, false) => Class::Frame,
            (Kind::Video, true) => Class::Keyframe,
        };
        to.clear();
        let mut len = 0;
        for part in 0..packets {
            len = self.packet(class, part == 0, part + 1 == packets, now_ns, srtp, to);
        }
        self.picture = self.picture.wrapping_add(1) & 0x7fff;
        (len, packets)
    }

    fn packet(
        &mut self,
        class: Class,
        first: bool,
        last: bool,
        now_ns: u64,
        srtp: &mut Srtp,
        to: &mut Vec<u8>,
    ) -> usize {
        let (start, stream) = (to.len(), &self.stream);
        to.resize(start + stream.len + SEAL_ROOM, 0);
        let packet = &mut to[start..];
        let marked = u8::from(last && stream.kind == Kind::Video) << 7;
        packet[..2].copy_from_slice(&[0x80, marked | stream.payload_type]);
        packet[2..4].copy_from_slice(&(self.index as u16).to_be_bytes());
        packet[4..8].copy_from_slice(&timestamp(stream.kind, now_ns).to_be_bytes());
        packet[8..12].copy_from_slice(&stream.ssrc.to_be_bytes());
        let payload = &mut packet[HEADER_LEN..];
        if stream.kind == Kind::Video {
            vp8(payload, first, class == Class::Keyframe, self.picture);
        }
        payload[STAMP_AT..STAMP_AT + 8].copy_from_slice(&clock::wall_ns().to_le_bytes());
        payload[STAMP_AT + 8] = class as u8;
        let form = Form::Rtp { ssrc: stream.ssrc, index: self.index, header_len: HEADER_LEN as u16 };
        let len = srtp.seal(form, packet, stream.len);
        self.index += 1;
        to.truncate(start + len);
        len
    }

    /// A sender report (RFC 3550 section 6.4.1), clear, in `to` with room to seal it. Returns its length.
    pub fn report(&self, now_ns: u64, ntp: u64, to: &mut Vec<u8>) -> usize {
        to.clear();
        to.extend([0x80, 200, 0, 6]);
        to.extend(self.stream.ssrc.to_be_bytes());
        to.extend(ntp.to_be_bytes());
        to.extend(timestamp(self.stream.kind, now_ns).to_be_bytes());
        to.extend((self.index as u32).to_be_bytes());
        to.extend((self.index as u32).wrapping_mul(1000).to_be_bytes());
        let len = to.len();
        to.resize(len + SEAL_ROOM, 0);
        len
    }
}

/// Wall time in the stream's clock: however fast frames come, they say when they came.
fn timestamp(kind: Kind, now_ns: u64) -> u32 {
    let ticks_per_ms = if kind == Kind::Video { 90 } else { 48 };
    (now_ns / 1000 * ticks_per_ms / 1000) as u32
}

/// A descriptor with a 15-bit PictureID and TL0PICIDX (RFC 7741 section 4.2), at the start also a frame header.
fn vp8(payload: &mut [u8], first: bool, keyframe: bool, picture: u16) {
    let [high, low] = picture.to_be_bytes();
    payload[..5].copy_from_slice(&[if first { 0x90 } else { 0x80 }, 0xC0, 0x80 | high, low, 9]);
    if first {
        let [wide, tall] = [1280_u16.to_le_bytes(), 720_u16.to_le_bytes()];
        payload[5..15].copy_from_slice(&[
            u8::from(!keyframe),
            0,
            0,
            0x9d,
            0x01,
            0x2a,
            wide[0],
            wide[1],
            tall[0],
            tall[1],
        ]);
    }
}

/// What is clear of an RTP packet. `number`: the transport-wide one, if it carries one.
#[derive(Clone, Copy)]
pub struct Clear {
    pub ssrc: u32,
    pub seq: u16,
    pub header_len: usize,
    pub number: Option<u16>,
}

/// None for anything but RTP; it may be cut behind the header. `numbers_id`: the extension of the number.
pub fn clear(packet: &[u8], numbers_id: u8) -> Option<Clear> {
    let header = read_header(packet).filter(|_| !is_rtcp(packet))?;
    let number = header.elements().find(|(id, _)| *id == numbers_id).and_then(|(_, value)| value.try_into().ok());
    Some(Clear { ssrc: header.ssrc, seq: header.seq, header_len: header.size, number: number.map(u16::from_be_bytes) })
}

/// When a clear payload was sent, and as part of what.
pub fn stamp(payload: &[u8]) -> Option<(u64, Class)> {
    let sent_ns = u64::from_le_bytes(*payload.get(STAMP_AT..)?.first_chunk()?);
    let class = Class::ALL.into_iter().find(|class| *class as u8 == payload[STAMP_AT + 8])?;
    Some((sent_ns, class))
}
