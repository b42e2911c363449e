"""Samples of channels to codes on the grid of their ADC, where there is one.

A grid says `sample = (code * step + offset >> UNIT_BITS) + correction of that code`.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from model.kernels.jit import kernel, part
from model.kernels.linear_prediction import ORDER_MAX
from model.kernels.split_codes import CODE_BITS, Split
from model.kernels.wide import wide

UNIT_BITS = 16
"""Step and offset of a grid are in units of 2**-16 of a stored sample's."""
UNIT = 1 << UNIT_BITS
STEP_MAX = (1 << 31) - 1
CORRECTION_MAX = 2
"""Most by which a grid's value may differ from the sample it stands for."""
CORRECTIONS_MAX = 1 << CODE_BITS
"""Most codes of a channel of which any may be corrected: none that is split."""
LEVELS_MIN = 4
"""A grid on fewer different values would be chance."""
SLOPES_TRIED = 129
SPAN_MAX = 1 << 22
"""No grid is looked for where samples differ by more."""
OCCUPANCY_MIN = 0.05
"""Least share of a grid's codes that occur."""
STEP, OFFSET, FIRST, LAST, CORRECTIONS = range(5)
"""Columns of a table of grids; the third and fourth are the least and the greatest code, the last how many corrections
there are."""
COLUMNS = 5
WORD_BYTES = 8
GOOD, CODE_BEYOND, SAMPLE_OUTSIDE = range(3)
"""What `restore` returns."""


class Grids(NamedTuple):
    """The grids of the channels of a group.

    Attributes
    ----------
    table : NDArray of int64, shape (channels, COLUMNS)
        What a channel has is in the columns.
    corrections : NDArray of int64
        Of one channel after another.
    """

    table: NDArray[np.int64]
    corrections: NDArray[np.int64]


@part
def _values(samples: NDArray[np.int32], low: int, high: int) -> NDArray[np.int64]:
    """Return the values that occur, ascending; none if two differ by 1, as then there is no grid."""
    present = np.zeros(high - low + 3 + WORD_BYTES & -WORD_BYTES, dtype=np.bool_)
    n_values = 0
    for index in range(samples.size):
        at = wide(samples[index]) - low + 1
        if not present[at]:
            if present[at - 1] or present[at + 1]:
                return np.empty(0, dtype=np.int64)
            present[at] = True
            n_values += 1
    values = np.empty(n_values, dtype=np.int64)
    filled = 0
    words = present.view(np.int64)
    for index in range(words.size):
        if words[index]:
            for at in range(WORD_BYTES * index, WORD_BYTES * (index + 1)):
                if present[at]:
                    values[filled] = at - 1 + low
                    filled += 1
    return values


@part
def _usual_step(values: NDArray[np.int64]) -> float:
    """Return the usual distance of neighbours on the grid: a mean of those differences that are of one code."""
    least = values[1] - values[0]
    for index in range(2, values.size):
        least = min(least, values[index] - values[index - 1])
    total, count = 0, 0
    for index in range(1, values.size):
        difference = values[index] - values[index - 1]
        if difference <= least + 1:
            total += difference
            count += 1
    return total / count


@part
def _line(codes: NDArray[np.int64], values: NDArray[np.int64]) -> tuple[float, float]:
    """Return slope and intercept of the line through values that is best by least squares."""
    total_code, total_value = 0, 0
    for index in range(codes.size):
        total_code += codes[index]
        total_value += values[index]
    mean_code, mean_value = total_code / codes.size, total_value / codes.size
    products, squares = 0.0, 0.0
    for index in range(codes.size):
        centred = codes[index] - mean_code
        products += centred * (values[index] - mean_value)
        squares += centred * centred
    slope = products / squares
    return slope, mean_value - slope * mean_code


