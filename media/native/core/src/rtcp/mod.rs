//! RTCP compounds (RFC 3550 section 6, RFC 3611, RFC 4585), read and written.

pub mod read;
pub mod write;

pub const SR: u8 = 200;
pub const RR: u8 = 201;
pub const SDES: u8 = 202;
pub const BYE: u8 = 203;
pub const RTPFB: u8 = 205;
pub const PSFB: u8 = 206;
pub const XR: u8 = 207;

/// A report block: `fraction` of 256 lost since the last one; `lsr` and `dlsr` in 1/65536 s.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Block {
    pub ssrc: u32,
    pub fraction: u8,
    /// 24 bits, signed.
    pub lost: i32,
    pub highest: u32,
    pub jitter: u32,
    pub lsr: u32,
    pub dlsr: u32,
}
