//! Datagrams of one destination as runs: equal sizes, only the last shorter (UDP_SEGMENT, udp(7)).

use twinhall_core::outbox::{RUN_BYTES_MAX, RUN_SEGMENTS_MAX};

/// What one send carries: `count` datagrams of `segment` bytes, the last of them perhaps shorter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Run {
    pub count: usize,
    pub segment: usize,
    pub bytes: usize,
}

/// Cuts the sizes of one destination's datagrams into runs.
#[derive(Default)]
pub struct Cutter {
    open: Option<Run>,
    closed: bool,
}

impl Cutter {
    /// The run that ends before a datagram of `size` bytes, if one does. `alone`: every datagram is a run.
    pub fn before(&mut self, size: usize, alone: bool) -> Option<Run> {
        if let Some(run) = &mut self.open {
            let fits = run.count < RUN_SEGMENTS_MAX && run.bytes + size <= RUN_BYTES_MAX;
            if !alone && !self.closed && fits && size <= run.segment {
                self.closed = size < run.segment;
                run.count += 1;
                run.bytes += size;
                return None;
            }
        }
        self.closed = false;
        self.open.replace(Run { count: 1, segment: size, bytes: size })
    }

    /// The run that is still open.
    pub fn end(&mut self) -> Option<Run> {
        self.closed = false;
        self.open.take()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(sizes: &[usize], alone: bool) -> Vec<(usize, usize)> {
        let mut cutter = Cutter::default();
        let mut runs: Vec<Run> = sizes.iter().filter_map(|size| cutter.before(*size, alone)).collect();
        runs.extend(cutter.end());
        runs.iter().map(|run| (run.count, run.segment)).collect()
    }

    #[test]
    fn a_frame_is_one_run_with_a_shorter_end() {
        assert_eq!(cut(&[1200, 1200, 1200, 700], false), [(4, 1200)]);
        assert_eq!(cut(&[1200, 700, 700], false), [(2, 1200), (1, 700)]);
        assert_eq!(cut(&[700, 1200, 1200], false), [(1, 700), (2, 1200)]);
    }

    #[test]
    fn a_run_ends_at_what_the_kernel_takes_in_one_call() {
        assert_eq!(cut(&[100; 130], false), [(64, 100), (64, 100), (2, 100)]);
        assert_eq!(cut(&[1500; 50], false), [(43, 1500), (7, 1500)]);
    }

    #[test]
    fn without_segmentation_every_datagram_goes_alone() {
        assert_eq!(cut(&[9, 9, 9], true), [(1, 9), (1, 9), (1, 9)]);
        assert_eq!(cut(&[], true), []);
    }
}
