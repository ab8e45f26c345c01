"""What happened at a conference, and what follows from it. Pure: no clock, no random, no I/O."""
