//! Datagrams in frames on a stream (RFC 4571 section 2), as ICE-TCP carries them (RFC 6544).

/// Bytes of one frame, as of one UDP datagram here; longer ones end the connection.
pub const FRAME_MAX: usize = 2048;
/// Bytes of the shortest frame with which a peer may begin: STUN's header.
const STUN_MIN: usize = 20;
const SIZE: usize = 2;

/// What came is no frame, or none that this peer may send yet: the connection is over.
#[derive(Debug, PartialEq)]
pub struct NotFramed;

/// Hand on every whole frame. A `stranger` may begin with STUN only. Returns the bytes that were taken: the rest is
/// cut short.
pub fn take(came: &mut [u8], stranger: bool, mut frame: impl FnMut(&mut [u8])) -> Result<usize, NotFramed> {
    let mut at = 0;
    while let Some((size, body)) = begun(&came[at..]) {
        if size > FRAME_MAX || (stranger && !may_be_stun(size, body)) {
            return Err(NotFramed);
        }
        if body.len() < size {
            break;
        }
        let begins = at + SIZE;
        at = begins + size;
        frame(&mut came[begins..at]);
    }
    Ok(at)
}

/// The size that the next frame tells, and what is there of its body.
fn begun(rest: &[u8]) -> Option<(usize, &[u8])> {
    let (head, body) = rest.split_first_chunk::<SIZE>()?;
    Some((usize::from(u16::from_be_bytes(*head)), body))
}

/// What a peer begins with, as far as it came.
fn may_be_stun(size: usize, body: &[u8]) -> bool {
    size >= STUN_MIN && body.first().is_none_or(|first| *first <= 3)
}
