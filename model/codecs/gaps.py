"""The gaps of a chunk: the bins between one spike and the next."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from model.codecs.spikes import read_only
from model.kernels.gap_token import TOKENS, count_tokens
from model.kernels.spike_scan import find_gaps

ROOM_MIN, ROOM_MAX = 1 << 12, 1 << 20
"""Least and most room for the gaps that are held at a time; in between, room for as many as an eighth of the bins."""


class Gaps:
    """The gaps of a chunk, in pieces, so that they take less memory than the chunk at any density.

    Parameters
    ----------
    bins : NDArray of uint8, 1-D, contiguous
        Zeros and ones, in the order in which to count.

    Attributes
    ----------
    bins : NDArray of uint8
        The same.
    silent : bool
        Whether the gaps are those between zeros, which are the fewer, and not between ones.
    events : int
        Number of gaps.
    counts : NDArray of int64
        Number of gaps of each token, up to the last token that occurs.
    """

    def __init__(self, bins: NDArray[np.uint8]) -> None:
        self.bins = read_only(bins)
        self.silent = False
        self._room = np.empty(min(max(ROOM_MIN, bins.size // 8), ROOM_MAX), dtype=np.int32)
        at, last = self._scan(0, -1)
        dense = at < bins.size or 16 * self._piece.size > bins.size
        if dense and 2 * np.count_nonzero(bins.view(np.bool_)) > bins.size:
            self.silent = True
            at, last = self._scan(0, -1)
        self._starts = [(0, -1)]
        counts = np.zeros(TOKENS, dtype=np.int64)
        count_tokens(self._piece, counts)
        while at < bins.size:
            self._starts.append((at, last))
            at, last = self._scan(at, last)
            count_tokens(self._piece, counts)
        self.counts = np.trim_zeros(counts, "b")
        self.events = int(counts.sum())

    def _scan(self, at: int, last: int) -> tuple[int, int]:
        """Take the piece that starts at bin `at`, after the event `last`; return the same of the next piece."""
        found, at, last = find_gaps(self.bins, at, last, self.silent, self._room)
        self._piece = self._room[:found]
        return at, last

    def forward(self) -> Iterator[NDArray[np.int32]]:
        """Yield the gaps in arrays that are used again."""
        return self._pieces(self._starts)

    def backward(self) -> Iterator[NDArray[np.int32]]:
        """Yield the same arrays, the last one first."""
        return self._pieces(self._starts[::-1])

    def _pieces(self, starts: list[tuple[int, int]]) -> Iterator[NDArray[np.int32]]:
        for at, last in starts:
            if len(self._starts) > 1:
                self._scan(at, last)
            yield self._piece
