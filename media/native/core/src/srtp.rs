//! SRTP and SRTCP of one session (RFC 3711, RFC 7714): packet indexes, replay windows, and the
//! ciphers of both directions. All in place, in the datagram's own buffer.

use crate::model::SrtpKeys;
use crate::outbox::Form;
use crate::seal::{Library, Seal, WrongKeys, seal_for};

/// Packets of the replay window: wide enough for a retransmission after 1 s at 10 Mbit/s.
pub const WINDOW: u64 = 1024;
/// SSRCs that one session may open; a publisher of 3 layers with repair uses 7.
pub const STREAMS_MAX: usize = 64;
/// Sequence numbers go round after so many packets.
const ROUND: u64 = 1 << 16;
/// SRTCP's index has 31 bits.
const CONTROL_INDEX_MASK: u32 = (1 << 31) - 1;

/// Why an incoming packet is dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Denied {
    /// The tag does not hold, the packet is too short to have one, or it is of one SSRC too many.
    Forged,
    /// It was seen before, or is older than the window.
    Replayed,
}

/// The SRTP contexts of one session, both directions.
pub struct Srtp {
    inbound: Box<dyn Seal>,
    outbound: Box<dyn Seal>,
    media: Windows,
    control: Windows,
    /// SRTCP's next index per SSRC of ours (RFC 3711 section 3.4).
    sent: Vec<(u32, u32)>,
}

impl Srtp {
    pub fn new(keys: &SrtpKeys, library: Library) -> Result<Self, WrongKeys> {
        Ok(Self {
            inbound: seal_for(keys.profile, &keys.receive, library)?,
            outbound: seal_for(keys.profile, &keys.send, library)?,
            media: Windows::default(),
            control: Windows::default(),
            sent: Vec::new(),
        })
    }

    /// Open an SRTP packet whose header says `ssrc`, `seq` and has `header_len` bytes. Returns its
    /// 48-bit index and the clear length, header included.
    pub fn open(&mut self, packet: &mut [u8], ssrc: u32, seq: u16, header_len: usize) -> Result<(u64, usize), Denied> {
        let place = self.media.place(ssrc)?;
        let window = self.media.at(place);
        let index = window.index_of(seq);
        if !window.admits(index) {
            return Err(Denied::Replayed);
        }
        let late = window.is_late(seq);
        let opened = self.inbound.open(ssrc, index, header_len, packet);
        let len = opened.ok_or(if late { Denied::Replayed } else { Denied::Forged })?;
        self.media.take(place, ssrc, index);
        Ok((index, len))
    }

    /// Open an SRTCP packet. Returns the clear compound's length.
    pub fn open_control(&mut self, packet: &mut [u8]) -> Result<usize, Denied> {
        let ssrc = packet.get(4..).and_then(|rest| rest.first_chunk()).ok_or(Denied::Forged)?;
        let ssrc = u32::from_be_bytes(*ssrc);
        let (index, len) = self.inbound.open_control(packet).ok_or(Denied::Forged)?;
        let place = self.control.place(ssrc)?;
        if !self.control.at(place).admits(index.into()) {
            return Err(Denied::Replayed);
        }
        self.control.take(place, ssrc, index.into());
        Ok(len)
    }

    /// Seal what the outbox holds in `buffer[..len]`, as `Outbox::seal_each` asks. Returns the new
    /// length, 0 where it can't be sealed.
    pub fn seal(&mut self, form: Form, buffer: &mut [u8], len: usize) -> usize {
        match form {
            Form::Rtp { ssrc, index, header_len } => self.outbound.seal(ssrc, index, header_len.into(), buffer, len),
            Form::Rtcp => self.seal_control(buffer, len),
            Form::Plain => len,
        }
    }

    fn seal_control(&mut self, buffer: &mut [u8], len: usize) -> usize {
        let Some(ssrc) = buffer.get(4..).and_then(|rest| rest.first_chunk()) else { return 0 };
        let ssrc = u32::from_be_bytes(*ssrc);
        let place = self.sent.iter().position(|(known, _)| *known == ssrc).unwrap_or_else(|| {
            self.sent.push((ssrc, 0));
            self.sent.len() - 1
        });
        let next = &mut self.sent[place].1;
        let index = *next;
        *next = (index + 1) & CONTROL_INDEX_MASK;
        self.outbound.seal_control(index, buffer, len)
    }
}

/// The windows of the SSRCs that proved themselves: forgeries cost no memory.
#[derive(Default)]
struct Windows {
    kept: Vec<(u32, Window)>,
    fresh: Window,
}

impl Windows {
    /// Where the window of `ssrc` is, or will be.
    fn place(&self, ssrc: u32) -> Result<usize, Denied> {
        let place = self.kept.iter().position(|(known, _)| *known == ssrc).unwrap_or(self.kept.len());
        if place < STREAMS_MAX { Ok(place) } else { Err(Denied::Forged) }
    }

    fn at(&self, place: usize) -> &Window {
        self.kept.get(place).map_or(&self.fresh, |(_, window)| window)
    }

    fn take(&mut self, place: usize, ssrc: u32, index: u64) {
        if place == self.kept.len() {
            self.kept.push((ssrc, Window::default()));
        }
        self.kept[place].1.take(index);
    }
}

/// The highest index of a stream, and which of the `WINDOW` up to it were seen.
#[derive(Clone, Default)]
pub struct Window {
    /// One more than the highest index taken; 0 before the first.
    end: u64,
    /// A bit per index, at its place modulo `WINDOW`.
    seen: [u64; WINDOW as usize / 64],
}

impl Window {
    /// The index that `seq` has if it is new (RFC 3711 section 3.3.1, and further forward: what lies
    /// behind the window would be refused anyway, so a hole may have almost 2^16 packets).
    pub fn index_of(&self, seq: u16) -> u64 {
        let Some(highest) = self.end.checked_sub(1) else { return seq.into() };
        let ahead = u64::from(seq.wrapping_sub(highest as u16));
        let behind = ROUND - ahead;
        if ahead == 0 || (behind <= WINDOW && behind <= highest) { highest - behind % ROUND } else { highest + ahead }
    }

    /// Whether `seq` is more likely an old packet than the next after a long hole.
    fn is_late(&self, seq: u16) -> bool {
        self.end > 0 && seq.wrapping_sub((self.end - 1) as u16) >= 1 << 15
    }

    /// Whether an index is new and not older than the window.
    pub fn admits(&self, index: u64) -> bool {
        index >= self.end || (index + WINDOW >= self.end && !self.has(index))
    }

    /// Remember an authenticated index that `admits` let pass.
    pub fn take(&mut self, index: u64) {
        if index >= self.end + WINDOW {
            self.seen = Default::default();
        } else {
            (self.end..index).for_each(|skipped| self.mark(skipped, false));
        }
        self.mark(index, true);
        self.end = self.end.max(index + 1);
    }

    fn has(&self, index: u64) -> bool {
        self.seen[(index % WINDOW / 64) as usize] >> (index % 64) & 1 == 1
    }

    fn mark(&mut self, index: u64, seen: bool) {
        let (word, bit) = ((index % WINDOW / 64) as usize, 1 << (index % 64));
        if seen { self.seen[word] |= bit } else { self.seen[word] &= !bit }
    }
}

#[cfg(test)]
mod tests;
