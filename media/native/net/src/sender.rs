//! Datagrams out: many runs per call (sendmmsg(2) with UDP_SEGMENT), one by one where the system can't.

use std::io;
use std::net::SocketAddr;

use crate::runs::{Cutter, Run};
use crate::sockets::{Name, UdpPort};

/// Runs per call.
const BATCH: usize = 64;

/// One control message: UDP_SEGMENT and its 16 bits.
#[derive(Clone, Copy)]
#[repr(C)]
struct Segment {
    header: libc::cmsghdr,
    size: u16,
    rest: [u8; 6],
}

#[derive(Clone, Copy)]
struct Letter {
    to: SocketAddr,
    run: Run,
    first: usize,
}

/// Collects runs for one socket and sends them. Keeps its room from batch to batch.
pub struct Sender {
    letters: Vec<Letter>,
    parts: Vec<libc::iovec>,
    headers: Vec<libc::mmsghdr>,
    names: Vec<Name>,
    segments: Vec<Segment>,
    cutter: Cutter,
    /// Datagrams that the system refused (buffer full, no route).
    pub refused: u64,
}

// SAFETY: the raw pointers in `parts` and `headers` are written and read within one call of `send`.
unsafe impl Send for Sender {}

impl Sender {
    pub fn new() -> Self {
        Self {
            letters: Vec::with_capacity(BATCH),
            parts: Vec::with_capacity(BATCH * 16),
            headers: Vec::with_capacity(BATCH),
            names: Vec::with_capacity(BATCH),
            segments: Vec::with_capacity(BATCH),
            cutter: Cutter::default(),
            refused: 0,
        }
    }

    /// Send `letters`, each an address and the datagrams for it in order, on `port`.
    pub fn send<'a, D>(&mut self, port: &mut UdpPort, letters: impl Iterator<Item = (SocketAddr, D)>)
    where
        D: Iterator<Item = &'a [u8]>,
    {
        for (to, datagrams) in letters {
            for datagram in datagrams {
                let ended = self.cutter.before(datagram.len(), !port.gso);
                self.close(to, ended);
                let iov_base = datagram.as_ptr().cast_mut().cast();
                self.parts.push(libc::iovec { iov_base, iov_len: datagram.len() });
            }
            let ended = self.cutter.end();
            self.close(to, ended);
            if self.letters.len() >= BATCH {
                self.flush(port);
            }
        }
        self.flush(port);
    }

    fn close(&mut self, to: SocketAddr, ended: Option<Run>) {
        let first = self.letters.last().map_or(0, |letter| letter.first + letter.run.count);
        self.letters.extend(ended.map(|run| Letter { to, run, first }));
    }

    fn flush(&mut self, port: &mut UdpPort) {
        let mut done = 0;
        while done < self.letters.len() {
            let until = self.letters.len().min(done + BATCH);
            match self.call(port, done, until) {
                Ok(sent) => done += sent,
                Err(error) => done = self.refused_at(port, done, error),
            }
        }
        self.letters.clear();
        self.parts.clear();
    }

    /// Where to go on after the system refused the letter at `place`.
    fn refused_at(&mut self, port: &mut UdpPort, place: usize, error: io::Error) -> usize {
        let Letter { to, run, first } = self.letters[place];
        match error.raw_os_error() {
            Some(libc::EINTR) => return place,
            Some(libc::EIO | libc::EINVAL | libc::EMSGSIZE) if run.count > 1 => {
                // EIO: the device can't sum up segments, ever; else: this path takes none of this size
                port.gso &= error.raw_os_error() != Some(libc::EIO);
                self.letters.splice(place..=place, (0..run.count).map(|step| alone(to, run, first + step, step)));
                return place;
            }
            Some(libc::EAGAIN | libc::ENOBUFS) => {
                self.refused += self.letters[place..].iter().map(|letter| letter.run.count as u64).sum::<u64>();
                return self.letters.len();
            }
            _ => self.refused += run.count as u64,
        }
        place + 1
    }

