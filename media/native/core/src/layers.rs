//! One incoming RTP stream: an encoding of a track, its reception and its figures.
