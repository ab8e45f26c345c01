//! The ICE-lite side of one session (RFC 8445 section 2.5, RFC 7675).
