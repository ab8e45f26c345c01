//! STUN binding checks of an ICE-lite agent (RFC 8489, RFC 8445).
