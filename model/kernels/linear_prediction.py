"""Linear prediction of a channel from its own past and from channels decoded before it, in integers."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from model.kernels.jit import kernel, part
from model.kernels.wide import wide

COEFFICIENT_BITS = 12
"""A coefficient of 1 is `1 << COEFFICIENT_BITS`."""
ORDER_MAX = 32
"""Most coefficients on a channel's own past, and so the zeros that must precede every channel's first sample."""
SHORT_ORDER = 8
"""Coefficients that `from_last` takes at most."""
NEIGHBOUR_LAGS = 3
"""A neighbour is taken at the same sample and at the two before it."""
COEFFICIENT_MAX = (1 << 20) - 1
"""Largest size of a stored coefficient."""
ROUNDING = 1 << COEFFICIENT_BITS - 1


class Predictors(NamedTuple):
    """Predictors of the channels of a group, in units of 2**-`COEFFICIENT_BITS`, of one channel after another.

    Attributes
    ----------
    orders, counts : NDArray of int64, shape (channels,)
        Coefficients on each channel's own past, and its neighbours.
    own : NDArray of int32
        On the own past, the oldest sample's first.
    neighbours : NDArray of int64
        Channels decoded before.
    others : NDArray of int64, shape (neighbours, NEIGHBOUR_LAGS)
        On each neighbour's samples, the same step's first.
    """

    orders: NDArray[np.int64]
    counts: NDArray[np.int64]
    own: NDArray[np.int32]
    neighbours: NDArray[np.int64]
    others: NDArray[np.int64]


@part
def sum_neighbours(
    channels: NDArray[np.int32],
    neighbours: NDArray[np.int64],
    coefficients: NDArray[np.int64],
    start: int,
    out: NDArray[np.int64],
) -> None:
    """Do as `from_neighbours` from step `start` on."""
    out[:] = ROUNDING
    for index in range(neighbours.size):
        row = channels[neighbours[index], ORDER_MAX - 2 + start :]
        now, before, before_that = coefficients[index, 0], coefficients[index, 1], coefficients[index, 2]
        for step in range(out.size):
            out[step] += now * row[step + 2] + before * row[step + 1] + before_that * row[step]


@kernel
def from_neighbours(
    channels: NDArray[np.int32], neighbours: NDArray[np.int64], coefficients: NDArray[np.int64], out: NDArray[np.int64]
) -> None:
    """Store each sample's prediction from neighbours, not yet divided by the coefficients' unit, but to be rounded.

    Parameters
    ----------
    channels : NDArray, shape (channels, ORDER_MAX + steps)
        Samples of all channels, after `ORDER_MAX` zeros each.
    neighbours : NDArray, shape (n,)
        Which channels to use.
    coefficients : NDArray, shape (n, NEIGHBOUR_LAGS)
        Of each neighbour, the same sample's first.
    out : NDArray, shape (steps,)
        The sums.
    """
    sum_neighbours(channels, neighbours, coefficients, 0, out)


@part
def predict(row: NDArray[np.int32], at: int, coefficients: NDArray[np.int32], others: int) -> int:
    """Return the prediction of `row[at]`: `coefficients` on the samples before it, the oldest first, and `others`."""
    total = wide(others)
    first = at - coefficients.size
    for index in range(coefficients.size):
        total += wide(coefficients[index]) * wide(row[first + index])
    return total >> COEFFICIENT_BITS


@part
def predict_from_last(
    coefficients: tuple[int, ...], x1: int, x2: int, x3: int, x4: int, x5: int, x6: int, x7: int, x8: int, others: int
) -> int:
    """Return a prediction from the last samples, and from what others add."""
    c1, c2, c3, c4, c5, c6, c7, c8 = coefficients
    recent = c1 * x1 + c2 * x2 + c3 * x3 + c4 * x4
    return others + (c8 * x8 + c7 * x7 + c6 * x6 + c5 * x5) + recent >> COEFFICIENT_BITS


@part
def from_last(own: NDArray[np.int32]) -> tuple[int, int, int, int, int, int, int, int]:
    """Return the coefficients, the last sample's first, as numbers that stay in registers."""
    c = np.zeros(SHORT_ORDER, dtype=np.int64)
    for index in range(own.size):
        c[index] = own[own.size - 1 - index]
    return c[0], c[1], c[2], c[3], c[4], c[5], c[6], c[7]


@part
def measure_from_last(
    rows: NDArray[np.int32],
    channel: int,
    coefficients: tuple[int, ...],
    neighbours: NDArray[np.int64],
    others: NDArray[np.int64],
    start: int,
    sums: NDArray[np.int64],
    residuals: NDArray[np.int32],
) -> None:
    """Store the differences of samples from their predictions from a step on; `sums` is memory for as many."""
    # A slice of its own, so that no index could be below 0, and the loop becomes one of vectors.
    row = rows[channel, ORDER_MAX - SHORT_ORDER + start :]
    sum_neighbours(rows, neighbours, others, start, sums)
    for step in range(residuals.size):
        at = SHORT_ORDER + step
        residuals[step] = row[at] - predict_from_last(
            coefficients, row[at - 1], row[at - 2], row[at - 3], row[at - 4], row[at - 5], row[at - 6], row[at - 7],
            row[at - 8], sums[step],
        )  # fmt: skip
