//! What an authentic but mad peer reports, as a publisher and as a viewer.
#![no_main]

use libfuzzer_sys::fuzz_target;
use twinhall_fuzz::Stage;

fuzz_target!(|given: &[u8]| {
    let mut stage = Stage::new();
    stage.play();
    stage.publisher_reports(given);
    stage.viewer_reports(given);
    stage.pass(100_000);
    stage.play();
    stage.viewer_reports(given);
    stage.pass(1_000_000);
});
