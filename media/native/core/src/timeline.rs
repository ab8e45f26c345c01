//! Media time: every publisher's RTP clocks on the node's common clock (Unix microseconds).
//!
//! Sender reports tie an RTP clock to the publisher's wall clock, the least late one the best; how far
//! that wall clock is from ours is the smallest (arrival - NTP) of the last minute less half the
//! smallest round trip. Before the first report, a stream's first arrival stands for its capture.

use std::collections::VecDeque;

use crate::model::Kind;

/// The minimum forgets after this: 50 ppm of clock drift are 3 ms by then.
pub const WINDOW_US: u64 = 60_000_000;
/// Of a stream's reports the truest counts: libwebrtc sends six for a sound in this time.
pub const REPORTS_US: u64 = 30_000_000;
/// A report that is later than the truest by more begins a new line: the encoder set its clock anew.
pub const REPORT_STEP_US: i64 = 200_000;
/// A picture is re-anchored when it is off by more; less nobody sees, and jitter would move it all the time.
pub const STEP_MS: u32 = 5;
/// A stream without reports is anchored at its first arrival, and again when it drifts off by more.
pub const ARRIVAL_STEP_MS: u32 = 200;
/// Samples of one minimum: a publisher who reports madly often is heard less exactly.
const SAMPLES_MAX: usize = 128;
const NTP_UNIX_S: u64 = 2_208_988_800;

/// Unix microseconds as NTP 32.32 fixed point.
pub fn ntp_of(unix_us: u64) -> u64 {
    let rest = ((unix_us % 1_000_000) << 32) / 1_000_000;
    ((unix_us / 1_000_000).wrapping_add(NTP_UNIX_S) << 32) | rest
}

/// NTP 32.32 fixed point as Unix microseconds; before 1970 it is negative.
pub fn unix_us_of(ntp: u64) -> i64 {
    let seconds = (ntp >> 32) as i64 - NTP_UNIX_S as i64;
    seconds * 1_000_000 + (((ntp & 0xFFFF_FFFF) * 1_000_000) >> 32) as i64
}

/// The middle 32 bits, as LSR and LRR carry them.
pub fn middle(ntp: u64) -> u32 {
    (ntp >> 16) as u32
}

/// Round trip by RFC 3550 section 6.4.1, never below 0.
pub fn round_trip_us(now_ntp: u64, last: u32, delay: u32) -> u64 {
    let ticks = middle(now_ntp).wrapping_sub(last).wrapping_sub(delay);
    if ticks >> 31 != 0 { 0 } else { (u64::from(ticks) * 1_000_000) >> 16 }
}

/// `unix_us` in ticks of a clock, modulo 2^32.
pub fn ticks_at(unix_us: i64, clock_hz: u32) -> u32 {
    let (seconds, rest) = (unix_us.div_euclid(1_000_000), unix_us.rem_euclid(1_000_000));
    let whole = (seconds as u32).wrapping_mul(clock_hz);
    whole.wrapping_add(((rest as u64 * u64::from(clock_hz) + 500_000) / 1_000_000) as u32)
}

/// The smallest value of a window of time: a monotonic queue whose first entry is it.
#[derive(Default)]
struct Minimum(VecDeque<(u64, i64)>);

impl Minimum {
    fn keep(&mut self, now_us: u64, value: i64, window_us: u64) {
        while self.0.back().is_some_and(|&(_, kept)| kept >= value) || self.0.len() >= SAMPLES_MAX {
            self.0.pop_back();
        }
        self.0.push_back((now_us, value));
        while self.0.front().is_some_and(|&(at_us, _)| at_us + window_us < now_us) {
            self.0.pop_front();
        }
    }

    fn value(&self) -> Option<i64> {
        self.0.front().map(|&(_, value)| value)
    }
}

/// One publisher's wall clock against the common clock.
#[derive(Default)]
pub struct PublisherClock {
    samples: Minimum,
    round_trips: Minimum,
}

impl PublisherClock {
    /// A sender report written at `ntp_us` of the publisher arrived at `arrival_us` of ours.
    pub fn heard(&mut self, now_us: u64, arrival_us: u64, ntp_us: i64) {
        self.samples.keep(now_us, arrival_us as i64 - ntp_us, WINDOW_US);
    }

