//! Holes: which are asked for again and when, and how those of viewers are mended.
