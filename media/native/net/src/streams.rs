//! ICE-TCP, the passive side: the listening sockets and their connections.
//!
//! A connection is a way like any other: (a number above every UDP socket's, the peer's address).
//! Nothing is sent to strangers, so the first answer on a connection means that its peer is known;
//! whoever gets none in time is closed.

use std::collections::{HashMap, VecDeque};
use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::fd::AsRawFd;
use std::time::Duration;

use socket2::{Domain, SockRef, Socket, Type};
use twinhall_core::ice::TCP_FIRST;
use twinhall_core::model::Tuple;

use crate::poll::{Interest, Poll, Ready};
use crate::stream::{IDLE_US, Over, READ_MAX, Stream};

/// Connections without an answer yet; a newcomer beyond it takes the place of the oldest.
const STRANGERS_MAX: usize = 128;
/// Connections in all, as many as the relay has sessions; a newcomer beyond it is closed.
const CONNECTIONS_MAX: usize = 4096;
/// Descriptors for everything else than connections.
const DESCRIPTORS_KEPT: usize = 256;
/// Bytes that the system may hold unsent; by itself it would grow to megabytes of stale media.
const SYSTEM_BUFFER: usize = 256 * 1024;
const BACKLOG: libc::c_int = 128;
/// Newcomers per turn.
const ACCEPT_MAX: usize = 64;
const SWEEP_US: u64 = 1_000_000;
/// Tokens of listeners and of connections; the caller's own are below.
pub const TOKENS: u64 = 1 << 32;
const CONNECTION: u64 = 2 << 32;

#[derive(Default)]
pub struct Streams {
    listeners: Vec<TcpListener>,
    rows: Vec<Option<Stream>>,
    free: Vec<usize>,
    by_tuple: HashMap<Tuple, usize>,
    strangers: VecDeque<Tuple>,
    room: Vec<u8>,
    most: usize,
    sweep_at_us: u64,
    /// Listeners that found no descriptor for a newcomer wait for the next sweep.
    paused: bool,
}

impl Streams {
    pub fn listen(addresses: &[SocketAddr], poll: &Poll) -> io::Result<Self> {
        let listeners = addresses.iter().map(|address| listening(*address)).collect::<io::Result<Vec<_>>>()?;
        for (number, listener) in listeners.iter().enumerate() {
            poll.add(listener.as_raw_fd(), TOKENS | number as u64)?;
        }
        let most = CONNECTIONS_MAX.min(descriptors().saturating_sub(DESCRIPTORS_KEPT)).max(1);
        Ok(Self { listeners, most, room: Vec::with_capacity(2 * READ_MAX), ..Self::default() })
    }

    /// News of a token of ours; every whole frame goes to `frame`.
    pub fn ready(&mut self, ready: Ready, now_us: u64, poll: &Poll, mut frame: impl FnMut(Tuple, &mut [u8])) {
        if ready.token < CONNECTION {
            self.accept((ready.token - TOKENS) as usize, now_us, poll);
            return;
        }
        let row = (ready.token - CONNECTION) as usize;
        let Some(Some(stream)) = self.rows.get_mut(row) else { return };
        let tuple = stream.tuple;
        let flushed = if ready.writable { stream.flush() } else { Ok(()) };
        let read = flushed.and_then(|()| stream.read(&mut self.room, |bytes| frame(tuple, bytes)));
        if read.is_err() {
            self.close(row, poll);
        } else if ready.writable {
            self.watch(row, poll);
        }
    }

    /// Send to a connection; false when it is gone or too slow.
    pub fn send(&mut self, to: Tuple, datagram: &[u8], now_us: u64, poll: &Poll) -> bool {
        let Some(&row) = self.by_tuple.get(&to) else { return false };
        let Some(Some(stream)) = self.rows.get_mut(row) else { return false };
        if stream.is_stranger() {
            self.strangers.retain(|stranger| *stranger != to);
        }
        let was_blocked = stream.blocked;
        match stream.send(datagram, now_us) {
            Ok(sent) => {
                if stream.blocked != was_blocked {
                    self.watch(row, poll);
                }
                sent
            }
            Err(Over) => {
                self.close(row, poll);
                false
            }
        }
    }

