"""The relay: receives media once, forwards it to everyone, and decides nothing about the event."""
