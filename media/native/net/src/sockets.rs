//! The UDP sockets of media: one per bind address, with buffers for a burst.

use std::io;
use std::net::SocketAddr;
use std::os::fd::{AsRawFd, RawFd};

use socket2::{Domain, Socket, Type};

use crate::sieve;

/// Bytes asked for each way: the default 212 KB loses packets at half load.
const BUFFER: usize = 8 * 1024 * 1024;

/// One bound socket. `gso`: the system takes runs of equal datagrams in one call.
pub struct UdpPort {
    socket: Socket,
    pub address: SocketAddr,
    pub gso: bool,
}

impl UdpPort {
    pub fn bind(address: SocketAddr) -> io::Result<Self> {
        let socket = Socket::new(Domain::for_address(address), Type::DGRAM, None)?;
        socket.set_nonblocking(true)?;
        if address.is_ipv6() {
            socket.set_only_v6(true)?;
        }
        enlarge(&socket)?;
        sieve::attach(&socket);
        socket.bind(&address.into())?;
        let address = socket.local_addr()?.as_socket().unwrap_or(address);
        let gso = option(socket.as_raw_fd(), libc::SOL_UDP, libc::UDP_SEGMENT, 0).is_ok();
        Ok(Self { socket, address, gso })
    }

    pub fn fd(&self) -> RawFd {
        self.socket.as_raw_fd()
    }

    /// A sentence for the log if the kernel gives less room than asked for.
    pub fn shortage(&self) -> Option<String> {
        let granted = self.socket.recv_buffer_size().unwrap_or(0);
        // the kernel doubles what is set, and tells the double
        (granted < 2 * BUFFER).then(|| {
            format!(
                "the kernel caps the receive buffer of {} at {} KB of {} KB: raise net.core.rmem_max (sysctl) \
                 or give CAP_NET_ADMIN, or bursts are lost under load",
                self.address,
                granted / 2048,
                BUFFER / 1024
            )
        })
    }
}

/// Beyond the system's limits with CAP_NET_ADMIN, up to them without.
fn enlarge(socket: &Socket) -> io::Result<()> {
    let (fd, size) = (socket.as_raw_fd(), BUFFER as libc::c_int);
    if option(fd, libc::SOL_SOCKET, libc::SO_RCVBUFFORCE, size).is_err() {
        socket.set_recv_buffer_size(BUFFER)?;
    }
    if option(fd, libc::SOL_SOCKET, libc::SO_SNDBUFFORCE, size).is_err() {
        socket.set_send_buffer_size(BUFFER)?;
    }
    Ok(())
}

fn option(fd: RawFd, level: libc::c_int, name: libc::c_int, value: libc::c_int) -> io::Result<()> {
    let size = size_of_val(&value) as libc::socklen_t;
    // SAFETY: `value` lives through the call, and `size` is its size.
    let done = unsafe { libc::setsockopt(fd, level, name, (&raw const value).cast(), size) };
    if done == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// An address as the kernel reads it, IPv4 or IPv6.
#[derive(Clone, Copy)]
#[repr(C)]
pub union Name {
    v4: libc::sockaddr_in,
    v6: libc::sockaddr_in6,
}

impl Name {
    /// Its bytes, and how many of them count.
    pub fn of(address: SocketAddr) -> (Self, libc::socklen_t) {
        match address {
            SocketAddr::V4(address) => {
                let sin_addr = libc::in_addr { s_addr: u32::from_ne_bytes(address.ip().octets()) };
                let (sin_family, sin_port) = (libc::AF_INET as libc::sa_family_t, address.port().to_be());
                let v4 = libc::sockaddr_in { sin_family, sin_port, sin_addr, sin_zero: [0; 8] };
                (Self { v4 }, size_of::<libc::sockaddr_in>() as libc::socklen_t)
            }
            SocketAddr::V6(address) => {
                let v6 = libc::sockaddr_in6 {
                    sin6_family: libc::AF_INET6 as libc::sa_family_t,
                    sin6_port: address.port().to_be(),
                    sin6_flowinfo: address.flowinfo(),
                    sin6_addr: libc::in6_addr { s6_addr: address.ip().octets() },
                    sin6_scope_id: address.scope_id(),
                };
                (Self { v6 }, size_of::<libc::sockaddr_in6>() as libc::socklen_t)
            }
        }
    }

    pub const EMPTY: Self = Self {
        v6: libc::sockaddr_in6 {
            sin6_family: 0,
            sin6_port: 0,
            sin6_flowinfo: 0,
            sin6_addr: libc::in6_addr { s6_addr: [0; 16] },
            sin6_scope_id: 0,
        },
    };

    /// The address that the kernel wrote; `None` for another family.
    pub fn address(&self) -> Option<SocketAddr> {
        // SAFETY: every bit pattern is a valid sockaddr_in6, and both members begin with the family;
        // a Name is made by `of` or EMPTY, so all of its bytes are initialized.
        let (v4, v6) = unsafe { (self.v4, self.v6) };
        match libc::c_int::from(v6.sin6_family) {
            libc::AF_INET => Some((v4.sin_addr.s_addr.to_ne_bytes(), u16::from_be(v4.sin_port)).into()),
            libc::AF_INET6 => {
                let (ip, port) = (v6.sin6_addr.s6_addr.into(), u16::from_be(v6.sin6_port));
                Some(std::net::SocketAddrV6::new(ip, port, v6.sin6_flowinfo, v6.sin6_scope_id).into())
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_survive_the_kernels_form() {
        for text in ["192.0.2.7:5000", "[2001:db8::1]:65535", "[fe80::1%3]:1"] {
            let address: SocketAddr = text.parse().unwrap();
            assert_eq!(Name::of(address).0.address(), Some(address));
        }
        assert_eq!(Name::EMPTY.address(), None);
    }

    #[test]
    fn a_port_that_is_taken_is_refused_with_the_systems_reason() {
        let taken = UdpPort::bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let refused = UdpPort::bind(taken.address).err().unwrap();
        assert_eq!(refused.raw_os_error(), Some(libc::EADDRINUSE));
    }
}
