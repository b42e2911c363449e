"""What else than a linear predictor a channel gets: a clipped copy of its past, a filter that learns; or neither."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from model.codecs.waveform_predictor import Effort, Fit, Predictor
from model.kernels.linear_prediction import NEIGHBOUR_LAGS

CLIPPED_COPIES = 3
CLIPPED_LAGS = CLIPPED_COPIES * NEIGHBOUR_LAGS
"""The clipped past is as many samples long."""
CLIP_SIGMAS = 2.0
"""What the past is clipped to: the power of two that is nearest to so many standard deviations of the background."""
SIGMA_OF_MEDIAN = 1 / 0.6745
LIMIT_BITS_MAX = 30
BLOCK_STEPS = 32
"""A size of errors is that of so many neighbouring ones, as the coder's is."""


def code_bits(errors: NDArray[np.int32], code_units: int) -> float:
    """Return about how many bits errors take, whose variance changes with time; comparable for the same samples."""
    blocks = errors[: errors.size // BLOCK_STEPS * BLOCK_STEPS].reshape(-1, BLOCK_STEPS).astype(np.float64)
    energies = np.einsum("ij,ij->i", blocks, blocks) / BLOCK_STEPS
    return float(BLOCK_STEPS / 2 * np.log2(energies + code_units**2 / 12).sum())


def limit_bits_of(row: NDArray[np.int32]) -> int:
    """Return what samples are to be clipped to, as a power of two."""
    sigma = SIGMA_OF_MEDIAN * float(np.median(np.abs(row)))
    return min(max(round(math.log2(CLIP_SIGMAS * sigma + 1)), 1), LIMIT_BITS_MAX)


def fit_clipped(
    rows: NDArray[np.int32], index: int, predictor: Predictor, limit_bits: int, code_units: int, effort: Effort
) -> tuple[Predictor, NDArray[np.int32]]:
    """Return a channel's predictor, and coefficients on its clipped past, fitted together.

    Parameters
    ----------
    rows : NDArray of int32, shape (channels, ORDER_MAX + steps)
        Samples behind zeros.
    index : int
        The channel.
    predictor : Predictor
        What it was without a clipped past; its neighbours are kept.
    limit_bits : int
        The past is clipped to `1 << limit_bits`.
    code_units : int
        What two samples that are one code apart differ by.
    effort : Effort
        How much to try.

    Returns
    -------
    predictor : Predictor
        With other coefficients.
    clipped : NDArray of int32, shape (CLIPPED_LAGS,) or (0,)
        The last sample's first; empty where nothing predicts.
    """
    # To the fit, a clipped copy that is late is one more neighbour.
    limit = 1 << limit_bits
    n_neighbours = predictor.neighbours.size
    extended = np.zeros((CLIPPED_COPIES + n_neighbours + 1, rows.shape[1]), dtype=np.int32)
    for copy in range(CLIPPED_COPIES):
        late = 1 + copy * NEIGHBOUR_LAGS
        rows[index, :-late].clip(-limit, limit, out=extended[copy, late:])
    extended[CLIPPED_COPIES:-1] = rows[predictor.neighbours]
    extended[-1] = rows[index]
    count = CLIPPED_COPIES + n_neighbours
    only = Effort(order=effort.order, neighbours=(count,), fit_steps=effort.fit_steps)
    fitted = Fit(extended, code_units, only).predictor(count, np.arange(count))
    if fitted.neighbours.size == 0:
        return predictor, np.empty(0, dtype=np.int32)
    clipped, others = fitted.others[:CLIPPED_COPIES], fitted.others[CLIPPED_COPIES:]
    return Predictor(fitted.own, predictor.neighbours, others), clipped.ravel().astype(np.int32)
