"""Impaired links on one machine: a seeded link emulator, and peers that tell what came through it."""
