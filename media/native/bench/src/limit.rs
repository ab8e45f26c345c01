//! The limit: what sealing and sending cost when nothing else is done. The plane's own cipher, the same destinations,
//! lengths and runs (UDP_SEGMENT), many runs in one system call.

use std::error::Error;
use std::io::{BufRead, stdin};
use std::net::SocketAddrV4;

use nix::sys::socket::SockaddrIn;
use serde::{Deserialize, Serialize};
use twinhall_core::model::SrtpKeys;
use twinhall_core::outbox::{Form, SEAL_ROOM};
use twinhall_core::seal::Library;
use twinhall_core::srtp::Srtp;

use crate::clock::{self, CpuMeter};
use crate::schedule::Schedule;
use crate::spec::{Kind, Spec};
use crate::wire::{Outlet, socket};

/// Set in the SSRCs of this program, so that receivers tell them from the plane's.
pub const LIMIT_BIT: u32 = 1 << 31;
/// Destinations of one system call: few enough that what was sealed is still in the cache.
const BATCH: usize = 16;
/// A header with the `mid` extension, as the planes write it.
const HEADER_LEN: usize = 20;

/// One slice: how long, how long sealed datagrams are, and how many of them travel as one run.
#[derive(Serialize, Deserialize)]
pub struct Order {
    pub ms: u64,
    pub destinations: Vec<SocketAddrV4>,
    pub video_len: usize,
    pub audio_len: usize,
    pub video_run: usize,
    pub audio_run: usize,
}

#[derive(Serialize, Deserialize)]
pub struct Report {
    pub packets: u64,
    pub elapsed_ns: u64,
    pub cpu_ns: u64,
}

struct Limit {
    sessions: Vec<Srtp>,
    outlet: Outlet,
    buffer: Vec<u8>,
    index: u64,
}

/// Obey the orders on the standard input.
pub fn run(spec: &Spec) -> Result<(), Box<dyn Error>> {
    clock::pin(spec.subject_core)?;
    let library = Library::faster(clock::now_ns);
    let keys = spec.viewers.iter().map(|viewer| viewer.keys.srtp());
    let mut limit = Limit {
        sessions: keys.map(|keys| Srtp::new(&turned(keys), library)).collect::<Result<_, _>>().map_err(|_| "keys")?,
        outlet: Outlet::new(socket(SocketAddrV4::new(std::net::Ipv4Addr::LOCALHOST, 0))?, BATCH),
        buffer: Vec::new(),
        index: 0,
    };
    let meter = CpuMeter::new(0, spec.subject_core)?;
    for line in stdin().lock().lines() {
        let order: Order = serde_json::from_str(&line?)?;
        println!("{}", serde_json::to_string(&limit.slice(spec, &order, &meter)?)?);
    }
    Ok(())
}

/// The plane's side of a viewer's keys.
fn turned(keys: SrtpKeys) -> SrtpKeys {
    SrtpKeys { send: keys.receive, receive: keys.send, ..keys }
}

impl Limit {
    fn slice(&mut self, spec: &Spec, order: &Order, meter: &CpuMeter) -> nix::Result<Report> {
        let to: Vec<_> = order.destinations.iter().map(|to| Some(SockaddrIn::from(*to))).collect();
        let mut schedule = Schedule::new(&spec.publishers);
        let (began_ns, cpu_ns, mut packets, mut waiting) = (clock::now_ns(), meter.ns(), 0, [0; 2]);
        while clock::now_ns() - began_ns < order.ms * 1_000_000 {
            let due = schedule.take();
            let stream = &spec.publishers[due.publisher].streams[due.stream];
            let (len, run) = match stream.kind {
                Kind::Video => (order.video_len, order.video_run),
                Kind::Audio => (order.audio_len, order.audio_run),
            };
            let waiting = &mut waiting[stream.kind as usize];
            *waiting += stream.burst;
            while *waiting >= run.max(1) {
                packets += self.burst(&to, run.max(1), len)?;
                *waiting -= run.max(1);
            }
        }
        Ok(Report { packets, elapsed_ns: clock::now_ns() - began_ns, cpu_ns: meter.ns() - cpu_ns })
    }

    /// A run of `packets` datagrams of `len` bytes to everybody.
    fn burst(&mut self, to: &[Option<SockaddrIn>], packets: usize, len: usize) -> nix::Result<u64> {
        let run_len = packets * len;
        let stride = run_len + SEAL_ROOM;
        self.buffer.resize(stride * BATCH, 0);
        for (place, batch) in to.chunks(BATCH).enumerate() {
            for (number, session) in self.sessions[place * BATCH..].iter_mut().take(batch.len()).enumerate() {
                let ssrc = LIMIT_BIT | (place * BATCH + number) as u32;
                let run = &mut self.buffer[number * stride..][..stride];
                for packet in 0..packets {
                    seal(session, &mut run[packet * len..], len, ssrc, self.index + packet as u64);
                }
            }
            let bytes = &self.buffer[..stride * batch.len()];
            self.outlet.send(batch, bytes, stride, run_len, len as u16)?;
        }
        self.index += packets as u64;
        Ok((to.len() * packets) as u64)
    }
}

/// Write a packet, its payload copied as from a ring, and seal it to `len` bytes.
fn seal(session: &mut Srtp, room: &mut [u8], len: usize, ssrc: u32, index: u64) {
    const TAG_LEN: usize = 16;
    static PAYLOAD: [u8; 2048] = [0xA5; 2048];
    let clear = len - TAG_LEN;
    room[..8].copy_from_slice(&[0x90, 96, (index >> 8) as u8, index as u8, 0, 0, 0, 1]);
    room[8..12].copy_from_slice(&ssrc.to_be_bytes());
    room[12..HEADER_LEN].copy_from_slice(&[0xBE, 0xDE, 0, 1, 0x10, b'0', 0, 0]);
    room[HEADER_LEN..clear].copy_from_slice(&PAYLOAD[..clear - HEADER_LEN]);
    session.seal(Form::Rtp { ssrc, index, header_len: HEADER_LEN as u16 }, room, clear);
}
