//! What the kernel throws away before it takes room in a UDP socket's buffer (socket(7), SO_ATTACH_FILTER).
//!
//! Most of a flood of garbage then costs this process nothing. It saves work and is no door: whatever
//! passes is asked everything. The same steps as `media/sieve.py`.

use socket2::{SockFilter, Socket};
use twinhall_core::stun::{MAGIC, SIZE_MAX, SIZE_MIN};

/// Bytes before the datagram, as the filter sees it (and counts them in its length).
const UDP_HEADER: u32 = 8;
/// Bytes: the smallest header and authentication tag, of RTP and of RTCP.
const RTP_MIN: u32 = 22;
/// Bytes of a record's header.
const DTLS_MIN: u32 = 13;

const LENGTH: u16 = 0x80;
const BYTE: u16 = 0x30;
const WORD: u16 = 0x20;
const EQUAL: u16 = 0x15;
const ABOVE: u16 = 0x25;
const LEAST: u16 = 0x35;
const RETURN: u16 = 0x06;

/// Places in `STEPS` that others jump to.
const NOT_STUN: u8 = 7;
const RTP: u8 = 12;
const DROP: u8 = 15;
const KEEP: u8 = 16;
/// The next step, whatever it is.
const NEXT: u8 = 0;

/// A load, or a question with the places to go on at: (code, number, if so, if not).
const STEPS: [(u16, u32, u8, u8); 17] = [
    (BYTE, UDP_HEADER, NEXT, NEXT), // an empty datagram ends here, as nothing
    (ABOVE, 3, NOT_STUN, NEXT),
    (LENGTH, 0, NEXT, NEXT),
    (LEAST, UDP_HEADER + SIZE_MIN as u32, NEXT, DROP),
    (ABOVE, UDP_HEADER + SIZE_MAX as u32, DROP, NEXT),
    (WORD, UDP_HEADER + 4, NEXT, NEXT),
    (EQUAL, MAGIC, KEEP, DROP),
    (LEAST, 128, RTP, NEXT),
    (LEAST, 20, NEXT, DROP),
    (ABOVE, 63, DROP, NEXT),
    (LENGTH, 0, NEXT, NEXT),
    (LEAST, UDP_HEADER + DTLS_MIN, KEEP, DROP),
    (ABOVE, 191, DROP, NEXT),
    (LENGTH, 0, NEXT, NEXT),
    (LEAST, UDP_HEADER + RTP_MIN, KEEP, DROP),
    (RETURN, 0, NEXT, NEXT),
    (RETURN, u32::MAX, NEXT, NEXT),
];

/// Sieve what comes in on a UDP socket, where the system can.
pub fn attach(socket: &Socket) {
    // without it a flood is only felt sooner
    let _ = socket.attach_filter(&program());
}

/// Jumps are counted from the next step.
fn program() -> Vec<SockFilter> {
    let jump = |place: u8, after: usize| if place == NEXT { 0 } else { place - after as u8 };
    let steps = STEPS.iter().zip(1..);
    steps
        .map(|(&(code, number, so, not), after)| SockFilter::new(code, jump(so, after), jump(not, after), number))
        .collect()
}

#[cfg(test)]
mod tests {
    use std::io::ErrorKind;
    use std::net::UdpSocket;

    use super::*;

    fn passed(datagrams: &[Vec<u8>]) -> Vec<Vec<u8>> {
        let ours = UdpSocket::bind("127.0.0.1:0").unwrap();
        ours.set_nonblocking(true).unwrap();
        attach(&Socket::from(ours.try_clone().unwrap()));
        let theirs = UdpSocket::bind("127.0.0.1:0").unwrap();
        for datagram in datagrams {
            theirs.send_to(datagram, ours.local_addr().unwrap()).unwrap();
        }
        let mut room = [0; 2048];
        let mut passed = Vec::new();
        loop {
            match ours.recv(&mut room) {
                Ok(size) => passed.push(room[..size].to_vec()),
                Err(end) if end.kind() == ErrorKind::WouldBlock => return passed,
                Err(broken) => panic!("{broken}"),
            }
        }
    }

    fn sized(first: u8, size: usize) -> Vec<u8> {
        let mut datagram = vec![0; size];
        datagram[0] = first;
        datagram
    }

    #[test]
    fn only_what_may_be_stun_dtls_or_rtp_takes_room() {
        let mut stun = sized(0, SIZE_MIN);
        stun[4..8].copy_from_slice(&MAGIC.to_be_bytes());
        let kept = [stun.clone(), sized(20, 13), sized(63, 13), sized(128, 22), sized(191, 1200)];
        let mut cookieless = stun.clone();
        cookieless[4] ^= 1;
        let short = stun[..SIZE_MIN - 4].to_vec();
        let others = [vec![], cookieless, short, sized(4, 99), sized(19, 99), sized(64, 99), sized(127, 99)];
        let more = [sized(20, 12), sized(128, 21), sized(192, 99), sized(255, 99)];
        assert_eq!(passed(&[&others[..], &kept[..], &more[..]].concat()), kept);
    }
}
