//! In what order bursts fall due, on a clock of the streams' own: real time at a pace of 1.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::spec::Publisher;

/// One burst of one stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Due {
    pub at_us: u64,
    pub publisher: usize,
    pub stream: usize,
}

pub struct Schedule {
    due: BinaryHeap<Reverse<Due>>,
    periods_us: Vec<Vec<u64>>,
}

impl Schedule {
    /// Publishers are spread over the period, so that they do not send at one moment.
    pub fn new(publishers: &[Publisher]) -> Self {
        let mut due = BinaryHeap::new();
        for (number, publisher) in publishers.iter().enumerate() {
            for (stream, spec) in publisher.streams.iter().enumerate() {
                let at_us = spec.period_us * number as u64 / publishers.len() as u64;
                due.push(Reverse(Due { at_us, publisher: number, stream }));
            }
        }
        let periods_us = publishers.iter().map(|one| one.streams.iter().map(|stream| stream.period_us).collect());
        Self { due, periods_us: periods_us.collect() }
    }

    /// The next burst, without taking it.
    pub fn peek(&self) -> Due {
        self.due.peek().expect("streams never end").0
    }

    pub fn take(&mut self) -> Due {
        let Reverse(due) = self.due.pop().expect("streams never end");
        let period_us = self.periods_us[due.publisher][due.stream];
        self.due.push(Reverse(Due { at_us: due.at_us + period_us, ..due }));
        due
    }
}
