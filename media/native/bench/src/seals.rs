//! What one packet costs to seal, by library, profile and length: the best of several slices.

use std::error::Error;

use twinhall_core::model::SrtpProfile;
use twinhall_core::outbox::SEAL_ROOM;
use twinhall_core::seal::{Library, seal_for};

use crate::clock;

const SLICES: usize = 9;
const PACKETS: u64 = 20_000;
const HEADER_LEN: usize = 20;

pub fn run() -> Result<(), Box<dyn Error>> {
    println!("chosen: {}", Library::faster(clock::now_ns).name());
    for len in [1200, 100] {
        for library in [Library::Ring, Library::AwsLc] {
            println!(
                "AEAD_AES_128_GCM {len} B {}: {} ns",
                library.name(),
                best_ns(SrtpProfile::AeadAes128Gcm, library, len)?
            );
        }
        println!(
            "AES128_CM_SHA1_80 {len} B aws-lc: {} ns",
            best_ns(SrtpProfile::Aes128CmSha1_80, Library::AwsLc, len)?
        );
    }
    Ok(())
}

fn best_ns(profile: SrtpProfile, library: Library, len: usize) -> Result<u64, Box<dyn Error>> {
    let master = vec![7; if profile == SrtpProfile::AeadAes128Gcm { 28 } else { 30 }];
    let seal = seal_for(profile, &master, library).map_err(|_| "wrong keys")?;
    let mut buffer = vec![0; len + SEAL_ROOM];
    let mut slice = || {
        let began_ns = clock::now_ns();
        (0..PACKETS).for_each(|index| {
            std::hint::black_box(seal.seal(1, index, HEADER_LEN, &mut buffer, len));
        });
        (clock::now_ns() - began_ns) / PACKETS
    };
    Ok((0..SLICES).map(|_| slice()).min().unwrap_or(0))
}
