"""The web process: the I/O edge of a node."""
