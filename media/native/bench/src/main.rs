//! `twinhall-bench load SPEC`: one process that publishes to a plane and receives for all its viewers, slice by slice
//! as its standard input says; it lets `twinhall-bench limit SPEC CORE` run between.
//! `twinhall-bench seals`: what sealing costs on this CPU, by library.
//!
//! See `scripts/benches/relay.py`, which drives it.
#![forbid(unsafe_code)]

mod clock;
mod limit;
mod load;
mod packets;
mod publisher;
mod schedule;
mod seals;
mod spec;
mod tally;
mod viewers;
mod wire;

use std::error::Error;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["load", path] => load::run(spec::read(path)?),
        ["limit", path] => limit::run(&spec::read(path)?),
        ["seals"] => seals::run(),
        _ => Err("usage: twinhall-bench load SPEC | limit SPEC | seals".into()),
    }
}
