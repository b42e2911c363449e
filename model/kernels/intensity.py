"""Firing intensities: from a logarithm to an intensity, and on to the probability of a spike."""

from __future__ import annotations

import numpy as np

from model.golden import intensity
from model.golden.intensity import FRACTION_BITS, LARGEST_LENGTH, LOG_BITS, LOG_MAX, LOG_MIN, MANTISSA_BITS
from model.golden.range_coder import PROBABILITY_MAX
from model.kernels.bit_length import bit_length
from model.kernels.jit import part

POWERS = np.array(intensity.POWERS)
PROBABILITIES = np.array(intensity.PROBABILITIES)


@part
def intensity_of(log: int) -> int:
    """Return 2**log, the expected spikes of a bin."""
    log = min(max(log, LOG_MIN), LOG_MAX)
    return POWERS[log >> LOG_BITS - FRACTION_BITS & (1 << FRACTION_BITS) - 1] >> 4 - (log >> LOG_BITS)  # type: ignore[no-any-return]


@part
def probability_of(intensity: int) -> int:
    """Return 1 - exp(-intensity), the probability of a spike, or of any where intensities of several bins are added."""
    if intensity < 1 << MANTISSA_BITS + 1:
        return intensity
    shift = bit_length(intensity) - MANTISSA_BITS - 1
    if shift >= LARGEST_LENGTH - MANTISSA_BITS - 1:
        return PROBABILITY_MAX
    row = (shift << MANTISSA_BITS) + (intensity >> shift) - (1 << MANTISSA_BITS)
    below = PROBABILITIES[row]
    return below + ((PROBABILITIES[row + 1] - below) * (intensity & (1 << shift) - 1) >> shift)  # type: ignore[no-any-return]
