//! Congestion control: what a viewer's link carries, by the sender's own measure
//! (draft-ietf-rmcat-gcc-02), by the peer's (REMB), or by the loss in receiver reports; and what
//! publishers are told of their packets (`arrivals`).

mod aimd;
pub mod arrivals;
pub mod feedback;
pub mod fit;
mod history;
#[cfg(test)]
mod link;
mod loss;
mod probe;
#[cfg(test)]
mod simulated;
mod throughput;
mod trend;

use aimd::{Aimd, Through};
use feedback::{Feedback, REFERENCE_US};
use history::{History, News, Sent};
use loss::Loss;
use probe::Probes;
use throughput::Throughput;
use trend::Trend;

/// What a link is believed to carry before anything was learnt.
pub const START_BPS: u64 = 500_000;
/// Sound and a little more always goes.
pub const MIN_BPS: u64 = 60_000;
/// UDP, IPv4, and the SRTP tag.
const OVERHEAD: usize = 8 + 20 + 16;
/// A peer that promised feedback and gives none in this time is one without.
const FEEDBACK_PATIENCE_US: u64 = 3_000_000;
/// Without feedback for so long the link is stuck, and the rate falls by half; again after as long.
const STUCK_US: u64 = 1_000_000;
/// How much of the shown round trip is old.
const ROUND_TRIP_SMOOTHING: f64 = 0.8;
const ROUND_TRIP_START_US: f64 = 100_000.0;
/// A REMB is forgotten when no other follows.
const REMB_LASTS_US: u64 = 5_000_000;
/// So much faster than the estimate may a burst leave.
const PACING: f64 = 1.3;

/// One viewer's link. Nothing is allocated after it was made.
pub struct Estimator {
    history: History,
    trend: Trend,
    throughput: Throughput,
    outgoing: Throughput,
    aimd: Aimd,
    loss: Loss,
    probes: Probes,
    round_trip_us: f64,
    reference_us: Option<i64>,
    remb: Option<(u64, u64)>,
    wanted_bps: u64,
    began_us: u64,
    heard_us: Option<u64>,
    numbered: bool,
}

impl Estimator {
    /// `numbered`: packets carry transport-wide numbers, so the peer will tell when each came.
    pub fn new(now_us: u64, numbered: bool) -> Self {
        Self {
            history: History::new(numbered),
            trend: Trend::default(),
            throughput: Throughput::default(),
            outgoing: Throughput::default(),
            aimd: Aimd::new(now_us, START_BPS),
            loss: Loss::default(),
            probes: Probes::default(),
            round_trip_us: ROUND_TRIP_START_US,
            reference_us: None,
            remb: None,
            wanted_bps: 0,
            began_us: now_us,
            heard_us: None,
            numbered,
        }
    }

    // --- what is known

    /// What the link carries; `None` while nothing limits it that we know of.
    pub fn estimate_bps(&self, now_us: u64) -> Option<u64> {
        let expected = self.numbered && now_us - self.began_us < FEEDBACK_PATIENCE_US;
        let delay_bps = (self.heard_us.is_some() || expected).then(|| self.aimd.rate_bps());
        let remb_bps = self.remb.filter(|&(_, at_us)| now_us - at_us < REMB_LASTS_US).map(|(bps, _)| bps);
        [delay_bps, self.loss.limit_bps(), remb_bps].into_iter().flatten().min().map(|bps| bps.max(MIN_BPS))
    }

    /// The rate at which a burst may leave; `None` for as fast as it comes, while no queue, no loss and no
    /// word of the peer has shown a limit: a burst held back is a picture that parts from its sound.
    pub fn pacing_bps(&self, now_us: u64) -> Option<u64> {
        if !self.aimd.is_limited() && self.loss.limit_bps().is_none() && self.remb.is_none() {
            return None;
        }
        self.estimate_bps(now_us).map(|bps| (PACING * bps as f64) as u64)
    }

    pub fn round_trip_us(&self) -> u64 {
        self.round_trip_us as u64
    }

    /// Share of packets that did not come the first time, over the last seconds.
    pub fn lost_share(&self) -> f64 {
        self.loss.share()
    }

    /// What left lately, all headers included; 0 while too little did.
    pub fn sending_bps(&self) -> u64 {
        self.outgoing.bps().unwrap_or(0)
    }

    // --- what leaves

    /// What the viewer could use: more than the estimate is probed for.
    pub fn want(&mut self, bps: u64) {
        self.wanted_bps = bps;
    }

    /// A packet of `len` bytes, SRTP tag left out, leaves now: its transport-wide number, where it carries one.
    pub fn sent(&mut self, now_us: u64, len: usize) -> u16 {
        let size = (len + OVERHEAD) as u16;
        self.outgoing.came(now_us as i64, size);
        if !self.numbered {
            return 0;
        }
        let probe = self.probes.sent(now_us, size);
        self.history.sent(Sent { at_us: now_us, size, probe })
    }

