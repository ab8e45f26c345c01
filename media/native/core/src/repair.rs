//! What a stream still misses, and when to ask for it again (NACK, RFC 4585).

/// Requests for one packet, the first included.
pub const TRIES_MAX: u8 = 10;
/// The playout budget: later than this a repair helps nobody.
pub const PATIENCE_US: u64 = 1_500_000;
const ROUND_TRIP_UNKNOWN_US: u64 = 100_000;
const ROUND_TRIP_MIN_US: u64 = 20_000;
/// Packets; a larger hole is mended by a keyframe, not packet by packet.
pub const MISSING_MAX: usize = 512;

#[derive(Clone, Copy, Debug)]
struct Missing {
    index: i64,
    since_us: u64,
    asked_us: u64,
    tries: u8,
}

/// What a packet revealed.
#[derive(Debug, PartialEq, Eq)]
pub enum Arrival {
    /// Nothing new is missing.
    Whole,
    /// These indexes are; they are asked for now.
    Holes(std::ops::Range<i64>),
    /// More is missing than can be repaired.
    TooMany,
}

/// Holes of one stream by extended sequence number: first asked at once, again after a round trip.
#[derive(Default)]
pub struct Repairs {
    /// Ascending; its room is kept, so that steady loss allocates nothing.
    missing: Vec<Missing>,
    highest: Option<i64>,
    next_due_us: u64,
    /// Holes that were filled in time.
    pub mended: u64,
}

impl Repairs {
    pub fn arrived(&mut self, index: i64, now_us: u64) -> Arrival {
        let Some(highest) = self.highest else {
            self.highest = Some(index);
            return Arrival::Whole;
        };
        if index <= highest {
            if let Ok(at) = self.missing.binary_search_by_key(&index, |missing| missing.index) {
                self.missing.remove(at);
                self.mended += 1;
            }
            return Arrival::Whole;
        }
        self.highest = Some(index);
        if index == highest + 1 {
            return Arrival::Whole;
        }
        let holes = highest + 1..index;
        if (holes.end - holes.start) as usize + self.missing.len() >= MISSING_MAX {
            self.missing.clear();
            return Arrival::TooMany;
        }
        let fresh = |index| Missing { index, since_us: now_us, asked_us: now_us, tries: 1 };
        self.missing.extend(holes.clone().map(fresh));
        self.next_due_us = self.next_due_us.min(now_us);
        Arrival::Holes(holes)
    }

    /// The holes to ask for again now, told to `ask` in ascending order; those given up are forgotten.
    ///
    /// The wait is a round trip and an eighth: a repair under way, slowed by jitter, is not asked for twice.
    pub fn due(&mut self, now_us: u64, round_trip_us: Option<u64>, mut ask: impl FnMut(i64)) {
        if self.missing.is_empty() || now_us < self.next_due_us {
            return;
        }
        let round_trip_us = round_trip_us.unwrap_or(ROUND_TRIP_UNKNOWN_US).max(ROUND_TRIP_MIN_US);
        let wait_us = round_trip_us + round_trip_us / 8;
        let mut next_due_us = u64::MAX;
        self.missing.retain_mut(|missing| {
            if missing.tries >= TRIES_MAX || now_us - missing.since_us > PATIENCE_US {
                return false;
            }
            if now_us - missing.asked_us >= wait_us {
                missing.asked_us = now_us;
                missing.tries += 1;
                ask(missing.index);
            }
            next_due_us = next_due_us.min(missing.asked_us + wait_us);
            true
        });
        self.next_due_us = next_due_us;
    }

    /// When `due` may have something to say; `u64::MAX` while nothing is missing.
    pub fn next_due_us(&self) -> u64 {
        if self.missing.is_empty() { u64::MAX } else { self.next_due_us }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(repairs: &mut Repairs, now_us: u64, round_trip_us: Option<u64>) -> Vec<i64> {
        let mut asked = Vec::new();
        repairs.due(now_us, round_trip_us, |index| asked.push(index));
        asked
    }

    #[test]
    fn a_hole_is_told_at_once_and_asked_again_a_round_trip_later() {
        let mut repairs = Repairs::default();
        assert_eq!(repairs.arrived(10, 0), Arrival::Whole);
        assert_eq!(repairs.arrived(13, 1_000), Arrival::Holes(11..13));
        assert_eq!(asked(&mut repairs, 300_000, Some(300_000)), []);
        assert_eq!(asked(&mut repairs, 338_500, Some(300_000)), [11, 12]);
        assert_eq!(repairs.arrived(11, 400_000), Arrival::Whole);
        assert_eq!(asked(&mut repairs, 676_000, Some(300_000)), [12]);
        assert_eq!(repairs.mended, 1);
    }

    #[test]
    fn at_300_ms_a_packet_is_asked_for_five_times_and_never_twice_in_a_round_trip() {
        let mut repairs = Repairs::default();
        repairs.arrived(1, 0);
        repairs.arrived(3, 0);
        let mut times_us = vec![0];
        for now_us in (0..3_000_000).step_by(5_000) {
            times_us.extend(asked(&mut repairs, now_us, Some(300_000)).iter().map(|_| now_us));
        }
        assert_eq!(times_us.len(), 5, "{times_us:?}");
        assert!(times_us.windows(2).all(|pair| pair[1] - pair[0] > 300_000));
    }

    #[test]
    fn what_is_too_old_is_given_up() {
        let mut repairs = Repairs::default();
        repairs.arrived(1, 0);
        repairs.arrived(3, 0);
        assert_eq!(asked(&mut repairs, PATIENCE_US + 1, None), []);
        assert_eq!(repairs.next_due_us(), u64::MAX);
    }

    #[test]
    fn a_hole_too_large_to_repair_is_said_so_and_forgotten() {
        let mut repairs = Repairs::default();
        repairs.arrived(1, 0);
        assert_eq!(repairs.arrived(2 + MISSING_MAX as i64, 0), Arrival::TooMany);
        assert_eq!(repairs.next_due_us(), u64::MAX);
    }
}
