"""The normal equations of linear prediction, and the prediction of each size that they give.

Sums of products of lagged samples are exact integers; each follows from that of one lag less on both sides (the
covariance method; Makhoul, "Linear prediction: a tutorial review", 1975). One Cholesky factor gives the error of every
number of coefficients.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from model.kernels.jit import kernel, part
from model.kernels.wide import wide

DEPENDENT = 1e-9
"""A column of whose energy only so much is new depends on those before it."""


@part
def _dot(a: NDArray[np.int32], b: NDArray[np.int32]) -> int:
    total = wide(0)
    for index in range(a.size):
        total += wide(a[index]) * wide(b[index])
    return total


@kernel
def add_products(
    rows: NDArray[np.int32], channels: NDArray[np.int64], lags: NDArray[np.int64], start: int, stop: int,
    own: NDArray[np.int64], products: NDArray[np.int64],
) -> None:  # fmt: skip
    """Add, for each two columns, the sum over steps of their products.

    Parameters
    ----------
    rows : NDArray, shape (channels, samples)
        Samples.
    channels, lags : NDArray, shape (columns,)
        A column is a row so many samples late. Columns of one channel must be next to each other, with lags that
        ascend by one.
    start, stop : int
        The samples, at least the greatest lag from either end of a row, that are summed over.
    own : NDArray, shape (channels, lags, lags)
        The sums of columns of one channel, where they are known, or nothing.
    products : NDArray, shape (columns, columns)
        The sums; symmetric.
    """
    window = np.empty(products.shape, dtype=np.int64)
    for i in range(channels.size):
        a = rows[channels[i]]
        for j in range(i + 1):
            b = rows[channels[j]]
            if own.size and channels[i] == channels[j]:
                window[i, j] = own[channels[i], lags[i], lags[j]]
            elif i and j and channels[i - 1] == channels[i] and channels[j - 1] == channels[j]:
                entering = wide(a[start - lags[i]]) * wide(b[start - lags[j]])
                leaving = wide(a[stop - lags[i]]) * wide(b[stop - lags[j]])
                window[i, j] = window[i - 1, j - 1] + entering - leaving
            else:
                window[i, j] = _dot(a[start - lags[i] : stop - lags[i]], b[start - lags[j] : stop - lags[j]])
            window[j, i] = window[i, j]
    products += window


@kernel
def energies(products: NDArray[np.float64], factor: NDArray[np.float64], projections: NDArray[np.float64]) -> int:
    """Factorise normal equations, so that the error left by the first k columns is known for every k.

    Parameters
    ----------
    products : NDArray, shape (columns + 1, columns + 1)
        Sums of products; the last column is to be predicted.
    factor : NDArray, shape (columns, columns)
        Its lower triangle becomes the Cholesky factor.
    projections : NDArray, shape (columns,)
        Their squares become what each further column takes off the energy of the last one.

    Returns
    -------
    int
        How many columns there are before the first that hardly differs from a combination of those before it.
    """
    for i in range(projections.size):
        for j in range(i + 1):
            total = products[i, j]
            for k in range(j):
                total -= factor[i, k] * factor[j, k]
            if j < i:
                factor[i, j] = total / factor[j, j]
            elif total <= DEPENDENT * products[i, i]:
                return i
            else:
                factor[i, i] = np.sqrt(total)
        total = products[projections.size, i]
        for k in range(i):
            total -= factor[i, k] * projections[k]
        projections[i] = total / factor[i, i]
    return projections.size


@kernel
def weights(factor: NDArray[np.float64], projections: NDArray[np.float64], out: NDArray[np.float64]) -> None:
    """Store the weights on the first `out.size` columns that predict best."""
    for i in range(out.size - 1, -1, -1):
        total = projections[i]
        for k in range(i + 1, out.size):
            total -= factor[k, i] * out[k]
        out[i] = total / factor[i, i]


@kernel
def correlate(rows: NDArray[np.int32], out: NDArray[np.float64]) -> None:
    """Store the cosine between each row and each one before it, shape (rows, rows); 0 for a row of zeros."""
    for i in range(len(rows)):
        out[i, i] = _dot(rows[i], rows[i])
        for j in range(i):
            size = np.sqrt(out[i, i] * out[j, j])
            out[i, j] = _dot(rows[i], rows[j]) / size if size > 0 else 0.0
