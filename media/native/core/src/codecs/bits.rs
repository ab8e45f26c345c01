//! Bits of codec headers, most significant first, with Exp-Golomb numbers (H.264 section 9.1).

/// A cursor over bytes; reading past the end gives `None`.
pub struct Bits<'a> {
    bytes: &'a [u8],
    at: usize,
    /// Skip H.264's emulation prevention bytes (section 7.4.1).
    escaped: bool,
    zeros: u8,
}

impl<'a> Bits<'a> {
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0, escaped: false, zeros: 0 }
    }

    /// Over the bytes of an H.264 NAL unit: the 3 in `0 0 3` doesn't count.
    pub fn escaped(bytes: &'a [u8]) -> Self {
        Self { escaped: true, ..Self::new(bytes) }
    }

    fn bit(&mut self) -> Option<u32> {
        if self.at.is_multiple_of(8) {
            self.enter()?;
        }
        let byte = *self.bytes.get(self.at / 8)?;
        let bit = byte >> (7 - self.at % 8) & 1;
        self.at += 1;
        Some(bit.into())
    }

    /// At the front of a byte: step over it where it is an escape.
    fn enter(&mut self) -> Option<()> {
        if self.escaped && self.zeros >= 2 && *self.bytes.get(self.at / 8)? == 3 {
            self.at += 8;
            self.zeros = 0;
        }
        let zero = *self.bytes.get(self.at / 8)? == 0;
        self.zeros = if zero { self.zeros.saturating_add(1) } else { 0 };
        Some(())
    }

    /// `count` bits, at most 32.
    pub fn take(&mut self, count: u32) -> Option<u32> {
        (0..count).try_fold(0u32, |value, _| Some(value << 1 | self.bit()?))
    }

    pub fn flag(&mut self) -> Option<bool> {
        Some(self.bit()? != 0)
    }

    /// ue(v), below 2^31.
    pub fn unsigned(&mut self) -> Option<u32> {
        let mut zeros = 0;
        while !self.flag()? {
            zeros += 1;
            if zeros > 30 {
                return None;
            }
        }
        Some((1 << zeros) - 1 + self.take(zeros)?)
    }

    /// se(v)
    pub fn signed(&mut self) -> Option<i32> {
        let code = self.unsigned()? as i32;
        Some(if code & 1 != 0 { code / 2 + 1 } else { -(code / 2) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exp_golomb_numbers_are_read() {
        let mut bits = Bits::new(&[0xA6, 0x42, 0x80]);
        assert_eq!((bits.unsigned(), bits.unsigned(), bits.unsigned()), (Some(0), Some(1), Some(2)));
        assert_eq!(bits.unsigned(), Some(3));
        assert_eq!(bits.signed(), Some(-2));
        assert_eq!(Bits::new(&[0; 9]).unsigned(), None);
        assert_eq!(Bits::new(&[]).take(1), None);
    }

    #[test]
    fn an_escape_is_stepped_over() {
        assert_eq!(Bits::escaped(&[0, 0, 3, 1]).take(24), Some(1));
        assert_eq!(Bits::new(&[0, 0, 3, 1]).take(24), Some(3));
        assert_eq!(Bits::escaped(&[0, 0, 3]).take(24), None);
    }
}
