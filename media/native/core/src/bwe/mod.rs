//! Send-side bandwidth estimation, one per viewer.
