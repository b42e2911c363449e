"""Samples of a channel by the difference from their prediction, under a fixed table of frequencies: the quick way.

The lowest bits of a difference are as good as random and go into the stream as they are; the rest is a symbol of a
table. Differences beyond the table are escaped.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from model.kernels.jit import kernel, part
from model.kernels.linear_prediction import COEFFICIENT_BITS, ORDER_MAX
from model.kernels.rans_symbol import drop, put
from model.kernels.wide import wide

SHORT_ORDER = 8
"""Coefficients on a channel's own past."""
TOTAL_BITS = 14
TOTAL = 1 << TOTAL_BITS
"""Sum of all frequencies."""
SYMBOLS = 256
ESCAPE = 0
"""The symbol of a difference that no other one stands for."""
MIDDLE = 128
"""The symbol of the difference 0."""
WRAP_BITS = 32
HALF_BITS = 16
HALF_MASK = (1 << HALF_BITS) - 1
ESCAPE_BIAS = 1 << 2 * HALF_BITS - 1
"""An escaped difference, and this, is stored in two halves."""


@part
def _predict(
    coefficients: tuple[int, ...], x1: int, x2: int, x3: int, x4: int, x5: int, x6: int, x7: int, x8: int, others: int
) -> int:
    c1, c2, c3, c4, c5, c6, c7, c8 = coefficients
    recent = c1 * x1 + c2 * x2 + c3 * x3 + c4 * x4
    return others + (c8 * x8 + c7 * x7 + c6 * x6 + c5 * x5) + recent >> COEFFICIENT_BITS


@part
def _from_last(coefficients: NDArray[np.int32]) -> tuple[int, int, int, int, int, int, int, int]:
    """Return the coefficients, the last sample's first, as numbers that stay in registers."""
    c = coefficients.astype(np.int64)
    return c[7], c[6], c[5], c[4], c[3], c[2], c[1], c[0]


@kernel
def measure(
    row: NDArray[np.int32], coefficients: NDArray[np.int32], others: NDArray[np.int64], residuals: NDArray[np.int32]
) -> int:
    """Store the difference of each sample of a row from its prediction; return the sum of their sizes.

    Parameters
    ----------
    row : NDArray, shape (ORDER_MAX + steps,)
        Samples behind zeros.
    coefficients : NDArray, shape (SHORT_ORDER,)
        On the samples before, the oldest first.
    others : NDArray, shape (steps,)
        What neighbours add to each prediction.
    residuals : NDArray, shape (steps,)
        The differences.
    """
    c = _from_last(coefficients)
    total = 0
    for step in range(residuals.size):
        at = ORDER_MAX + step
        prediction = _predict(
            c, row[at - 1], row[at - 2], row[at - 3], row[at - 4], row[at - 5], row[at - 6], row[at - 7], row[at - 8],
            others[step],
        )  # fmt: skip
        residual = row[at] - prediction
        residuals[step] = residual
        total += abs(residual)
    return total


@kernel
def count(residuals: NDArray[np.int32], low_bits: int, symbols: NDArray[np.uint8], counts: NDArray[np.int64]) -> None:
    """Store the symbol of each difference, and add to `counts` how often each occurs."""
    for step in range(residuals.size):
        symbol = (wide(residuals[step]) >> low_bits) + MIDDLE
        symbol = symbol if ESCAPE < symbol < SYMBOLS else ESCAPE
        symbols[step] = symbol
        counts[symbol] += 1


@kernel
def put_residuals(
    state: int,
    words: NDArray[np.uint32],
    at: int,
    residuals: NDArray[np.int32],
    symbols: NDArray[np.uint8],
    low_bits: int,
    starts: NDArray[np.int64],
    frequencies: NDArray[np.int64],
) -> tuple[int, int]:
    """Put all differences, the last one first; return the state and where the next word goes."""
    for step in range(residuals.size - 1, -1, -1):
        symbol = symbols[step]
        residual = wide(residuals[step])
        if symbol == ESCAPE:
            escaped = residual + ESCAPE_BIAS
            state, at = put(state, words, at, escaped & HALF_MASK, 1, HALF_BITS)
            state, at = put(state, words, at, escaped >> HALF_BITS, 1, HALF_BITS)
        elif low_bits:
            state, at = put(state, words, at, residual & (1 << low_bits) - 1, 1, low_bits)
        state, at = put(state, words, at, starts[symbol], frequencies[symbol], TOTAL_BITS)
    return state, at


@kernel
def decode(
    state: int,
    words: NDArray[np.uint32],
    at: int,
    row: NDArray[np.int32],
    coefficients: NDArray[np.int32],
    others: NDArray[np.int64],
    low_bits: int,
    starts: NDArray[np.int64],
    frequencies: NDArray[np.int64],
    symbols: NDArray[np.uint8],
) -> tuple[int, int]:
    """Take a channel's samples off the state, to be stored in `row`; return it, and where the next word is read.

    `symbols` says which symbol each remainder of the state stands for, shape (TOTAL,).
    """
    c = _from_last(coefficients)
    # The last samples stay in registers: what was just stored is slow to load.
    x1 = x2 = x3 = x4 = x5 = x6 = x7 = x8 = wide(0)
    for step in range(others.size):
        symbol = symbols[state & TOTAL - 1]
        state, at = drop(state, words, at, starts[symbol], frequencies[symbol], TOTAL_BITS)
        if symbol == ESCAPE:
            high = state & HALF_MASK
            state, at = drop(state, words, at, high, 1, HALF_BITS)
            low = state & HALF_MASK
            state, at = drop(state, words, at, low, 1, HALF_BITS)
            residual = (high << HALF_BITS | low) - ESCAPE_BIAS
        else:
            low = state & (1 << low_bits) - 1
            residual = (wide(symbol) - MIDDLE << low_bits) + low
            if low_bits:
                state, at = drop(state, words, at, low, 1, low_bits)
        sample = residual + _predict(c, x1, x2, x3, x4, x5, x6, x7, x8, others[step])
        # The encoder's difference is one of 32 bits: a prediction beyond those wraps, and wraps back here.
        sample = sample << WRAP_BITS >> WRAP_BITS
        row[ORDER_MAX + step] = sample
        x1, x2, x3, x4, x5, x6, x7, x8 = sample, x1, x2, x3, x4, x5, x6, x7
    return state, at
