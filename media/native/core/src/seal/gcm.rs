//! AEAD_AES_128_GCM (RFC 7714): the header is the associated data, the tag has 16 bytes.

use super::aead::{Gcm, NONCE_LEN, TAG_LEN};
use super::{
    CONTROL_HEADER_LEN, E_FLAG, KEY_LEN, LABEL_RTCP, LABEL_RTP, SALT, Seal, TRAILER_LEN, control_ssrc, derive,
};

/// A key and its salt.
struct Half<A> {
    cipher: A,
    salt: [u8; NONCE_LEN],
}

impl<A: Gcm> Half<A> {
    fn new(key: &[u8; KEY_LEN], salt: &[u8], label: u8) -> Self {
        Self { cipher: A::new(&derive(key, salt, label)), salt: derive(key, salt, label + SALT) }
    }

    /// SSRC and index (48 bits) over the salt (RFC 7714 sections 8.1 and 9.1).
    fn nonce(&self, ssrc: u32, index: u64) -> [u8; NONCE_LEN] {
        let number = u128::from(ssrc) << 48 ^ u128::from(index);
        let mut nonce = self.salt;
        for (place, byte) in nonce.iter_mut().zip(&number.to_be_bytes()[4..]) {
            *place ^= byte;
        }
        nonce
    }
}

pub(super) struct GcmSeal<A> {
    media: Half<A>,
    control: Half<A>,
}

impl<A: Gcm> GcmSeal<A> {
    /// From a master key of 16 and a salt of 12 bytes.
    pub(super) fn new(master: &[u8; 28]) -> Self {
        let (key, salt) = master.split_first_chunk().expect("16 of 28 bytes");
        Self { media: Half::new(key, salt, LABEL_RTP), control: Half::new(key, salt, LABEL_RTCP) }
    }

    /// A compound that is authenticated only (E = 0): all of it is associated data, but the tag that
    /// stands between.
    fn open_clear_control(&self, nonce: [u8; NONCE_LEN], packet: &mut [u8]) -> Option<usize> {
        let len = packet.len() - TRAILER_LEN - TAG_LEN;
        let mut tag: [u8; TAG_LEN] = *packet[len..].first_chunk()?;
        packet.copy_within(len + TAG_LEN.., len);
        self.control.cipher.open(nonce, &packet[..len + TRAILER_LEN], &mut tag).then_some(len)
    }
}

impl<A: Gcm> Seal for GcmSeal<A> {
    fn seal(&self, ssrc: u32, index: u64, header_len: usize, buffer: &mut [u8], len: usize) -> usize {
        if header_len > len || buffer.len() < len + TAG_LEN {
            return 0;
        }
        let (packet, rest) = buffer.split_at_mut(len);
        let (header, payload) = packet.split_at_mut(header_len);
        rest[..TAG_LEN].copy_from_slice(&self.media.cipher.seal(self.media.nonce(ssrc, index), header, payload));
        len + TAG_LEN
    }

    fn open(&self, ssrc: u32, index: u64, header_len: usize, packet: &mut [u8]) -> Option<usize> {
        let len = packet.len().checked_sub(TAG_LEN).filter(|len| *len >= header_len)?;
        let (header, sealed) = packet.split_at_mut(header_len);
        self.media.cipher.open(self.media.nonce(ssrc, index), header, sealed).then_some(len)
    }

    fn seal_control(&self, index: u32, buffer: &mut [u8], len: usize) -> usize {
        let Some(ssrc) = control_ssrc(&buffer[..len.min(buffer.len())]) else { return 0 };
        if buffer.len() < len + TAG_LEN + TRAILER_LEN {
            return 0;
        }
        let trailer = (index | E_FLAG).to_be_bytes();
        let (packet, rest) = buffer.split_at_mut(len);
        let (header, body) = packet.split_at_mut(CONTROL_HEADER_LEN);
        let covered = covered(header, trailer);
        let tag = self.control.cipher.seal(self.control.nonce(ssrc, index.into()), &covered, body);
        rest[..TAG_LEN].copy_from_slice(&tag);
        rest[TAG_LEN..TAG_LEN + TRAILER_LEN].copy_from_slice(&trailer);
        len + TAG_LEN + TRAILER_LEN
    }

