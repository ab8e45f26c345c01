"""The relay under load: a plane in a process and on a core of its own, a native load and its receivers on another."""
