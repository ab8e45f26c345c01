//! Batches on UDP sockets.

use std::io::{IoSlice, IoSliceMut};
use std::net::{Ipv4Addr, SocketAddrV4, UdpSocket};
use std::os::fd::AsRawFd;

use nix::errno::Errno;
use nix::sys::socket::sockopt::{RcvBufForce, SndBufForce, UdpGroSegment};
use nix::sys::socket::{
    ControlMessage, ControlMessageOwned, MsgFlags, MultiHeaders, SockaddrIn, recvmmsg, sendmmsg, sendmsg, setsockopt,
};

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
}

impl Inbox {
    /// `len` bytes of each datagram are kept, `batch` datagrams are taken at once.
    pub fn new(len: usize, batch: usize) -> Self {
        let space = nix::cmsg_space!(i32);
        Self { buffers: vec![vec![0; len]; batch], headers: MultiHeaders::preallocate(batch, Some(space)) }
    }

    /// Take what is there, at most one batch: `take(bytes, segment)` where `segment` is the length of each of the
    /// datagrams that the kernel joined (UDP_GRO), 0 for a single one. Returns how many.
    pub fn take(&mut self, from: &UdpSocket, mut take: impl FnMut(&mut [u8], usize)) -> usize {
        let mut slices: Vec<[IoSliceMut; 1]> = self.buffers.iter_mut().map(|one| [IoSliceMut::new(one)]).collect();
        let got = match recvmmsg(from.as_raw_fd(), &mut self.headers, slices.iter_mut(), MsgFlags::MSG_DONTWAIT, None) {
            Ok(got) => got,
            Err(_) => return 0,
        };
        let lens: Vec<(usize, usize)> = got.map(|one| (one.bytes, segment(&one))).collect();
        for (buffer, (len, segment)) in self.buffers.iter_mut().zip(&lens) {
            take(&mut buffer[..*len], *segment);
        }
        lens.len()
    }
}

fn segment<S>(message: &nix::sys::socket::RecvMsg<'_, '_, S>) -> usize {
    let Ok(mut beside) = message.cmsgs() else { return 0 };
    let found = beside.find_map(|one| match one {
        ControlMessageOwned::UdpGroSegments(len) => Some(len as usize),
        _ => None,
    });
    found.unwrap_or(0)
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
    headers: MultiHeaders<SockaddrIn>,
}

impl Outlet {
    pub fn new(socket: UdpSocket, batch: usize) -> Self {
        Self { socket, headers: MultiHeaders::preallocate(batch, Some(nix::cmsg_space!(u16))) }
    }

    /// One run of datagrams of `segment` bytes to each of `to`; run i is `bytes[i * stride..][..len]`.
    pub fn send(&mut self, to: &[Option<SockaddrIn>], bytes: &[u8], stride: usize, len: usize, segment: u16) -> usize {
        let runs: Vec<[IoSlice; 1]> = bytes.chunks(stride).map(|run| [IoSlice::new(&run[..len])]).collect();
        let cut = [ControlMessage::UdpGsoSegments(&segment)];
        let cut = if len > segment.into() { &cut[..] } else { &cut[..0] };
        let mut sent = 0;
        while sent < to.len() {
            let fd = self.socket.as_raw_fd();
            match sendmmsg(fd, &mut self.headers, &runs[sent..], &to[sent..], cut, MsgFlags::empty()) {
                Ok(done) => sent += done.count(),
                Err(Errno::EAGAIN | Errno::EINTR) => {}
                Err(_) => break,
            }
        }
        sent
    }
}
