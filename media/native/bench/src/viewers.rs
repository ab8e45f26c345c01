//! All viewers: two sockets, an address of its own for each. Those behind one socket are opened and timed, those
//! behind the other are counted by their headers, so that one core receives what another core can send.

use std::collections::HashMap;
use std::error::Error;
use std::net::{Ipv4Addr, SocketAddrV4, UdpSocket};

use twinhall_core::bwe::arrivals::ArrivalRecord;
use twinhall_core::outbox::{Form, SEAL_ROOM};
use twinhall_core::rtcp::write;
use twinhall_core::seal::Library;
use twinhall_core::srtp::Srtp;

use crate::clock;
use crate::limit::LIMIT_BIT;
use crate::packets::{self, CLEAR_LEN, Clear, clear, stamp};
use crate::spec::Spec;
use crate::tally::Tally;
use crate::wire::{self, Inbox};

const BATCH: usize = 64;
const JOINED_BATCH: usize = 16;
const OWN_SSRC: u32 = 1;

struct Viewer {
    address: Ipv4Addr,
    check: Vec<u8>,
    srtp: Srtp,
    opened: bool,
    ssrc: u32,
    newest: u16,
    arrivals: Option<ArrivalRecord>,
}

/// What comes on an SSRC: a viewer's media, or what is sent beside it.
#[derive(Clone, Copy)]
struct Flow {
    viewer: usize,
    media: bool,
}

pub struct Viewers {
    plane: SocketAddrV4,
    counted: UdpSocket,
    opened: UdpSocket,
    short: Inbox,
    whole: Inbox,
    joined: Inbox,
    joining: bool,
    all: Vec<Viewer>,
    timed: Vec<usize>,
    by_ssrc: HashMap<u32, Flow>,
    numbers_id: u8,
    limit_bps: u64,
    answers: u64,
    pub tally: Tally,
}

impl Viewers {
    pub fn new(spec: &Spec, library: Library) -> Result<Self, Box<dyn Error>> {
        let any = SocketAddrV4::new(Ipv4Addr::UNSPECIFIED, 0);
        let mut all = Vec::new();
        for viewer in &spec.viewers {
            all.push(Viewer {
                address: viewer.address,
                check: viewer.check.clone(),
                srtp: Srtp::new(&viewer.keys.srtp(), library).map_err(|_| "wrong keys")?,
                opened: viewer.opened,
                ssrc: viewer.ssrcs.first().copied().unwrap_or(0),
                newest: 0,
                arrivals: (spec.numbers_id != 0).then(ArrivalRecord::default),
            });
        }
        let opened = wire::socket(any)?;
        wire::note_arrivals(&opened)?;
        let mut by_ssrc = HashMap::new();
        for (viewer, of) in spec.viewers.iter().enumerate() {
            by_ssrc.extend(of.ssrcs.iter().map(|ssrc| (*ssrc, Flow { viewer, media: true })));
            by_ssrc.extend(of.rtx_ssrcs.iter().map(|ssrc| (*ssrc, Flow { viewer, media: false })));
        }
        Ok(Self {
            plane: spec.plane,
            counted: wire::socket(any)?,
            opened,
            short: Inbox::new(CLEAR_LEN, BATCH, false),
            whole: Inbox::new(2048, BATCH, true),
            joined: Inbox::new(1 << 16, JOINED_BATCH, true),
            joining: false,
            timed: (0..all.len()).filter(|number| all[*number].opened).collect(),
            tally: Tally::new(all.len()),
            all,
            by_ssrc,
            numbers_id: spec.numbers_id,
            limit_bps: spec.limit_bps,
            answers: 0,
        })
    }

    pub fn len(&self) -> usize {
        self.all.len()
    }

    /// Answers to checks so far.
    pub fn answers(&self) -> u64 {
        self.answers
    }

    /// Where the limit program sends to.
    pub fn destinations(&self) -> std::io::Result<Vec<SocketAddrV4>> {
        let (counted, opened) = (self.counted.local_addr()?.port(), self.opened.local_addr()?.port());
        Ok(self
            .all
            .iter()
            .map(|one| SocketAddrV4::new(one.address, if one.opened { opened } else { counted }))
            .collect())
    }

    /// What every timed viewer has of this slice.
    pub fn delivered(&self) -> u64 {
        self.timed.iter().map(|viewer| self.tally.received[*viewer]).min().unwrap_or(0)
    }

    pub fn check(&self, viewer: usize) {
        let one = &self.all[viewer];
        wire::send_from(self.socket_of(one), one.address, self.plane, &one.check);
    }

