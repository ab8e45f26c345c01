//! SRTP and SRTCP of one session (RFC 3711, RFC 7714).
