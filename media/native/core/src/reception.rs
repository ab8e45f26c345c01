//! What was counted of one incoming stream, for reports and figures (RFC 3550 section 6.4.1, appendix A).

use crate::rtcp::Block;

/// Counts of one stream.
#[derive(Debug, Default)]
pub struct Reception {
    first: Option<i64>,
    pub highest: i64,
    pub packets: u64,
    pub octets: u64,
    pub frames: u64,
    /// In clock ticks.
    pub jitter: f64,
    transit: Option<u32>,
    reported: (i64, u64),
    /// Of the newest sender report: the middle of its NTP time, and when it came.
    pub last_report: Option<(u32, u64)>,
}

impl Reception {
    /// A packet of `size` bytes; `transit` is arrival less timestamp, both in clock ticks modulo 2^32.
    pub fn count(&mut self, index: i64, size: usize, transit: u32) {
        let newest = self.first.is_none() || index > self.highest;
        self.first.get_or_insert(index);
        self.packets += 1;
        self.octets += size as u64;
        if newest {
            self.highest = index;
            if let Some(before) = self.transit {
                let step = (transit.wrapping_sub(before) as i32).unsigned_abs();
                self.jitter += (f64::from(step) - self.jitter) / 16.0;
            }
            self.transit = Some(transit);
        }
    }

    /// The newest index; `None` before the first packet.
    pub fn newest(&self) -> Option<i64> {
        self.first.map(|_| self.highest)
    }

    pub fn expected(&self) -> i64 {
        self.first.map_or(0, |first| self.highest - first + 1)
    }

    pub fn lost(&self) -> u64 {
        u64::try_from(self.expected() - self.packets as i64).unwrap_or(0)
    }

    /// A report block, its fraction since the last one.
    pub fn block(&mut self, ssrc: u32, now_us: u64) -> Block {
        let (lsr, at_us) = self.last_report.unwrap_or((0, now_us));
        let delay_us = if lsr == 0 { 0 } else { now_us.saturating_sub(at_us) };
        Block {
            ssrc,
            fraction: self.fraction(),
            lost: (self.expected() - self.packets as i64).clamp(-0x80_0000, 0x7F_FFFF) as i32,
            highest: self.highest as u32,
            jitter: self.jitter as u32,
            lsr,
            dlsr: ((delay_us << 16) / 1_000_000) as u32,
        }
    }

    /// Loss in 1/256 since the last call.
    fn fraction(&mut self) -> u8 {
        let (expected, packets) = (self.expected() - self.reported.0, self.packets as i64 - self.reported.1 as i64);
        self.reported = (self.expected(), self.packets);
        if expected <= 0 { 0 } else { ((expected - packets).max(0) * 256 / expected).min(255) as u8 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loss_is_counted_since_the_last_report_and_repairs_make_it_good() {
        let mut got = Reception::default();
        for index in [10, 11, 13] {
            got.count(index, 100, 0);
        }
        assert_eq!(got.block(1, 0).fraction, 64);
        assert_eq!(got.lost(), 1);
        got.count(12, 100, 0);
        let block = got.block(1, 0);
        assert_eq!((block.fraction, block.lost, block.highest, got.lost()), (0, 0, 13, 0));
    }

    #[test]
    fn a_report_echoes_the_publishers_time_and_its_delay() {
        let mut got = Reception { last_report: Some((77, 1_000_000)), ..Reception::default() };
        let block = got.block(1, 1_500_000);
        assert_eq!((block.lsr, block.dlsr), (77, 32_768));
    }

    #[test]
    fn steady_arrival_has_no_jitter_and_uneven_arrival_some() {
        let mut got = Reception::default();
        for index in 0..50 {
            got.count(index, 1, u32::MAX);
        }
        assert_eq!(got.jitter, 0.0);
        for index in 50..200 {
            got.count(index, 1, if index % 2 == 0 { 0 } else { 90 });
        }
        assert!((60.0..=100.0).contains(&got.jitter), "{}", got.jitter);
    }
}
