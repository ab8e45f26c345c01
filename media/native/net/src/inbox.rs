//! Datagrams in, many per call (recvmmsg(2)).

use std::io;
use std::net::SocketAddr;
use std::os::fd::RawFd;

use twinhall_core::outbox::DATAGRAM_MAX;

use crate::sockets::Name;

/// Datagrams per call.
pub const BATCH: usize = 64;

/// Room for one batch.
pub struct Inbox {
    bytes: Box<[[u8; DATAGRAM_MAX]]>,
    names: Box<[Name]>,
    lengths: [usize; BATCH],
}

impl Inbox {
    pub fn new() -> Self {
        Self {
            bytes: vec![[0; DATAGRAM_MAX]; BATCH].into_boxed_slice(),
            names: vec![Name::EMPTY; BATCH].into_boxed_slice(),
            lengths: [0; BATCH],
        }
    }

    /// Fill it with what waits on `fd`. Returns how many came, 0 when nothing waits.
    pub fn receive(&mut self, fd: RawFd) -> io::Result<usize> {
        // SAFETY: both are C structs for which all-zero bytes are valid.
        let (mut headers, mut parts): ([libc::mmsghdr; BATCH], [libc::iovec; BATCH]) = unsafe { std::mem::zeroed() };
        for (place, (header, part)) in headers.iter_mut().zip(&mut parts).enumerate() {
            *part = libc::iovec { iov_base: self.bytes[place].as_mut_ptr().cast(), iov_len: DATAGRAM_MAX };
            header.msg_hdr.msg_iov = part;
            header.msg_hdr.msg_iovlen = 1;
            header.msg_hdr.msg_name = (&raw mut self.names[place]).cast();
            header.msg_hdr.msg_namelen = size_of::<Name>() as libc::socklen_t;
        }
        // SAFETY: every header points to one part and one name, each of the size that it tells, and
        // all of them live through the call.
        let came = unsafe {
            libc::recvmmsg(
                fd,
                headers.as_mut_ptr(),
                BATCH as libc::c_uint,
                libc::MSG_DONTWAIT as _,
                std::ptr::null_mut(),
            )
        };
        if came < 0 {
            let error = io::Error::last_os_error();
            return if error.kind() == io::ErrorKind::WouldBlock { Ok(0) } else { Err(error) };
        }
        for (length, header) in self.lengths.iter_mut().zip(&headers[..came as usize]) {
            // what was cut short is nobody's
            let whole = header.msg_hdr.msg_flags & libc::MSG_TRUNC == 0;
            *length = if whole { header.msg_len as usize } else { 0 };
        }
        Ok(came as usize)
    }

    /// A datagram of the last batch and who sent it.
    pub fn datagram(&mut self, place: usize) -> Option<(SocketAddr, &mut [u8])> {
        let from = self.names.get(place)?.address()?;
        Some((from, self.bytes.get_mut(place)?.get_mut(..self.lengths[place])?))
    }
}
