"""The predictions of the preset `best`: linear, with a clipped copy of the past, and a filter behind, in integers.

A channel's clipped past makes prediction piecewise linear, as a threshold autoregression is (H. Tong, "Threshold models
in non-linear time series analysis", 1983): what holds within the background need not hold within a spike.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from model.kernels.adaptive_filter import clipped_residual, fresh, from_sigmas, gain_of, learn_and_predict
from model.kernels.jit import kernel, part
from model.kernels.linear_prediction import COEFFICIENT_BITS, ORDER_MAX, predict
from model.kernels.wide import wide

BLOCK_STEPS = 1024
"""Steps whose sums stay in a processor's nearest memory."""


class Cascade(NamedTuple):
    """What predicts a channel.

    Attributes
    ----------
    own : NDArray of int32, shape (order,)
        Coefficients on the own past, as for `predict`.
    clipped : NDArray of int32, shape (lags,)
        Coefficients on the own past, clipped, the last sample's first; `ORDER_MAX` at most.
    limit : int
        What it is clipped to.
    others : NDArray of int64, shape (steps,)
        As for `predict`, for each step.
    taps_bits : int
        The filter has `1 << taps_bits` taps; 0 for no filter.
    spread : int
        What the filter takes for the variance of residuals, as a power of two.
    """

    own: NDArray[np.int32]
    clipped: NDArray[np.int32]
    limit: int
    others: NDArray[np.int64]
    taps_bits: int
    spread: int


@part
def predict_linear(cascade: Cascade, row: NDArray[np.int32], step: int, low: int, high: int) -> int:
    """Return the prediction of a step's sample before the filter, within `low..high`."""
    total = cascade.others[step]
    last = ORDER_MAX + step - 1
    for lag in range(cascade.clipped.size):
        total += wide(cascade.clipped[lag]) * min(max(wide(row[last - lag]), -cascade.limit), cascade.limit)
    return min(max(predict(row, ORDER_MAX + step, cascade.own, total), low), high)


@part
def predict_filtered(
    weights: NDArray[np.int32], past: NDArray[np.int32], gain: int, step: int, spread: int, linear: int,
    low: int, high: int,
) -> int:  # fmt: skip
    """Return `linear`, mended by the filter, within `low..high`."""
    total = learn_and_predict(weights, past[step : step + weights.size + 1], gain)
    return min(max(linear + from_sigmas(total, spread), low), high)


@part
def _add_products(coefficient: int, samples: NDArray[np.int32], totals: NDArray[np.int64]) -> None:
    for index in range(totals.size):
        totals[index] += wide(coefficient) * wide(samples[index])


@kernel
def predict_row(cascade: Cascade, row: NDArray[np.int32], low: int, high: int, out: NDArray[np.int32]) -> None:
    """Store what `predict_linear` returns for each step of a row that is known; a lag at a time, which is quicker."""
    own, clipped = cascade.own, cascade.clipped
    bent = np.empty(ORDER_MAX + BLOCK_STEPS, dtype=np.int32)
    for start in range(0, out.size, BLOCK_STEPS):
        size = min(BLOCK_STEPS, out.size - start)
        totals = cascade.others[start : start + size].copy()
        samples = row[start : start + ORDER_MAX + size]
        for index in range(own.size):
            first = ORDER_MAX - own.size + index
            _add_products(own[index], samples[first : first + size], totals)
        if clipped.size:
            for index in range(ORDER_MAX + size):
                bent[index] = min(max(wide(samples[index]), -cascade.limit), cascade.limit)
        for lag in range(clipped.size):
            first = ORDER_MAX - 1 - lag
            _add_products(clipped[lag], bent[first : first + size], totals)
        for index in range(size):
            out[start + index] = min(max(totals[index] >> COEFFICIENT_BITS, low), high)


@kernel
def filter_row(
    taps_bits: int, spread: int, row: NDArray[np.int32], low: int, high: int, predictions: NDArray[np.int32]
) -> None:
    """Mend the predictions of `predict_row` by a filter."""
    weights, past = fresh(taps_bits, predictions.size)
    gain = wide(0)
    for step in range(predictions.size):
        linear = wide(predictions[step])
        prediction = predict_filtered(weights, past, gain, step, spread, linear, low, high)
        sample = wide(row[ORDER_MAX + step])
        past[step + weights.size + 1] = clipped_residual(sample - linear, spread)
        gain = gain_of(sample - prediction, spread, taps_bits)
        predictions[step] = prediction
