//! A camera, a microphone, and the packets they send.

use twinhall_core::model::SessionIndex;
use twinhall_core::rtp::{Block, HEADER_MAX, write_fixed};

use super::{AUDIO_SSRC, IDS, World};

pub fn packet(
    marker: bool,
    payload_type: u8,
    seq: u16,
    timestamp: u32,
    ssrc: u32,
    elements: &[(u8, &[u8])],
    payload: &[u8],
) -> Vec<u8> {
    let mut block = Block::new(false);
    for (id, value) in elements {
        block.push(*id, value);
    }
    let mut bytes = vec![0; HEADER_MAX];
    let first = if elements.is_empty() { 0x80 } else { 0x90 };
    let second = payload_type | if marker { 0x80 } else { 0 };
    write_fixed(bytes.first_chunk_mut().unwrap(), first, second, seq, timestamp, ssrc);
    let size = 12 + block.write(&mut bytes[12..]);
    bytes.truncate(size);
    bytes.extend_from_slice(payload);
    bytes
}

/// A camera's VP8 stream: its numbers run on from frame to frame.
#[derive(Clone)]
pub struct Camera {
    pub from: SessionIndex,
    pub ssrc: u32,
    pub index: u64,
    pub timestamp: u32,
    pub picture_id: u16,
    pub tl0: u8,
    pub height: u16,
    pub rid: Option<&'static str>,
    /// Packets of a frame, and their payload's length.
    pub packets: usize,
    pub len: usize,
    /// VP9 in flexible mode instead of VP8.
    pub vp9: bool,
}

impl Camera {
    pub fn new(from: SessionIndex, ssrc: u32) -> Self {
        Self {
            from,
            ssrc,
            index: 40_000,
            timestamp: 1_234_567,
            picture_id: 300,
            tl0: 9,
            height: 720,
            rid: None,
            packets: 3,
            len: 1000,
            vp9: false,
        }
    }

    /// The next frame's packets in order, 1/30 s after the last one, of a temporal layer.
    pub fn next(&mut self, key: bool, temporal: u8) -> Vec<(u64, Vec<u8>)> {
        self.timestamp = self.timestamp.wrapping_add(3000);
        self.picture_id = (self.picture_id + 1) & 0x7FFF;
        if temporal == 0 {
            self.tl0 = self.tl0.wrapping_add(1);
        }
        let count = self.packets;
        (0..count)
            .map(|part| {
                let payload = self.payload(key, temporal, part);
                self.index += 1;
                let rid = self.rid.map(|rid| (IDS.rid, rid.as_bytes()));
                let mid = (IDS.mid, &b"0"[..]);
                let elements: Vec<_> = [Some(mid), rid].into_iter().flatten().collect();
                let marker = part + 1 == count;
                let bytes = packet(marker, 96, self.index as u16, self.timestamp, self.ssrc, &elements, &payload);
                (self.index, bytes)
            })
            .collect()
    }

    fn payload(&self, key: bool, temporal: u8, part: usize) -> Vec<u8> {
        let id = self.picture_id;
        if self.vp9 {
            let begins = if part == 0 { 0x08 } else { 0 };
            let first = 0xB0 | begins | if key { 0 } else { 0x40 };
            let mut payload = vec![first, 0x80 | (id >> 8) as u8, id as u8, temporal << 5 | 0x10];
            payload.resize(self.len, if key { part as u8 } else { 1 << 1 }); // made from the picture before
            return payload;
        }
        let first = if part == 0 { 0x90 } else { 0x80 };
        let mut payload = vec![first, 0xE0, 0x80 | (id >> 8) as u8, id as u8, self.tl0, temporal << 6 | 0x20];
        if part == 0 {
            payload.push(u8::from(!key));
            if key {
                payload.extend([0, 0, 0x9D, 1, 0x2A, 0, 5]);
                payload.extend(self.height.to_le_bytes());
            }
        }
        payload.resize(self.len, part as u8);
        payload
    }

    pub fn frame(&mut self, world: &mut World, key: bool) {
        for (index, bytes) in self.next(key, 0) {
            world.send(self.from, index, &bytes);
        }
    }

    /// `count` frames, one each 33 ms.
    pub fn play(&mut self, world: &mut World, count: usize) {
        for _ in 0..count {
            self.frame(world, false);
            world.pass(33_333);
        }
    }
}

/// A microphone's Opus stream.
pub struct Microphone {
    pub from: SessionIndex,
    pub index: u64,
    pub timestamp: u32,
}

impl Microphone {
    pub fn new(from: SessionIndex) -> Self {
        Self { from, index: 100, timestamp: 777 }
    }

    pub fn speak(&mut self, world: &mut World) {
        self.index += 1;
        self.timestamp = self.timestamp.wrapping_add(960);
        let elements = [(IDS.audio_level, &[0x85][..])];
        let bytes = packet(false, 111, self.index as u16, self.timestamp, AUDIO_SSRC, &elements, b"opus");
        world.send(self.from, self.index, &bytes);
    }
}
