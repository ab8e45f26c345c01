//! Ciphers of SRTP behind one trait.
