"""Sizes of quantisers' steps as small numbers: eight an octave, in integers."""

from __future__ import annotations

OCTAVE_BITS = 3
OCTAVE = 1 << OCTAVE_BITS
LEVEL_MAX = 28 * OCTAVE
"""Level of the largest step, 2**28."""


def step_size(level: int) -> int:
    """Return the step of a level, 0..`LEVEL_MAX`: 1 at least."""
    return (OCTAVE + level % OCTAVE << level // OCTAVE) >> OCTAVE_BITS


def level_below(size: float) -> int:
    """Return the highest level whose step is at most `size`, or 0."""
    level = 0
    while level < LEVEL_MAX and step_size(level + 1) <= size:
        level += 1
    return level
