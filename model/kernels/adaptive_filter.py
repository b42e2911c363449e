"""A long filter that learns, sample by sample, to predict what another predictor leaves, in integers.

The least-mean-squares algorithm (B. Widrow, M. E. Hoff, "Adaptive switching circuits", 1960) behind a linear predictor,
as lossless audio coders cascade them (MPEG-4 ALS's RLS-LMS mode, ISO/IEC 14496-3). It finds interference of narrow
bands, which a short predictor cannot tell from noise. Residuals come in units of about 1/256 of their standard
deviation, and clipped: no spike or artefact teaches more than its share, and no sum overflows.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from model.kernels.jit import part
from model.kernels.normal_table import VARIANCE_GUARD_BITS
from model.kernels.wide import wide

TAPS_BITS_MIN, TAPS_BITS_MAX = 4, 9
"""A filter has from 16 to 512 taps, a power of two."""
SIGMA_BITS = 8
ROOT_HALF, ROOT_TWO = 181, 362
"""`1 << SIGMA_BITS` times these roots: an odd power of two as a variance."""
PAST_MAX = (4 << SIGMA_BITS) - 1
ERROR_MAX = 2 << SIGMA_BITS
"""Residuals and errors are clipped to 4 and 2 standard deviations."""
COARSE_BITS = 10
"""Weights are numbers of 32 bits in units of 2**-30 that wrap around; predictions take them in units of 2**-10."""
GAIN_SHIFT_512 = 2


@part
def fresh(taps_bits: int, steps: int) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Return weights and residuals, `1 + taps` zeros before the first, of a filter; without taps for 0 bits."""
    taps = 1 << taps_bits if taps_bits > 0 else 0
    return np.zeros(taps, dtype=np.int32), np.zeros(1 + taps + steps if taps else 0, dtype=np.int32)


@part
def in_sigmas(residual: int, spread: int) -> int:
    """Return a residual, where its variance is `1 << spread`, in units of a standard deviation over 256."""
    octaves = max(spread - VARIANCE_GUARD_BITS, 0)
    scale = ROOT_HALF if octaves & 1 else 1 << SIGMA_BITS
    return residual * scale >> (octaves >> 1)


@part
def from_sigmas(total: int, spread: int) -> int:
    """Return the prediction that is a sum of residuals in units of `in_sigmas` times weights in 2**-`COARSE_BITS`."""
    octaves = max(spread - VARIANCE_GUARD_BITS, 0)
    scale = ROOT_TWO if octaves & 1 else 1 << SIGMA_BITS
    return (total * scale >> COARSE_BITS) << (octaves >> 1) >> 2 * SIGMA_BITS


@part
def learn_and_predict(weights: NDArray[np.int32], past: NDArray[np.int32], gain: int) -> int:
    """Move the weights by `gain` times what they were multiplied with last, and return the next sum.

    Parameters
    ----------
    weights : NDArray, shape (taps,)
        The oldest residual's first.
    past : NDArray, shape (1 + taps,)
        The residuals before the one to be predicted, the oldest first.
    gain : int
        What `gain_of` gave for the last error.
    """
    total = np.int32(0)
    step = np.int32(gain)
    for tap in range(weights.size):
        weight = np.int32(weights[tap] + step * past[tap])
        weights[tap] = weight
        total = np.int32(total + (weight >> 30 - COARSE_BITS) * past[tap + 1])
    return wide(total)  # type: ignore[arg-type]


@part
def clipped_residual(residual: int, spread: int) -> int:
    """Return what a filter keeps of a residual."""
    return min(max(in_sigmas(residual, spread), -PAST_MAX), PAST_MAX)


@part
def gain_of(error: int, spread: int, taps_bits: int) -> int:
    """Return how far an error moves the weights: a filter of twice the taps takes half the steps."""
    shift = max(0, taps_bits - TAPS_BITS_MAX + GAIN_SHIFT_512)
    return min(max(in_sigmas(error, spread), -ERROR_MAX), ERROR_MAX) >> shift
