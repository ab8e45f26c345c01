//! The last seconds of one layer, clear: what viewers' NACKs and new viewers are served from.
//!
//! One copy serves all viewers. Packets lie one behind the other in a circle of bytes; a table
//! finds them by index. Both grow until they hold `KEPT_US` of the stream, and then no more.

use std::collections::VecDeque;

use crate::codecs::Numbers;

/// How far back the ring reaches, flood aside.
pub const KEPT_US: u64 = 2_500_000;
/// Packets; bounds a flood that would fit into KEPT_US.
pub const KEPT_MAX: usize = 16_384;
/// Bytes: 2.5 s of 50 Mbit/s.
pub const BYTES_MAX: usize = 16 << 20;
const MARK_EVERY_US: u64 = 100_000;

/// A packet as it rests in the ring, less its payload. Written once, read by every slot.
#[derive(Clone, Copy, Debug, Default)]
pub struct Entry {
    /// The publisher's extended sequence number.
    pub index: i64,
    pub arrival_us: u64,
    /// Capture on the common clock as NTP, of the packets that shall say so; else 0.
    pub capture_ntp: u64,
    /// The publisher's timestamp,
    pub timestamp: u32,
    /// and the same instant as media time in the same clock.
    pub media_timestamp: u32,
    pub numbers: Numbers,
    pub marker: bool,
    pub begins_frame: bool,
    pub keyframe: bool,
    /// One byte of padding makes it as long as its frame's other packets.
    pub pad: bool,
    /// RFC 6464.
    pub level: Option<u8>,
}

/// An entry with its payload; padding-only packets have none.
#[derive(Clone, Copy)]
pub struct Packet<'a> {
    pub entry: &'a Entry,
    pub payload: &'a [u8],
}

#[derive(Clone, Copy, Default)]
struct Place {
    entry: Entry,
    /// Of the payload, counted in bytes ever written.
    position: u64,
    len: u32,
    used: bool,
}

/// Where the stream stood at a moment.
#[derive(Clone, Copy)]
struct Mark {
    at_us: u64,
    position: u64,
    index: i64,
}

/// Packets by extended sequence number, and where the newest keyframe began.
pub struct Ring {
    places: Vec<Place>,
    bytes: Vec<u8>,
    /// Bytes ever written, those skipped at the circle's end included.
    written: u64,
    /// Bytes below this position were lost when the circle grew.
    floor: u64,
    highest: i64,
    /// At most KEPT_US / MARK_EVERY_US + 2; the first one is what must still be held.
    marks: VecDeque<Mark>,
    keyframe: Option<i64>,
}

impl Ring {
    /// `bytes`, `packets`: to begin with, powers of two.
    pub fn new(bytes: usize, packets: usize) -> Self {
        Self {
            places: vec![Place::default(); packets],
            bytes: vec![0; bytes],
            written: 0,
            floor: 0,
            highest: i64::MIN,
            marks: VecDeque::with_capacity((KEPT_US / MARK_EVERY_US) as usize + 3),
            keyframe: None,
        }
    }

    /// Whether the packet came before; a packet too old to tell counts as one that did.
    pub fn knows(&self, index: i64) -> bool {
        let place = &self.places[self.row(index)];
        index <= self.highest.saturating_sub(self.places.len() as i64) || (place.used && place.entry.index == index)
    }

