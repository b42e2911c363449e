"""Which linear predictor a channel gets: by least squares, and only as large as what it saves is worth."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from model.kernels import least_squares, linear_prediction
from model.kernels.linear_prediction import COEFFICIENT_BITS, NEIGHBOUR_LAGS, ORDER_MAX

COEFFICIENT_MAX = (1 << 20) - 1
"""Largest size of a stored coefficient."""
COEFFICIENT_COST_BITS = 12
"""What a coefficient takes in the stream, about."""
FIT_PIECES = 4
"""Where only part of a chunk is fitted, it is so many pieces, evenly spaced."""
INNOVATION_ORDER = 8
CORRELATION_MIN = 0.05
"""A channel whose innovations correlate less is no neighbour."""


@dataclass(frozen=True)
class Effort:
    """How much to try.

    Attributes
    ----------
    order : int
        Most coefficients on the own past, `ORDER_MAX` at most.
    neighbours : tuple of int
        Numbers of neighbours to choose from, ascending, from 0 on.
    fit_steps : int
        Most samples to fit to.
    widths : bool
        Whether to look for unequal widths of codes.
    """

    order: int
    neighbours: tuple[int, ...]
    fit_steps: int
    widths: bool = False


@dataclass(frozen=True, eq=False)
class Predictor:
    """Coefficients of one channel, in units of 2**-`COEFFICIENT_BITS`.

    Attributes
    ----------
    own : NDArray of int32, shape (order,)
        On the own past, the oldest sample's first.
    neighbours : NDArray of int64, shape (n,)
        Channels decoded before.
    others : NDArray of int64, shape (n, NEIGHBOUR_LAGS)
        On each neighbour's samples, the same step's first.
    """

    own: NDArray[np.int32]
    neighbours: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    others: NDArray[np.int64] = field(default_factory=lambda: np.empty((0, NEIGHBOUR_LAGS), dtype=np.int64))


class Fit:
    """Fits predictors to the channels of a group.

    Parameters
    ----------
    rows : NDArray of int32, shape (channels, ORDER_MAX + steps)
        Samples behind zeros; what changes in it is seen by later fits.
    code_units : int
        What two samples that are one code apart differ by.
    effort : Effort
        How much to try.
    """

    def __init__(self, rows: NDArray[np.int32], code_units: int, effort: Effort) -> None:
        self._rows, self._effort = rows, effort
        self._steps = rows.shape[1] - ORDER_MAX
        self._pieces = _pieces(self._steps, effort.fit_steps)
        self._fitted_steps = sum(len(piece) for piece in self._pieces)
        self._rounding_variance = code_units**2 / 12

    def neighbours(self) -> list[list[int]]:
        """Return for each channel those before it whose innovations are most like its own, the best first."""
        most = self._effort.neighbours[-1]
        if most == 0 or len(self._rows) == 1:
            return [[] for _ in self._rows]
        piece = self._pieces[len(self._pieces) // 2]
        innovations = np.empty((len(self._rows), len(piece)), dtype=np.int32)
        no_others = np.full(len(piece), linear_prediction.ROUNDING, dtype=np.int64)
        for channel, innovation in enumerate(innovations):
            own = self._predictor(channel, [], INNOVATION_ORDER, [piece]).own
            row = self._rows[channel, piece.start : piece.stop + ORDER_MAX]
            linear_prediction.measure(row, own, no_others, innovation)
        likeness = np.zeros((len(self._rows), len(self._rows)))
        least_squares.correlate(innovations, likeness)
        return [_most_alike(np.abs(of_channel[:channel]), most) for channel, of_channel in enumerate(likeness)]

    def predictor(self, channel: int, neighbours: list[int]) -> Predictor:
        """Return the predictor of a channel that is expected to take fewest bits, itself included."""
        return self._predictor(channel, neighbours, self._effort.order, self._pieces)

    def _predictor(self, channel: int, neighbours: list[int], order: int, pieces: list[range]) -> Predictor:
        products = self._products(channel, neighbours, order, pieces)
        target = NEIGHBOUR_LAGS * len(neighbours)
        best_bits, best = math.inf, Predictor(np.empty(0, dtype=np.int32))
        for count in (count for count in self._effort.neighbours if count <= len(neighbours)):
            others = NEIGHBOUR_LAGS * count
            factor, projections = np.empty((others + order, others + order)), np.zeros(others + order)
            usable = least_squares.energies(products[_columns(others, target, order)], factor, projections)
            left = products[target, target] - np.cumsum(np.concatenate([[0.0], projections[:usable] ** 2]))
            bits = self._bits(left, sum(map(len, pieces)))
            size = min(others, usable) + int(bits[min(others, usable) :].argmin())
            if bits[size] < best_bits:
                weights = np.zeros(max(size, others))
                least_squares.weights(factor, projections, weights[:size])
                best_bits, best = float(bits[size]), _quantised(weights, neighbours[:count])
        return best

    def _bits(self, energies: NDArray[np.float64], fitted_steps: int) -> NDArray[np.float64]:
        """Return about how many bits a channel takes, `energies[k]` being what k coefficients leave."""
        variances = np.maximum(energies, 0) / fitted_steps + self._rounding_variance
        bits: NDArray[np.float64] = self._steps / 2 * np.log2(variances) + COEFFICIENT_COST_BITS * np.arange(
            len(energies)
        )
        return bits

    def _products(self, channel: int, neighbours: list[int], order: int, pieces: list[range]) -> NDArray[np.float64]:
        """Return the sums of products of the neighbours' samples, the channel's own, and those before it."""
        places, lags = _lagged(len(neighbours), order)
        channels = np.array([*neighbours, channel])[places]
        products = np.zeros((lags.size, lags.size), dtype=np.int64)
        for piece in pieces:
            # A sum needs the sample behind its last one, of which a row has none.
            start, stop = ORDER_MAX + piece.start, min(ORDER_MAX + piece.stop, self._rows.shape[1] - 1)
            least_squares.add_products(self._rows, channels, lags, start, stop, products)
        return products.astype(np.float64)


@lru_cache(maxsize=64)
def _lagged(neighbours: int, order: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return for each column the channel, counted from the first neighbour on, and by how much it is late."""
    counts = [*(NEIGHBOUR_LAGS for _ in range(neighbours)), order + 1]
    return np.repeat(np.arange(neighbours + 1), counts), np.concatenate([np.arange(count) for count in counts])


