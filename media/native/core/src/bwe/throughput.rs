//! What comes through: bytes per time by the peer's own clock.

/// Time of one bucket, and how many there are.
const BUCKET_US: i64 = 25_000;
const BUCKETS: usize = 20;
/// Buckets that tell of the link's rate while a queue stands before it: the fullest of these rows within the recent
/// ones, for who sends little for a moment has not met the link's limit then.
const ROW: usize = 4;
const RECENT: usize = 12;

/// Bytes that came in the last half second, in buckets.
#[derive(Default)]
pub struct Throughput {
    bytes: [u64; BUCKETS],
    /// The number of the newest bucket, and of the first one ever.
    newest: i64,
    first: Option<i64>,
}

impl Throughput {
    /// `size` bytes came at `arrival_us` of the peer's clock.
    pub fn came(&mut self, arrival_us: i64, size: u16) {
        let bucket = arrival_us.div_euclid(BUCKET_US);
        if self.first.is_none() || bucket - self.newest > 4 * BUCKETS as i64 || self.newest - bucket > BUCKETS as i64 {
            *self = Self { newest: bucket, first: Some(bucket), ..Self::default() };
        }
        while self.newest < bucket {
            self.newest += 1;
            self.bytes[self.newest.rem_euclid(BUCKETS as i64) as usize] = 0;
        }
        if self.newest - bucket < BUCKETS as i64 {
            self.bytes[bucket.rem_euclid(BUCKETS as i64) as usize] += u64::from(size);
        }
    }

    /// Over half a second; `None` before as much passed.
    pub fn bps(&self) -> Option<u64> {
        self.over(BUCKETS - 1)
    }

    /// The most that came through in a tenth of the last three tenths of a second.
    pub fn recent_bps(&self) -> Option<u64> {
        self.over(RECENT)?; // there were as many
        (0..=RECENT - ROW).filter_map(|back| self.row(back, ROW)).max()
    }

    /// Over `buckets` whole buckets, the newest, which still fills, left out.
    fn over(&self, buckets: usize) -> Option<u64> {
        self.row(0, buckets)
    }

    /// The same, of the buckets before the last `back` ones.
    fn row(&self, back: usize, buckets: usize) -> Option<u64> {
        let newest = self.newest - back as i64;
        if newest - self.first? < buckets as i64 {
            return None;
        }
        let bucket = |back: i64| self.bytes[(newest - back).rem_euclid(BUCKETS as i64) as usize];
        let bytes: u64 = (1..=buckets as i64).map(bucket).sum();
        Some(bytes * 8 * 1_000_000 / (buckets as u64 * BUCKET_US as u64))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_steady_stream_is_measured_after_half_a_second() {
        let mut throughput = Throughput::default();
        for packet in 0..100 {
            throughput.came(7_000_000 + packet * 10_000, 1250);
            assert_eq!(throughput.bps().is_some(), packet > 47, "packet {packet}");
        }
        let measured = throughput.bps().expect("rate");
        assert!((950_000..1_050_000).contains(&measured), "{measured}");
    }

    #[test]
    fn the_recent_rate_follows_a_step_first() {
        let mut throughput = Throughput::default();
        (0..100).for_each(|packet| throughput.came(packet * 5_000, 1250));
        (0..35).for_each(|packet| throughput.came(500_000 + packet * 10_000, 1250));
        let (recent, whole) = (throughput.recent_bps().expect("rate"), throughput.bps().expect("rate"));
        assert!((900_000..1_150_000).contains(&recent), "{recent}");
        assert!(whole > 1_200_000, "{whole}");
    }

    #[test]
    fn a_moment_without_packets_is_no_limit() {
        let mut throughput = Throughput::default();
        (0..100).for_each(|packet| throughput.came(packet * 10_000, 1250));
        throughput.came(1_150_000, 1250);
        let recent = throughput.recent_bps().expect("rate");
        assert!((950_000..1_050_000).contains(&recent), "{recent}");
    }

    #[test]
    fn a_clock_that_jumps_begins_anew() {
        let mut throughput = Throughput::default();
        (0..100).for_each(|packet| throughput.came(packet * 10_000, 1250));
        throughput.came(-5_000_000, 1250);
        assert_eq!(throughput.bps(), None);
    }
}
