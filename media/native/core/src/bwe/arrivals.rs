//! Transport-wide feedback to publishers: when their packets came
//! (draft-holmer-rmcat-transport-wide-cc-extensions-01).
//!
//! The publisher's own congestion controller lives on it: libwebrtc reaches its full rate only
//! when arrivals are reported steadily.

use super::feedback::{DELTA_US, REFERENCE_US};
use crate::rtcp::RTPFB;

/// Feedback goes out so often, and earlier for more than half of `STATUSES_MAX` packets.
pub const EVERY_US: u64 = 50_000;
/// Statuses of one packet: below 1200 bytes even when every delta has two bytes.
const STATUSES_MAX: usize = 520;
/// Arrivals that are remembered: 1 s at 10 Mbit/s.
const KEPT: usize = 1024;
/// A larger jump of the numbers begins the record anew.
const JUMP_MAX: i64 = 3_000;
const NEVER: u64 = u64::MAX;
const LOST: u16 = 0;
const SMALL: u16 = 1;
const LARGE: u16 = 2;
const RUN_MIN: usize = 7;

/// Arrival times by transport-wide sequence number since the last feedback.
pub struct ArrivalRecord {
    /// By the low bits of the extended number.
    times_us: Box<[u64]>,
    /// The first number that the next feedback tells of, and the one behind the newest.
    next: i64,
    end: i64,
    begun: bool,
    count: u8,
    due_us: u64,
}

impl Default for ArrivalRecord {
    fn default() -> Self {
        Self { times_us: vec![NEVER; KEPT].into(), next: 0, end: 0, begun: false, count: 0, due_us: 0 }
    }
}

impl ArrivalRecord {
    /// A packet with transport-wide number `seq` came.
    pub fn note(&mut self, seq: u16, now_us: u64) {
        if !self.begun {
            self.begin_at(0x10000 | i64::from(seq)); // one turn up: an earlier one may come late
        }
        let index = self.end - 1 + i64::from(seq.wrapping_sub((self.end - 1) as u16) as i16);
        if index - self.end > JUMP_MAX {
            self.begin_at(index);
        }
        if self.end == self.next {
            self.due_us = now_us + EVERY_US;
        }
        if index < self.next {
            if index < self.next - KEPT as i64 / 2 || self.end - index > KEPT as i64 {
                return;
            }
            self.next = index; // came late: it is told of again from there on
        }
        while self.end <= index {
            *self.time_us(self.end) = NEVER;
            self.end += 1;
        }
        self.next = self.next.max(self.end - KEPT as i64);
        let time_us = self.time_us(index);
        if *time_us == NEVER {
            *time_us = now_us;
        }
        if self.end - self.next > STATUSES_MAX as i64 / 2 {
            self.due_us = now_us;
        }
    }

    fn begin_at(&mut self, index: i64) {
        (self.next, self.end, self.begun) = (index, index, true);
        self.times_us.fill(NEVER);
    }

    fn time_us(&mut self, index: i64) -> &mut u64 {
        &mut self.times_us[index as usize % KEPT]
    }

    /// When the next feedback is due; `u64::MAX` while there is nothing to tell.
    pub fn next_due_us(&self) -> u64 {
        if self.end == self.next { u64::MAX } else { self.due_us }
    }

    /// Append one feedback packet for what came since the last; false when nothing did.
    pub fn write(&mut self, to: &mut Vec<u8>, sender: u32, ssrc: u32) -> bool {
        while self.next < self.end {
            let (first, end) = (self.next, self.end.min(self.next + STATUSES_MAX as i64));
            let last = (first..end).rfind(|&index| *self.time_us(index) != NEVER);
            self.next = last.map_or(end, |last| last + 1);
            if let Some(last) = last {
                self.packet(to, sender, ssrc, first, last);
                self.count = self.count.wrapping_add(1);
                return true;
            }
        }
        false
    }

    fn packet(&mut self, to: &mut Vec<u8>, sender: u32, ssrc: u32, first: i64, last: i64) {
        let at = to.len();
        let reference = (first..=last).map(|index| *self.time_us(index)).find(|&time_us| time_us != NEVER);
        let reference = reference.unwrap_or(0) as i64 / REFERENCE_US;
        let count = (last + 1 - first) as usize;
        to.extend([0x8F, RTPFB, 0, 0]);
        to.extend(sender.to_be_bytes());
        to.extend(ssrc.to_be_bytes());
        to.extend((first as u16).to_be_bytes());
        to.extend((count as u16).to_be_bytes());
        to.extend(((reference as u32) << 8 | u32::from(self.count)).to_be_bytes());
        let mut statuses = [LOST; STATUSES_MAX];
        self.deltas(first, last, reference, |place, delta| {
            statuses[place] = if is_small(delta) { SMALL } else { LARGE }
        });
        write_chunks(to, &statuses[..count]);
        self.deltas(first, last, reference, |_, delta| {
            if is_small(delta) { to.push(delta as u8) } else { to.extend((delta as i16).to_be_bytes()) }
        });
        let padding = (at as isize - to.len() as isize).rem_euclid(4) as usize;
        if padding > 0 {
            to.extend(std::iter::repeat_n(0, padding - 1));
            to.push(padding as u8);
            to[at] |= 0x20;
        }
        let words = (to.len() - at) / 4 - 1;
        to[at + 2..at + 4].copy_from_slice(&(words as u16).to_be_bytes());
    }

