"""Frequencies of a table's symbols, in the few bits of their rounded logarithms."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from model.errors import CodecError
from model.kernels.residual_table import SYMBOLS, TOTAL

LEVELS_AN_OCTAVE = 4
LEVEL_MAX = 30 * LEVELS_AN_OCTAVE
ABSENT = -1
"""The level of a symbol that does not occur."""
WEIGHTS = np.array([round(256 * 2 ** (level / LEVELS_AN_OCTAVE)) for level in range(LEVEL_MAX + 1)])


def levels_of(counts: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the level of each symbol: its count's logarithm, or `ABSENT`."""
    levels = np.full(counts.size, ABSENT, dtype=np.int64)
    present = counts > 0
    levels[present] = np.rint(LEVELS_AN_OCTAVE * np.log2(counts[present]))
    return levels


def frequencies_of(levels: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the frequencies that sum up to `TOTAL`, at least 1 for each symbol that occurs.

    Raises
    ------
    CodecError
        Levels are out of range, or no symbol occurs.
    """
    if levels.size != SYMBOLS or levels.min() < ABSENT or not ABSENT < levels.max() <= LEVEL_MAX:
        raise CodecError("waveform payload has a table of frequencies that is none")
    weights = np.where(levels == ABSENT, 0, WEIGHTS[levels])
    frequencies: NDArray[np.int64] = weights * (TOTAL - SYMBOLS) // int(weights.sum()) + (levels != ABSENT)
    frequencies[int(weights.argmax())] += TOTAL - int(frequencies.sum())
    return frequencies
