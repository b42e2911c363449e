"""Which linear predictor a channel gets: by least squares, and only as large as what it saves is worth."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from model.kernels import predictor_choice
from model.kernels.linear_prediction import NEIGHBOUR_LAGS, ORDER_MAX, Predictors
from model.kernels.predictor_choice import INNOVATION_ORDER
from model.kernels.split_codes import CODE_BITS

FIT_PIECES = 4
"""Where only part of a chunk is fitted, it is so many pieces, evenly spaced."""
SUM_END = 1 << 63
"""Sums of products are less."""


@dataclass(frozen=True)
class Effort:
    """How much to try.

    Attributes
    ----------
    order : int
        Most coefficients on the own past, `ORDER_MAX` at most.
    neighbours : tuple of int
        Numbers of neighbours to choose from, ascending.
    fit_steps : int
        Most samples to fit to.
    thorough : bool
        Whether to look for unequal widths of codes too, and for what else than a linear predictor saves something.
    """

    order: int
    neighbours: tuple[int, ...]
    fit_steps: int
    thorough: bool = False


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
        self._counts = np.array(effort.neighbours)
        self._pieces = _pieces(rows.shape[1] - ORDER_MAX, _fit_steps(rows, code_units, effort.fit_steps))
        self._rounding_variance = code_units**2 / 12

    def neighbours(self) -> NDArray[np.int64]:
        """Return for each channel those before it whose innovations are most like its own, the best first, then -1."""
        return self._neighbours()[0]

    def _neighbours(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return the neighbours, and what looking for them found of each channel's own products."""
        neighbours = np.full((len(self._rows), self._effort.neighbours[-1]), -1)
        products = np.empty((0, 0, 0), dtype=np.int64)
        if neighbours.size and len(neighbours) > 1:
            products = predictor_choice.find_neighbours(self._rows, self._pieces, self._rounding_variance, neighbours)
        return neighbours, products

    def predictor(self, channel: int, neighbours: NDArray[np.int64]) -> Predictor:
        """Return the predictor of a channel that is expected to take fewest bits, itself included."""
        known = neighbours[neighbours >= 0]
        coefficients = np.empty(NEIGHBOUR_LAGS * known.size + self._effort.order, dtype=np.int32)
        count, own = predictor_choice.choose(
            self._rows, channel, known, self._counts, self._effort.order, self._pieces, self._rounding_variance,
            coefficients,
        )  # fmt: skip
        others = NEIGHBOUR_LAGS * count
        return Predictor(
            coefficients[others : others + own],
            known[:count],
            coefficients[:others].astype(np.int64).reshape(-1, NEIGHBOUR_LAGS),
        )

    def predictors(self) -> Predictors:
        """Return the predictors of all channels; rows of zeros have none."""
        neighbours, products = self._neighbours()
        same_sums = len(self._pieces) == 1 and self._effort.order == INNOVATION_ORDER
        return predictor_choice.choose_all(
            self._rows, neighbours, self._counts, self._effort.order, self._pieces, self._rounding_variance,
            products if same_sums else products[:0],
        )  # fmt: skip


def _fit_steps(rows: NDArray[np.int32], code_units: int, most: int) -> int:
    """Return how many samples to fit to, at most, so that no sum of products is beyond 64 bits."""
    if (code_units << CODE_BITS) ** 2 * most < SUM_END:
        return most
    if max(float(np.square(row, dtype=np.float64).sum()) for row in rows) < SUM_END / 2:
        return most
    return min(most, (SUM_END - 1) // max(int(rows.max()), -int(rows.min())) ** 2)


def _pieces(steps: int, fit_steps: int) -> NDArray[np.int64]:
    """Return first steps, and those after the last, of what to fit to, shape (pieces, 2)."""
    if steps <= fit_steps:
        return np.array([[0, steps]])
    length = fit_steps // FIT_PIECES
    starts = np.linspace(0, steps - length, FIT_PIECES).astype(np.int64)
    return np.column_stack([starts, starts + length])