    pub fn round_trip(&mut self, now_us: u64, round_trip_us: u64) {
        self.round_trips.keep(now_us, round_trip_us as i64, WINDOW_US);
    }

    /// What must be added to the publisher's time, `None` before its first report.
    pub fn offset_us(&self) -> Option<i64> {
        Some(self.samples.value()? - self.round_trips.value().unwrap_or(0) / 2)
    }
}

/// An anchor that a new frame replaced, and the first timestamp of the new one.
#[derive(Clone, Copy)]
struct Former {
    anchor: u32,
    until: u32,
}

/// One RTP stream's clock: `anchor` added to its timestamps gives media time, in its clock rate, modulo 2^32.
pub struct StreamClock {
    kind: Kind,
    pub clock_hz: u32,
    anchor: Option<u32>,
    wanted: u32,
    newest: u32,
    former: Option<Former>,
    /// What the first report added to the stream's timestamps, in ticks of the publisher's wall clock,
    reference: Option<u32>,
    /// and how much more each later one adds, in microseconds.
    late_us: Minimum,
    settled: bool,
    delay_us: i64,
}

impl StreamClock {
    pub fn new(kind: Kind, clock_hz: u32) -> Self {
        let clock_hz = clock_hz.max(1);
        Self {
            kind,
            clock_hz,
            anchor: None,
            wanted: 0,
            newest: 0,
            former: None,
            reference: None,
            late_us: Minimum::default(),
            settled: false,
            delay_us: 0,
        }
    }

    /// What is added to the stream's timestamps now; 0 before its first packet.
    pub fn anchor(&self) -> u32 {
        self.anchor.unwrap_or(0)
    }

    /// A sender report of this stream: its timestamp `rtp` is `ntp_us` of the publisher's wall clock.
    ///
    /// A busy encoder reads its wall clock after it stamped the frame, never before: what is kept is
    /// how much later than the first report each one is.
    pub fn report(&mut self, now_us: u64, ntp_us: i64, rtp: u32) {
        let line = ticks_at(ntp_us, self.clock_hz).wrapping_sub(rtp);
        let reference = *self.reference.get_or_insert(line);
        let late_us = i64::from(line.wrapping_sub(reference) as i32) * 1_000_000 / i64::from(self.clock_hz);
        if self.late_us.value().is_some_and(|truest_us| late_us - truest_us > REPORT_STEP_US) {
            self.late_us = Minimum::default();
        }
        self.late_us.keep(now_us, late_us, REPORTS_US);
    }

    /// Recompute the mapping from the truest report; a sound's takes effect now, a picture's at its next frame.
    pub fn settle(&mut self, offset_us: Option<i64>) {
        let (Some(reference), Some(late_us), Some(offset_us)) = (self.reference, self.late_us.value(), offset_us)
        else {
            return;
        };
        self.settled = true;
        let moved_us = offset_us.wrapping_add(late_us + self.delay_us);
        self.wanted = reference.wrapping_add(ticks_at(moved_us, self.clock_hz));
        if self.kind == Kind::Audio {
            self.anchor = Some(self.wanted);
        }
    }

    /// Sound counts as captured `delay_ms` later than it was.
    pub fn delay(&mut self, delay_ms: u32) {
        let delay_us = i64::from(delay_ms) * 1000;
        let moved = ticks_at(delay_us, self.clock_hz).wrapping_sub(ticks_at(self.delay_us, self.clock_hz));
        self.delay_us = delay_us;
        self.wanted = self.wanted.wrapping_add(moved);
        self.anchor = self.anchor.map(|anchor| anchor.wrapping_add(moved));
    }

