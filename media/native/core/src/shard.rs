//! One shard: everything that one thread owns, without its sockets.
