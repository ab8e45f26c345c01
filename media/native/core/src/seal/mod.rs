//! Sealing behind one small trait: AEAD_AES_128_GCM (RFC 7714) and AES128_CM_HMAC_SHA1_80 (RFC 3711).
//!
//! Everything works in place, in the buffer of the datagram, and allocates nothing.

mod aead;
mod counter;
mod gcm;
mod library;

use aws_lc_rs::cipher::{AES_128, EncryptingKey, EncryptionContext, UnboundCipherKey};
use aws_lc_rs::iv::FixedLength;

use crate::model::SrtpProfile;

pub use library::Library;

/// Length of a master key, and of each derived cipher key.
const KEY_LEN: usize = 16;
/// RFC 3711 section 4.3.1: what is derived for RTP; RTCP's labels follow 3 later.
const LABEL_RTP: u8 = 0;
const LABEL_RTCP: u8 = 3;
/// Added to a label for the authentication key, and for the salt.
const AUTHENTICATION: u8 = 1;
const SALT: u8 = 2;
/// SRTCP's E bit: the compound is encrypted (RFC 3711 section 3.4).
const E_FLAG: u32 = 1 << 31;
/// What of an RTCP compound stays clear: its first header and SSRC.
const CONTROL_HEADER_LEN: usize = 8;
/// SRTCP's E bit and index.
const TRAILER_LEN: usize = 4;

/// One direction's cipher. Room for at least `outbox::SEAL_ROOM` bytes follows what is sealed.
pub trait Seal: Send {
    /// Seal the RTP packet in `buffer[..len]`, whose first `header_len` bytes stay clear. `index` is
    /// the 48-bit packet index (rollover counter and sequence number). Returns the sealed length,
    /// 0 where the buffer has no room for it.
    fn seal(&self, ssrc: u32, index: u64, header_len: usize, buffer: &mut [u8], len: usize) -> usize;

    /// Open an SRTP packet. Returns the clear length, header included; None: forged.
    fn open(&self, ssrc: u32, index: u64, header_len: usize, packet: &mut [u8]) -> Option<usize>;

    /// Seal the RTCP compound in `buffer[..len]` with a 31-bit index. Returns the sealed length, 0
    /// where the buffer has no room for it or the compound has no header.
    fn seal_control(&self, index: u32, buffer: &mut [u8], len: usize) -> usize;

    /// Open an SRTCP packet. Returns its index and the clear length; None: forged.
    fn open_control(&self, packet: &mut [u8]) -> Option<(u32, usize)>;
}

/// A master key and salt of another length than the profile's.
#[derive(Debug, PartialEq, Eq)]
pub struct WrongKeys;

/// The cipher of one direction from its concatenated master key and salt.
pub fn seal_for(profile: SrtpProfile, master: &[u8], library: Library) -> Result<Box<dyn Seal>, WrongKeys> {
    match profile {
        SrtpProfile::AeadAes128Gcm => {
            let master: &[u8; 28] = master.try_into().map_err(|_| WrongKeys)?;
            Ok(match library {
                Library::Ring => Box::new(gcm::GcmSeal::<aead::RingGcm>::new(master)),
                Library::AwsLc => Box::new(gcm::GcmSeal::<aead::AwsLcGcm>::new(master)),
            })
        }
        SrtpProfile::Aes128CmSha1_80 => {
            let master: &[u8; 30] = master.try_into().map_err(|_| WrongKeys)?;
            Ok(Box::new(counter::CounterSeal::new(master)))
        }
    }
}

/// AES in counter mode with one key (RFC 3711 section 4.1.1).
struct CounterMode(EncryptingKey);

impl CounterMode {
    fn new(key: &[u8; KEY_LEN]) -> Self {
        let key = UnboundCipherKey::new(&AES_128, key).expect("an AES-128 key has 16 bytes");
        Self(EncryptingKey::ctr(key).expect("AES-128 has a counter mode"))
    }

