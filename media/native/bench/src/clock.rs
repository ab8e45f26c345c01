//! Clocks and cores: nanoseconds of the monotonic clock, and CPU time of a process and of its core's softirq thread.

use std::fs;

use nix::sched::{CpuSet, sched_setaffinity};
use nix::time::{ClockId, clock_getcpuclockid, clock_gettime};
use nix::unistd::Pid;

pub fn now_ns() -> u64 {
    of(ClockId::CLOCK_MONOTONIC)
}

/// The wall clock, which the kernel's notes of arrivals are of.
pub fn wall_ns() -> u64 {
    of(ClockId::CLOCK_REALTIME)
}

/// Wall clock as NTP (RFC 3550 section 4): seconds since 1900 in the upper half.
pub fn ntp() -> u64 {
    let unix_ns = u128::from(wall_ns()) + 2_208_988_800_000_000_000;
    ((unix_ns << 32) / 1_000_000_000) as u64
}

/// This thread and those it starts run on `core` only.
pub fn pin(core: usize) -> nix::Result<()> {
    let mut cores = CpuSet::new();
    cores.set(core)?;
    sched_setaffinity(Pid::from_raw(0), &cores)
}

fn of(clock: ClockId) -> u64 {
    let time = clock_gettime(clock).expect("the clock exists");
    time.tv_sec() as u64 * 1_000_000_000 + time.tv_nsec() as u64
}

/// CPU time of one process, and of the kernel thread that takes over its core's softirqs under load.
pub struct CpuMeter {
    process: ClockId,
    softirqs: Option<String>,
}

impl CpuMeter {
    /// `pid` 0: this process.
    pub fn new(pid: i32, core: usize) -> nix::Result<Self> {
        Ok(Self { process: clock_getcpuclockid(Pid::from_raw(pid))?, softirqs: softirq_thread(core) })
    }

    /// Nanoseconds so far.
    pub fn ns(&self) -> u64 {
        let beside = self.softirqs.as_ref().and_then(|path| fs::read_to_string(path).ok());
        let beside = beside.and_then(|line| line.split(' ').next()?.parse::<u64>().ok());
        of(self.process) + beside.unwrap_or(0)
    }
}

/// The `schedstat` of `ksoftirqd/N`.
fn softirq_thread(core: usize) -> Option<String> {
    let name = format!("ksoftirqd/{core}\n");
    fs::read_dir("/proc").ok()?.flatten().find_map(|entry| {
        let folder = entry.path();
        let known = fs::read_to_string(folder.join("comm")).is_ok_and(|comm| comm == name);
        known.then(|| folder.join("schedstat").to_string_lossy().into_owned())
    })
}
