//! Sessions by validated tuple and by ufrag, their keys and their counts.