    pub fn get(&self, index: i64) -> Option<Packet<'_>> {
        let place = &self.places[self.row(index)];
        let held = self.floor.max(self.written.saturating_sub(self.bytes.len() as u64));
        if !place.used || place.entry.index != index || place.position < held {
            return None;
        }
        let start = self.offset(place.position);
        Some(Packet { entry: &place.entry, payload: self.bytes.get(start..start + place.len as usize)? })
    }

    /// Keep a packet that the ring does not know. A payload that no datagram holds is kept empty.
    pub fn add(&mut self, entry: Entry, payload: &[u8]) {
        let payload = if payload.len() <= u16::MAX.into() { payload } else { &[] };
        self.mark(entry.arrival_us, entry.index);
        self.make_room(entry.index, payload.len());
        let position = self.next_position(payload.len());
        let start = self.offset(position);
        self.bytes[start..start + payload.len()].copy_from_slice(payload);
        self.written = position + payload.len() as u64;
        self.highest = self.highest.max(entry.index);
        let row = self.row(entry.index);
        self.places[row] = Place { entry, position, len: payload.len() as u32, used: true };
        if entry.keyframe && self.is_newer_keyframe(&entry) {
            self.keyframe = Some(entry.index);
        }
    }

    /// The publisher sends another codec: no viewer may begin before its next keyframe.
    pub fn forget_keyframe(&mut self) {
        self.keyframe = None;
    }

    fn is_newer_keyframe(&self, entry: &Entry) -> bool {
        match self.keyframe.and_then(|index| self.get(index)) {
            Some(known) => entry.index > known.entry.index && entry.timestamp != known.entry.timestamp,
            None => true,
        }
    }

    /// The indexes from the newest keyframe's first packet to the newest packet; `None` when that
    /// came before `oldest_us` or is gone.
    pub fn since_keyframe(&self, oldest_us: u64) -> Option<std::ops::RangeInclusive<i64>> {
        let start = self.get(self.keyframe?)?;
        (start.entry.arrival_us >= oldest_us).then_some(start.entry.index..=self.highest)
    }

    pub fn highest(&self) -> i64 {
        self.highest
    }

    fn row(&self, index: i64) -> usize {
        index as usize & (self.places.len() - 1)
    }

    fn offset(&self, position: u64) -> usize {
        position as usize & (self.bytes.len() - 1)
    }

    /// Where `len` bytes lie in one piece.
    fn next_position(&self, len: usize) -> u64 {
        let left = self.bytes.len() - self.offset(self.written);
        if len <= left { self.written } else { self.written + left as u64 }
    }

    fn mark(&mut self, now_us: u64, index: i64) {
        if self.marks.back().is_some_and(|last| now_us < last.at_us + MARK_EVERY_US) {
            return;
        }
        self.marks.push_back(Mark { at_us: now_us, position: self.written, index });
        while self.marks.get(1).is_some_and(|second| second.at_us + KEPT_US <= now_us) {
            self.marks.pop_front();
        }
    }

    /// Grow while what must still be held would be overwritten.
    fn make_room(&mut self, index: i64, len: usize) {
        let Some(&held) = self.marks.front() else { return };
        while self.next_position(len) + len as u64 - held.position > self.bytes.len() as u64
            && self.bytes.len() < BYTES_MAX
        {
            self.grow_bytes();
        }
        while index - held.index >= self.places.len() as i64 && self.places.len() < KEPT_MAX {
            self.grow_places();
        }
    }

    /// Positions stay; whatever the old circle still held is copied to where they lie in the new one.
    fn grow_bytes(&mut self) {
        let len = self.bytes.len();
        let mut grown = vec![0; 2 * len];
        self.floor = self.floor.max(self.written.saturating_sub(len as u64));
        let mut at = self.floor;
        while at < self.written {
            let (from, to) = (at as usize & (len - 1), at as usize & (2 * len - 1));
            let run = (len - from).min((self.written - at) as usize);
            grown[to..to + run].copy_from_slice(&self.bytes[from..from + run]);
            at += run as u64;
        }
        self.bytes = grown;
    }

    fn grow_places(&mut self) {
        let mut grown = vec![Place::default(); self.places.len() * 2];
        for place in self.places.drain(..).filter(|place| place.used) {
            let row = place.entry.index as usize & (grown.len() - 1);
            grown[row] = place;
        }
        self.places = grown;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(index: i64, arrival_us: u64) -> Entry {
        Entry { index, arrival_us, timestamp: index as u32 / 4, ..Entry::default() }
    }

    fn payload(index: i64, len: usize) -> Vec<u8> {
        (0..len).map(|at| (index as usize * 31 + at) as u8).collect()
    }

    #[test]
    fn a_small_ring_grows_until_it_holds_two_and_a_half_seconds() {
        let mut ring = Ring::new(4096, 16);
        let len = |index: i64| 700 + (index * 37 % 500) as usize;
        for index in 0..5_000i64 {
            ring.add(entry(index, index as u64 * 2_000), &payload(index, len(index)));
            let oldest = (index - 1_250).max(0);
            for wanted in [oldest, (oldest + index) / 2, index] {
                let found = ring.get(wanted).unwrap_or_else(|| panic!("{wanted} of {index}"));
                assert_eq!(found.payload, payload(wanted, len(wanted)), "{wanted} of {index}");
            }
        }
        assert!(ring.bytes.len() <= 4 << 20 && ring.places.len() <= 4096);
    }

    #[test]
    fn a_flood_meets_a_bound() {
        let mut ring = Ring::new(4096, 16);
        for index in 0..40_000i64 {
            ring.add(entry(index, index as u64), &payload(index, 1_200));
        }
        assert_eq!((ring.bytes.len(), ring.places.len()), (BYTES_MAX, KEPT_MAX));
        assert!(ring.get(39_999).is_some() && ring.get(0).is_none());
    }

    #[test]
    fn what_came_before_is_known_even_when_it_is_gone() {
        let mut ring = Ring::new(4096, 16);
        for index in (0..200i64).filter(|index| index % 7 != 0) {
            ring.add(entry(index, 0), b"x");
        }
        assert!(ring.knows(199) && ring.knows(3) && !ring.knows(196) && !ring.knows(200));
    }

    #[test]
    fn the_newest_keyframe_is_found_by_its_first_packet_while_it_is_young() {
        let mut ring = Ring::new(4096, 16);
        for index in 0..12 {
            ring.add(Entry { keyframe: index == 4 || index == 5, ..entry(index, index as u64) }, b"x");
        }
        assert_eq!(ring.since_keyframe(4), Some(4..=11));
        assert_eq!(ring.since_keyframe(5), None);
        ring.forget_keyframe();
        assert_eq!(ring.since_keyframe(0), None);
    }

    #[test]
    fn a_payload_larger_than_the_circle_is_not_kept() {
        let mut ring = Ring::new(4096, 16);
        ring.add(entry(1, 0), &[7; 60_000]);
        assert_eq!(ring.get(1).map(|packet| packet.payload.len()), Some(60_000), "the circle grew");
        ring.add(entry(2, 0), &[7; 70_000]);
        assert_eq!(ring.get(2).map(|packet| packet.payload.len()), Some(0));
    }
}
