"""Symbols of a channel whose frequencies are known, and plain bits, onto the state of the range coder."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from model.kernels.jit import kernel
from model.kernels.rans_symbol import drop, put


@kernel
def put_symbols(
    state: int,
    words: NDArray[np.uint32],
    at: int,
    starts: NDArray[np.int32],
    frequencies: NDArray[np.int32],
    total_bits: int,
) -> tuple[int, int]:
    """Put all symbols, the last one first; return the state and where the next word goes."""
    for index in range(starts.size - 1, -1, -1):
        state, at = put(state, words, at, starts[index], frequencies[index], total_bits)
    return state, at


@kernel
def put_bits(state: int, words: NDArray[np.uint32], at: int, values: NDArray[np.int64], width: int) -> tuple[int, int]:
    """Put numbers of `width` bits, the last one first; return the state and where the next word goes."""
    for index in range(values.size - 1, -1, -1):
        state, at = put(state, words, at, values[index], 1, width)
    return state, at


@kernel
def take_bits(state: int, words: NDArray[np.uint32], at: int, values: NDArray[np.int64], width: int) -> tuple[int, int]:
    """Take numbers of `width` bits; return the state and where the next word is read."""
    for index in range(values.size):
        values[index] = state & (1 << width) - 1
        state, at = drop(state, words, at, values[index], 1, width)
    return state, at
