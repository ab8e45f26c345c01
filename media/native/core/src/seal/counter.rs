//! AES128_CM_HMAC_SHA1_80 (RFC 3711): a tag of 10 bytes over header, ciphertext and rollover counter.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::hmac;

use super::{
    AUTHENTICATION, CONTROL_HEADER_LEN, CounterMode, E_FLAG, KEY_LEN, LABEL_RTCP, LABEL_RTP, SALT, Seal, TRAILER_LEN,
    control_ssrc, derive,
};

const TAG_LEN: usize = 10;
const MAC_KEY_LEN: usize = 20;
const ROC_LEN: usize = 4;

/// Cipher, authentication key and salt (already at its place in the counter).
struct Half {
    cipher: CounterMode,
    mac: hmac::Key,
    salt: u128,
}

impl Half {
    fn new(key: &[u8; KEY_LEN], salt: &[u8], label: u8) -> Self {
        let mac: [u8; MAC_KEY_LEN] = derive(key, salt, label + AUTHENTICATION);
        let mut counter = [0; 16];
        counter[..14].copy_from_slice(&derive::<14>(key, salt, label + SALT));
        Self {
            cipher: CounterMode::new(&derive(key, salt, label)),
            mac: hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &mac),
            salt: u128::from_be_bytes(counter),
        }
    }

    /// Encrypt or decrypt (RFC 3711 section 4.1.1).
    fn apply(&self, ssrc: u32, index: u64, text: &mut [u8]) {
        self.cipher.apply(self.salt ^ u128::from(ssrc) << 64 ^ u128::from(index) << 16, text);
    }

    fn tag(&self, covered: &[u8]) -> [u8; TAG_LEN] {
        *hmac::sign(&self.mac, covered).as_ref().first_chunk().expect("SHA-1 has 20 bytes")
    }
}

pub(super) struct CounterSeal {
    media: Half,
    control: Half,
}

impl CounterSeal {
    /// From a master key of 16 and a salt of 14 bytes.
    pub(super) fn new(master: &[u8; 30]) -> Self {
        let (key, salt) = master.split_first_chunk().expect("16 of 30 bytes");
        Self { media: Half::new(key, salt, LABEL_RTP), control: Half::new(key, salt, LABEL_RTCP) }
    }

    /// The tag of the packet in `buffer[..len]`. The rollover counter takes the tag's place meanwhile,
    /// so that what is covered lies in one piece.
    fn media_tag(&self, index: u64, buffer: &mut [u8], len: usize) -> [u8; TAG_LEN] {
        let roc = (index >> 16) as u32;
        buffer[len..len + ROC_LEN].copy_from_slice(&roc.to_be_bytes());
        self.media.tag(&buffer[..len + ROC_LEN])
    }
}

impl Seal for CounterSeal {
    fn seal(&self, ssrc: u32, index: u64, header_len: usize, buffer: &mut [u8], len: usize) -> usize {
        if header_len > len || buffer.len() < len + TAG_LEN {
            return 0;
        }
        self.media.apply(ssrc, index, &mut buffer[header_len..len]);
        let tag = self.media_tag(index, buffer, len);
        buffer[len..len + TAG_LEN].copy_from_slice(&tag);
        len + TAG_LEN
    }

    fn open(&self, ssrc: u32, index: u64, header_len: usize, packet: &mut [u8]) -> Option<usize> {
        let len = packet.len().checked_sub(TAG_LEN).filter(|len| *len >= header_len)?;
        let theirs: [u8; TAG_LEN] = *packet.last_chunk()?;
        verify_slices_are_equal(&self.media_tag(index, packet, len), &theirs).ok()?;
        self.media.apply(ssrc, index, &mut packet[header_len..len]);
        Some(len)
    }

    fn seal_control(&self, index: u32, buffer: &mut [u8], len: usize) -> usize {
        let Some(ssrc) = control_ssrc(&buffer[..len.min(buffer.len())]) else { return 0 };
        let end = len + TRAILER_LEN;
        if buffer.len() < end + TAG_LEN {
            return 0;
        }
        self.control.apply(ssrc, index.into(), &mut buffer[CONTROL_HEADER_LEN..len]);
        buffer[len..end].copy_from_slice(&(index | E_FLAG).to_be_bytes());
        let tag = self.control.tag(&buffer[..end]);
        buffer[end..end + TAG_LEN].copy_from_slice(&tag);
        end + TAG_LEN
    }

    fn open_control(&self, packet: &mut [u8]) -> Option<(u32, usize)> {
        let end = packet.len().checked_sub(TAG_LEN).filter(|end| *end >= CONTROL_HEADER_LEN + TRAILER_LEN)?;
        verify_slices_are_equal(&self.control.tag(&packet[..end]), &packet[end..]).ok()?;
        let len = end - TRAILER_LEN;
        let word = u32::from_be_bytes(*packet[len..].first_chunk()?);
        let index = word & !E_FLAG;
        if word & E_FLAG != 0 {
            let ssrc = control_ssrc(packet)?;
            self.control.apply(ssrc, index.into(), &mut packet[CONTROL_HEADER_LEN..len]);
        }
        Some((index, len))
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::bytes;
    use super::*;

    const LIBSRTP_CLEAR: &str =
        "806000038041f8d35501a0b247616c6c696120657374206f6d6e69732064697669736120696e207061727465732074726573";
    const LIBSRTP_SEALED: &str = "806000038041f8d35501a0b2739c20c2a79a4f869578c8dc7c94228a71b430c1e71a56504fe4788b342dc1e675f7de0bd6d999186852a2232ef101b8";
    const LIBSRTP_REPORT: &str =
        "81c8000b5501a0b247616c6c696120657374206f6d6e69732064697669736120696e2070617274657320747265732121";
    const LIBSRTP_SEALED_REPORT: &str = "81c8000b5501a0b29126e2f59f9ae051f32f7fb132907207becad0113744ccf53363cc0635df10958e95aa50636f5f01800000015416e1ed072b6a54082e";

    /// What libsrtp makes with the master key and salt 00 01 02 ..: the RFC has no whole packet.
    #[test]
    fn packets_and_reports_are_those_of_libsrtp() {
        let master: Vec<u8> = (0..30).collect();
        let seal = CounterSeal::new(master.as_slice().try_into().unwrap());
        let clear = bytes(LIBSRTP_CLEAR);
        let mut buffer = [0; 128];
        buffer[..clear.len()].copy_from_slice(&clear);
        let sealed = seal.seal(0x5501a0b2, 0x1_0003, 12, &mut buffer, clear.len());
        assert_eq!(buffer[..sealed].to_vec(), bytes(LIBSRTP_SEALED));
        let report = bytes(LIBSRTP_REPORT);
        buffer[..report.len()].copy_from_slice(&report);
        let sealed = seal.seal_control(1, &mut buffer, report.len());
        assert_eq!(buffer[..sealed].to_vec(), bytes(LIBSRTP_SEALED_REPORT));
    }
}