    /// Media time of a packet, in clock ticks modulo 2^32.
    pub fn media_timestamp(&mut self, timestamp: u32, arrival_us: u64) -> u32 {
        let Some(anchor) = self.anchor else {
            self.newest = timestamp;
            if !self.settled {
                self.wanted = self.by_arrival(timestamp, arrival_us);
            }
            self.anchor = Some(self.wanted);
            return timestamp.wrapping_add(self.wanted);
        };
        if timestamp != self.newest && timestamp.wrapping_sub(self.newest) >> 31 == 0 {
            self.newest = timestamp;
            let fresh = self.reanchored(anchor, timestamp, arrival_us);
            if fresh != anchor {
                self.former = Some(Former { anchor, until: timestamp });
                self.anchor = Some(fresh);
            }
            return timestamp.wrapping_add(fresh);
        }
        match self.former {
            // A late packet of a frame before the new anchor.
            Some(former) if timestamp.wrapping_sub(former.until) >> 31 != 0 => timestamp.wrapping_add(former.anchor),
            _ => timestamp.wrapping_add(anchor),
        }
    }

    /// At a new frame: follow the reports, or without any the arrivals, when the clock ran away.
    fn reanchored(&mut self, anchor: u32, timestamp: u32, arrival_us: u64) -> u32 {
        if !self.settled {
            let by_arrival = self.by_arrival(timestamp, arrival_us);
            if self.apart(by_arrival, anchor, ARRIVAL_STEP_MS) {
                self.wanted = by_arrival;
            }
        }
        if self.apart(self.wanted, anchor, STEP_MS) { self.wanted } else { anchor }
    }

    fn by_arrival(&self, timestamp: u32, arrival_us: u64) -> u32 {
        ticks_at(arrival_us as i64 + self.delay_us, self.clock_hz).wrapping_sub(timestamp)
    }

    /// Whether two anchors are more than `limit_ms` from one another.
    fn apart(&self, one: u32, other: u32, limit_ms: u32) -> bool {
        let ticks = (one.wrapping_sub(other) as i32).unsigned_abs();
        u64::from(ticks) * 1000 > u64::from(limit_ms) * u64::from(self.clock_hz)
    }

    /// Media time `unix_us` in this clock's ticks, modulo 2^32.
    pub fn ticks_at(&self, unix_us: u64) -> u32 {
        ticks_at(unix_us as i64, self.clock_hz)
    }

