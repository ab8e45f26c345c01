//! What a payload says of itself: keyframes, picture numbers, temporal layers.
