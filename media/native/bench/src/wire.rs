//! Batches on UDP sockets.

use std::io::{IoSlice, IoSliceMut};
use std::net::{Ipv4Addr, SocketAddrV4, UdpSocket};
use std::os::fd::AsRawFd;

use nix::errno::Errno;
use nix::sys::socket::sockopt::{RcvBufForce, ReceiveTimestampns, SndBufForce, UdpGroSegment};
use nix::sys::socket::{
    ControlMessage, ControlMessageOwned, MsgFlags, MultiHeaders, RecvMsg, SockaddrIn, recvmmsg, sendmmsg, sendmsg,
    setsockopt,
};
use nix::sys::time::TimeSpec;

/// Bytes: a frame to 1,000 viewers is 20 MB of the kernel's memory, and none may be lost here.
const BUFFER: usize = 192 * 1024 * 1024;
const SEND_BUFFER: usize = 16 * 1024 * 1024;

/// A non-blocking socket with room for everything.
pub fn socket(bind: SocketAddrV4) -> std::io::Result<UdpSocket> {
    let socket = UdpSocket::bind(bind)?;
    socket.set_nonblocking(true)?;
    setsockopt(&socket, RcvBufForce, &BUFFER)?;
    setsockopt(&socket, SndBufForce, &SEND_BUFFER)?;
    Ok(socket)
}

/// Receives in batches into buffers of its own.
pub struct Inbox {
    buffers: Vec<Vec<u8>>,
    headers: MultiHeaders<()>,
    noted: bool,
}

/// What the kernel notes beside a datagram.
#[derive(Clone, Copy, Default)]
pub struct Beside {
    /// Length of each of the datagrams that it joined (UDP_GRO), 0 for a single one.
    pub segment: usize,
    /// When it came, on the wall clock (SO_TIMESTAMPNS).
    pub came_ns: u64,
}

impl Inbox {
    /// `len` bytes of each datagram are kept, `batch` datagrams are taken at once. `noted`: with what is beside them.
    pub fn new(len: usize, batch: usize, noted: bool) -> Self {
        Self { buffers: vec![vec![0; len]; batch], headers: headers(batch, noted), noted }
    }

    /// Take what is there, at most one batch. Returns how many.
    pub fn take(&mut self, from: &UdpSocket, mut take: impl FnMut(&mut [u8], Beside)) -> usize {
        let mut slices: Vec<[IoSliceMut; 1]> = self.buffers.iter_mut().map(|one| [IoSliceMut::new(one)]).collect();
        let got = match recvmmsg(from.as_raw_fd(), &mut self.headers, slices.iter_mut(), MsgFlags::MSG_DONTWAIT, None) {
            Ok(got) => got,
            Err(_) => return 0,
        };
        let lens: Vec<(usize, Beside)> = got.map(|one| (one.bytes, beside(&one))).collect();
        for (buffer, (len, beside)) in self.buffers.iter_mut().zip(&lens) {
            take(&mut buffer[..*len], *beside);
        }
        if self.noted {
            // a header that held a note is unfit for another one
            self.headers = headers(self.buffers.len(), true);
        }
        lens.len()
    }
}

fn headers(batch: usize, noted: bool) -> MultiHeaders<()> {
    MultiHeaders::preallocate(batch, noted.then(|| nix::cmsg_space!(i32, TimeSpec)))
}

fn beside<S>(message: &RecvMsg<'_, '_, S>) -> Beside {
    let mut found = Beside::default();
    for note in message.cmsgs().into_iter().flatten() {
        match note {
            ControlMessageOwned::UdpGroSegments(len) => found.segment = len as usize,
            ControlMessageOwned::ScmTimestampns(at) => {
                found.came_ns = at.tv_sec() as u64 * 1_000_000_000 + at.tv_nsec() as u64;
            }
            _ => {}
        }
    }
    found
}

/// Let the kernel note when a datagram came.
pub fn note_arrivals(socket: &UdpSocket) -> nix::Result<()> {
    setsockopt(&socket, ReceiveTimestampns, &true)
}

/// Let the kernel join datagrams again that were sent as one run.
pub fn join_runs(socket: &UdpSocket, on: bool) -> nix::Result<()> {
    setsockopt(&socket, UdpGroSegment, &on)
}

/// Send `bytes` to the connected peer, as datagrams of `segment` bytes.
pub fn send_run(socket: &UdpSocket, bytes: &[u8], segment: usize) -> bool {
    if bytes.len() <= segment {
        return socket.send(bytes).is_ok();
    }
    let segment = segment as u16;
    let cut = [ControlMessage::UdpGsoSegments(&segment)];
    sendmsg::<()>(socket.as_raw_fd(), &[IoSlice::new(bytes)], &cut, MsgFlags::empty(), None).is_ok()
}

/// Send from one of this machine's own addresses.
pub fn send_from(socket: &UdpSocket, from: Ipv4Addr, to: SocketAddrV4, bytes: &[u8]) {
    let source = nix::libc::in_pktinfo {
        ipi_ifindex: 0,
        ipi_spec_dst: nix::libc::in_addr { s_addr: u32::from(from).to_be() },
        ipi_addr: nix::libc::in_addr { s_addr: 0 },
    };
    let source = [ControlMessage::Ipv4PacketInfo(&source)];
    let to = SockaddrIn::from(to);
    // a full buffer drops it, as a network would
    let _ = sendmsg(socket.as_raw_fd(), &[IoSlice::new(bytes)], &source, MsgFlags::empty(), Some(&to));
}

/// Sends runs to many destinations at once.
pub struct Outlet {
    socket: UdpSocket,
    cut: MultiHeaders<SockaddrIn>,
    whole: MultiHeaders<SockaddrIn>,
}

impl Outlet {
    pub fn new(socket: UdpSocket, batch: usize) -> Self {
        let cut = MultiHeaders::preallocate(batch, Some(nix::cmsg_space!(u16)));
        Self { socket, cut, whole: MultiHeaders::preallocate(batch, None) }
    }

    /// One run of datagrams of `segment` bytes to each of `to`; run i is `bytes[i * stride..][..len]`.
    pub fn send(
        &mut self,
        to: &[Option<SockaddrIn>],
        bytes: &[u8],
        stride: usize,
        len: usize,
        segment: u16,
    ) -> nix::Result<()> {
        let runs: Vec<[IoSlice; 1]> = bytes.chunks(stride).map(|run| [IoSlice::new(&run[..len])]).collect();
        let note = [ControlMessage::UdpGsoSegments(&segment)];
        let many = len > segment.into();
        let (headers, notes) = if many { (&mut self.cut, &note[..]) } else { (&mut self.whole, &note[..0]) };
        let (fd, mut sent) = (self.socket.as_raw_fd(), 0);
        while sent < to.len() {
            match sendmmsg(fd, headers, &runs[sent..], &to[sent..], notes, MsgFlags::empty()) {
                Ok(done) => sent += done.count(),
                Err(Errno::EAGAIN | Errno::EINTR) => {}
                Err(refused) => return Err(refused),
            }
        }
        Ok(())
    }
}
