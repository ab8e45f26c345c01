//! Sockets, batches and the thread of a shard.
//!
//! Linux alone: recvmmsg, sendmmsg, UDP_SEGMENT, epoll, eventfd. All `unsafe` of the plane lives
//! here, each with its reason; what packets mean is twinhall-core's business.
#![cfg(target_os = "linux")]
#![deny(clippy::undocumented_unsafe_blocks)]

mod inbox;
mod mailbox;
mod poll;
mod runs;
mod sender;
mod sieve;
mod sockets;
mod stream;
mod streams;
mod thread;
mod work;

pub use mailbox::Full;
pub use thread::Running;
