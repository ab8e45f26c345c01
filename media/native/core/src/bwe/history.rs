//! What was sent to a viewer and not yet told of, by transport-wide sequence number.

/// Packets that are remembered: 1 s at 10 Mbit/s, more than feedback is ever behind.
const KEPT: usize = 1024;

/// One packet that left.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sent {
    pub at_us: u64,
    /// Bytes on the wire, UDP and IP headers included.
    pub size: u16,
    /// The probe that it was part of, 0: none.
    pub probe: u8,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Fate {
    #[default]
    Unknown,
    Flying,
    /// Told to be missing; it may still be told to have come.
    Missing,
}

/// A packet in 8 bytes: the low bits of its time, which turn over after an hour.
#[derive(Clone, Copy, Default)]
struct Row {
    at_us: u32,
    size: u16,
    probe: u8,
    fate: Fate,
}

/// A ring of the newest packets; nothing is allocated after it was made.
pub struct History {
    rows: Box<[Row]>,
    /// The extended number of the next packet.
    next: u64,
    flying_bytes: u64,
}

/// What feedback said of a packet for the first time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum News {
    Came(Sent),
    Missing,
}

impl History {
    /// With room for packets only if they are numbered at all.
    pub fn new(numbered: bool) -> Self {
        Self { rows: vec![Row::default(); if numbered { KEPT } else { 0 }].into(), next: 1, flying_bytes: 0 }
    }

    /// The transport-wide number for a packet that leaves now.
    pub fn sent(&mut self, packet: Sent) -> u16 {
        let Sent { at_us, size, probe } = packet;
        let Some(row) = self.rows.get_mut(self.next as usize % KEPT) else { return 0 };
        if row.fate == Fate::Flying {
            self.flying_bytes -= u64::from(row.size);
        }
        *row = Row { at_us: at_us as u32, size, probe, fate: Fate::Flying };
        self.flying_bytes += u64::from(size);
        self.next += 1;
        (self.next - 1) as u16
    }

    /// What it means that feedback says now that packet `seq` came or did not; `None` when it is no news.
    pub fn told(&mut self, now_us: u64, seq: u16, came: bool) -> Option<News> {
        let behind = u64::from((self.next as u16).wrapping_sub(seq));
        if behind == 0 || behind > KEPT as u64 || behind >= self.next {
            return None;
        }
        let row = self.rows.get_mut((self.next - behind) as usize % KEPT)?;
        if row.fate == Fate::Flying {
            self.flying_bytes -= u64::from(row.size);
        }
        match (row.fate, came) {
            (Fate::Flying | Fate::Missing, true) => {
                row.fate = Fate::Unknown;
                let at_us = now_us.saturating_sub((now_us as u32).wrapping_sub(row.at_us).into());
                Some(News::Came(Sent { at_us, size: row.size, probe: row.probe }))
            }
            (Fate::Flying, false) => {
                row.fate = Fate::Missing;
                Some(News::Missing)
            }
            _ => None,
        }
    }

    /// Bytes that left and were not told of yet.
    pub fn flying_bytes(&self) -> u64 {
        self.flying_bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packet(size: u16) -> Sent {
        Sent { at_us: 7, size, probe: 0 }
    }

    #[test]
    fn a_packet_is_news_once_and_again_if_it_came_after_all() {
        let mut history = History::new(true);
        let seqs = [history.sent(packet(100)), history.sent(packet(200))];
        assert_eq!(history.flying_bytes(), 300);
        assert_eq!(history.told(9, seqs[0], true), Some(News::Came(packet(100))));
        assert_eq!(history.told(9, seqs[0], true), None);
        assert_eq!(history.told(9, seqs[1], false), Some(News::Missing));
        assert_eq!(history.told(9, seqs[1], false), None);
        assert_eq!(history.told(9, seqs[1], true), Some(News::Came(packet(200))));
        assert_eq!(history.flying_bytes(), 0);
    }

    #[test]
    fn numbers_turn_over_and_what_is_forgotten_is_no_news() {
        let mut history = History::new(true);
        let seqs: Vec<u16> = (0..70_000).map(|_| history.sent(packet(1))).collect();
        assert_eq!(history.flying_bytes(), KEPT as u64);
        assert_eq!(history.told(9, seqs[70_000 - KEPT - 1], true), None);
        assert!(history.told(9, seqs[70_000 - KEPT], true).is_some());
        assert!(history.told(9, seqs[69_999], true).is_some());
        assert_eq!(history.told(9, seqs[69_999].wrapping_add(1), true), None);
    }

    #[test]
    fn a_number_that_was_never_given_is_no_news() {
        assert_eq!(History::new(true).told(9, 0, true), None);
        assert_eq!(History::new(true).told(9, 65_000, true), None);
    }
}
