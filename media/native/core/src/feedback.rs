//! What goes out by the clock: repair and picture requests, reports, bandwidth feedback.
