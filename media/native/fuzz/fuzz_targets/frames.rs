//! A stream of frames means the same however it is cut.
#![no_main]

use libfuzzer_sys::fuzz_target;
use twinhall_core::frames::{NotFramed, take};

/// All datagrams of `given`, which comes `size` bytes at a time.
fn framed_in(given: &[u8], size: usize, stranger: bool) -> Result<Vec<Vec<u8>>, NotFramed> {
    let (mut rest, mut all) = (Vec::new(), Vec::new());
    for piece in given.chunks(size) {
        rest.extend_from_slice(piece);
        let taken = take(&mut rest, stranger, |datagram| all.push(datagram.to_vec()))?;
        rest.drain(..taken);
    }
    Ok(all)
}

fuzz_target!(|given: &[u8]| {
    for stranger in [true, false] {
        assert_eq!(framed_in(given, given.len().max(1), stranger), framed_in(given, 7, stranger));
    }
});
