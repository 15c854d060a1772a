"""A stand-in for the venue where a trap is in what it answers."""

from unit.venues.polymarket.conftest import desk

__all__ = ["desk"]
