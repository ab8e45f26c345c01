//! A viewer's way out: what its line carries, when packets leave, and the numbers by which it tells of them.

use crate::bwe::Estimator;
use crate::model::{PlaneSession, SessionIndex};
use crate::outbox::Outbox;
use crate::pacer::Pacer;
use crate::slab::Key;
use crate::slots::Slot;

/// Pacing where nothing limits: what waited leaves.
const UNLIMITED_BPS: u64 = 1 << 40;

/// A packet that waits for its turn: whose it is, and its outgoing number. Its bytes stay in the ring.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Waiting {
    pub slot: Key<Slot>,
    pub number: i64,
}

/// One playing session's line.
pub struct Link {
    to: SessionIndex,
    pub estimator: Estimator,
    pacer: Pacer<Waiting>,
    numbered: bool,
    known_bps: Option<u64>,
}

/// Where a slot's packets go, and when.
pub struct Way<'a> {
    pub now_us: u64,
    pub link: &'a mut Link,
    pub out: &'a mut Outbox,
}

impl Link {
    pub fn new(now_us: u64, to: SessionIndex, session: &PlaneSession) -> Self {
        let numbered = session.outbound.iter().any(|slot| slot.extensions.transport_cc != 0);
        Self { to, estimator: Estimator::new(now_us, numbered), pacer: Pacer::default(), numbered, known_bps: None }
    }

    /// What the line carries; `None` while nothing limits it that is known of.
    pub fn estimate(&mut self, now_us: u64) -> Option<u64> {
        self.estimator.tick(now_us);
        self.known_bps = self.estimator.estimate_bps(now_us);
        self.known_bps
    }

    /// As it was estimated last.
    pub fn known_bps(&self) -> Option<u64> {
        self.known_bps
    }

    fn rate_bps(&self, now_us: u64) -> Option<u64> {
        self.estimator.pacing_bps(now_us)
    }

    /// Whether a packet of `size` bytes may leave now; else it waits for `next`.
    pub fn may_leave(&mut self, now_us: u64, packet: Waiting, size: usize) -> bool {
        let rate_bps = self.rate_bps(now_us);
        if rate_bps.is_none() && self.pacer.is_empty() {
            return true;
        }
        self.pacer.offer(now_us, rate_bps.unwrap_or(UNLIMITED_BPS), packet, size).is_some()
    }

    /// The next packet that waited long enough.
    pub fn next(&mut self, now_us: u64) -> Option<Waiting> {
        if self.pacer.is_empty() {
            return None;
        }
        let rate_bps = self.rate_bps(now_us).unwrap_or(UNLIMITED_BPS);
        self.pacer.next(now_us, rate_bps)
    }

    /// When packets that wait, or a probe, are due; `u64::MAX` for neither.
    pub fn next_due_us(&self) -> u64 {
        self.pacer.next_due_us().min(self.estimator.next_due_us())
    }

    /// What leaves without asking counts against the pace.
    pub fn left(&mut self, now_us: u64, size: usize) {
        if let Some(rate_bps) = self.rate_bps(now_us) {
            self.pacer.left(now_us, rate_bps, size);
        }
    }
}

impl Way<'_> {
    /// Send what `write` makes (`Outbox::rtp`); its transport-wide number goes to `number_at`, 0 for
    /// none. Returns the lengths of header and whole.
    pub fn send(
        &mut self,
        ssrc: u32,
        index: u64,
        number_at: u8,
        write: impl FnOnce(&mut [u8]) -> (usize, usize),
    ) -> (usize, usize) {
        let (link, now_us, mut lengths) = (&mut *self.link, self.now_us, (0, 0));
        self.out.rtp(link.to, ssrc, index, |room| {
            lengths = write(room);
            // A number that no packet carries would be taken for a loss.
            if number_at != 0 || !link.numbered {
                let number = link.estimator.sent(now_us, lengths.1);
                let at = usize::from(number_at);
                if let Some(place) = room.get_mut(at..at + 2).filter(|_| at != 0) {
                    place.copy_from_slice(&number.to_be_bytes());
                }
            }
            lengths
        });
        lengths
    }
}
