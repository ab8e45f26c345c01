//! What a shard wants sent and told: datagrams in one arena, grouped by peer for the sockets, and events.
//!
//! Media writes clear packets here; the shard seals them where they lie (`seal_each`), and net
//! takes them in runs of one destination and equal size (UDP_SEGMENT). The arena grows to the
//! largest batch that ever was, and then allocates no more.

use crate::model::{Event, SessionIndex, Tuple};

/// Largest datagram, header and tags included; as much room is lent to each writer.
pub const DATAGRAM_MAX: usize = 2048;
/// Bytes that sealing may add: the GCM tag (16), SRTCP's index (4), rounded up.
pub const SEAL_ROOM: usize = 32;
/// Bytes after which a batch should be sent before more is put in.
pub const HEAVY: usize = 256 * 1024;
/// Segments of one run (the kernel's UDP_MAX_SEGMENTS was 64 for long),
pub const RUN_SEGMENTS_MAX: usize = 64;
/// and its bytes: an IPv4 datagram less its headers.
pub const RUN_BYTES_MAX: usize = 65_000;

const NONE: u32 = u32::MAX;

/// How a draft is to be sealed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// RTP: `index` is the packet index, rollover counter included (RFC 3711 section 3.3.1).
    Rtp { ssrc: u32, index: u64, header_len: u16 },
    /// A clear RTCP compound.
    Rtcp,
    /// A DTLS record, as it is.
    Plain,
}

/// One datagram in the arena.
#[derive(Clone, Copy, Debug)]
pub struct Draft {
    pub form: Form,
    start: u32,
    len: u32,
    next: u32,
}

#[derive(Clone, Copy, Debug)]
struct Chain {
    first: u32,
    last: u32,
}

/// Datagrams of one batch and the events that came of it.
#[derive(Default)]
pub struct Outbox {
    pub events: Vec<Event>,
    bytes: Vec<u8>,
    used: usize,
    drafts: Vec<Draft>,
    chains: Vec<Chain>,
    /// Sessions that have a chain, in the order of their first draft.
    busy: Vec<SessionIndex>,
    answers: Vec<(Tuple, u32, u32)>,
}

impl Outbox {
    pub fn new() -> Self {
        Self::default()
    }

    /// An RTP packet to `to`: `write` fills the buffer lent (`DATAGRAM_MAX - SEAL_ROOM` bytes) with
    /// header and payload and returns (header length, whole length); a length of 0 sends nothing.
    pub fn rtp(&mut self, to: SessionIndex, ssrc: u32, index: u64, write: impl FnOnce(&mut [u8]) -> (usize, usize)) {
        let (header_len, len) = write(self.room());
        self.commit(to, Form::Rtp { ssrc, index, header_len: header_len as u16 }, len);
    }

    /// A clear RTCP compound to `to`; `write` returns its length, 0 for nothing.
    pub fn rtcp(&mut self, to: SessionIndex, write: impl FnOnce(&mut [u8]) -> usize) {
        let len = write(self.room());
        self.commit(to, Form::Rtcp, len);
    }

    /// A DTLS record to `to`.
    pub fn plain(&mut self, to: SessionIndex, record: &[u8]) {
        let room = self.room();
        if let Some(place) = room.get_mut(..record.len()) {
            place.copy_from_slice(record);
            self.commit(to, Form::Plain, record.len());
        }
    }

    /// A STUN answer, back on the way that the question came.
    pub fn answer(&mut self, to: Tuple, write: impl FnOnce(&mut [u8]) -> usize) {
        let len = write(self.room()).min(DATAGRAM_MAX - SEAL_ROOM);
        if len > 0 {
            self.answers.push((to, self.used as u32, len as u32));
            self.used += len;
        }
    }

    pub fn is_empty(&self) -> bool {
        self.drafts.is_empty() && self.answers.is_empty()
    }

    /// Whether it should be sent before more is put in.
    pub fn is_heavy(&self) -> bool {
        self.used >= HEAVY
    }

    /// STUN answers and where they go.
    pub fn answers(&self) -> impl Iterator<Item = (Tuple, &[u8])> {
        self.answers.iter().map(|&(to, start, len)| (to, &self.bytes[start as usize..(start + len) as usize]))
    }

    /// Sessions with drafts, in the order of their first one.
    pub fn busy(&self) -> &[SessionIndex] {
        &self.busy
    }

    /// Seal what goes to `to`: `seal(form, buffer, length) -> new length` works in place, in a buffer
    /// with SEAL_ROOM bytes to spare; 0 drops the draft.
    pub fn seal_each(&mut self, to: SessionIndex, mut seal: impl FnMut(Form, &mut [u8], usize) -> usize) {
        let mut at = self.chains.get(to.0 as usize).map_or(NONE, |chain| chain.first);
        while let Some(draft) = self.drafts.get_mut(at as usize) {
            let (start, room) = (draft.start as usize, draft.len as usize + SEAL_ROOM);
            let len = draft.len as usize;
            draft.len = seal(draft.form, &mut self.bytes[start..start + room], len).min(room) as u32;
            at = draft.next;
        }
    }

