//! One publishing peer: its socket, its streams, and the keyframes that it is asked for.

use std::error::Error;
use std::net::{Ipv4Addr, SocketAddrV4, UdpSocket};

use twinhall_core::outbox::Form;
use twinhall_core::seal::Library;
use twinhall_core::srtp::Srtp;

use crate::packets::Writer;
use crate::spec;
use crate::wire::{self, Inbox};

/// RTCP: payload-specific feedback, picture loss indication (RFC 4585 section 6.3.1), full intra request (RFC 5104).
const PSFB: u8 = 206;
const PLI: u8 = 1;
const FIR: u8 = 4;

pub struct Publisher {
    socket: UdpSocket,
    srtp: Srtp,
    check: Vec<u8>,
    writers: Vec<Writer>,
    buffer: Vec<u8>,
    pub keyframe_wanted: bool,
    pub answered: bool,
}

impl Publisher {
    pub fn new(spec: &spec::Publisher, plane: SocketAddrV4, library: Library) -> Result<Self, Box<dyn Error>> {
        let socket = wire::socket(SocketAddrV4::new(Ipv4Addr::LOCALHOST, 0))?;
        socket.connect(plane)?;
        Ok(Self {
            socket,
            srtp: Srtp::new(&spec.keys.srtp(), library).map_err(|_| "wrong keys")?,
            check: spec.check.clone(),
            writers: spec.streams.iter().cloned().map(Writer::new).collect(),
            buffer: Vec::new(),
            keyframe_wanted: true,
            answered: false,
        })
    }

    /// An ICE check: the first one opens the way, later ones renew consent.
    pub fn check(&self) {
        let _ = self.socket.send(&self.check);
    }

    /// Send the next burst of a stream. Returns how many packets.
    pub fn send(&mut self, stream: usize, keyframe: bool, now_ns: u64) -> u64 {
        let (len, packets) = self.writers[stream].burst(keyframe, now_ns, &mut self.srtp, &mut self.buffer);
        if wire::send_run(&self.socket, &self.buffer, len) { packets as u64 } else { 0 }
    }

    pub fn report(&mut self, now_ns: u64, ntp: u64) {
        for writer in &self.writers {
            let len = writer.report(now_ns, ntp, &mut self.buffer);
            let len = self.srtp.seal(Form::Rtcp, &mut self.buffer, len);
            let _ = self.socket.send(&self.buffer[..len]);
        }
    }

    /// Read what the plane says.
    pub fn listen(&mut self, inbox: &mut Inbox) {
        let Self { socket, srtp, keyframe_wanted, answered, .. } = self;
        inbox.take(socket, |datagram, _| match datagram.first() {
            Some(0..4) => *answered = true,
            Some(128..192) => {
                if let Ok(len) = srtp.open_control(datagram) {
                    *keyframe_wanted |= asks_for_keyframe(&datagram[..len]);
                }
            }
            _ => {}
        });
    }
}

fn asks_for_keyframe(mut compound: &[u8]) -> bool {
    while let [first, kind, high, low, ..] = *compound {
        if kind == PSFB && [PLI, FIR].contains(&(first & 31)) {
            return true;
        }
        let len = 4 * (usize::from(u16::from_be_bytes([high, low])) + 1);
        compound = compound.get(len..).unwrap_or_default();
    }
    false
}
