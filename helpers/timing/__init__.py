"""Honest A/B timing: right first, compile time apart, rounds interleaved, one thread, ratios."""

from helpers.timing.race import compare_speed
from helpers.timing.table import Table

__all__ = ["Table", "compare_speed"]
