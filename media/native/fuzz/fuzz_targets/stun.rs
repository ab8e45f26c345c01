//! Anyone's first datagram: never answered unless it proves to know the password.
#![no_main]

use libfuzzer_sys::fuzz_target;
use twinhall_core::stun::{Check, key};

fuzz_target!(|given: &[u8]| {
    if let Some(check) = Check::read(given) {
        assert!(!check.is_proven(&key("a password that nobody was told")));
    }
});
