"""The slow part of a waveform: the cubic spline with evenly spaced knots that is nearest to it.

With knots at a rate of `KNOT_HZ` that is a low-pass filter without a delay, flat to 300 Hz (-0.1 dB), half at 417 Hz,
and 1 % at 560 Hz, whose output is already decimated.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model.kernels import spline
from model.kernels.spline import PIECES

KNOT_HZ = 2500 / 3
WEIGHT_BITS = 10
"""The weights of a value sum up to `1 << WEIGHT_BITS`."""
FRACTION_BITS = 4
"""Stored coefficients are in units of `2**-FRACTION_BITS` of a sample's."""
NARROW_MAX = (1 << 31 - WEIGHT_BITS) - 1
"""Coefficients of at most this size give values in 32 bits."""
SPACING_MAX = 1 << 20
STIFFNESS = 1e-4
"""Weight of the curvature, for coefficients that hardly a sample depends on."""
RIDGE = 1e-9


def spacing_at(sampling_hz: float) -> int:
    """Return the samples from knot to knot that suit a sampling rate."""
    return min(max(1, round(sampling_hz / KNOT_HZ)), SPACING_MAX)


def size_of(steps: int, spacing: int) -> int:
    """Return how many coefficients a spline through so many samples has."""
    return -(-steps // spacing) + PIECES - 1


def weights_of(spacing: int, steps: int) -> NDArray[np.int32]:
    """Return the weights of the four coefficients for each sample between two knots, shape (rows, 4).

    There are `spacing` rows, or, where a waveform ends before its second knot, as many as it has steps.
    """
    return _weights(spacing, min(spacing, steps))


@lru_cache(maxsize=8)
def _weights(spacing: int, count: int) -> NDArray[np.int32]:
    weights, cube = np.empty((count, PIECES), dtype=np.int32), 6 * spacing**3
    for at in range(count):
        first, second, last = (spacing - at) ** 3, 3 * at**3 - 6 * at**2 * spacing + 4 * spacing**3, at**3
        a, b, d = ((2 * part << WEIGHT_BITS) + cube for part in (first, second, last))
        a, b, d = a // (2 * cube), b // (2 * cube), d // (2 * cube)
        weights[at] = a, b, (1 << WEIGHT_BITS) - a - b - d, d
    return weights


def _relative_weights(spacing: int, steps: int) -> NDArray[np.float32]:
    return weights_of(spacing, steps).astype(np.float32) / np.float32(1 << WEIGHT_BITS)


@lru_cache(maxsize=8)
def _factor(steps: int, spacing: int) -> NDArray[np.float64]:
    """Return the Cholesky factor of the normal equations, in bands."""
    weights = _relative_weights(spacing, steps).astype(np.float64)
    size = size_of(steps, spacing)
    bands = np.zeros((size, PIECES))
    whole = steps // spacing
    for count, part in ((whole, weights), (size - PIECES + 1 - whole, weights[: steps % spacing])):
        first = 0 if count == whole and part is weights else whole
        products = part.T @ part
        for row in range(PIECES):
            for back in range(row + 1):
                bands[first + row : first + row + count, back] += products[row, row - back]
    curvature = np.array([1.0, -2.0, 1.0]) * np.sqrt(STIFFNESS * spacing)
    for row in range(3):
        for back in range(row + 1):
            bands[row : size - 2 + row, back] += curvature[row] * curvature[row - back]
    bands[:, 0] += RIDGE * spacing
    spline.factorise(bands)
    return bands


def fit(samples: NDArray[np.float32], spacing: int) -> NDArray[np.float32]:
    """Return the coefficients of the spline that is nearest to samples.

    Parameters
    ----------
    samples : NDArray of float32, shape (steps, channels)
        Not empty.
    spacing : int
        Samples from knot to knot.

    Returns
    -------
    NDArray of float32, shape (coefficients, channels)
        In units of the samples.
    """
    sums = np.zeros((size_of(len(samples), spacing), samples.shape[1]))
    spline.project(samples, _relative_weights(spacing, len(samples)), sums)
    spline.solve(_factor(len(samples), spacing), sums)
    return sums.astype(np.float32)


def take_off(samples: NDArray[np.float32], coefficients: NDArray[np.float32], spacing: int) -> None:
    """Replace samples by what is left of them without a spline."""
    spline.subtract(samples, _relative_weights(spacing, len(samples)), coefficients)


def knots(coefficients: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return a spline's values at its knots, shape (coefficients - 2, channels)."""
    wide = coefficients.astype(np.float64)
    at: NDArray[np.float64] = (wide[:-2] + 4 * wide[1:-1] + wide[2:]) / 6
    return at


def store_values(coefficients: NDArray[np.int64], spacing: int, out: NDArray[np.int32]) -> None:
    """Store a spline's values, shape (steps, channels), from coefficients in units of `2**-FRACTION_BITS`."""
    narrow = coefficients.size == 0 or np.abs(coefficients).max() <= NARROW_MAX
    exact: NDArray[Any] = np.ascontiguousarray(coefficients, dtype=np.int32 if narrow else np.int64)
    spline.evaluate(weights_of(spacing, len(out)), exact, WEIGHT_BITS + FRACTION_BITS, out)
