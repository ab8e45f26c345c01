//! What an authentic but mad publisher sends: as a clear packet into a stage with viewers.
#![no_main]

use libfuzzer_sys::fuzz_target;
use twinhall_core::rtp::{read_header, without_padding};
use twinhall_fuzz::Stage;

fuzz_target!(|given: &[u8]| {
    without_padding(given);
    let Some(header) = read_header(given) else { return };
    header.elements().count();
    let mut stage = Stage::new();
    let index = 0x1_0000 | u64::from(header.seq);
    stage.publisher_sends(index, given);
    stage.pass(100_000);
    stage.publisher_sends(index + 1, given);
    stage.pass(1_000_000);
});
