//! What came: packets per viewer, how late, how long, in runs of how many.

use serde::Serialize;

use crate::packets::Class;

/// Counts of one slice.
#[derive(Default)]
pub struct Tally {
    /// Per viewer.
    pub received: Vec<u64>,
    pub total: u64,
    pub last_ns: u64,
    /// Packets of the limit program, which share the receivers.
    pub limit: u64,
    /// Opened packets that were not authentic.
    pub broken: u64,
    added_ns: [Vec<u32>; 3],
    /// Datagrams seen with UDP_GRO and the packets in them, by length of the packet.
    runs: Vec<(usize, u64, u64)>,
    lens: Vec<(usize, u64)>,
}

/// Percentiles of added latency, in milliseconds.
#[derive(Serialize)]
pub struct Added {
    pub p50: f64,
    pub p99: f64,
    pub worst: f64,
    pub samples: usize,
}

impl Tally {
    pub fn new(viewers: usize) -> Self {
        Self { received: vec![0; viewers], ..Self::default() }
    }

    pub fn clear(&mut self) {
        *self = Self::new(self.received.len());
    }

    pub fn count(&mut self, viewer: usize, len: usize, now_ns: u64) {
        self.received[viewer] += 1;
        self.total += 1;
        self.last_ns = now_ns;
        match self.lens.iter_mut().find(|(known, _)| *known == len) {
            Some((_, times)) => *times += 1,
            None => self.lens.push((len, 1)),
        }
    }

    pub fn late(&mut self, class: Class, added_ns: u64) {
        self.added_ns[class as usize].push(added_ns.min(u32::MAX.into()) as u32);
    }

    pub fn run(&mut self, len: usize, packets: u64) {
        match self.runs.iter_mut().find(|(known, ..)| *known == len) {
            Some((_, datagrams, all)) => (*datagrams, *all) = (*datagrams + 1, *all + packets),
            None => self.runs.push((len, 1, packets)),
        }
    }

    pub fn added(&mut self, class: Class) -> Option<Added> {
        let samples = &mut self.added_ns[class as usize];
        samples.sort_unstable();
        let at = |share: f64| f64::from(samples[((samples.len() - 1) as f64 * share) as usize]) / 1e6;
        (!samples.is_empty()).then(|| Added { p50: at(0.5), p99: at(0.99), worst: at(1.0), samples: samples.len() })
    }

    /// Lengths of datagrams, the commonest first, with their number.
    pub fn lens(&mut self) -> Vec<(usize, u64)> {
        self.lens.sort_unstable_by_key(|(_, times)| std::cmp::Reverse(*times));
        self.lens.truncate(4);
        self.lens.clone()
    }

    /// Length of the packets, and mean number of them in a run.
    pub fn runs(&self) -> Vec<(usize, f64)> {
        self.runs.iter().map(|(len, datagrams, all)| (*len, *all as f64 / *datagrams as f64)).collect()
    }
}
