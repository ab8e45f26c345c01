//! RTCP compounds (RFC 3550 section 6, RFC 4585), read and written.