    /// Add the key stream that begins at `counter` to `bytes`.
    fn apply(&self, counter: u128, bytes: &mut [u8]) {
        let counter = FixedLength::from(counter.to_be_bytes());
        self.0.less_safe_encrypt(bytes, EncryptionContext::Iv128(counter)).expect("counter mode takes any length");
    }
}

/// Session key material from the master key (RFC 3711 section 4.3.3, key derivation rate 0).
/// `salt` is filled up with zeros to 112 bits.
fn derive<const LEN: usize>(key: &[u8; KEY_LEN], salt: &[u8], label: u8) -> [u8; LEN] {
    let mut block = [0; 16];
    block[..salt.len()].copy_from_slice(salt);
    block[7] ^= label;
    let mut derived = [0; LEN];
    CounterMode::new(key).apply(u128::from_be_bytes(block), &mut derived);
    derived
}

/// The SSRC of an RTCP compound's first packet.
fn control_ssrc(packet: &[u8]) -> Option<u32> {
    Some(u32::from_be_bytes(*packet.get(4..)?.first_chunk()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(super) fn bytes(hex: &str) -> Vec<u8> {
        let digits: Vec<u8> = hex.chars().filter_map(|one| one.to_digit(16)).map(|digit| digit as u8).collect();
        digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect()
    }

    #[test]
    fn the_key_stream_is_that_of_rfc_3711_appendix_b2() {
        let cipher = CounterMode::new(bytes("2B7E151628AED2A6ABF7158809CF4F3C").as_slice().try_into().unwrap());
        let mut stream = [0; 48];
        cipher.apply(0xF0F1F2F3F4F5F6F7F8F9FAFBFCFD0000, &mut stream);
        let expected =
            "E03EAD0935C95E80E166B16DD92B4EB4 D23513162B02D0F72A43A2FE4A5F97AB 41E95B3BB0A2E8DD477901E4FCA894C0";
        assert_eq!(stream.to_vec(), bytes(expected));
        let mut last = [0; 48];
        cipher.apply(0xF0F1F2F3F4F5F6F7F8F9FAFBFCFDFEFF, &mut last);
        let expected =
            "EC8CDF7398607CB0F2D21675EA9EA1E4 362B7C3C6773516318A077D7FC5073AE 6A2CC3787889374FBEB4C81B17BA6C44";
        assert_eq!(last.to_vec(), bytes(expected));
    }

    #[test]
    fn session_keys_are_those_of_rfc_3711_appendix_b3() {
        let key = bytes("E1F97A0D3E018BE0D64FA32C06DE4139");
        let (key, salt) = (key.as_slice().try_into().unwrap(), bytes("0EC675AD498AFEEBB6960B3AABE6"));
        assert_eq!(derive::<16>(key, &salt, LABEL_RTP).to_vec(), bytes("C61E7A93744F39EE10734AFE3FF7A087"));
        assert_eq!(derive::<14>(key, &salt, LABEL_RTP + SALT).to_vec(), bytes("30CBBC08863D8C85D49DB34A9AE1"));
        let mac = bytes(
            "CEBE321F6FF7716B6FD4AB49AF256A156D38BAA48F0A0ACF3C34E2359E6CDBCEE049646C43D9327AD175578EF72270986371C10C9A369AC2F94A8C5FBCDDDC256D6E919A48B610EF17C2041E474035766B68642C59BBFC2F34DB60DBDFB2DC68",
        );
        assert_eq!(derive::<94>(key, &salt, LABEL_RTP + AUTHENTICATION).to_vec(), mac[..94]);
    }

    #[test]
    fn keys_of_another_profile_are_refused() {
        for (profile, len) in [(SrtpProfile::AeadAes128Gcm, 30), (SrtpProfile::Aes128CmSha1_80, 28)] {
            assert_eq!(seal_for(profile, &vec![0; len], Library::Ring).err(), Some(WrongKeys));
        }
    }
}
