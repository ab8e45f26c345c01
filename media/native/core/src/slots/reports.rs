//! What is told of a slot: sender reports, and what it sent each second.

use super::Slot;
use crate::layers::Layer;
use crate::model::Now;
use crate::rtcp::write;
use crate::segments::Form;
use crate::slab::Slab;
use crate::timeline::ntp_of;

impl Slot {
    /// Append a sender report with SDES: what RTP timestamp media time now has on this slot. Nothing before media.
    pub fn report(&self, now: Now, layers: &Slab<Layer>, cname: &str, compound: &mut Vec<u8>) {
        let Some(segment) = self.segment.filter(|_| self.packets > 0) else { return };
        let Some(layer) = layers.get(segment.layer) else { return };
        let mut timestamp = layer.clock.ticks_at(now.media_us);
        if segment.form != Form::Picture {
            timestamp = timestamp.wrapping_add(segment.ticks).wrapping_sub(layer.clock.anchor());
        }
        write::sender_report(compound, self.ssrc, ntp_of(now.media_us), timestamp, self.packets, self.octets);
        write::description(compound, self.ssrc, cname);
    }

    pub fn second_passed(&mut self) {
        self.bitrate_bps = 8 * (self.octets - self.counted);
        self.counted = self.octets;
    }
}
