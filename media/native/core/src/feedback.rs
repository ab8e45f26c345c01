//! RTCP by the clock and on request: repair and picture requests, reports.

use crate::bwe::arrivals::ArrivalRecord;
use crate::layers::Layer;
use crate::model::{Now, SessionIndex};
use crate::outbox::Outbox;
use crate::rtcp::{Block, write};
use crate::slab::{Key, Slab};
use crate::slots::Slot;
use crate::timeline::ntp_of;

/// Our SSRC in RTCP to publishers, as libwebrtc's own receivers use it.
pub const OWN_SSRC: u32 = 1;
pub const REPORT_EVERY_US: u64 = 1_000_000;
/// Bytes of RTCP in one datagram.
const MTU: usize = 1200;
const ESTIMATE_START_BPS: u64 = 5_000_000;
const ESTIMATE_MIN_BPS: u64 = 150_000;
const ESTIMATE_MAX_BPS: u64 = 20_000_000;

/// Writes RTCP for peers; when is the clock's business. Its buffers are kept.
#[derive(Default)]
pub struct Feedback {
    compound: Vec<u8>,
    blocks: Vec<Block>,
    due: Vec<u16>,
    one: Vec<u8>,
}

impl Feedback {
    fn send(&mut self, to: SessionIndex, out: &mut Outbox) {
        let compound = &self.compound;
        if !compound.is_empty() {
            out.rtcp(to, |room| {
                let Some(place) = room.get_mut(..compound.len()) else { return 0 };
                place.copy_from_slice(compound);
                compound.len()
            });
        }
        self.compound.clear();
    }

    /// A PLI, if one is wanted and due.
    pub fn ask_keyframe(&mut self, now: Now, to: SessionIndex, layer: &mut Layer, out: &mut Outbox) {
        if layer.keyframe_due(now.us) {
            write::picture_loss(&mut self.compound, OWN_SSRC, layer.ssrc);
            self.send(to, out);
        }
    }

    /// NACKs for holes just revealed.
    pub fn ask_for(&mut self, to: SessionIndex, ssrc: u32, holes: std::ops::Range<i64>, out: &mut Outbox) {
        write::nack(&mut self.compound, OWN_SSRC, ssrc, holes.map(|index| index as u16));
        self.send(to, out);
    }

    /// NACKs that are due again.
    pub fn ask_again(
        &mut self,
        now: Now,
        to: SessionIndex,
        layer: &mut Layer,
        round_trip_us: Option<u64>,
        out: &mut Outbox,
    ) {
        if layer.payload().is_none_or(|payload| !payload.nack) || layer.repairs.next_due_us() > now.us {
            return;
        }
        let mut due = std::mem::take(&mut self.due);
        layer.repairs.due(now.us, round_trip_us, |index| due.push(index as u16));
        if !due.is_empty() {
            write::nack(&mut self.compound, OWN_SSRC, layer.ssrc, due.drain(..));
            self.send(to, out);
        }
        self.due = due;
    }

    /// Transport-wide feedback for what came since the last, when it is due.
    pub fn tell_arrivals(
        &mut self,
        now: Now,
        to: SessionIndex,
        ssrc: u32,
        record: &mut ArrivalRecord,
        out: &mut Outbox,
    ) {
        while record.next_due_us() <= now.us && record.write(&mut self.compound, OWN_SSRC, ssrc) {
            self.send(to, out);
        }
    }

    /// Receiver report, reference time, and REMB where it is all the peer has: `estimate_bps` is then
    /// what it was told last (0: nothing yet), and is moved on.
    pub fn report_to_publisher(
        &mut self,
        now: Now,
        (to, cname): (SessionIndex, &str),
        keys: impl Iterator<Item = Key<Layer>>,
        layers: &mut Slab<Layer>,
        estimate_bps: Option<&mut u64>,
        out: &mut Outbox,
    ) {
        self.blocks.clear();
        let (mut lost_share, mut bitrate_bps) = (0.0f64, 0);
        for key in keys {
            let Some(layer) = layers.get_mut(key).filter(|layer| layer.live) else { continue };
            if self.blocks.len() < write::BLOCKS_MAX {
                self.blocks.push(layer.reception.block(layer.ssrc, now.us));
                lost_share = lost_share.max(layer.lost_share);
                bitrate_bps += layer.bitrate_bps;
            }
        }
        write::receiver_report(&mut self.compound, OWN_SSRC, &self.blocks);
        write::description(&mut self.compound, OWN_SSRC, cname);
        write::receiver_time(&mut self.compound, OWN_SSRC, ntp_of(now.media_us));
        if let Some(estimate_bps) = estimate_bps.filter(|_| !self.blocks.is_empty()) {
            *estimate_bps = moved_on(*estimate_bps, lost_share, bitrate_bps);
            let ssrcs = self.blocks.iter().map(|block| block.ssrc);
            write::estimate(&mut self.compound, OWN_SSRC, *estimate_bps, ssrcs);
        }
        self.send(to, out);
    }

    /// Sender reports of `slots`, as many in one datagram as fit.
    pub fn report_to_viewer(
        &mut self,
        now: Now,
        (to, cname): (SessionIndex, &str),
        slots: impl Iterator<Item = Key<Slot>>,
        (known, layers): (&Slab<Slot>, &Slab<Layer>),
        out: &mut Outbox,
    ) {
        let mut one = std::mem::take(&mut self.one);
        for slot in slots.filter_map(|key| known.get(key)) {
            one.clear();
            slot.report(now, layers, cname, &mut one);
            if self.compound.len() + one.len() > MTU {
                self.send(to, out);
            }
            self.compound.extend_from_slice(&one);
        }
        self.one = one;
        self.send(to, out);
    }
}

/// Grows by 8 % a second while little is lost, falls to what arrives when much is.
fn moved_on(estimate_bps: u64, lost_share: f64, bitrate_bps: u64) -> u64 {
    let before = if estimate_bps == 0 { ESTIMATE_START_BPS } else { estimate_bps };
    let rate_bps = match lost_share {
        much if much > 0.1 => bitrate_bps * 85 / 100,
        little if little < 0.02 => before * 108 / 100,
        _ => before,
    };
    rate_bps.clamp(ESTIMATE_MIN_BPS, ESTIMATE_MAX_BPS)
}
