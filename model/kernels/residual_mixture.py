"""Samples of a channel under an adaptive mixture of normal distributions around their prediction.

Each component is a normal distribution whose variance follows the prediction's recent errors, quickly or slowly,
narrowed or widened by a constant factor. The components' weights follow how likely each found the samples so far: a
Bayesian mixture that forgets. A code's probability is that of the interval between its two edges: what an ADC whose
codes are unequally wide makes of the mixture. All in integers: encoder and decoder agree on every machine.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from model.kernels.adaptive_filter import clipped_residual, fresh, gain_of
from model.kernels.bit_length import bit_length
from model.kernels.cascade import Cascade, predict_filtered, predict_linear
from model.kernels.code_edges import Edges, edge_of
from model.kernels.jit import kernel, part
from model.kernels.linear_prediction import ORDER_MAX
from model.kernels.normal_table import (
    BETWEEN_BITS,
    INVERSE_BITS,
    LEVELS,
    OCTAVE_BITS,
    PROBABILITY_BITS,
    SIGMAS,
    UNIT_BITS,
    VARIANCE_GUARD_BITS,
)
from model.kernels.rans_symbol import drop
from model.kernels.wide import wide

FRACTION_BITS = 5
"""A code of ordinary width is `1 << FRACTION_BITS` units of the waveform wide."""
RATES = 2
QUICK_SHIFT, SLOW_SHIFT = 4, 10
"""Variances forget with 1/16 and 1/1024 a sample."""
WIDTHS = 3
NARROW_LEVELS, WIDE_LEVELS = -16, 19
"""Standard deviations times 0.71 and 1.51, in levels of the variance."""
COMPONENTS = RATES * WIDTHS
WEIGHT_BITS = 24
LEARN_SHIFT, SHARE_SHIFT = 4, 16
"""A sample moves weights by 1/16 towards its posterior, and by 1/65536 towards equality."""
LEVEL_MIN = 8 << OCTAVE_BITS
LEVEL_MAX = LEVELS - 1 - WIDE_LEVELS
ERROR_MAX = 1 << 24
"""Where a prediction is further off, variances learn from this error."""
RECIPROCAL_BITS = 46
TOTAL = 1 << PROBABILITY_BITS


@part
def level_of(variance: int) -> int:
    """Return the level of a variance, within what the table of inverses has room for."""
    length = bit_length(variance)
    if length <= OCTAVE_BITS:
        return LEVEL_MIN
    level = (length - 1 << OCTAVE_BITS) + (variance >> length - 1 - OCTAVE_BITS) - (1 << OCTAVE_BITS)
    return min(max(level, LEVEL_MIN), LEVEL_MAX)


@part
def _fresh(variance: int) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Return variances, room for inverses and likelihoods, and weights, as they are before the first sample."""
    variances = np.full(RATES, variance, dtype=np.int64)
    weights = np.full(COMPONENTS, (1 << WEIGHT_BITS) // COMPONENTS, dtype=np.int64)
    return variances, np.empty(COMPONENTS, dtype=np.int64), np.empty(COMPONENTS, dtype=np.int64), weights


@part
def _set_inverses(variances: NDArray[np.int64], table: NDArray[np.int64], inverses: NDArray[np.int64]) -> None:
    for rate in range(RATES):
        level = level_of(variances[rate])
        inverses[WIDTHS * rate] = table[level + NARROW_LEVELS]
        inverses[WIDTHS * rate + 1] = table[level]
        inverses[WIDTHS * rate + 2] = table[level + WIDE_LEVELS]


@part
def _below(distance: int, inverse: int, distribution: NDArray[np.int64]) -> int:
    """Return the probability of less than `distance` above the mean."""
    units = (distance * inverse >> INVERSE_BITS) + (SIGMAS << UNIT_BITS)
    units = min(max(units, 0), (2 * SIGMAS << UNIT_BITS) - 1)
    index, between = units >> BETWEEN_BITS, units & (1 << BETWEEN_BITS) - 1
    left: int = distribution[index]
    right: int = distribution[index + 1]
    return left + ((right - left) * between >> BETWEEN_BITS)


@part
def _start(
    code: int,
    edges: Edges,
    prediction: int,
    inverses: NDArray[np.int64],
    weights: NDArray[np.int64],
    distribution: NDArray[np.int64],
) -> int:
    """Return the sum of frequencies of codes below `code`."""
    if code <= 0:
        return 0
    if code >= edges.n_codes:
        return TOTAL
    distance, below = edge_of(edges, code) - prediction, 0
    for component in range(COMPONENTS):
        below += weights[component] * _below(distance, inverses[component], distribution)
    return ((below >> WEIGHT_BITS) * (TOTAL - edges.n_codes) >> PROBABILITY_BITS) + code


@part
def _learn(
    low: int,
    high: int,
    error: int,
    variances: NDArray[np.int64],
    inverses: NDArray[np.int64],
    weights: NDArray[np.int64],
    likelihoods: NDArray[np.int64],
    distribution: NDArray[np.int64],
) -> None:
    """Adapt to a sample whose code's edges are `low` and `high`, and whose value is `error`, above the prediction."""
    total = 1
    for component in range(COMPONENTS):
        inverse = inverses[component]
        likelihood = _below(high, inverse, distribution) - _below(low, inverse, distribution) + 1
        likelihoods[component] = weights[component] * likelihood >> WEIGHT_BITS
        total += likelihoods[component]
    reciprocal = (1 << RECIPROCAL_BITS) // total
    for component in range(COMPONENTS):
        posterior = likelihoods[component] * reciprocal >> RECIPROCAL_BITS - WEIGHT_BITS
        weight = weights[component]
        equal = (1 << WEIGHT_BITS) // COMPONENTS
        weights[component] = weight + (posterior - weight >> LEARN_SHIFT) + (equal - weight >> SHARE_SHIFT)
    error = min(abs(error), ERROR_MAX)
    square = error * error << VARIANCE_GUARD_BITS
    variances[0] += square - variances[0] >> QUICK_SHIFT
    variances[1] += square - variances[1] >> SLOW_SHIFT


@kernel
def measure(
    codes: NDArray[np.int32],
    edges: Edges,
    row: NDArray[np.int32],
    predictions: NDArray[np.int32],
    variance: int,
    distribution: NDArray[np.int64],
    inverse_table: NDArray[np.int64],
    starts: NDArray[np.int32],
    frequencies: NDArray[np.int32],
) -> None:
    """Store start and frequency of each sample's code.

    Parameters
    ----------
    codes : NDArray, shape (steps,)
        From 0 on.
    edges : Edges
        Of all codes.
    row : NDArray, shape (ORDER_MAX + steps,)
        The middle between each sample's edges, behind zeros.
    predictions : NDArray, shape (steps,)
        Of `predict_row`.
    variance : int
        What both variances start with.
    distribution, inverse_table : NDArray
        Of `normal_table`.
    starts, frequencies : NDArray, shape (steps,)
        Of `TOTAL`.
    """
    variances, inverses, likelihoods, weights = _fresh(variance)
    for step in range(codes.size):
        prediction = wide(predictions[step])
        code = wide(codes[step])
        low, high = edge_of(edges, code) - prediction, edge_of(edges, code + 1) - prediction
        _set_inverses(variances, inverse_table, inverses)
        start = _start(code, edges, prediction, inverses, weights, distribution)
        starts[step] = start
        frequencies[step] = _start(code + 1, edges, prediction, inverses, weights, distribution) - start
        error = row[ORDER_MAX + step] - prediction
        _learn(low, high, error, variances, inverses, weights, likelihoods, distribution)


@kernel
def decode(
    state: int,
    words: NDArray[np.uint32],
    at: int,
    edges: Edges,
    row: NDArray[np.int32],
    cascade: Cascade,
    variance: int,
    distribution: NDArray[np.int64],
    inverse_table: NDArray[np.int64],
    codes: NDArray[np.int32],
) -> tuple[int, int]:
    """Take a channel's codes off the state; return it, and where the next word is read.

    Parameters are those of `measure`, and what predicts; `row` and `codes` are filled.
    """
    variances, inverses, likelihoods, weights = _fresh(variance)
    taps, past = fresh(cascade.taps_bits, codes.size)
    gain = wide(0)
    for step in range(codes.size):
        linear = predict_linear(cascade, row, step, edges.least, edges.greatest)
        prediction = linear
        if taps.size:
            prediction = predict_filtered(taps, past, gain, step, cascade.spread, linear, edges.least, edges.greatest)
        _set_inverses(variances, inverse_table, inverses)
        slot = state & TOTAL - 1
        code, stop = _bracket(prediction, slot, edges, inverses, weights, distribution)
        while stop - code > 1:
            middle = code + stop >> 1
            if _start(middle, edges, prediction, inverses, weights, distribution) <= slot:
                code = middle
            else:
                stop = middle
        lower, upper = edge_of(edges, code), edge_of(edges, stop)
        low, high = lower - prediction, upper - prediction
        start = _start(code, edges, prediction, inverses, weights, distribution)
        frequency = _start(stop, edges, prediction, inverses, weights, distribution) - start
        state, at = drop(state, words, at, start, frequency, PROBABILITY_BITS)
        codes[step] = code
        row[ORDER_MAX + step] = lower + upper >> 1
        error = row[ORDER_MAX + step] - prediction
        if taps.size:
            past[step + taps.size + 1] = clipped_residual(row[ORDER_MAX + step] - linear, cascade.spread)
            gain = gain_of(error, cascade.spread, cascade.taps_bits)
        _learn(low, high, error, variances, inverses, weights, likelihoods, distribution)
    return state, at


@part
def _bracket(
    prediction: int,
    slot: int,
    edges: Edges,
    inverses: NDArray[np.int64],
    weights: NDArray[np.int64],
    distribution: NDArray[np.int64],
) -> tuple[int, int]:
    """Return a code that starts at or below `slot`, and one that starts above it."""
    code = min(max(prediction - edges.least >> FRACTION_BITS, 0), edges.n_codes - 1)
    # A standard deviation, roughly, in codes.
    stride = max(1, (1 << UNIT_BITS + INVERSE_BITS - FRACTION_BITS) // inverses[WIDTHS + 1])
    if _start(code, edges, prediction, inverses, weights, distribution) <= slot:
        stop = min(code + stride, edges.n_codes)
        while _start(stop, edges, prediction, inverses, weights, distribution) <= slot:
            stride *= 2
            code, stop = stop, min(stop + stride, edges.n_codes)
        return code, stop
    stop, code = code, max(code - stride, 0)
    while _start(code, edges, prediction, inverses, weights, distribution) > slot:
        stride *= 2
        stop, code = code, max(code - stride, 0)
    return code, stop
