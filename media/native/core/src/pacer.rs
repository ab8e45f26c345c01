//! When packets leave: a keyframe's burst is spread, sound never waits.
//!
//! A bucket leaks at the pacing rate. What fits into it leaves at once, so that an ordinary frame
//! stays one run; what does not waits in order.

use std::collections::VecDeque;

/// The bucket's depth: a frame of 9 packets, and more where the rate is high.
const BURST_BYTES: u64 = 12_000;
const BURST_US: u64 = 10_000;
/// Nothing waits longer than this: the rate rises until it does not.
const WAITS_MAX_US: u64 = 250_000;
/// Packets that may wait; who finds the queue full sends at once.
const WAITING_MAX: usize = 512;
/// What waits is looked at so often: a few packets leave together.
pub const EVERY_US: u64 = 2_000;

/// What waits for one viewer's link. `T` says which packet it is; its bytes stay in the ring.
pub struct Pacer<T> {
    waiting: VecDeque<(T, u16)>,
    waiting_bytes: u64,
    /// The rate at which what waits leaves in time.
    least_bps: u64,
    /// Bytes in the bucket at `at_us`.
    level: u64,
    at_us: u64,
}

impl<T> Default for Pacer<T> {
    fn default() -> Self {
        Self { waiting: VecDeque::new(), waiting_bytes: 0, least_bps: 0, level: 0, at_us: 0 }
    }
}

impl<T> Pacer<T> {
    /// Bytes that leave without asking (sound, repairs of sound) count too.
    pub fn left(&mut self, now_us: u64, rate_bps: u64, size: usize) {
        self.leak(now_us, rate_bps);
        self.level += size as u64;
    }

    /// `item` of `size` bytes wants to leave; it is given back when it may leave now.
    pub fn offer(&mut self, now_us: u64, rate_bps: u64, item: T, size: usize) -> Option<T> {
        self.leak(now_us, rate_bps);
        let free = self.waiting.is_empty() && self.level < depth(rate_bps);
        if free || self.waiting.len() >= WAITING_MAX {
            self.level += size as u64;
            return Some(item);
        }
        self.waiting_bytes += size as u64;
        self.least_bps = self.least_bps.max(8_000_000 * self.waiting_bytes / WAITS_MAX_US);
        self.waiting.push_back((item, size as u16));
        None
    }

    /// The next one that may leave now.
    pub fn next(&mut self, now_us: u64, rate_bps: u64) -> Option<T> {
        self.leak(now_us, rate_bps);
        if self.level >= depth(rate_bps) {
            return None;
        }
        let (item, size) = self.waiting.pop_front()?;
        self.waiting_bytes -= u64::from(size);
        self.level += u64::from(size);
        if self.waiting.is_empty() {
            self.least_bps = 0;
        }
        Some(item)
    }

    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// When to ask for the next one; `u64::MAX` while nothing waits.
    pub fn next_due_us(&self) -> u64 {
        if self.waiting.is_empty() { u64::MAX } else { self.at_us + EVERY_US }
    }

    fn leak(&mut self, now_us: u64, rate_bps: u64) {
        let leaked = (now_us - self.at_us).min(1_000_000) * rate_bps.max(self.least_bps) / 8_000_000;
        if leaked > 0 || self.level == 0 {
            self.level = self.level.saturating_sub(leaked);
            self.at_us = now_us;
        }
    }
}

fn depth(rate_bps: u64) -> u64 {
    BURST_BYTES.max(rate_bps * BURST_US / 8_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Offer `packets` of 1200 bytes at once; when each left.
    fn times_us(rate_bps: u64, packets: usize) -> Vec<u64> {
        let mut pacer = Pacer::default();
        let at_once = (0..packets).filter(|&packet| pacer.offer(1_000, rate_bps, packet, 1200).is_some()).count();
        let mut times_us = vec![1_000; at_once];
        let mut now_us = 1_000;
        while !pacer.is_empty() {
            now_us = pacer.next_due_us().max(now_us + EVERY_US);
            while pacer.next(now_us, rate_bps).is_some() {
                times_us.push(now_us);
            }
        }
        times_us
    }

    #[test]
    fn an_ordinary_frame_leaves_at_once() {
        assert_eq!(times_us(1_000_000, 9), [1_000; 9]);
    }

    #[test]
    fn a_keyframe_leaves_at_the_rate_and_in_order() {
        let times_us = times_us(5_000_000, 60);
        assert_eq!(times_us.len(), 60);
        let lasted_us = times_us[59] - times_us[0];
        assert!((85_000..110_000).contains(&lasted_us), "{lasted_us}");
        assert!(times_us.windows(10).all(|run| run[9] > run[0] || run[0] == 1_000));
    }

    #[test]
    fn nothing_waits_longer_than_a_quarter_second() {
        let times_us = times_us(100_000, 100);
        assert!(times_us[99] <= 1_000 + 2 * WAITS_MAX_US + EVERY_US, "{}", times_us[99]);
    }

    #[test]
    fn sound_leaves_at_once_and_counts() {
        let mut pacer = Pacer::default();
        pacer.left(0, 1_000_000, BURST_BYTES as usize);
        assert_eq!(pacer.offer(0, 1_000_000, "frame", 1200), None);
        assert_eq!(pacer.next(0, 1_000_000), None);
        assert_eq!(pacer.next(EVERY_US, 1_000_000), Some("frame"));
    }

    #[test]
    fn a_full_queue_holds_nobody_back() {
        let mut pacer = Pacer::default();
        let left = (0..WAITING_MAX + 100).filter(|&packet| pacer.offer(0, 1_000, packet, 1200).is_some()).count();
        assert_eq!(left, 100);
    }
}
