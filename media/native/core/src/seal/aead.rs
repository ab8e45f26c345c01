//! AES-128-GCM of two libraries, which lead on different CPUs.

use super::KEY_LEN;

pub(super) const TAG_LEN: usize = 16;
pub(super) const NONCE_LEN: usize = 12;

/// AES-128-GCM with one key, in place.
pub(super) trait Gcm: Send {
    fn new(key: &[u8; KEY_LEN]) -> Self;

    /// Encrypt `text` and return its tag.
    fn seal(&self, nonce: [u8; NONCE_LEN], covered: &[u8], text: &mut [u8]) -> [u8; TAG_LEN];

    /// Decrypt `sealed`, whose last bytes are the tag. False: forged, and `sealed` is void.
    fn open(&self, nonce: [u8; NONCE_LEN], covered: &[u8], sealed: &mut [u8]) -> bool;
}

macro_rules! gcm_of {
    ($(#[$doc:meta])* $name:ident, $library:ident) => {
        $(#[$doc])*
        pub(super) struct $name($library::aead::LessSafeKey);

        impl Gcm for $name {
            fn new(key: &[u8; KEY_LEN]) -> Self {
                let key = $library::aead::UnboundKey::new(&$library::aead::AES_128_GCM, key);
                Self($library::aead::LessSafeKey::new(key.expect("an AES-128 key has 16 bytes")))
            }

            fn seal(&self, nonce: [u8; NONCE_LEN], covered: &[u8], text: &mut [u8]) -> [u8; TAG_LEN] {
                let nonce = $library::aead::Nonce::assume_unique_for_key(nonce);
                let tag = self.0.seal_in_place_separate_tag(nonce, $library::aead::Aad::from(covered), text);
                let tag = tag.expect("a datagram is far below GCM's 64 GB");
                *tag.as_ref().first_chunk().expect("a GCM tag has 16 bytes")
            }

            fn open(&self, nonce: [u8; NONCE_LEN], covered: &[u8], sealed: &mut [u8]) -> bool {
                let nonce = $library::aead::Nonce::assume_unique_for_key(nonce);
                self.0.open_in_place(nonce, $library::aead::Aad::from(covered), sealed).is_ok()
            }
        }
    };
}

gcm_of!(
    /// ring's: ahead on CPUs with VAES and AVX2 only.
    RingGcm,
    ring
);
gcm_of!(
    /// AWS-LC's: ahead where AVX-512 is wide.
    AwsLcGcm,
    aws_lc_rs
);
