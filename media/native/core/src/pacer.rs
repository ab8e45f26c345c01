//! When packets leave: a keyframe's burst is spread, sound never waits.
