"""The grid of an ADC's codes behind stored samples: a gain that need be no integer, and an offset."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from model.kernels.presence import mark_present

UNIT_BITS = 16
"""Step and offset of a grid are in units of 2**-16 of a stored sample's."""
STEP_MAX = (1 << 31) - 1
CORRECTION_MAX = 2
"""Most by which a grid's value may differ from the sample it stands for."""
LEVELS_MIN = 4
"""A grid on fewer different values would be chance."""
SLOPES_TRIED = 129
SPAN_MAX = 1 << 22
"""No grid is looked for where samples differ by more."""
OCCUPANCY_MIN = 0.05
"""Least share of a grid's codes that occur."""


@dataclass(frozen=True, eq=False)
class Grid:
    """Stored samples as codes: `sample = (code * step + offset >> 16) + correction of that code`.

    Attributes
    ----------
    step, offset : int
        In 2**-16 of a stored sample's unit; the offset is that of code 0.
    first, last : int
        The least and the greatest code that occurs.
    corrections : NDArray of int64, shape (last - first + 1,)
        What the straight line is wrong by for each code, 0 for codes that do not occur; empty where it is never wrong.
    """

    step: int
    offset: int
    first: int
    last: int
    corrections: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, dtype=np.int64))

    @property
    def identical(self) -> bool:
        """Whether codes are the samples themselves."""
        return self.step == 1 << UNIT_BITS and self.offset == 0 and not self.corrections.size

    def samples_of(self, codes: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the samples that codes stand for, each in `first`..`last`."""
        if self.identical:
            return codes
        line = codes * self.step + self.offset >> UNIT_BITS
        return line + self.corrections[codes - self.first] if self.corrections.size else line

    def codes_of(self, samples: NDArray[np.int32]) -> NDArray[np.int32]:
        """Return the codes of samples that are on the grid."""
        if self.identical:
            return samples
        codes = np.arange(self.first, self.last + 1)
        values = self.samples_of(codes)
        of_value = np.zeros(int(values[-1] - values[0]) + 1, dtype=np.int32)
        of_value[values - values[0]] = codes
        codes_of_samples: NDArray[np.int32] = of_value[samples - values[0]]
        return codes_of_samples


def coarsened(grid: Grid, max_error: int) -> tuple[Grid, int]:
    """Return the grid of every n-th code, n as great as it may be, and how far from such a code the others are at most.

    Parameters
    ----------
    grid : Grid
        On which the samples are.
    max_error : int
        Most that a sample, rounded to the new grid, may change by.

    Returns
    -------
    coarse : Grid
        Code k is that of code `k * (2 * radius + 1)`, from which the codes it stands for are at most `radius` away.
    radius : int
        0 where the samples cannot be rounded.
    """
    wrong_by = int(np.abs(grid.corrections).max(initial=0)) + (grid.step != 1 << UNIT_BITS)
    radius = max(0, (max_error - wrong_by << UNIT_BITS) // grid.step)
    if radius == 0:
        return grid, 0
    stride = 2 * radius + 1
    first, last = ((code + radius) // stride for code in (grid.first, grid.last))
    return Grid(grid.step * stride, grid.offset, first, last), radius


def identity_grid(first: int, last: int) -> Grid:
    """Return the grid on which samples, `first` to `last`, are their own codes."""
    return Grid(1 << UNIT_BITS, 0, first, last)


def find_grid(samples: NDArray[np.int32]) -> Grid:
    """Return the coarsest grid found on which every sample of a channel has a code of its own.

    Parameters
    ----------
    samples : NDArray of int32, shape (steps,)
        A channel, or the part of it that is to be coded; not empty.

    Returns
    -------
    Grid
        The identity where there is no other.
    """
    low, high = int(samples.min()), int(samples.max())
    identity = identity_grid(low, high)
    if high - low > SPAN_MAX:
        return identity
    values = _unique(samples, low, high)
    if values.size < LEVELS_MIN:
        return identity
    step = _step_of(values)
    if step < 2:
        return identity
    codes = _fitted_codes(values, step)
    slope, intercept = _narrowest_line(codes, values)
    step_units = round(slope * (1 << UNIT_BITS))
    offset_units = round((intercept + 0.5) * (1 << UNIT_BITS))
    first, last = int(codes[0]), int(codes[-1])
    if not 2 << UNIT_BITS <= step_units <= STEP_MAX or np.any(np.diff(codes) < 1):
        return identity
    corrections = np.zeros(last - first + 1, dtype=np.int64)
    corrections[codes - first] = values - (codes * step_units + offset_units >> UNIT_BITS)
    if np.abs(corrections).max() > CORRECTION_MAX or codes.size < OCCUPANCY_MIN * corrections.size:
        return identity
    return Grid(step_units, offset_units, first, last, corrections if corrections.any() else corrections[:0])


def _unique(samples: NDArray[np.int32], low: int, high: int) -> NDArray[np.int64]:
    present = np.zeros(high - low + 1, dtype=np.bool_)
    mark_present(samples, low, present)
    values: NDArray[np.int64] = np.flatnonzero(present) + low
    return values


def _step_of(values: NDArray[np.int64]) -> float:
    """Return the usual distance of neighbours on the grid: a mean of those differences that are of one code."""
    differences = np.diff(values)
    least = int(differences.min())
    return float(differences[differences <= least + 1].mean()) if least > 1 else 1.0


def _fitted_codes(values: NDArray[np.int64], step: float) -> NDArray[np.int64]:
    """Return the codes of values: first by their differences, then by the line through what that gives."""
    codes = np.concatenate([[0], np.cumsum(np.rint(np.diff(values) / step))]).astype(np.int64)
    slope, intercept = _line(codes, values)
    # Codes near those of the ADC, for numbers that are small to store.
    first = round(intercept / slope)
    fitted: NDArray[np.int64] = np.rint((values - intercept) / slope).astype(np.int64) + first
    return fitted


def _narrowest_line(codes: NDArray[np.int64], values: NDArray[np.int64]) -> tuple[float, float]:
    """Return the line from which values differ least at worst: least squares may round some of them wrongly."""
    slope, _ = _line(codes, values)
    slopes = slope + np.linspace(-1, 1, SLOPES_TRIED)[:, np.newaxis] / (codes[-1] - codes[0])
    rests = values - slopes * codes
    low, high = rests.min(axis=1), rests.max(axis=1)
    best = int((high - low).argmin())
    return float(slopes[best, 0]), float(low[best] + high[best]) / 2


def _line(codes: NDArray[np.int64], values: NDArray[np.int64]) -> tuple[float, float]:
    mean_code, mean_value = codes.mean(), values.mean()
    centred = codes - mean_code
    slope = float(np.dot(centred, values - mean_value) / np.dot(centred, centred))
    return slope, float(mean_value - slope * mean_code)
