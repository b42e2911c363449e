"""Codes of many bits: the lowest are stored as they are, and a split code is what remains."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from model.kernels.bit_length import bit_length
from model.kernels.jit import kernel, part
from model.kernels.wide import wide

CODE_BITS = 20
"""Most bits that split codes differ in."""


class Split(NamedTuple):
    """The lowest bits of the codes of a group.

    Attributes
    ----------
    bits : NDArray of int64, shape (channels,)
        How many.
    low : NDArray of int32, shape (channels, steps) or (channels, 0)
        The bits; of no step where no channel has any.
    """

    bits: NDArray[np.int64]
    low: NDArray[np.int32]


@kernel
def split_bits(first: int, last: int) -> int:
    """Return how many lowest bits of codes from `first` to `last` are stored as they are."""
    return max(bit_length(max(last - first, 0)) - CODE_BITS, 0)


@part
def split_of(grids: NDArray[np.int64], steps: int) -> Split:
    """Return how the codes of grids, a row of a first and a last one each, are split, with memory for lowest bits."""
    bits, most = np.empty(len(grids), dtype=np.int64), wide(0)
    for channel in range(bits.size):
        bits[channel] = split_bits(grids[channel, 0], grids[channel, 1])
        most = max(most, bits[channel])
    return Split(bits, np.empty((bits.size, steps if most else 0), dtype=np.int32))
