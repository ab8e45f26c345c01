//! Short bursts of padding or repairs at a higher rate, to learn whether the link carries it
//! before pictures need it.

use super::history::Sent;

/// A probe lasts so long, or several times the jitter that blurs it, and has so many packets, at least.
const LASTS_US: (u64, u64) = (15_000, 80_000);
const JITTERS: u64 = 4;
const PACKETS_MIN: u32 = 5;
/// Bytes of one packet of padding with all headers (RFC 3550 section 5.1: at most 255 of padding).
pub const PACKET_BYTES: u64 = 320;
/// A probe goes to this many times the estimate.
const FACTOR: u64 = 2;
/// The first one asks for more: the estimate is a guess.
const FIRST_FACTOR: u64 = 3;
/// What was wanted, and a little more.
const MARGIN: f64 = 1.15;
/// After so long while more is wanted and the link did not carry it: jitter fails a probe too, so soon at first,
/// and later each time.
const AGAIN_US: (u64, u64) = (250_000, 2_000_000);
/// When nothing is heard of a probe, it is forgotten.
const PATIENCE_US: u64 = 1_000_000;
/// The share of a probe's packets that must come,
const CAME_MIN: f64 = 0.8;
/// and the share of the rate sent below which the link, not the probe, was the limit.
const SATURATED: f64 = 0.9;
const SATURATED_USES: f64 = 0.95;
/// Came through whole enough to try more at once.
const SUCCESS: f64 = 0.75;

/// One probe: while it is sent, and until it is judged.
#[derive(Clone, Copy, Default)]
struct Probe {
    id: u8,
    target_bps: u64,
    lasts_us: u64,
    began_us: u64,
    sent: Flow,
    came: Flow,
}

/// Bytes over a time, by one clock.
#[derive(Clone, Copy, Default)]
struct Flow {
    first: Option<(i64, u64)>,
    last: (i64, u64),
    bytes: u64,
    packets: u32,
}

impl Flow {
    fn add(&mut self, at_us: i64, size: u64) {
        if self.first.is_none_or(|first| at_us < first.0) {
            self.first = Some((at_us, size));
        }
        if at_us >= self.last.0 || self.packets == 0 {
            self.last = (at_us, size);
        }
        self.bytes += size;
        self.packets += 1;
    }

    /// From the first packet to the last; `less` is what does not count: the last one's bytes where they left,
    /// the first one's where they came.
    fn bps(&self, less: u64) -> Option<f64> {
        let lasted_us = self.last.0 - self.first?.0;
        (lasted_us > 0).then(|| (self.bytes - less) as f64 * 8e6 / lasted_us as f64)
    }
}

/// The probes of one viewer.
#[derive(Default)]
pub struct Probes {
    sending: Option<Probe>,
    judging: Option<Probe>,
    next_us: u64,
    /// What was waited after the last one that failed.
    waited_us: u64,
    last_id: u8,
    /// When the newest packet left that came and was no probe's.
    passed_us: u64,
}

impl Probes {
    /// Begin a probe if one is due: `wanted_bps` is more than `estimate_bps`, and the last did not fail just now.
    pub fn consider(&mut self, now_us: u64, estimate_bps: u64, wanted_bps: u64, jitter_us: u64) {
        if self.judging.is_some_and(|probe| now_us - probe.began_us > PATIENCE_US) {
            self.judging = None;
            self.failed(now_us);
        }
        if self.sending.is_some() || self.judging.is_some() || now_us < self.next_us || wanted_bps <= estimate_bps {
            return;
        }
        let factor = if self.last_id == 0 { FIRST_FACTOR } else { FACTOR };
        let target_bps = (factor * estimate_bps).min((MARGIN * wanted_bps as f64) as u64);
        self.last_id = self.last_id.checked_add(1).unwrap_or(1);
        let lasts_us = (JITTERS * jitter_us).clamp(LASTS_US.0, LASTS_US.1);
        self.sending = Some(Probe { id: self.last_id, target_bps, lasts_us, began_us: now_us, ..Probe::default() });
    }

    /// Bytes that are to leave now beside the media, so that the probe's rate is reached; 0 for none.
    pub fn owed_bytes(&self, now_us: u64) -> u64 {
        let Some(probe) = &self.sending else { return 0 };
        let due = (now_us - probe.began_us) * probe.target_bps / 8_000_000 + PACKET_BYTES;
        due.saturating_sub(probe.sent.bytes)
    }

    /// When more is owed; `u64::MAX` while no probe is sent.
    pub fn next_due_us(&self) -> u64 {
        self.sending
            .as_ref()
            .map_or(u64::MAX, |probe| probe.began_us + probe.sent.bytes * 8_000_000 / probe.target_bps.max(1))
    }

    /// The probe that a packet which leaves now is part of, 0 for none.
    pub fn sent(&mut self, now_us: u64, size: u16) -> u8 {
        let Some(probe) = &mut self.sending else { return 0 };
        probe.sent.add(now_us as i64, size.into());
        let id = probe.id;
        if now_us - probe.began_us >= probe.lasts_us && probe.sent.packets >= PACKETS_MIN {
            self.judging = self.sending.take();
        }
        id
    }

    /// Nothing more can be sent (there is nothing to pad with): a probe under way ends as it is.
    pub fn give_up(&mut self, now_us: u64) {
        if self.sending.take().is_some() {
            self.failed(now_us);
        }
    }

    fn failed(&mut self, now_us: u64) {
        self.waited_us = (2 * self.waited_us).clamp(AGAIN_US.0, AGAIN_US.1);
        self.next_us = now_us + self.waited_us;
    }