    /// End what proved nothing in time, and what nobody has anything to say to any more.
    pub fn sweep(&mut self, now_us: u64, poll: &Poll) {
        if now_us < self.sweep_at_us {
            return;
        }
        self.sweep_at_us = now_us + SWEEP_US;
        for row in 0..self.rows.len() {
            if self.rows[row].as_ref().is_some_and(|stream| stream.is_expired(now_us)) {
                self.close(row, poll);
            }
        }
        if std::mem::take(&mut self.paused) {
            for (number, listener) in self.listeners.iter().enumerate() {
                let _ = poll.add(listener.as_raw_fd(), TOKENS | number as u64);
            }
        }
    }

    fn accept(&mut self, number: usize, now_us: u64, poll: &Poll) {
        for _ in 0..ACCEPT_MAX {
            let Some(listener) = self.listeners.get(number) else { return };
            match listener.accept() {
                Ok((socket, remote)) => {
                    let tuple = Tuple { local: TCP_FIRST + number as u32, remote };
                    if self.by_tuple.len() < self.most && prepared(&socket).is_ok() {
                        self.join(Stream::new(socket, tuple, now_us), poll);
                    }
                }
                Err(error) if matches!(error.raw_os_error(), Some(libc::EMFILE | libc::ENFILE | libc::ENOBUFS)) => {
                    return self.pause(poll);
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
                Err(_) => {} // it was gone before it was here
            }
        }
    }

    fn pause(&mut self, poll: &Poll) {
        self.paused = true;
        for listener in &self.listeners {
            let _ = poll.remove(listener.as_raw_fd());
        }
    }

    fn join(&mut self, stream: Stream, poll: &Poll) {
        if self.strangers.len() >= STRANGERS_MAX
            && let Some(oldest) = self.strangers.front().and_then(|oldest| self.by_tuple.get(oldest))
        {
            self.close(*oldest, poll);
        }
        let row = self.free.pop().unwrap_or(self.rows.len());
        if poll.add(stream.fd(), CONNECTION | row as u64).is_err() {
            return;
        }
        self.rows.resize_with(self.rows.len().max(row + 1), || None);
        self.by_tuple.insert(stream.tuple, row);
        self.strangers.push_back(stream.tuple);
        self.rows[row] = Some(stream);
    }

    fn close(&mut self, row: usize, poll: &Poll) {
        let Some(stream) = self.rows.get_mut(row).and_then(Option::take) else { return };
        let _ = poll.remove(stream.fd());
        self.by_tuple.remove(&stream.tuple);
        self.strangers.retain(|stranger| *stranger != stream.tuple);
        self.free.push(row);
    }

    fn watch(&mut self, row: usize, poll: &Poll) {
        let Some(Some(stream)) = self.rows.get(row) else { return };
        let interest = if stream.blocked { Interest::ReadAndWrite } else { Interest::Read };
        if poll.change(stream.fd(), CONNECTION | row as u64, interest).is_err() {
            self.close(row, poll);
        }
    }
}

fn listening(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
    socket.set_nonblocking(true)?;
    socket.set_reuse_address(true)?;
    if address.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}

fn prepared(socket: &TcpStream) -> io::Result<()> {
    socket.set_nonblocking(true)?;
    socket.set_nodelay(true)?;
    let socket = SockRef::from(socket);
    socket.set_send_buffer_size(SYSTEM_BUFFER)?;
    socket.set_tcp_user_timeout(Some(Duration::from_micros(IDLE_US)))
}

/// How many files this process may open; the soft limit is raised to the hard one.
fn descriptors() -> usize {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: `limit` lives through both calls.
    unsafe {
        if libc::getrlimit(libc::RLIMIT_NOFILE, &raw mut limit) != 0 {
            return DESCRIPTORS_KEPT;
        }
        let raised = libc::rlimit { rlim_cur: limit.rlim_max, ..limit };
        if libc::setrlimit(libc::RLIMIT_NOFILE, &raw const raised) == 0 {
            limit = raised;
        }
    }
    usize::try_from(limit.rlim_cur).unwrap_or(usize::MAX)
}
