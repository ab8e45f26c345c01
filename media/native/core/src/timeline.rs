//! Publishers' timestamps as media time.
