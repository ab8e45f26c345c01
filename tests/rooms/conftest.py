"""A busy machine makes no test fail: examples have no deadline."""

from hypothesis import settings

settings.register_profile("rooms", deadline=None)
settings.load_profile("rooms")
