"""Frequencies of a table's symbols, in the few bits of their rounded logarithms."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from model.kernels.jit import kernel

TOTAL_BITS = 14
TOTAL = 1 << TOTAL_BITS
"""Sum of all frequencies."""
SYMBOLS = 256
LEVELS_AN_OCTAVE = 4
LEVEL_MAX = 30 * LEVELS_AN_OCTAVE
ABSENT = -1
"""The level of a symbol that does not occur."""
WEIGHTS = np.array([round(256 * 2 ** (level / LEVELS_AN_OCTAVE)) for level in range(LEVEL_MAX + 1)])


@kernel
def store_levels(counts: NDArray[np.int64], levels: NDArray[np.int64]) -> None:
    """Store the level of each symbol: its count's logarithm, or `ABSENT`."""
    for symbol in range(counts.size):
        count = counts[symbol]
        levels[symbol] = np.rint(LEVELS_AN_OCTAVE * np.log2(count)) if count else ABSENT


@kernel
def store_frequencies(levels: NDArray[np.int64], frequencies: NDArray[np.int64]) -> bool:
    """Store the frequencies that sum up to `TOTAL`, at least 1 for each symbol that occurs.

    Return whether there are any: not if levels are out of range, or no symbol occurs.
    """
    total, heaviest = 0, 0
    for symbol in range(levels.size):
        level = levels[symbol]
        if not ABSENT <= level <= LEVEL_MAX:
            return False
        if level != ABSENT:
            total += WEIGHTS[level]
            if levels[heaviest] < level:
                heaviest = symbol
    if total == 0:
        return False
    left = TOTAL
    for symbol in range(levels.size):
        frequencies[symbol] = 0
        if levels[symbol] != ABSENT:
            frequencies[symbol] = WEIGHTS[levels[symbol]] * (TOTAL - SYMBOLS) // total + 1
            left -= frequencies[symbol]
    frequencies[heaviest] += left
    return True
