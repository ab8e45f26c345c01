"""What several web processes share through one Redis. Every key begins with `twinhall:`."""