@part
def _fitted_codes(values: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the codes of values: first by their differences, then by the line through what that gives."""
    step = _usual_step(values)
    codes = np.zeros(values.size, dtype=np.int64)
    for index in range(1, values.size):
        codes[index] = codes[index - 1] + wide(np.rint((values[index] - values[index - 1]) / step))
    slope, intercept = _line(codes, values)
    # Codes near those of the ADC, for numbers that are small to store.
    first = wide(np.rint(intercept / slope))
    for index in range(values.size):
        codes[index] = wide(np.rint((values[index] - intercept) / slope)) + first
    return codes


@part
def _ascends(codes: NDArray[np.int64]) -> bool:
    ascends = True
    for index in range(1, codes.size):
        ascends &= codes[index] > codes[index - 1]
    return ascends


@part
def _rests(codes: NDArray[np.int64], values: NDArray[np.int64], slope: float) -> tuple[float, float]:
    """Return the least and the greatest distance of values above a line through 0."""
    low, high = np.inf, -np.inf
    for index in range(codes.size):
        rest = values[index] - slope * codes[index]
        low, high = min(low, rest), max(high, rest)
    return low, high


@part
def _narrowest_slope(codes: NDArray[np.int64], values: NDArray[np.int64]) -> float:
    """Return the slope from which values differ least at worst: least squares may round some of them wrongly."""
    middle, _ = _line(codes, values)
    turn: float = 2.0 / (SLOPES_TRIED - 1) / (codes[-1] - codes[0])
    first, last = -(SLOPES_TRIED // 2), SLOPES_TRIED // 2
    # How far the rests spread is convex in the slope.
    while first < last:
        tried = first + last >> 1
        low, high = _rests(codes, values, middle + turn * tried)
        low_next, high_next = _rests(codes, values, middle + turn * (tried + 1))
        if high - low <= high_next - low_next:
            last = tried
        else:
            first = tried + 1
    return middle + turn * first


@part
def _grid_along(
    codes: NDArray[np.int64], values: NDArray[np.int64], slope: float
) -> tuple[bool, int, int, NDArray[np.int64]]:
    """Return the grid of a slope: whether it is near enough to values, step, offset, and what it is wrong by.

    That is for each code, 0 for those that do not occur; nothing where it never is wrong.
    """
    low, high = _rests(codes, values, slope)
    step, offset = wide(np.rint(slope * UNIT)), wide(np.rint(((low + high) / 2 + 0.5) * UNIT))
    size = codes[-1] - codes[0] + 1
    none = np.empty(0, dtype=np.int64)
    if not 2 * UNIT <= step <= STEP_MAX or codes.size < OCCUPANCY_MIN * size:
        return False, step, offset, none
    corrections = np.zeros(size, dtype=np.int64)
    worst = 0
    for index in range(codes.size):
        wrong_by = values[index] - (codes[index] * step + offset >> UNIT_BITS)
        corrections[codes[index] - codes[0]] = wrong_by
        worst = max(worst, abs(wrong_by))
    listed = worst == 0 or size <= CORRECTIONS_MAX
    return worst <= CORRECTION_MAX and listed, step, offset, corrections if worst else none


@part
def _stride(grid: NDArray[np.int64], corrections: NDArray[np.int64], max_error: int) -> int:
    """Return how many codes of a grid may become one, so that no sample changes by more than `max_error`."""
    wrong_by = 1 if grid[STEP] != UNIT else 0
    of_codes = 0
    for correction in corrections:
        of_codes = max(of_codes, abs(correction))
    wrong_by += of_codes
    radius: int = max(0, (max_error - wrong_by << UNIT_BITS) // grid[STEP])
    most: int = (STEP_MAX // grid[STEP] - 1) // 2
    return 2 * min(radius, most) + 1


@part
def _find(
    samples: NDArray[np.int32], grid: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Store the coarsest grid found on which every sample has a code of its own.

    Returns
    -------
    values, codes : NDArray of int64
        The values that occur, and their codes; none where these are the samples themselves.
    corrections : NDArray of int64
        Of the codes from the first to the last, or none.
    """
    low = high = samples[0]
    for sample in samples:
        low, high = min(low, sample), max(high, sample)
    low, high = wide(low), wide(high)
    none = np.empty(0, dtype=np.int64)
    grid[STEP], grid[OFFSET], grid[FIRST], grid[LAST] = UNIT, 0, low, high
    values = _values(samples, low, high) if high - low <= SPAN_MAX else none
    if values.size < LEVELS_MIN:
        return none, none, none
    codes = _fitted_codes(values)
    if not _ascends(codes):
        return none, none, none
    slope, _ = _line(codes, values)
    near, step, offset, corrections = _grid_along(codes, values, slope)
    if not near or corrections.size:
        near, step, offset, corrections = _grid_along(codes, values, _narrowest_slope(codes, values))
    if not near:
        return none, none, none
    grid[STEP], grid[OFFSET], grid[FIRST], grid[LAST] = step, offset, codes[0], codes[-1]
    return values, codes, corrections


@kernel
def put_on_grids(rows: NDArray[np.int32], max_error: int) -> Grids:
    """Replace the samples of channels by their codes on the coarsest grids found; return these.

    Parameters
    ----------
    rows : NDArray, shape (channels, ORDER_MAX + steps)
        Samples, one at least, which become codes, behind zeros.
    max_error : int
        Most that a sample may change by. The grid becomes that of every n-th code, n as great as it may be, and a
        code the nearest one of these.
    """
    found, n_found = np.empty(0, dtype=np.int64), 0
    grids = np.empty((len(rows), COLUMNS), dtype=np.int64)
    for channel in range(len(rows)):
        samples, grid = rows[channel, ORDER_MAX:], grids[channel]
        values, codes, corrections = _find(samples, grid)
        if values.size:
            of_value = np.empty(values[-1] - values[0] + 1, dtype=np.int32)
            for index in range(values.size):
                of_value[values[index] - values[0]] = codes[index]
            for step in range(samples.size):
                samples[step] = of_value[samples[step] - values[0]]
        stride = _stride(grid, corrections, max_error)
        if stride > 1:
            radius = stride >> 1
            for step in range(samples.size):
                samples[step] = (wide(samples[step]) + radius) // stride
            grid[FIRST], grid[LAST] = (grid[FIRST] + radius) // stride, (grid[LAST] + radius) // stride
            grid[STEP] *= stride
            corrections = corrections[:0]
        grid[CORRECTIONS] = corrections.size
        if n_found + corrections.size > found.size:
            more = np.empty(2 * (n_found + corrections.size), dtype=np.int64)
            for index in range(n_found):
                more[index] = found[index]
            found = more
        for index in range(corrections.size):
            found[n_found + index] = corrections[index]
        n_found += corrections.size
    return Grids(grids, found[:n_found])


@kernel
def restore(
    rows: NDArray[np.int32],
    centres: NDArray[np.int64],
    split: Split,
    grids: Grids,
    low: int,
    high: int,
    clipped: bool,
) -> int:
    """Replace centred codes by the samples that they stand for.

    Parameters
    ----------
    rows, centres, split, grids
        As `put_on_grids` and `centre_all` leave and return them.
    low, high : int
        Least and greatest value of a sample.
    clipped : bool
        Whether others become the nearest of these.

    Returns
    -------
    int
        `CODE_BEYOND` if a code is not its channel's, `SAMPLE_OUTSIDE` if a sample is out of range and not to be
        clipped, or `GOOD`.
    """
    corrections_at = 0
    for channel in range(len(rows)):
        grid, bits, row = grids.table[channel], split.bits[channel], rows[channel, ORDER_MAX:]
        step, offset, first, last = grid[STEP], grid[OFFSET], grid[FIRST], grid[LAST]
        centre, beyond, outside = centres[channel], False, False
        of_channel = grids.corrections[corrections_at : corrections_at + grid[CORRECTIONS]]
        corrections_at += of_channel.size
        for index in range(row.size):
            code = wide(row[index]) + centre
            if bits:
                code = code << bits | split.low[channel, index]
            beyond |= (code < first) | (code > last)
            row[index] = code
        if beyond:
            return CODE_BEYOND
        if step == UNIT and offset == 0 and of_channel.size == 0 and low <= first and last <= high:
            continue
        for index in range(row.size):
            code = wide(row[index])
            sample = code * step + offset >> UNIT_BITS
            if of_channel.size:
                sample += of_channel[code - first]
            outside |= (sample < low) | (sample > high)
            row[index] = min(max(sample, low), high)
        if outside and not clipped:
            return SAMPLE_OUTSIDE
    return GOOD
