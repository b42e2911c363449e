"""A predictor from each channel's exponential moving average, in whole numbers that are the same on every machine."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from model.kernels.jit import kernel, part

RATE_BITS = 32
ONE = 1 << RATE_BITS
"""The rate of a channel that fires in every step."""
ALPHA_BITS = 16
"""Adaptation rates are multiples of `2**-ALPHA_BITS`, and so are thresholds."""
THRESHOLD_SHIFT = RATE_BITS - ALPHA_BITS


@part
def _learn(rates: NDArray[np.int64], channel: int, spike: int, alpha: int) -> None:
    rates[channel] += alpha * (spike * ONE - rates[channel]) >> ALPHA_BITS


@kernel
def find_errors(
    raster: NDArray[np.int8], alpha: int, threshold: int, rates: NDArray[np.int64], errors: NDArray[np.int8]
) -> None:
    """Store the bins where a spike is not what a rate above the threshold expects; `rates` start at 0."""
    for step in range(raster.shape[0]):
        for channel in range(raster.shape[1]):
            spike = raster[step, channel]
            errors[step, channel] = spike ^ int(rates[channel] > threshold << THRESHOLD_SHIFT)
            _learn(rates, channel, spike, alpha)


@kernel
def correct(raster: NDArray[np.int8], alpha: int, threshold: int, rates: NDArray[np.int64]) -> None:
    """Turn the errors in `raster` back into the spikes that `find_errors` was given."""
    for step in range(raster.shape[0]):
        for channel in range(raster.shape[1]):
            spike = raster[step, channel] ^ int(rates[channel] > threshold << THRESHOLD_SHIFT)
            raster[step, channel] = spike
            _learn(rates, channel, spike, alpha)
