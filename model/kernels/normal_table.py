"""Tables of the normal distribution, in integers alone, so that they are the same on every machine."""

from __future__ import annotations

from functools import cache
from math import isqrt

import numpy as np
from numpy.typing import NDArray

PROBABILITY_BITS = 28
"""A probability of 1 is `1 << PROBABILITY_BITS`."""
SIGMAS = 8
"""The distribution function is 0 this far below the mean, and 1 this far above it."""
STEPS_A_SIGMA_BITS = 6
BETWEEN_BITS = 10
"""Between two entries, `1 << BETWEEN_BITS` steps are interpolated."""
UNIT_BITS = STEPS_A_SIGMA_BITS + BETWEEN_BITS
"""A standard deviation is `1 << UNIT_BITS` units of the table's argument."""
INVERSE_BITS = 14
"""An entry of the table of inverses is so many bits finer than a unit."""
OCTAVE_BITS = 4
"""Each doubling of a variance is divided into `1 << OCTAVE_BITS` levels."""
VARIANCE_GUARD_BITS = 8
"""A variance is that of numbers in the unit of the waveform, times `1 << VARIANCE_GUARD_BITS`."""
LEVELS = 60 << OCTAVE_BITS
_PRECISION = 192
"""Bits of the fixed-point numbers that the tables are computed with."""


@cache
def distribution_table() -> NDArray[np.int64]:
    """Return the distribution function from -`SIGMAS` to +`SIGMAS`, in steps of 1/64 standard deviation.

    Each value is the Taylor series of the error function in fixed point, cut to `PROBABILITY_BITS`.
    """
    per_sigma = 1 << STEPS_A_SIGMA_BITS
    above = [_half_integral(step, per_sigma) for step in range(SIGMAS * per_sigma + 1)]
    half, scale = 1 << PROBABILITY_BITS - 1, above[-1]
    upper = [half * value // scale for value in above]
    return np.array([half - value for value in reversed(upper[1:])] + [half + value for value in upper], dtype=np.int64)


def _half_integral(numerator: int, denominator: int) -> int:
    """Return the integral of exp(-z^2 / 2) from 0 to `numerator / denominator`, in fixed point."""
    power = (numerator << _PRECISION) // denominator
    total, order = 0, 0
    while power:
        total += power // (2 * order + 1)
        order += 1
        power = -power * numerator * numerator // (denominator * denominator * 2 * order)
        if power == -1:
            break
    return total


@cache
def inverse_table() -> NDArray[np.int64]:
    """Return, for each level of a variance, the units of the table a waveform's unit is, times 2**`INVERSE_BITS`."""
    levels = 1 << OCTAVE_BITS
    variances = [((levels + level % levels) * 2 + 1 << level // levels) for level in range(LEVELS)]
    # A variance at level L is (16 + L % 16 + 1/2) * 2**(L // 16 - 4); its unit has `VARIANCE_GUARD_BITS` below it.
    doubled_bits = 2 * (UNIT_BITS + INVERSE_BITS) + VARIANCE_GUARD_BITS + OCTAVE_BITS + 1
    return np.array([isqrt((1 << doubled_bits) // variance) for variance in variances], dtype=np.int64)
