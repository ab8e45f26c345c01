//! RTP packets: the fixed header (RFC 3550 section 5.1) and header extensions (RFC 8285).