    /// A receiver report (RFC 3550 section 6.4.2) that has nothing to complain of, and what the line carries.
    pub fn report(&mut self, viewer: usize) {
        let one = &self.all[viewer];
        let mut report = vec![0x81, 201, 0, 7];
        report.extend(OWN_SSRC.to_be_bytes());
        report.extend(one.ssrc.to_be_bytes());
        report.extend(0u32.to_be_bytes());
        report.extend(u32::from(one.newest).to_be_bytes());
        report.extend([0; 12]);
        if self.limit_bps != 0 {
            write::estimate(&mut report, OWN_SSRC, self.limit_bps, std::iter::once(one.ssrc));
        }
        self.say(viewer, report);
    }

    /// When packets came, of each viewer who is due to tell.
    pub fn tell_arrivals(&mut self, now_us: u64) {
        for viewer in 0..self.all.len() {
            let one = &mut self.all[viewer];
            let Some(record) = one.arrivals.as_mut().filter(|record| record.next_due_us() <= now_us) else { continue };
            let mut feedback = Vec::new();
            if record.write(&mut feedback, OWN_SSRC, one.ssrc) {
                self.say(viewer, feedback);
            }
        }
    }

    fn say(&mut self, viewer: usize, mut compound: Vec<u8>) {
        let len = compound.len();
        compound.resize(len + SEAL_ROOM, 0);
        let len = self.all[viewer].srtp.seal(Form::Rtcp, &mut compound, len);
        let one = &self.all[viewer];
        wire::send_from(self.socket_of(one), one.address, self.plane, &compound[..len]);
    }

    fn socket_of(&self, viewer: &Viewer) -> &UdpSocket {
        if viewer.opened { &self.opened } else { &self.counted }
    }

    /// Whether the counted ones show the runs that they were sent in.
    pub fn join_runs(&mut self, on: bool) -> nix::Result<()> {
        self.joining = on;
        wire::join_runs(&self.counted, on)
    }

    /// Read a batch of each socket. Returns whether there was anything.
    pub fn receive(&mut self) -> bool {
        let timed = self.receive_opened();
        let counted = if self.joining { self.receive_runs() } else { self.receive_counted() };
        timed + counted > 0
    }

    fn receive_opened(&mut self) -> usize {
        let Self { whole, opened, all, tally, answers, by_ssrc, numbers_id, .. } = self;
        let now_ns = clock::now_ns();
        whole.take(opened, |packet, beside| {
            let Some(seen) = clear(packet, *numbers_id) else {
                *answers += u64::from(is_answer(packet));
                return;
            };
            let Some(&flow) = by_ssrc.get(&seen.ssrc) else {
                tally.limit += u64::from(seen.ssrc & LIMIT_BIT != 0);
                return;
            };
            let one = &mut all[flow.viewer];
            if !one.takes(seen, flow, now_ns) {
                return;
            }
            let whole_len = packet.len();
            match one.srtp.open(packet, seen.ssrc, seen.seq, seen.header_len) {
                Ok((_, len)) => {
                    tally.count(flow.viewer, whole_len, now_ns);
                    if let Some((sent_ns, class)) = stamp(&packet[seen.header_len..len]) {
                        tally.late(class, beside.came_ns.saturating_sub(sent_ns));
                    }
                }
                Err(_) => tally.broken += 1,
            }
        })
    }

    fn receive_counted(&mut self) -> usize {
        let Self { short, counted, all, tally, answers, by_ssrc, numbers_id, .. } = self;
        let now_ns = clock::now_ns();
        short.take(counted, |packet, _| {
            let Some(seen) = clear(packet, *numbers_id) else {
                *answers += u64::from(is_answer(packet));
                return;
            };
            if let Some(&flow) = by_ssrc.get(&seen.ssrc) {
                if all[flow.viewer].takes(seen, flow, now_ns) {
                    tally.count(flow.viewer, 0, now_ns);
                }
            } else {
                tally.limit += u64::from(seen.ssrc & LIMIT_BIT != 0);
            }
        })
    }

    fn receive_runs(&mut self) -> usize {
        let Self { joined, counted, tally, by_ssrc, .. } = self;
        let now_ns = clock::now_ns();
        joined.take(counted, |run, beside| {
            let segment = if beside.segment == 0 { run.len() } else { beside.segment };
            let Some(seen) = clear(run, 0) else { return };
            if let Some(&Flow { viewer, media: true }) = by_ssrc.get(&seen.ssrc) {
                let packets = run.len().div_ceil(segment.max(1));
                (0..packets).for_each(|_| tally.count(viewer, 0, now_ns));
                tally.run(segment, packets as u64);
            }
        })
    }
}

impl Viewer {
    /// A packet came; whether it counts as media.
    fn takes(&mut self, seen: Clear, flow: Flow, now_ns: u64) -> bool {
        if let (Some(number), Some(arrivals)) = (seen.number, &mut self.arrivals) {
            arrivals.note(number, now_ns / 1000);
        }
        if flow.media {
            self.newest = seen.seq;
        }
        flow.media
    }
}

fn is_answer(datagram: &[u8]) -> bool {
    datagram.first() == Some(&1) && packets::HEADER_LEN <= datagram.len()
}