    /// One sendmmsg of the letters `from..until`. Returns how many went.
    fn call(&mut self, port: &UdpPort, from: usize, until: usize) -> io::Result<usize> {
        self.headers.clear();
        self.names.clear();
        self.segments.clear();
        for letter in &self.letters[from..until] {
            self.names.push(Name::of(letter.to).0);
            self.segments.push(Segment::of(letter.run.segment as u16));
        }
        for (place, letter) in self.letters[from..until].iter().enumerate() {
            // SAFETY: a C struct for which all-zero bytes are valid.
            let mut header: libc::mmsghdr = unsafe { std::mem::zeroed() };
            header.msg_hdr.msg_name = (&raw mut self.names[place]).cast();
            header.msg_hdr.msg_namelen = Name::of(letter.to).1;
            header.msg_hdr.msg_iov = &raw mut self.parts[letter.first];
            header.msg_hdr.msg_iovlen = letter.run.count as _;
            if letter.run.count > 1 {
                header.msg_hdr.msg_control = (&raw mut self.segments[place]).cast();
                header.msg_hdr.msg_controllen = size_of::<Segment>() as _;
            }
            self.headers.push(header);
        }
        let (headers, count) = (self.headers.as_mut_ptr(), self.headers.len() as libc::c_uint);
        // SAFETY: every header points to parts, a name and a control message that live through the call
        // (the datagrams are borrowed by `send`, the rest is ours and does not move); the kernel only reads them.
        let sent = unsafe { libc::sendmmsg(port.fd(), headers, count, libc::MSG_DONTWAIT as _) };
        if sent < 0 { Err(io::Error::last_os_error()) } else { Ok(sent as usize) }
    }
}

/// The datagram at `step` of a run, as a letter of its own.
fn alone(to: SocketAddr, run: Run, first: usize, step: usize) -> Letter {
    let bytes = run.segment.min(run.bytes - step * run.segment);
    Letter { to, run: Run { count: 1, segment: bytes, bytes }, first }
}

impl Segment {
    fn of(size: u16) -> Self {
        // SAFETY: a C struct for which all-zero bytes are valid.
        let mut header: libc::cmsghdr = unsafe { std::mem::zeroed() };
        header.cmsg_level = libc::SOL_UDP;
        header.cmsg_type = libc::UDP_SEGMENT;
        header.cmsg_len = (size_of::<libc::cmsghdr>() + size_of::<u16>()) as _;
        Self { header, size, rest: [0; 6] }
    }
}

#[cfg(test)]
mod tests {
    use std::net::UdpSocket;

    use super::*;

    fn sent(port: &mut UdpPort, sizes: &[usize]) -> Vec<usize> {
        let peer = UdpSocket::bind("127.0.0.1:0").unwrap();
        peer.set_nonblocking(true).unwrap();
        let datagrams: Vec<Vec<u8>> = sizes.iter().map(|size| vec![7; *size]).collect();
        let mut sender = Sender::new();
        let to = peer.local_addr().unwrap();
        sender.send(port, std::iter::once((to, datagrams.iter().map(Vec::as_slice))));
        assert_eq!((sender.refused, sender.letters.len(), sender.parts.len()), (0, 0, 0));
        let mut room = [0; 2048];
        std::iter::from_fn(|| peer.recv(&mut room).ok()).collect()
    }

    #[test]
    fn datagrams_arrive_one_by_one_whatever_runs_they_went_in() {
        let mut port = UdpPort::bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let sizes = [1200, 1200, 1200, 90, 300, 1100, 1100];
        assert_eq!(sent(&mut port, &sizes), sizes);
        port.gso = false;
        assert_eq!(sent(&mut port, &sizes), sizes);
    }

    #[test]
    fn who_cannot_be_reached_costs_the_others_nothing() {
        let mut port = UdpPort::bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let peer = UdpSocket::bind("127.0.0.1:0").unwrap();
        let mut sender = Sender::new();
        let nowhere: SocketAddr = "[2001:db8::1]:9".parse().unwrap();
        let letters = [(nowhere, [&b"lost"[..]]), (peer.local_addr().unwrap(), [&b"found"[..]])];
        sender.send(&mut port, letters.iter().map(|(to, datagrams)| (*to, datagrams.iter().copied())));
        assert_eq!(sender.refused, 1);
        let mut room = [0; 9];
        assert_eq!(peer.recv(&mut room).unwrap(), 5);
    }
}
