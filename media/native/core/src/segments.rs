//! Runs of one layer's packets in a slot's outgoing sequence: what each packet becomes follows from its run alone.

use std::collections::VecDeque;

use crate::layers::Layer;
use crate::model::Codec;
use crate::slab::Key;

/// Kept for NACKs; a switch makes one, and so does each frame that catches up after it or is left out.
const SEGMENTS_MAX: usize = 128;

/// What is done to payloads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Video: stamped with media time, its picture numbers moved.
    Picture,
    Sound,
    /// Redundant audio passes, with this payload type inside.
    RedOf(u8),
    /// Redundant audio gives up its primary.
    PrimaryOfRed,
}

/// A run of one layer's packets from publisher index `start` on; what is added to their numbers.
#[derive(Clone, Copy, Debug)]
pub struct Segment {
    pub layer: Key<Layer>,
    pub start: i64,
    pub seq_step: i64,
    /// For a picture added to its media time, for sound to its publisher's timestamp.
    pub ticks: u32,
    pub picture_step: u16,
    pub tl0_step: u8,
    pub codec: Codec,
    pub payload_type: u8,
    pub repair_type: Option<u8>,
    pub form: Form,
}

impl Segment {
    /// Outgoing sequence number (extended) of its first packet.
    pub fn first_out(&self) -> i64 {
        self.start + self.seq_step
    }
}

/// The newest segments of a slot. Outgoing numbers are shared out among them without overlap.
#[derive(Default)]
pub struct Segments(VecDeque<Segment>);

impl Segments {
    /// The newest segment from here on; `newest_out` was sent before it.
    ///
    /// It takes the place of one that gave out no number and keeps none for a packet still missing.
    pub fn add(&mut self, segment: Segment, newest_out: i64) {
        let unused = |last: &Segment| {
            last.layer == segment.layer && last.first_out() > newest_out && last.first_out() == segment.first_out()
        };
        if self.0.back().is_some_and(unused) {
            self.0.pop_back();
        } else if self.0.len() >= SEGMENTS_MAX {
            self.0.pop_front();
        }
        self.0.push_back(segment);
    }

    /// The segment of the present layer in whose range a packet falls that came out of order; a newer one's
    /// numbers are its own.
    pub fn of_late(&self, index: i64) -> Option<Segment> {
        let present = self.0.back()?.layer;
        let mut limit = i64::MAX;
        for segment in self.0.iter().rev().take_while(|segment| segment.layer == present) {
            if index >= segment.start {
                return (index + segment.seq_step < limit).then_some(*segment);
            }
            limit = limit.min(segment.first_out());
        }
        None
    }

    /// The segment of what was or would have been sent as `out`.
    pub fn of_number(&self, out: i64) -> Option<&Segment> {
        self.0.iter().rev().find(|segment| out >= segment.first_out())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::slab::Slab;

    fn key() -> Key<Layer> {
        let mut slab = Slab::default();
        let (payloads, publication) = (
            Vec::new().into(),
            Slab::default().insert_with(|key| {
                let _: Key<crate::publication::Publication> = key;
                crate::publication::Publication::new(&"house:camera".into(), &"p".into(), &[], None)
            }),
        );
        let spec = (crate::model::Kind::Video, &payloads);
        slab.insert(Layer::new(publication, &"house:camera".into(), spec, 1, "", false))
    }

    fn segment(start: i64, first_out: i64) -> Segment {
        Segment {
            layer: key(),
            start,
            seq_step: first_out - start,
            ticks: 0,
            picture_step: 0,
            tl0_step: 0,
            codec: Codec::Vp8,
            payload_type: 96,
            repair_type: None,
            form: Form::Picture,
        }
    }

    #[test]
    fn a_late_packet_falls_into_the_range_of_its_own_time() {
        let mut segments = Segments::default();
        segments.add(segment(100, 10), 9);
        segments.add(segment(113, 20), 19);
        assert_eq!(segments.of_late(105).map(|segment| segment.start), Some(100));
        assert_eq!(segments.of_late(114).map(|segment| segment.start), Some(113));
        assert!(segments.of_late(111).is_none(), "it was left out");
        assert!(segments.of_late(99).is_none());
    }

    #[test]
    fn a_number_is_found_in_the_segment_that_gave_it_out() {
        let mut segments = Segments::default();
        segments.add(segment(100, 10), 9);
        segments.add(segment(113, 20), 19);
        let start = |out| segments.of_number(out).map(|segment| segment.start);
        assert_eq!((start(9), start(10), start(19), start(20)), (None, Some(100), Some(100), Some(113)));
    }

    #[test]
    fn a_segment_that_gave_out_nothing_is_replaced_and_old_ones_are_forgotten() {
        let mut segments = Segments::default();
        segments.add(segment(100, 10), 9);
        for dropped in 0..500 {
            segments.add(segment(111 + dropped, 20), 19);
        }
        assert_eq!(segments.0.len(), 2);
        for run in 0..500 {
            segments.add(segment(1_000 + run, 30 + run), 29 + run);
        }
        assert_eq!(segments.0.len(), SEGMENTS_MAX);
    }
}