    /// A packet came.
    pub fn came(&mut self, packet: Sent, arrival_us: i64) {
        if packet.probe == 0 {
            self.passed_us = self.passed_us.max(packet.at_us);
        } else if let Some(probe) =
            [&mut self.sending, &mut self.judging].into_iter().flatten().find(|probe| probe.id == packet.probe)
        {
            probe.came.add(arrival_us, packet.size.into());
        }
    }

    /// The rate that a probe proved, once all of it came, or enough of it and later packets too.
    pub fn judge(&mut self, now_us: u64) -> Option<u64> {
        let probe = self.judging?;
        let overtaken = self.passed_us > probe.sent.last.0 as u64;
        if probe.came.packets < probe.sent.packets && !overtaken {
            return None;
        }
        self.judging = None;
        let enough = f64::from(probe.came.packets) >= CAME_MIN * f64::from(probe.sent.packets);
        let proved_bps = probe.proved_bps().filter(|_| enough);
        let succeeded = proved_bps.is_some_and(|bps| bps >= SUCCESS * probe.target_bps as f64);
        if succeeded {
            (self.next_us, self.waited_us) = (now_us, 0);
        } else {
            self.failed(now_us);
        }
        proved_bps.map(|bps| bps as u64)
    }
}

impl Probe {
    fn proved_bps(&self) -> Option<f64> {
        let sent_bps = self.sent.bps(self.sent.last.1)?;
        let came_bps = self.came.bps(self.came.first?.1)?;
        Some(if came_bps < SATURATED * sent_bps { SATURATED_USES * came_bps } else { sent_bps })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Send what a probe asks for over a link of `link_bps`; what it proved.
    fn probe(probes: &mut Probes, from_us: u64, link_bps: u64) -> Option<u64> {
        let (mut now_us, mut free_us, mut flying) = (from_us, from_us, Vec::new());
        while probes.sending.is_some() {
            while probes.owed_bytes(now_us) > 0 && probes.sending.is_some() {
                let id = probes.sent(now_us, 1_000);
                free_us = free_us.max(now_us) + 8_000_000_000 / link_bps;
                flying.push((Sent { at_us: now_us, size: 1_000, probe: id }, free_us));
            }
            now_us = probes.next_due_us().min(now_us + 5_000).max(now_us + 1_000);
        }
        flying.into_iter().for_each(|(packet, arrival_us)| probes.came(packet, arrival_us as i64 - 500_000));
        probes.judge(now_us)
    }

    #[test]
    fn a_wide_link_proves_what_is_asked_and_the_next_probe_follows_at_once() {
        let mut probes = Probes::default();
        probes.consider(0, 500_000, 5_000_000, 0);
        let proved_bps = probe(&mut probes, 0, 20_000_000).expect("rate");
        assert!((1_300_000..2_000_000).contains(&proved_bps), "{proved_bps}");
        probes.consider(100_000, proved_bps, 5_000_000, 0);
        assert!(probes.owed_bytes(100_000) > 0);
    }

    #[test]
    fn a_narrow_link_proves_its_own_rate_and_is_asked_again_after_longer_and_longer() {
        let mut probes = Probes::default();
        probes.consider(0, 500_000, 5_000_000, 0);
        let proved_bps = probe(&mut probes, 0, 600_000).expect("rate");
        assert!((540_000..600_000).contains(&proved_bps), "{proved_bps}");
        let (mut now_us, mut waits_us) = (0, Vec::new());
        for _ in 0..5 {
            let since_us = now_us;
            while probes.owed_bytes(now_us) == 0 {
                now_us += 10_000;
                probes.consider(now_us, 550_000, 5_000_000, 0);
            }
            waits_us.push((now_us - since_us) / 100_000);
            probe(&mut probes, now_us, 600_000);
        }
        assert_eq!(waits_us, [2, 5, 10, 20, 20]);
    }

    #[test]
    fn no_probe_begins_while_nothing_more_is_wanted() {
        let mut probes = Probes::default();
        probes.consider(0, 500_000, 500_000, 0);
        assert_eq!((probes.owed_bytes(0), probes.next_due_us()), (0, u64::MAX));
    }

    #[test]
    fn a_probe_of_which_too_little_comes_proves_nothing_and_is_forgotten() {
        let mut probes = Probes::default();
        probes.consider(0, 500_000, 5_000_000, 0);
        for step in 0..20 {
            probes.sent(step * 1_000, 1_000);
        }
        probes.came(Sent { at_us: 0, size: 1_000, probe: 1 }, 0);
        assert_eq!(probes.judge(50_000), None);
        probes.came(Sent { at_us: 30_000, size: 1_000, probe: 0 }, 30_000);
        assert_eq!(probes.judge(60_000), None);
        probes.consider(300_000, 500_000, 5_000_000, 0);
        assert_eq!(probes.owed_bytes(300_000), 0);
        probes.consider(320_000, 500_000, 5_000_000, 0);
        assert!(probes.owed_bytes(320_000) > 0);
    }

    #[test]
    fn a_probe_whose_last_packets_are_lost_is_judged_by_the_rest() {
        let mut probes = Probes::default();
        probes.consider(0, 500_000, 5_000_000, 0);
        for step in 0..20 {
            probes.sent(step * 1_000, 200);
        }
        for step in 0..14 {
            probes.came(Sent { at_us: step * 1_000, size: 200, probe: 1 }, step as i64 * 1_000);
        }
        assert_eq!(probes.judge(50_000), None);
        probes.came(Sent { at_us: 30_000, size: 1_000, probe: 0 }, 30_000);
        let proved_bps = probes.judge(60_000).expect("rate");
        assert!((1_500_000..1_700_000).contains(&proved_bps), "{proved_bps}");
    }
}