    /// Bytes of padding or repairs that a probe wants sent now; 0 for none.
    pub fn owed_bytes(&self, now_us: u64) -> u64 {
        self.probes.owed_bytes(now_us)
    }

    /// There was nothing to send for a probe.
    pub fn nothing_to_pad(&mut self, now_us: u64) {
        self.probes.give_up(now_us);
    }

    /// What is due by the clock; call it every 100 ms or more often, and at `next_due_us`.
    pub fn tick(&mut self, now_us: u64) {
        if self.history.flying_bytes() > 0 && self.heard_us.is_some_and(|heard_us| now_us - heard_us > STUCK_US) {
            self.aimd.limited(self.aimd.rate_bps() / 2);
            self.heard_us = Some(now_us);
        }
        if let (true, Some(estimate_bps)) = (self.numbered, self.estimate_bps(now_us)) {
            self.probes.consider(now_us, estimate_bps, self.wanted_bps, self.trend.jitter_us());
        }
    }

    /// When a probe wants its next packet; `u64::MAX` for never.
    pub fn next_due_us(&self) -> u64 {
        self.probes.next_due_us()
    }

    // --- what the peer says

    /// Transport-wide feedback (`rtcp::read::Item::Arrivals`).
    pub fn arrivals(&mut self, now_us: u64, body: &[u8]) {
        let Some(feedback) = Feedback::read(body) else { return };
        self.heard_us = Some(now_us);
        let reference_us = self.unwrap(feedback.reference_us);
        let (mut expected, mut missing, mut newest_us) = (0, 0, None);
        feedback.each(|seq, at_us| match (self.history.told(now_us, seq, at_us.is_some()), at_us) {
            (Some(News::Came(packet)), Some(at_us)) => {
                expected += 1;
                newest_us = newest_us.max(Some(packet.at_us));
                self.came(packet, reference_us + at_us);
            }
            (Some(News::Missing), _) => {
                expected += 1;
                missing += 1;
            }
            _ => (),
        });
        if let Some(sent_us) = newest_us {
            self.round_trip(now_us - sent_us);
            let through = Through { bps: self.throughput.bps(), recent_bps: self.throughput.recent_bps() };
            if self.aimd.update(now_us, self.trend.usage(), through, self.round_trip_us()) {
                self.loss.excused(now_us);
            }
        }
        if let Some(bps) = self.probes.judge(now_us) {
            self.aimd.probed(now_us, bps);
            self.loss.probed(bps);
        }
        self.loss.told(now_us, expected, missing, self.rate_in_force_bps(now_us), self.round_trip_us());
    }

    fn came(&mut self, packet: Sent, arrival_us: i64) {
        self.throughput.came(arrival_us, packet.size);
        self.trend.came(packet.at_us, arrival_us);
        self.probes.came(packet, arrival_us);
    }

    /// A receiver report's loss share of one stream, for peers that don't tell of each packet.
    pub fn reported(&mut self, now_us: u64, share: f64) {
        if self.heard_us.is_none() {
            self.loss.reported(now_us, share, self.rate_in_force_bps(now_us), self.round_trip_us());
        }
    }

    /// REMB (draft-alvestrand-rmcat-remb-03).
    pub fn peer_estimate(&mut self, now_us: u64, bps: u64) {
        self.remb = Some((bps, now_us));
    }

    /// A round trip that was measured, by reports or feedback.
    pub fn round_trip(&mut self, round_trip_us: u64) {
        let sample_us = round_trip_us as f64;
        self.round_trip_us = ROUND_TRIP_SMOOTHING * self.round_trip_us + (1.0 - ROUND_TRIP_SMOOTHING) * sample_us;
    }

    /// What loss is judged against: the estimate, or what left or came through lately where that is less.
    fn rate_in_force_bps(&self, now_us: u64) -> u64 {
        let sending_bps = self.sending_bps().max(self.throughput.recent_bps().unwrap_or(0)).max(MIN_BPS);
        self.estimate_bps(now_us).map_or(sending_bps, |bps| bps.min(sending_bps))
    }

    /// Feedback's reference time, made to run on where its 24 bits turn over.
    fn unwrap(&mut self, reference_us: i64) -> i64 {
        const TURN_US: i64 = REFERENCE_US << 24;
        let before_us = self.reference_us.unwrap_or(reference_us);
        let step_us = (reference_us - before_us + TURN_US / 2).rem_euclid(TURN_US) - TURN_US / 2;
        *self.reference_us.insert(before_us + step_us)
    }
}
