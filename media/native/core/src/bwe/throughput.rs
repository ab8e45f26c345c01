//! What comes through: bytes per time by the peer's own clock.

/// Time of one bucket, and how many there are.
const BUCKET_US: i64 = 25_000;
const BUCKETS: usize = 20;
/// Buckets that tell of the link's rate while a queue stands before it.
const RECENT: usize = 8;

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

    /// Over the last fifth of a second.
    pub fn recent_bps(&self) -> Option<u64> {
        self.over(RECENT)
    }

    /// Over `buckets` whole buckets, the newest, which still fills, left out.
    fn over(&self, buckets: usize) -> Option<u64> {
        let first = self.first?;
        if self.newest - first < buckets as i64 {
            return None;
        }
        let bytes: u64 =
            (1..=buckets as i64).map(|back| self.bytes[(self.newest - back).rem_euclid(BUCKETS as i64) as usize]).sum();
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
        (0..25).for_each(|packet| throughput.came(500_000 + packet * 10_000, 1250));
        let (recent, whole) = (throughput.recent_bps().expect("rate"), throughput.bps().expect("rate"));
        assert!((900_000..1_150_000).contains(&recent), "{recent}");
        assert!(whole > 1_300_000, "{whole}");
    }

    #[test]
    fn a_clock_that_jumps_begins_anew() {
        let mut throughput = Throughput::default();
        (0..100).for_each(|packet| throughput.came(packet * 10_000, 1250));
        throughput.came(-5_000_000, 1250);
        assert_eq!(throughput.bps(), None);
    }
}
