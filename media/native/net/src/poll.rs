//! Waiting: epoll(7) and eventfd(2).

use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::sync::atomic::{AtomicBool, Ordering};

/// Events taken per wait.
const EVENTS: usize = 64;

fn owned(fd: libc::c_int) -> io::Result<OwnedFd> {
    if fd < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the system just gave us this descriptor, nobody else has it.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

/// Descriptors to wait for, each with a token.
pub struct Poll {
    fd: OwnedFd,
    ready: Vec<libc::epoll_event>,
}

/// What a descriptor is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Interest {
    Read,
    ReadAndWrite,
}

/// One descriptor's news.
#[derive(Clone, Copy, Debug)]
pub struct Ready {
    pub token: u64,
    pub writable: bool,
}

impl Poll {
    pub fn new() -> io::Result<Self> {
        // SAFETY: takes no pointer.
        let fd = owned(unsafe { libc::epoll_create1(libc::EPOLL_CLOEXEC) })?;
        Ok(Self { fd, ready: Vec::with_capacity(EVENTS) })
    }

    pub fn add(&self, fd: RawFd, token: u64) -> io::Result<()> {
        self.control(libc::EPOLL_CTL_ADD, fd, token, libc::EPOLLIN)
    }

    pub fn change(&self, fd: RawFd, token: u64, interest: Interest) -> io::Result<()> {
        let events = match interest {
            Interest::Read => libc::EPOLLIN,
            Interest::ReadAndWrite => libc::EPOLLIN | libc::EPOLLOUT,
        };
        self.control(libc::EPOLL_CTL_MOD, fd, token, events)
    }

    pub fn remove(&self, fd: RawFd) -> io::Result<()> {
        self.control(libc::EPOLL_CTL_DEL, fd, 0, 0)
    }

    fn control(&self, what: libc::c_int, fd: RawFd, token: u64, events: libc::c_int) -> io::Result<()> {
        let mut event = libc::epoll_event { events: events as u32, u64: token };
        // SAFETY: `event` lives through the call.
        let done = unsafe { libc::epoll_ctl(self.fd.as_raw_fd(), what, fd, &raw mut event) };
        if done == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
    }

    /// Wait until something is ready or `timeout_us` passed. Interruptions end it early, with nothing.
    pub fn wait(&mut self, timeout_us: u64) -> io::Result<()> {
        self.ready.clear();
        let span =
            libc::timespec { tv_sec: (timeout_us / 1_000_000) as _, tv_nsec: (timeout_us % 1_000_000 * 1000) as _ };
        // SAFETY: `ready` has room for EVENTS events, `span` lives through the call, no signal mask is given.
        let count = unsafe {
            libc::syscall(
                libc::SYS_epoll_pwait2,
                self.fd.as_raw_fd(),
                self.ready.as_mut_ptr(),
                EVENTS as libc::c_int,
                &raw const span,
                std::ptr::null::<libc::sigset_t>(),
                0usize,
            )
        };
        let count = if count < 0 { self.wait_by_milliseconds(timeout_us)? } else { count as usize };
        // SAFETY: the kernel wrote `count` events.
        unsafe { self.ready.set_len(count) };
        Ok(())
    }

    /// For kernels before 5.11, which know no finer time.
    fn wait_by_milliseconds(&mut self, timeout_us: u64) -> io::Result<usize> {
        let refused = io::Error::last_os_error();
        match refused.raw_os_error() {
            Some(libc::EINTR) => return Ok(0),
            Some(libc::ENOSYS | libc::EPERM) => {}
            _ => return Err(refused),
        }
        let milliseconds = timeout_us.div_ceil(1000).min(1000) as libc::c_int;
        // SAFETY: `ready` has room for EVENTS events.
        let count = unsafe {
            libc::epoll_wait(self.fd.as_raw_fd(), self.ready.as_mut_ptr(), EVENTS as libc::c_int, milliseconds)
        };
        Ok(count.max(0) as usize)
    }

    /// How many are ready since the last wait,
    pub fn count(&self) -> usize {
        self.ready.len()
    }

    /// and each of them.
    pub fn ready(&self, place: usize) -> Option<Ready> {
        let event = self.ready.get(place)?;
        Some(Ready { token: event.u64, writable: event.events & libc::EPOLLOUT as u32 != 0 })
    }
}

/// Wakes whoever waits for its descriptor, once for many calls.
pub struct Bell {
    fd: OwnedFd,
    rung: AtomicBool,
}

impl Bell {
    pub fn new() -> io::Result<Self> {
        // SAFETY: takes no pointer.
        let fd = owned(unsafe { libc::eventfd(0, libc::EFD_CLOEXEC | libc::EFD_NONBLOCK) })?;
        Ok(Self { fd, rung: AtomicBool::new(false) })
    }

    pub fn fd(&self) -> RawFd {
        self.fd.as_raw_fd()
    }

    pub fn ring(&self) {
        if !self.rung.swap(true, Ordering::AcqRel) {
            let one = 1u64.to_ne_bytes();
            // SAFETY: `one` lives through the call. A full counter would wake just as well.
            unsafe { libc::write(self.fd(), one.as_ptr().cast(), one.len()) };
        }
    }

    /// Whether it rang since it was hushed.
    pub fn is_rung(&self) -> bool {
        self.rung.load(Ordering::Acquire)
    }

    /// It was heard; call before looking at what it rang for.
    pub fn hush(&self) {
        let mut count = [0u8; 8];
        // SAFETY: `count` lives through the call and has the 8 bytes that an eventfd gives.
        unsafe { libc::read(self.fd(), count.as_mut_ptr().cast(), count.len()) };
        self.rung.store(false, Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bell_wakes_whoever_waits_until_it_is_hushed() {
        let (mut poll, bell) = (Poll::new().unwrap(), Bell::new().unwrap());
        poll.add(bell.fd(), 7).unwrap();
        poll.wait(0).unwrap();
        assert_eq!(poll.count(), 0);
        bell.ring();
        bell.ring();
        poll.wait(1_000_000).unwrap();
        assert_eq!(poll.ready(0).unwrap().token, 7);
        assert!(bell.is_rung());
        bell.hush();
        poll.wait(0).unwrap();
        assert_eq!((poll.count(), bell.is_rung()), (0, false));
        bell.ring();
        poll.wait(1_000_000).unwrap();
        assert_eq!(poll.count(), 1);
    }
}
