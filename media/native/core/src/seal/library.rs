//! Which library seals: measured once at start, for neither leads on every CPU.

use super::aead::{AwsLcGcm, Gcm, NONCE_LEN, RingGcm};

/// Packets of one slice, and slices of each library: together far below 10 ms.
const PACKETS: usize = 64;
const SLICES: usize = 16;
const PACKET_LEN: usize = 1200;
const HEADER_LEN: usize = 20;

/// Whose AES-128-GCM serves. (AES-CM and HMAC-SHA1 are AWS-LC's always: ring has no counter mode,
/// and its SHA-1 takes four times as long.)
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Library {
    Ring,
    AwsLc,
}

impl Library {
    /// The faster one on this CPU now. `clock_ns` is a monotonic clock in nanoseconds.
    pub fn faster(mut clock_ns: impl FnMut() -> u64) -> Self {
        let (ring, aws_lc) = (RingGcm::new(&[1; 16]), AwsLcGcm::new(&[1; 16]));
        let mut best_ns = [u64::MAX; 2];
        for _ in 0..SLICES {
            best_ns[0] = best_ns[0].min(slice_ns(&ring, &mut clock_ns));
            best_ns[1] = best_ns[1].min(slice_ns(&aws_lc, &mut clock_ns));
        }
        if best_ns[0] <= best_ns[1] { Self::Ring } else { Self::AwsLc }
    }

    pub fn name(self) -> &'static str {
        match self {
            Self::Ring => "ring",
            Self::AwsLc => "aws-lc",
        }
    }
}

fn slice_ns(cipher: &impl Gcm, clock_ns: &mut impl FnMut() -> u64) -> u64 {
    let mut packet = [0; PACKET_LEN];
    let (header, payload) = packet.split_at_mut(HEADER_LEN);
    let began_ns = clock_ns();
    for number in 0..PACKETS {
        let mut nonce = [0; NONCE_LEN];
        nonce[NONCE_LEN - 1] = number as u8;
        std::hint::black_box(cipher.seal(nonce, header, payload));
    }
    clock_ns() - began_ns
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_library_whose_slices_are_shorter_is_taken() {
        for (shorter, expected) in [(0, Library::Ring), (1, Library::AwsLc)] {
            let (mut calls, mut now_ns) = (0, 0);
            let chosen = Library::faster(|| {
                let library = calls / 2 % 2;
                now_ns += if calls % 2 == 1 && library != shorter { 200 } else { 100 };
                calls += 1;
                now_ns
            });
            assert_eq!(chosen, expected);
        }
    }
}