    /// (place, delta in 250 us after the one before) of each packet that came.
    fn deltas(&mut self, first: i64, last: i64, reference: i64, mut visit: impl FnMut(usize, i64)) {
        let mut at = reference * (REFERENCE_US / DELTA_US);
        for index in first..=last {
            let time_us = *self.time_us(index);
            if time_us != NEVER {
                let tick = (time_us as i64 + DELTA_US / 2) / DELTA_US;
                let delta = (tick - at).clamp(i16::MIN.into(), i16::MAX.into());
                at += delta;
                visit((index - first) as usize, delta);
            }
        }
    }
}

fn is_small(delta: i64) -> bool {
    (0..=255).contains(&delta)
}

/// Run-length chunks for runs of 7 and more, two-bit vectors of 7 otherwise.
fn write_chunks(to: &mut Vec<u8>, statuses: &[u16]) {
    let mut rest = statuses;
    while let Some(&status) = rest.first() {
        let run = rest.iter().take_while(|&&other| other == status).count();
        let taken = if run >= RUN_MIN { run } else { RUN_MIN.min(rest.len()) };
        let chunk = if run >= RUN_MIN {
            status << 13 | run as u16
        } else {
            rest[..taken].iter().enumerate().fold(0xC000, |word, (place, status)| word | status << (2 * (6 - place)))
        };
        to.extend(chunk.to_be_bytes());
        rest = &rest[taken..];
    }
}

#[cfg(test)]
mod tests {
    use super::super::feedback::Feedback;
    use super::*;

    /// (number, arrival rounded to 250 us) of all feedback that is due.
    fn told(record: &mut ArrivalRecord) -> Vec<(u16, Option<i64>)> {
        let mut told = Vec::new();
        loop {
            let mut packet = Vec::new();
            if !record.write(&mut packet, 1, 2) {
                return told;
            }
            assert!(packet.len() <= 1200 && packet.len() % 4 == 0);
            assert_eq!(usize::from(u16::from_be_bytes([packet[2], packet[3]])), packet.len() / 4 - 1);
            let feedback = Feedback::read(&packet[12..]).expect("feedback");
            feedback.each(|seq, at_us| told.push((seq, at_us.map(|at_us| at_us + feedback.reference_us))));
        }
    }

    #[test]
    fn arrivals_are_told_as_they_were_over_the_turn_of_the_numbers() {
        let mut record = ArrivalRecord::default();
        for (seq, at_us) in [(65_533, 1_000_000), (65_534, 1_000_250), (1, 1_070_000), (0, 1_150_000)] {
            record.note(seq, at_us);
        }
        let expected = [
            (65_533, Some(1_000_000)),
            (65_534, Some(1_000_250)),
            (65_535, None),
            (0, Some(1_150_000)),
            (1, Some(1_070_000)),
        ];
        assert_eq!(told(&mut record), expected);
        assert_eq!(told(&mut record), []);
        assert_eq!(record.next_due_us(), u64::MAX);
    }

    #[test]
    fn a_packet_that_comes_after_its_feedback_is_told_of_again() {
        let mut record = ArrivalRecord::default();
        record.note(10, 0);
        record.note(12, 1_000);
        assert_eq!(told(&mut record), [(10, Some(0)), (11, None), (12, Some(1_000))]);
        record.note(11, 30_000);
        record.note(13, 31_000);
        assert_eq!(told(&mut record), [(11, Some(30_000)), (12, Some(1_000)), (13, Some(31_000))]);
    }

    #[test]
    fn much_at_once_fills_several_packets_and_nothing_is_left_out() {
        let mut record = ArrivalRecord::default();
        let came: Vec<u16> = (0..900).filter(|seq| seq % 3 != 1).collect();
        for &seq in &came {
            record.note(seq, 70_000 * u64::from(seq));
        }
        let told: Vec<u16> = told(&mut record).iter().filter(|(_, at_us)| at_us.is_some()).map(|told| told.0).collect();
        assert_eq!(told, came);
    }

    #[test]
    fn feedback_is_due_50_ms_after_the_first_packet_or_when_there_is_much() {
        let mut record = ArrivalRecord::default();
        assert_eq!(record.next_due_us(), u64::MAX);
        record.note(5, 1_000);
        assert_eq!(record.next_due_us(), 51_000);
        (6..6 + STATUSES_MAX as u16 / 2).for_each(|seq| record.note(seq, 2_000));
        assert_eq!(record.next_due_us(), 2_000);
    }

    #[test]
    fn a_wild_jump_begins_anew() {
        let mut record = ArrivalRecord::default();
        record.note(5, 1_000);
        record.note(20_000, 2_000);
        assert_eq!(told(&mut record), [(20_000, Some(2_000))]);
        record.note(20_001, 3_000);
        assert_eq!(told(&mut record), [(20_001, Some(3_000))]);
    }
}
