"""GapCounter: the gaps of a row, eight bins at a time where it is silent."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from model.kernels.jit import part

WORD = 8
"""Bins that are looked at together; rows are padded to whole words with zeros."""


@part
def start_epoch() -> int:
    """Return the gap before an epoch's first bin."""
    return 0


@part
def find_gaps(
    row: NDArray[np.int8], words: NDArray[np.int64], channels: int, gap: int, gaps: NDArray[np.int64]
) -> tuple[int, int]:
    """Store the gap before each error of a row.

    Parameters
    ----------
    row, words : NDArray
        The same padded row, by bins and by words.
    channels : int
        Bins of the row without the padding.
    gap : int
        Error-free bins before this row.
    gaps : NDArray
        Room for one gap more than the row has bins.

    Returns
    -------
    found : int
        Errors of the row.
    gap : int
        Error-free bins after its last error.
    """
    found = 0
    for word in range(words.size):
        if words[word] == 0:
            gap += WORD
            continue
        for bin in range(word * WORD, word * WORD + WORD):
            # Stored in any case and kept only if an error follows: no branch to mispredict.
            gaps[found] = gap
            found += row[bin]
            gap = (gap + 1) * (1 - row[bin])
    return found, gap - (words.size * WORD - channels)