    /// The datagrams for `to` in order, those dropped left out.
    pub fn datagrams(&self, to: SessionIndex) -> impl Iterator<Item = &[u8]> {
        let mut at = self.chains.get(to.0 as usize).map_or(NONE, |chain| chain.first);
        std::iter::from_fn(move || {
            loop {
                let draft = self.drafts.get(at as usize)?;
                at = draft.next;
                if draft.len > 0 {
                    return Some(&self.bytes[draft.start as usize..(draft.start + draft.len) as usize]);
                }
            }
        })
    }

    /// Forget the datagrams (sent or not); events stay for whoever tells them.
    pub fn clear(&mut self) {
        for to in self.busy.drain(..) {
            self.chains[to.0 as usize] = Chain { first: NONE, last: NONE };
        }
        self.drafts.clear();
        self.answers.clear();
        self.used = 0;
    }

    fn room(&mut self) -> &mut [u8] {
        let end = self.used + DATAGRAM_MAX;
        if self.bytes.len() < end {
            self.bytes.resize(end.next_power_of_two(), 0);
        }
        &mut self.bytes[self.used..end - SEAL_ROOM]
    }

    fn commit(&mut self, to: SessionIndex, form: Form, len: usize) {
        if len == 0 || len > DATAGRAM_MAX - SEAL_ROOM {
            return;
        }
        let place = self.drafts.len() as u32;
        self.drafts.push(Draft { form, start: self.used as u32, len: len as u32, next: NONE });
        self.used += (len + SEAL_ROOM).next_multiple_of(16);
        self.link(to, place);
    }

    fn link(&mut self, to: SessionIndex, place: u32) {
        let row = to.0 as usize;
        if self.chains.len() <= row {
            self.chains.resize(row + 1, Chain { first: NONE, last: NONE });
        }
        let chain = &mut self.chains[row];
        if chain.first == NONE {
            chain.first = place;
            self.busy.push(to);
        } else {
            self.drafts[chain.last as usize].next = place;
        }
        chain.last = place;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: SessionIndex = SessionIndex(0);
    const B: SessionIndex = SessionIndex(3);

    fn put(outbox: &mut Outbox, to: SessionIndex, text: &[u8]) {
        outbox.rtp(to, 1, 7, |room| {
            room[..text.len()].copy_from_slice(text);
            (1, text.len())
        });
    }

    #[test]
    fn datagrams_come_out_by_peer_in_the_order_they_were_put() {
        let mut outbox = Outbox::new();
        for (to, text) in [(B, &b"b1"[..]), (A, b"a1"), (B, b"b2"), (A, b"a2")] {
            put(&mut outbox, to, text);
        }
        assert_eq!(outbox.busy(), [B, A]);
        assert_eq!(outbox.datagrams(A).collect::<Vec<_>>(), [b"a1", b"a2"]);
        assert_eq!(outbox.datagrams(B).collect::<Vec<_>>(), [b"b1", b"b2"]);
    }

    #[test]
    fn sealing_may_grow_a_datagram_in_place_or_drop_it() {
        let mut outbox = Outbox::new();
        put(&mut outbox, A, b"one");
        put(&mut outbox, A, b"two");
        outbox.seal_each(A, |form, room, len| {
            assert_eq!(form, Form::Rtp { ssrc: 1, index: 7, header_len: 1 });
            room[len] = b'!';
            if room.starts_with(b"one") { len + 1 } else { 0 }
        });
        assert_eq!(outbox.datagrams(A).collect::<Vec<_>>(), [b"one!"]);
    }

    #[test]
    fn a_cleared_outbox_begins_anew_and_keeps_its_events() {
        let mut outbox = Outbox::new();
        put(&mut outbox, A, b"old");
        outbox.plain(B, b"record");
        outbox.events.push(Event::Lost { session: "s".into() });
        outbox.clear();
        assert!(outbox.is_empty() && outbox.busy().is_empty());
        assert_eq!(outbox.events.len(), 1);
        put(&mut outbox, A, b"new");
        assert_eq!(outbox.datagrams(A).collect::<Vec<_>>(), [b"new"]);
    }

    #[test]
    fn what_is_too_long_for_a_datagram_is_not_sent() {
        let mut outbox = Outbox::new();
        outbox.plain(A, &[0; DATAGRAM_MAX]);
        outbox.rtcp(A, |_| DATAGRAM_MAX);
        assert!(outbox.is_empty());
    }
}
