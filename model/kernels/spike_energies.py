"""What is left of spikes, and how much of it is error."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from model.kernels.jit import kernel

LANES = 8
"""Sums that do not wait for each other."""


@kernel
def extent(errors: NDArray[np.floating]) -> tuple[float, float]:
    """Return the largest size of errors, shape (n,), and the sum of their squares."""
    largest, sums = np.zeros(LANES, dtype=errors.dtype), np.zeros(LANES)
    whole = errors.size // LANES * LANES
    for start in range(0, whole, LANES):
        for lane in range(LANES):
            error = errors[start + lane]
            largest[lane] = max(largest[lane], abs(error))
            sums[lane] += float(error) * float(error)
    for index in range(whole, errors.size):
        largest[0] = max(largest[0], abs(errors[index]))
        sums[0] += float(errors[index]) * float(errors[index])
    return float(largest.max()), sums.sum()


@kernel
def energies(
    steps: NDArray[np.int64],
    channels: NDArray[np.int64],
    before: int,
    length: int,
    samples: NDArray[np.float32],
    errors: NDArray[np.float32],
) -> tuple[float, float]:
    """Return the energies of samples and of errors from `before` samples before each spike on, for `length` samples.

    The spikes of a channel are in order; what two of them share counts once.
    """
    end_of_last = np.zeros(samples.shape[1], dtype=np.int64)
    energy, error_energy = 0.0, 0.0
    for spike in range(steps.size):
        channel, start = channels[spike], steps[spike] - before
        end = min(start + length, len(samples))
        for step in range(max(start, end_of_last[channel]), end):
            energy += float(samples[step, channel]) ** 2
            error_energy += float(errors[step, channel]) ** 2
        end_of_last[channel] = end
    return energy, error_energy
