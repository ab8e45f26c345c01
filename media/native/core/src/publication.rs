//! What fills a source: tracks, their layers, and which SSRC belongs to which.