@lru_cache(maxsize=64)
def _columns(others: int, target: int, order: int) -> tuple[NDArray[np.int64], ...]:
    """Return an index of the columns of some neighbours, then of the own past, then of what is to be predicted."""
    chosen = [*range(others), *range(target + 1, target + 1 + order), target]
    return np.ix_(chosen, chosen)


def _most_alike(likeness: NDArray[np.float64], most: int) -> list[int]:
    order = np.argsort(-likeness, kind="stable")[:most]
    return [int(other) for other in order if likeness[other] >= CORRELATION_MIN]


def _pieces(steps: int, fit_steps: int) -> list[range]:
    if steps <= fit_steps:
        return [range(steps)]
    length = fit_steps // FIT_PIECES
    return [range(start, start + length) for start in np.linspace(0, steps - length, FIT_PIECES).astype(int).tolist()]


def _quantised(weights: NDArray[np.float64], neighbours: list[int]) -> Predictor:
    units = np.rint(weights * (1 << COEFFICIENT_BITS)).clip(-COEFFICIENT_MAX, COEFFICIENT_MAX).astype(np.int64)
    others = NEIGHBOUR_LAGS * len(neighbours)
    return Predictor(
        np.ascontiguousarray(units[others:][::-1], dtype=np.int32),
        np.array(neighbours, dtype=np.int64),
        units[:others].reshape(-1, NEIGHBOUR_LAGS),
    )
