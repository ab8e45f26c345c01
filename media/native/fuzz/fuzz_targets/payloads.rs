//! Descriptors and codec headers: read, their numbers moved, redundancy taken apart.
#![no_main]

use libfuzzer_sys::fuzz_target;
use twinhall_core::codecs::{read, red};
use twinhall_core::model::Codec;

fuzz_target!(|given: &[u8]| {
    let mut copy = given.to_vec();
    for codec in [Codec::Vp8, Codec::Vp9, Codec::H264, Codec::Av1] {
        if let Some(facts) = read(codec, given) {
            facts.numbers.shift(&mut copy, 77, 5);
            assert!(facts.begins_frame || !facts.keyframe || codec == Codec::H264);
        }
    }
    assert_eq!(copy.len(), given.len());
    assert!(red::primary(given).len() <= given.len());
    red::renumber(&mut copy, 111);
});
