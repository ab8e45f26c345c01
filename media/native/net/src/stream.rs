//! One ICE-TCP connection (RFC 6544): datagrams in frames (RFC 4571).

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::os::fd::{AsRawFd, RawFd};

use twinhall_core::frames::take;
use twinhall_core::model::Tuple;

/// Bytes per connection and turn, so that nobody holds the others up.
pub const READ_MAX: usize = 16 * 1024;
/// Bytes waiting here for a slow peer: then media is dropped, newest first, whole packets.
const MEDIA_MAX: usize = 256 * 1024;
/// Bytes waiting: beyond, not even checks get through, and the connection is closed.
const BUFFER_MAX: usize = 320 * 1024;
/// From the connection to the first answer: a valid STUN check.
const PROVE_US: u64 = 10_000_000;
/// Without anything to send for so long the session is over: consent ends after 30 s (RFC 7675).
pub const IDLE_US: u64 = 35_000_000;

/// The connection is over.
#[derive(Debug)]
pub struct Over;

pub struct Stream {
    socket: TcpStream,
    pub tuple: Tuple,
    born_us: u64,
    answered_us: Option<u64>,
    cut_short: Vec<u8>,
    waiting: Vec<u8>,
    /// Whether the last write left something for later.
    pub blocked: bool,
}

impl Stream {
    pub fn new(socket: TcpStream, tuple: Tuple, now_us: u64) -> Self {
        let (cut_short, waiting) = (Vec::new(), Vec::new());
        Self { socket, tuple, born_us: now_us, answered_us: None, cut_short, waiting, blocked: false }
    }

    pub fn fd(&self) -> RawFd {
        self.socket.as_raw_fd()
    }

    pub fn is_stranger(&self) -> bool {
        self.answered_us.is_none()
    }

    pub fn is_expired(&self, now_us: u64) -> bool {
        match self.answered_us {
            None => now_us > self.born_us + PROVE_US,
            Some(answered_us) => now_us > answered_us + IDLE_US,
        }
    }

    /// Read once and hand on every whole frame; what is cut short is kept. `room` is scratch.
    pub fn read(&mut self, room: &mut Vec<u8>, frame: impl FnMut(&mut [u8])) -> Result<(), Over> {
        room.clear();
        room.append(&mut self.cut_short);
        let kept = room.len();
        room.resize(kept + READ_MAX, 0);
        let came = match self.socket.read(&mut room[kept..]) {
            Ok(0) => return Err(Over),
            Ok(came) => came,
            Err(error) if is_passing(&error) => 0,
            Err(_) => return Err(Over),
        };
        room.truncate(kept + came);
        let taken = take(room, self.is_stranger(), frame).map_err(|_| Over)?;
        self.cut_short.extend_from_slice(&room[taken..]);
        Ok(())
    }

    /// Queue a frame and send what goes. False: dropped. Media waits for less than the rest, so that
    /// checks pass while it jams.
    pub fn send(&mut self, datagram: &[u8], now_us: u64) -> Result<bool, Over> {
        self.answered_us = Some(now_us);
        let waiting = self.waiting.len() + datagram.len();
        if waiting > BUFFER_MAX {
            return Err(Over);
        }
        if waiting > MEDIA_MAX && datagram.first().is_some_and(|first| *first > 127) {
            return Ok(false);
        }
        let was_idle = self.waiting.is_empty();
        self.waiting.extend((datagram.len() as u16).to_be_bytes());
        self.waiting.extend(datagram);
        if was_idle {
            self.flush()?;
        }
        Ok(true)
    }

    /// Send what waits, as far as the peer takes it.
    pub fn flush(&mut self) -> Result<(), Over> {
        let mut sent = 0;
        while sent < self.waiting.len() {
            match self.socket.write(&self.waiting[sent..]) {
                Ok(0) => return Err(Over),
                Ok(size) => sent += size,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(_) => return Err(Over),
            }
        }
        self.waiting.drain(..sent);
        self.blocked = !self.waiting.is_empty();
        Ok(())
    }
}

fn is_passing(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted)
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    fn connected() -> (Stream, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let theirs = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (ours, remote) = listener.accept().unwrap();
        ours.set_nonblocking(true).unwrap();
        (Stream::new(ours, Tuple { local: 1024, remote }, 0), theirs)
    }

    /// What comes of bytes that are there already (loopback delivers at once).
    fn read(stream: &mut Stream) -> Result<Vec<Vec<u8>>, Over> {
        let mut frames = Vec::new();
        stream.read(&mut Vec::new(), |frame| frames.push(frame.to_vec()))?;
        Ok(frames)
    }

    fn framed(body: &[u8]) -> Vec<u8> {
        [&(body.len() as u16).to_be_bytes()[..], body].concat()
    }

    #[test]
    fn frames_come_whole_however_they_are_cut() {
        let (mut stream, mut theirs) = connected();
        let sent = [framed(&[1; 20]), framed(&[2; 30])].concat();
        theirs.write_all(&sent[..23]).unwrap();
        assert_eq!(read(&mut stream).unwrap(), [vec![1; 20]]);
        theirs.write_all(&sent[23..]).unwrap();
        assert_eq!(read(&mut stream).unwrap(), [vec![2; 30]]);
    }

    #[test]
    fn a_stranger_may_only_begin_with_stun() {
        let (mut stream, mut theirs) = connected();
        theirs.write_all(&framed(&[22; 40])).unwrap();
        assert!(read(&mut stream).is_err());
        let (mut stream, mut theirs) = connected();
        stream.send(&[0; 20], 5).unwrap();
        theirs.write_all(&framed(&[22; 40])).unwrap();
        assert_eq!(read(&mut stream).unwrap(), [vec![22; 40]]);
        theirs.write_all(&framed(&[22; 2049])).unwrap();
        assert!(read(&mut stream).is_err());
    }

    #[test]
    fn a_slow_peer_loses_media_first_and_is_closed_at_the_bound() {
        let (mut stream, theirs) = connected();
        socket2::SockRef::from(&theirs).set_recv_buffer_size(4096).unwrap();
        let media = [128; 1200];
        while stream.send(&media, 0).unwrap() {}
        assert!(stream.blocked && stream.waiting.len() <= MEDIA_MAX + media.len());
        assert!(stream.send(&[0; 100], 0).unwrap());
        let ended = (0..BUFFER_MAX).find_map(|_| stream.send(&[0; 1000], 0).err());
        assert!(ended.is_some());
    }

    #[test]
    fn who_proves_nothing_in_time_expires_and_so_does_who_is_left_alone() {
        let (mut stream, _theirs) = connected();
        assert!(!stream.is_expired(PROVE_US));
        assert!(stream.is_expired(PROVE_US + 1));
        stream.send(&[0; 20], PROVE_US).unwrap();
        assert!(!stream.is_expired(PROVE_US + IDLE_US));
        assert!(stream.is_expired(PROVE_US + IDLE_US + 1));
    }
}
