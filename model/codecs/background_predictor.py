"""Which predictor the background of a group gets: by least squares over all channels, each counting alike."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from model.kernels import least_squares
from model.kernels.closed_loop import LAGS, NEIGHBOURS, OWN_LAGS, SIZE
from model.kernels.linear_prediction import COEFFICIENT_BITS, COEFFICIENT_MAX

UNITS = 64
"""Units of fitted values in what they usually change by."""
LARGEST = 64 * UNITS
"""Larger ones count as this, so that an artefact has little say."""
CANDIDATES = 4
"""Neighbours are chosen from so many channels before."""
CORRELATION_MIN = 0.3
"""A channel whose changes correlate less is no neighbour."""


def find_neighbours(values: NDArray[np.float64], usual: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return for each channel up to `NEIGHBOURS` before it that change alike, the best first, and -1 for none.

    Parameters
    ----------
    values : NDArray of float64, shape (steps, channels)
        What is to be predicted.
    usual : NDArray of float64, shape (channels,)
        What it usually changes by; 0 for a channel that hardly does.
    """
    channels = values.shape[1]
    neighbours = np.full((channels, NEIGHBOURS), -1, dtype=np.int64)
    changes = np.diff(values, axis=0) / np.where(usual > 0, usual, np.inf)
    rows = np.ascontiguousarray((changes.T * UNITS).clip(-LARGEST, LARGEST).astype(np.int32))
    likeness = np.zeros((channels, channels))
    least_squares.correlate(rows, likeness)
    for channel in range(1, channels):
        first = max(0, channel - CANDIDATES)
        alike = np.abs(likeness[channel, first:channel])
        best = np.argsort(-alike, kind="stable")[:NEIGHBOURS]
        best = best[alike[best] >= CORRELATION_MIN]
        neighbours[channel, : best.size] = best + first
    return neighbours


def fit(values: NDArray[np.float64], usual: NDArray[np.float64], neighbours: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the coefficients for channels with no, one and two neighbours, shape (NEIGHBOURS + 1, SIZE).

    Parameters are those of `find_neighbours`, and what it returns.
    """
    coefficients = np.zeros((NEIGHBOURS + 1, SIZE), dtype=np.int64)
    coefficients[:, NEIGHBOURS * LAGS] = 1 << COEFFICIENT_BITS
    moving = usual[usual > 0]
    if moving.size == 0 or len(values) < 2 * SIZE:
        return coefficients
    unit = UNITS / float(np.median(moving))
    centred = (values - np.median(values, axis=0)) * unit
    rows = np.ascontiguousarray(centred.T.clip(-LARGEST, LARGEST).astype(np.int32))
    available, nothing = np.count_nonzero(neighbours >= 0, axis=1), np.empty((0, 0, 0), dtype=np.int64)
    for count in range(NEIGHBOURS + 1):
        columns = count * LAGS
        products = np.zeros((columns + OWN_LAGS + 1, columns + OWN_LAGS + 1))
        lags = np.concatenate([*(np.arange(LAGS) for _ in range(count)), np.arange(OWN_LAGS + 1)])
        for channel in np.flatnonzero((available >= count) & (usual > 0)).tolist():
            used = np.repeat([*neighbours[channel, :count], channel], [*(LAGS for _ in range(count)), OWN_LAGS + 1])
            of_channel = np.zeros((lags.size, lags.size), dtype=np.int64)
            least_squares.add_products(rows, used, lags, OWN_LAGS, rows.shape[1] - 1, nothing, of_channel)
            products += of_channel / (usual[channel] * unit) ** 2
        weights = _weights(products, columns)
        if weights is not None:
            coefficients[count, :columns] = weights[:columns]
            coefficients[count, NEIGHBOURS * LAGS :] = weights[columns:]
    return coefficients


def _weights(products: NDArray[np.float64], target: int) -> NDArray[np.int64] | None:
    """Return the weights of all columns but the target's; None where columns depend on each other."""
    chosen = [*range(target), *range(target + 1, len(products)), target]
    size = len(products) - 1
    factor, projections = np.empty((size, size)), np.zeros(size)
    if least_squares.energies(products[np.ix_(chosen, chosen)], factor, projections) < size:
        return None
    weights = np.zeros(size)
    least_squares.weights(factor, projections, weights)
    units = np.rint(weights * (1 << COEFFICIENT_BITS)).clip(-COEFFICIENT_MAX, COEFFICIENT_MAX)
    return units.astype(np.int64)