    fn open_control(&self, packet: &mut [u8]) -> Option<(u32, usize)> {
        if packet.len() < CONTROL_HEADER_LEN + TAG_LEN + TRAILER_LEN {
            return None;
        }
        let trailer = *packet.last_chunk()?;
        let word = u32::from_be_bytes(trailer);
        let index = word & !E_FLAG;
        let nonce = self.control.nonce(control_ssrc(packet)?, index.into());
        if word & E_FLAG == 0 {
            return Some((index, self.open_clear_control(nonce, packet)?));
        }
        let end = packet.len() - TRAILER_LEN;
        let (header, sealed) = packet[..end].split_at_mut(CONTROL_HEADER_LEN);
        let covered = covered(header, trailer);
        self.control.cipher.open(nonce, &covered, sealed).then_some((index, end - TAG_LEN))
    }
}

/// The associated data of an encrypted compound (RFC 7714 section 9.2).
fn covered(header: &[u8], trailer: [u8; TRAILER_LEN]) -> [u8; CONTROL_HEADER_LEN + TRAILER_LEN] {
    let mut covered = [0; CONTROL_HEADER_LEN + TRAILER_LEN];
    covered[..CONTROL_HEADER_LEN].copy_from_slice(header);
    covered[CONTROL_HEADER_LEN..].copy_from_slice(&trailer);
    covered
}

#[cfg(test)]
mod tests {
    use super::super::aead::{AwsLcGcm, RingGcm};
    use super::super::tests::bytes;
    use super::*;

    const CLEAR: &str =
        "8040f17b8041f8d35501a0b247616c6c696120657374206f6d6e697320646976697361 20696e207061727465732074726573";
    const SEALED: &str = "8040f17b8041f8d35501a0b2f24de3a3fb34de6cacba861c9d7e4bcabe633bd50d294e6f42a5f47a51c7d19b36de3adf8833899d7f27beb16a9152cf765ee4390cce";
    const REPORT: &str =
        "81c8000d4d6172734e5450314e545032525450200000042a0000e9304c756e61deadbeefdeadbeefdeadbeefdeadbeefdeadbeef";
    const SEALED_REPORT: &str = "81c8000d4d61727363e94885dcdab67ca727d7662f6b7e997ff5c0f76c06f32dc676a5f1730d6fda4ce09b4686303ded0bb9275bc84aa45896cf4d2fc5abf87245d9eade800005d4";
    const TAGGED_REPORT: &str = "81c8000d4d6172734e5450314e545032525450200000042a0000e9304c756e61deadbeefdeadbeefdeadbeefdeadbeefdeadbeef841dd9683dd78ec92ae58790125f62b3000005d4";

    /// RFC 7714 gives session keys, not master keys.
    fn vector_seal<A: Gcm>() -> GcmSeal<A> {
        let key = std::array::from_fn(|place| place as u8);
        let half = || Half { cipher: A::new(&key), salt: *b"Quid pro quo" };
        GcmSeal { media: half(), control: half() }
    }

    fn a_packet_is_that_of_rfc_7714_section_16_1<A: Gcm>() {
        let (clear, sealed, seal) = (bytes(CLEAR), bytes(SEALED), vector_seal::<A>());
        let mut buffer = clear.clone();
        buffer.resize(clear.len() + 32, 0);
        assert_eq!(seal.seal(0x5501a0b2, 0xf17b, 12, &mut buffer, clear.len()), sealed.len());
        assert_eq!(buffer[..sealed.len()], sealed);
        let opened = seal.open(0x5501a0b2, 0xf17b, 12, &mut buffer[..sealed.len()]);
        assert_eq!((opened, &buffer[..clear.len()]), (Some(clear.len()), &clear[..]));
    }

    fn a_report_is_that_of_rfc_7714_section_17<A: Gcm>() {
        let (report, sealed, seal) = (bytes(REPORT), bytes(SEALED_REPORT), vector_seal::<A>());
        let mut buffer = report.clone();
        buffer.resize(report.len() + 32, 0);
        assert_eq!(seal.seal_control(0x5d4, &mut buffer, report.len()), sealed.len());
        assert_eq!(buffer[..sealed.len()], sealed);
        for mut packet in [sealed, bytes(TAGGED_REPORT)] {
            assert_eq!(seal.open_control(&mut packet), Some((0x5d4, report.len())));
            assert_eq!(packet[..report.len()], report);
        }
    }

    #[test]
    fn both_libraries_make_the_packets_of_rfc_7714() {
        a_packet_is_that_of_rfc_7714_section_16_1::<RingGcm>();
        a_packet_is_that_of_rfc_7714_section_16_1::<AwsLcGcm>();
        a_report_is_that_of_rfc_7714_section_17::<RingGcm>();
        a_report_is_that_of_rfc_7714_section_17::<AwsLcGcm>();
    }
}
