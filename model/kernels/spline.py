"""Cubic splines with evenly spaced knots through many channels at once: the least-squares fit, and their values.

Arrays are of shape (steps, channels), so that the inner loops run over channels and sums do not depend on the machine.
Source: M. Unser, "Splines: a perfect fit for signal and image processing" (IEEE Signal Processing Magazine, 1999).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from model.kernels.jit import kernel

PIECES = 4
"""So many coefficients make up each value."""


@kernel
def project(samples: NDArray[np.float32], weights: NDArray[np.float32], sums: NDArray[np.float64]) -> None:
    """Add to each coefficient's sum the samples, weighted by what the coefficient adds to their values.

    Parameters
    ----------
    samples : NDArray, shape (steps, channels)
        What is to be fitted.
    weights : NDArray, shape (spacing, PIECES)
        Of a knot's coefficient and of the three behind it, for each sample between two knots.
    sums : NDArray, shape (coefficients, channels)
        The right side of the normal equations.
    """
    steps, channels = samples.shape
    spacing = len(weights)
    total = np.empty((PIECES, channels), dtype=np.float32)
    for start in range(0, steps, spacing):
        total[:] = 0
        for step in range(start, min(start + spacing, steps)):
            weight = weights[step - start]
            a, b, c, d = weight[0], weight[1], weight[2], weight[3]
            for channel in range(channels):
                sample = samples[step, channel]
                total[0, channel] += a * sample
                total[1, channel] += b * sample
                total[2, channel] += c * sample
                total[3, channel] += d * sample
        knot = start // spacing
        for piece in range(PIECES):
            for channel in range(channels):
                sums[knot + piece, channel] += total[piece, channel]


@kernel
def factorise(bands: NDArray[np.float64]) -> None:
    """Replace a symmetric matrix by its Cholesky factor; `bands[i, k]` is the element of row i and column i - k."""
    size, width = bands.shape
    for row in range(size):
        for back in range(min(width - 1, row), -1, -1):
            column = row - back
            total = bands[row, back]
            for before in range(back + 1, min(width, row + 1)):
                if before - back < width:
                    total -= bands[row, before] * bands[column, before - back]
            bands[row, back] = total / bands[column, 0] if back else np.sqrt(total)


@kernel
def solve(factor: NDArray[np.float64], sums: NDArray[np.float64]) -> None:
    """Replace right sides, shape (coefficients, channels), by the solutions of what `factorise` factorised."""
    size, width = factor.shape
    channels = sums.shape[1]
    for row in range(size):
        for back in range(1, min(width - 1, row) + 1):
            for channel in range(channels):
                sums[row, channel] -= factor[row, back] * sums[row - back, channel]
        for channel in range(channels):
            sums[row, channel] /= factor[row, 0]
    for row in range(size - 1, -1, -1):
        for ahead in range(1, min(width - 1, size - 1 - row) + 1):
            for channel in range(channels):
                sums[row, channel] -= factor[row + ahead, ahead] * sums[row + ahead, channel]
        for channel in range(channels):
            sums[row, channel] /= factor[row, 0]


@kernel
def subtract(samples: NDArray[np.float32], weights: NDArray[np.float32], coefficients: NDArray[np.float32]) -> None:
    """Take the spline off samples, shape (steps, channels)."""
    steps, channels = samples.shape
    spacing = len(weights)
    values = np.empty(channels, dtype=np.float32)
    for step in range(steps):
        weight, knot = weights[step % spacing], step // spacing
        a, b, c, d = weight[0], weight[1], weight[2], weight[3]
        for channel in range(channels):
            values[channel] = (a * coefficients[knot, channel] + b * coefficients[knot + 1, channel]) + (
                c * coefficients[knot + 2, channel] + d * coefficients[knot + 3, channel]
            )
        # A loop of its own: one over three arrays is not vectorised.
        for channel in range(channels):
            samples[step, channel] -= values[channel]


@kernel
def evaluate(weights: NDArray[np.int32], coefficients: NDArray[np.int32], shift: int, out: NDArray[np.int32]) -> None:
    """Store the spline's values, shape (steps, channels), in integers that are exact on every machine.

    `coefficients` of a wider type are computed in that; `shift` takes off the units of weights and coefficients,
    rounding to the nearest integer, halves up.
    """
    steps, channels = out.shape
    spacing = len(weights)
    half = coefficients.dtype.type(1 << shift - 1)
    for step in range(steps):
        weight, knot = weights[step % spacing], step // spacing
        a, b, c, d = weight[0], weight[1], weight[2], weight[3]
        for channel in range(channels):
            total = (a * coefficients[knot, channel] + b * coefficients[knot + 1, channel]) + (
                c * coefficients[knot + 2, channel] + d * coefficients[knot + 3, channel]
            )
            out[step, channel] = total + half >> shift
