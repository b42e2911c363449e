"""Closed-loop prediction of slow signals on many channels: what is predicted from is what the decoder has.

Arrays of values are of shape (steps, channels). A channel is predicted from its own past and from up to `NEIGHBOURS`
channels before it; all channels with as many neighbours share their coefficients.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from model.kernels.jit import kernel, part
from model.kernels.linear_prediction import COEFFICIENT_BITS, ROUNDING

OWN_LAGS = 6
NEIGHBOURS = 2
LAGS = 3
"""A neighbour is taken at the same step and at the two before it."""
SIZE = NEIGHBOURS * LAGS + OWN_LAGS
"""Coefficients: of each neighbour, the same step's first, then of the channel itself, the step before first."""
VALUE_MAX = 1 << 33
"""Largest size of a value."""


@part
def _predict(
    values: NDArray[np.int64],
    step: int,
    channel: int,
    neighbours: NDArray[np.int64],
    coefficients: NDArray[np.int64],
) -> int:
    total = ROUNDING
    count = 0
    for index in range(NEIGHBOURS):
        other = neighbours[channel, index]
        if other >= 0:
            count += 1
    weights = coefficients[count]
    for index in range(count):
        other = neighbours[channel, index]
        for lag in range(min(LAGS, step + 1)):
            total += weights[index * LAGS + lag] * values[step - lag, other]
    for lag in range(min(OWN_LAGS, step)):
        total += weights[NEIGHBOURS * LAGS + lag] * values[step - 1 - lag, channel]
    return total >> COEFFICIENT_BITS


@kernel
def encode(
    target: NDArray[np.int64],
    step_sizes: NDArray[np.int64],
    neighbours: NDArray[np.int64],
    coefficients: NDArray[np.int64],
    values: NDArray[np.int64],
    codes: NDArray[np.int32],
) -> None:
    """Store codes, shape (channels, steps), and the values that they are decoded to, the nearest ones to a target.

    Parameters
    ----------
    target : NDArray
        What is to be coded.
    step_sizes : NDArray, shape (channels,)
        Of each channel's quantiser.
    neighbours : NDArray, shape (channels, NEIGHBOURS)
        Channels before each, -1 where there are no more.
    coefficients : NDArray, shape (NEIGHBOURS + 1, SIZE)
        For channels with no, one and two neighbours.
    values : NDArray
        What `codes` are decoded to.
    codes : NDArray
        What remains of each value, in steps.
    """
    for step in range(target.shape[0]):
        for channel in range(target.shape[1]):
            predicted = _predict(values, step, channel, neighbours, coefficients)
            size = step_sizes[channel]
            code = (target[step, channel] - predicted + (size >> 1)) // size
            codes[channel, step] = code
            values[step, channel] = predicted + code * size


@kernel
def decode(
    codes: NDArray[np.int32],
    step_sizes: NDArray[np.int64],
    neighbours: NDArray[np.int64],
    coefficients: NDArray[np.int64],
    values: NDArray[np.int64],
) -> bool:
    """Store the values of codes; return whether none of them is larger than there may be."""
    for step in range(values.shape[0]):
        for channel in range(values.shape[1]):
            value = _predict(values, step, channel, neighbours, coefficients)
            value += np.int64(codes[channel, step]) * step_sizes[channel]
            if abs(value) > VALUE_MAX:
                return False
            values[step, channel] = value
    return True
