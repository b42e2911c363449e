"""Which linear predictor each channel gets: by least squares, and only as large as what it saves is worth."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from model.kernels import least_squares
from model.kernels.jit import kernel, part, routine
from model.kernels.linear_prediction import (
    COEFFICIENT_BITS,
    COEFFICIENT_MAX,
    NEIGHBOUR_LAGS,
    ORDER_MAX,
    SHORT_ORDER,
    Predictors,
    from_last,
    measure_from_last,
)
from model.kernels.wide import wide

COEFFICIENT_COST_BITS = 12
"""What a coefficient takes in the stream, about."""
INNOVATION_ORDER = SHORT_ORDER
CORRELATION_MIN = 0.05
"""A channel whose innovations correlate less is no neighbour."""


@part
def _products(
    rows: NDArray[np.int32], channel: int, neighbours: NDArray[np.int64], order: int, pieces: NDArray[np.int64],
    known: NDArray[np.int64],
) -> NDArray[np.int64]:  # fmt: skip
    """Return the sums of products of the neighbours' samples, the channel's own, and those before it.

    Those of each channel alone may be known.
    """
    target = NEIGHBOUR_LAGS * neighbours.size
    columns = target + order + 1
    channels, lags = np.empty(columns, dtype=np.int64), np.empty(columns, dtype=np.int64)
    for column in range(columns):
        of_neighbour = column < target
        channels[column] = neighbours[column // NEIGHBOUR_LAGS] if of_neighbour else channel
        lags[column] = column % NEIGHBOUR_LAGS if of_neighbour else column - target
    products = np.zeros((columns, columns), dtype=np.int64)
    for index in range(len(pieces)):
        # A sum needs the sample behind its last one, of which a row has none.
        start, stop = ORDER_MAX + pieces[index, 0], min(ORDER_MAX + pieces[index, 1], rows.shape[1] - 1)
        least_squares.add_products(rows, channels, lags, start, stop, known, products)
    return products


@part
def _some(products: NDArray[np.int64], others: int, target: int) -> NDArray[np.float64]:
    """Return the products of the first `others` columns, then of the own past, then of what is to be predicted."""
    order = len(products) - target - 1
    columns = np.empty(others + order + 1, dtype=np.int64)
    for index in range(columns.size):
        columns[index] = index if index < others else target + 1 + index - others
    columns[-1] = target
    chosen = np.empty((columns.size, columns.size))
    for i in range(columns.size):
        for j in range(columns.size):
            chosen[i, j] = products[columns[i], columns[j]]
    return chosen


@routine
def _weigh(
    products: NDArray[np.int64],
    n_neighbours: int,
    counts: NDArray[np.int64],
    order: int,
    pieces: NDArray[np.int64],
    samples: int,
    rounding_variance: float,
    coefficients: NDArray[np.int32],
) -> tuple[int, int]:
    """Do what `choose` says, with sums of products and the samples of a row, zeros before it included."""
    target = NEIGHBOUR_LAGS * n_neighbours
    steps, fitted_steps = samples - ORDER_MAX, 0
    for index in range(len(pieces)):
        fitted_steps += pieces[index, 1] - pieces[index, 0]
    best_bits, best_count, best_own = np.inf, 0, 0
    for count in counts:
        if count > n_neighbours:
            break
        others = NEIGHBOUR_LAGS * count
        factor, projections = np.empty((others + order, others + order)), np.zeros(others + order)
        usable = least_squares.energies(_some(products, others, target), factor, projections)
        left, taken, size = float(products[target, target]), 0.0, -1
        for columns in range(usable + 1):
            variance = max(left - taken, 0.0) / fitted_steps + rounding_variance
            bits = 0.5 * steps * np.log2(variance) + COEFFICIENT_COST_BITS * columns
            if columns >= min(others, usable) and bits < best_bits:
                best_bits, size = bits, columns
            if columns < usable:
                taken += projections[columns] ** 2
        if size >= 0:
            weights = np.zeros(max(size, others))
            least_squares.weights(factor, projections, weights[:size])
            best_count, best_own = count, weights.size - others
            for index in range(weights.size):
                unit = min(max(np.rint(weights[index] * (1 << COEFFICIENT_BITS)), -COEFFICIENT_MAX), COEFFICIENT_MAX)
                # The own past's oldest sample comes first.
                coefficients[index if index < others else weights.size - 1 + others - index] = unit
    return best_count, best_own


@kernel
def choose(
    rows: NDArray[np.int32],
    channel: int,
    neighbours: NDArray[np.int64],
    counts: NDArray[np.int64],
    order: int,
    pieces: NDArray[np.int64],
    rounding_variance: float,
    coefficients: NDArray[np.int32],
) -> tuple[int, int]:
    """Store the coefficients that are expected to take fewest bits, themselves included.

    Parameters
    ----------
    rows : NDArray, shape (channels, ORDER_MAX + steps)
        Samples behind zeros.
    channel : int
        Whose predictor to choose.
    neighbours : NDArray
        Channels to predict from, the best first.
    counts : NDArray
        How many of them to try, ascending.
    order : int
        Most coefficients on the own past.
    pieces : NDArray, shape (pieces, 2)
        First steps, and those after the last, of what to fit to.
    rounding_variance : float
        What no predictor can predict.
    coefficients : NDArray, shape (NEIGHBOUR_LAGS * neighbours.size + order,)
        In units of 2**-`COEFFICIENT_BITS`: on each neighbour used, the same step's first, then on the own past, the
        oldest sample's first.

    Returns
    -------
    n_neighbours, n_own : int
        How many neighbours are used, and coefficients on the own past.
    """
    products = _products(rows, channel, neighbours, order, pieces, np.empty((0, 0, 0), dtype=np.int64))
    return _weigh(products, neighbours.size, counts, order, pieces, rows.shape[1], rounding_variance, coefficients)


@kernel
def find_neighbours(
    rows: NDArray[np.int32], pieces: NDArray[np.int64], rounding_variance: float, neighbours: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Store for each channel those before it whose innovations are most like its own, the best first, then -1.

    Parameters are those of `choose`; of the pieces the middle one counts.

    Returns
    -------
    NDArray, shape (channels, INNOVATION_ORDER + 1, INNOVATION_ORDER + 1)
        The sums of products of each channel's samples with those before it in the middle piece.
    """
    middle = pieces[len(pieces) // 2 : len(pieces) // 2 + 1]
    innovations = np.zeros((len(rows), middle[0, 1] - middle[0, 0]), dtype=np.int32)
    none, own = np.empty(0, dtype=np.int64), np.empty(INNOVATION_ORDER, dtype=np.int32)
    alone, no_others = np.zeros(1, dtype=np.int64), np.empty((0, NEIGHBOUR_LAGS), dtype=np.int64)
    sums = np.empty(innovations.shape[1], dtype=np.int64)
    nothing = np.empty((0, 0, 0), dtype=np.int64)
    products = np.empty((len(rows), INNOVATION_ORDER + 1, INNOVATION_ORDER + 1), dtype=np.int64)
    for channel in range(len(rows)):
        products[channel] = _products(rows, channel, none, wide(INNOVATION_ORDER), middle, nothing)
        _, size = _weigh(
            products[channel], 0, alone, wide(INNOVATION_ORDER), middle, rows.shape[1], rounding_variance, own
        )
        coefficients = from_last(own[:size])
        measure_from_last(rows, channel, coefficients, none, no_others, middle[0, 0], sums, innovations[channel])
    likeness = np.zeros((len(rows), len(rows)))
    least_squares.correlate(innovations, likeness)
    neighbours[:] = -1
    for channel in range(len(rows)):
        alike = likeness[channel]
        for place in range(min(neighbours.shape[1], channel)):
            best = 0
            for other in range(1, channel):
                if abs(alike[other]) > abs(alike[best]):
                    best = other
            if abs(alike[best]) < CORRELATION_MIN:
                break
            neighbours[channel, place], alike[best] = best, 0.0
    return products


@kernel
def choose_all(
    rows: NDArray[np.int32],
    neighbours: NDArray[np.int64],
    counts: NDArray[np.int64],
    order: int,
    pieces: NDArray[np.int64],
    rounding_variance: float,
    known: NDArray[np.int64],
) -> Predictors:
    """Return all channels' predictors; rows of zeros have none.

    Parameters are those of `choose`, `neighbours` as `find_neighbours` stores them, and what that returns where there
    is one piece and `order` is `INNOVATION_ORDER`; nothing otherwise.
    """
    n, most = neighbours.shape
    orders, used = np.empty(n, dtype=np.int64), np.empty(n, dtype=np.int64)
    own, others = np.empty(n * order, dtype=np.int32), np.empty((n * most, NEIGHBOUR_LAGS), dtype=np.int64)
    chosen, coefficients = np.empty(n * most, dtype=np.int64), np.empty(NEIGHBOUR_LAGS * most + order, dtype=np.int32)
    n_own, n_others = 0, 0
    for channel in range(n):
        found = 0
        while found < most and neighbours[channel, found] >= 0:
            found += 1
        products = _products(rows, channel, neighbours[channel, :found], order, pieces, known)
        used[channel], orders[channel] = _weigh(
            products, found, counts, order, pieces, rows.shape[1], rounding_variance, coefficients
        )
        for place in range(used[channel]):
            chosen[n_others] = neighbours[channel, place]
            for lag in range(NEIGHBOUR_LAGS):
                others[n_others, lag] = coefficients[NEIGHBOUR_LAGS * place + lag]
            n_others += 1
        for place in range(orders[channel]):
            own[n_own] = coefficients[NEIGHBOUR_LAGS * used[channel] + place]
            n_own += 1
    return Predictors(orders, used, own[:n_own], chosen[:n_others], others[:n_others])
