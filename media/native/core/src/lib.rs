//! The native plane, sans-IO: datagrams and commands in, datagrams and events out.
//!
//! Nothing here opens a socket, starts a thread, reads a clock or takes a lock. Time comes in as
//! [`model::Now`], randomness as a seed. In steady state no packet allocates: whatever holds
//! packets was sized when its session or publication was added. Outside bytes never index a slice
//! unchecked.
#![forbid(unsafe_code)]

pub mod bwe;
pub mod choice;
pub mod codecs;
pub mod feedback;
pub mod frames;
pub mod fresh;
pub mod ice;
pub mod intake;
pub mod layers;
pub mod links;
pub mod media;
pub mod model;
pub mod outbox;
pub mod pacer;
pub mod peers;
pub mod publication;
pub mod reception;
pub mod repair;
pub mod ring;
pub mod routing;
pub mod rtcp;
pub mod rtp;
pub mod seal;
pub mod segments;
pub mod sessions;
pub mod shard;
pub mod slab;
pub mod slots;
pub mod sources;
pub mod srtp;
pub mod stage;
pub mod stun;
pub mod timeline;
pub mod watch;