    /// How long before `now_us` media time `media_timestamp` was, in microseconds; ahead of it is negative.
    pub fn age_us(&self, media_timestamp: u32, now_us: u64) -> i64 {
        let ticks = self.ticks_at(now_us).wrapping_sub(media_timestamp) as i32;
        i64::from(ticks) * 1_000_000 / i64::from(self.clock_hz)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EPOCH_US: u64 = 1_700_000_000_000_000;

    fn video() -> StreamClock {
        StreamClock::new(Kind::Video, 90_000)
    }

    #[test]
    fn ntp_goes_there_and_back_within_a_microsecond() {
        for unix_us in [0, 1, 999_999, EPOCH_US, EPOCH_US + 123_457] {
            assert!((unix_us_of(ntp_of(unix_us)) - unix_us as i64).abs() <= 1);
        }
        assert!(unix_us_of(0) < 0);
    }

    #[test]
    fn before_a_report_the_first_arrival_stands_for_its_capture() {
        let mut clock = video();
        let media = clock.media_timestamp(5_000, EPOCH_US);
        assert_eq!(media, ticks_at(EPOCH_US as i64, 90_000));
        assert_eq!(clock.media_timestamp(8_000, EPOCH_US + 60_000), media.wrapping_add(3_000), "jitter moves nothing");
    }

    #[test]
    fn a_stream_without_reports_that_runs_away_is_anchored_anew() {
        let mut clock = video();
        let media = clock.media_timestamp(0, EPOCH_US);
        let late = clock.media_timestamp(3_000, EPOCH_US + 500_000);
        assert_eq!(late, media.wrapping_add(45_000));
    }

    #[test]
    fn a_report_moves_a_picture_at_its_next_frame_and_never_within_one() {
        let mut clock = video();
        let media = clock.media_timestamp(9_000, EPOCH_US);
        clock.report(0, EPOCH_US as i64 - 50_000, 9_000);
        clock.settle(Some(0));
        assert_eq!(clock.media_timestamp(9_000, EPOCH_US + 1_000), media);
        let next = clock.media_timestamp(12_000, EPOCH_US + 34_000);
        assert_eq!(next, media.wrapping_add(3_000).wrapping_sub(4_500));
        assert_eq!(clock.media_timestamp(9_000, EPOCH_US + 35_000), media, "a late packet keeps its frame's time");
    }

    #[test]
    fn a_report_that_differs_by_less_than_five_ms_moves_no_picture() {
        let mut clock = video();
        let media = clock.media_timestamp(9_000, EPOCH_US);
        clock.report(0, EPOCH_US as i64 - 4_000, 9_000);
        clock.settle(Some(0));
        assert_eq!(clock.media_timestamp(12_000, EPOCH_US + 33_000), media.wrapping_add(3_000));
    }

    #[test]
    fn sound_follows_its_report_at_once_and_its_delay() {
        let mut clock = StreamClock::new(Kind::Audio, 48_000);
        clock.media_timestamp(960, EPOCH_US);
        clock.report(0, EPOCH_US as i64 - 10_000, 960);
        clock.settle(Some(0));
        assert_eq!(clock.media_timestamp(960, EPOCH_US), ticks_at(EPOCH_US as i64 - 10_000, 48_000));
        clock.delay(40);
        assert_eq!(clock.media_timestamp(960, EPOCH_US), ticks_at(EPOCH_US as i64 + 30_000, 48_000));
    }

    #[test]
    fn a_report_that_a_busy_encoder_stamped_late_moves_nothing() {
        let mut clock = StreamClock::new(Kind::Audio, 48_000);
        let at = EPOCH_US as i64;
        for (second, late_us) in [(0, 0), (1, 90_000), (2, 40_000)] {
            clock.report(second * 1_000_000, at + second as i64 * 1_000_000 + late_us, 48_000 * second as u32);
            clock.settle(Some(0));
            assert_eq!(clock.media_timestamp(960, EPOCH_US), ticks_at(at + 20_000, 48_000));
        }
        clock.report(32_000_000, at + 32_040_000, 48_000 * 32);
        clock.settle(Some(0));
        assert_eq!(clock.media_timestamp(960, EPOCH_US), ticks_at(at + 60_000, 48_000), "the truest is forgotten");
    }

    #[test]
    fn an_encoder_that_set_its_clock_anew_is_followed() {
        let mut clock = StreamClock::new(Kind::Audio, 48_000);
        let at = EPOCH_US as i64;
        clock.report(0, at, 0);
        clock.report(1_000_000, at + 1_000_000 + REPORT_STEP_US + 1_000, 48_000);
        clock.settle(Some(0));
        assert_eq!(clock.media_timestamp(0, EPOCH_US), ticks_at(at + REPORT_STEP_US + 1_000, 48_000));
    }

    #[test]
    fn the_smallest_offset_of_a_minute_counts_less_half_the_round_trip() {
        let mut clock = PublisherClock::default();
        assert_eq!(clock.offset_us(), None);
        clock.heard(0, 1_080_000, 1_000_000);
        clock.heard(1_000_000, 2_030_000, 2_000_000);
        clock.heard(2_000_000, 3_070_000, 3_000_000);
        assert_eq!(clock.offset_us(), Some(30_000));
        clock.round_trip(2_000_000, 40_000);
        assert_eq!(clock.offset_us(), Some(10_000));
        clock.heard(62_000_000, 63_070_000, 63_000_000);
        assert_eq!(clock.offset_us(), Some(50_000), "the minimum is forgotten after a minute");
    }

    #[test]
    fn a_publisher_who_reports_madly_costs_bounded_memory() {
        let mut clock = PublisherClock::default();
        for step in 0..100_000u64 {
            clock.heard(step, step * 2, 0);
        }
        assert!(clock.samples.0.len() <= SAMPLES_MAX);
        assert_eq!(clock.offset_us(), Some(0));
    }

    #[test]
    fn a_round_trip_is_what_is_left_of_now_after_echo_and_delay() {
        let now = ntp_of(EPOCH_US);
        let last = middle(ntp_of(EPOCH_US - 300_000));
        let found = round_trip_us(now, last, 65_536 / 10);
        assert!((199_000..=201_000).contains(&found), "{found}");
        assert_eq!(round_trip_us(now, middle(now).wrapping_add(9), 0), 0);
    }
}
