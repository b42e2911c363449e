"""What a decoder must know of the channels of a group before their first sample: lists of numbers, as they are stored.

docs/waveform-streams.md specifies them.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from model.kernels import signed_numbers
from model.kernels.adc_grid import (
    COLUMNS,
    CORRECTION_MAX,
    CORRECTIONS,
    CORRECTIONS_MAX,
    FIRST,
    LAST,
    OFFSET,
    STEP,
    STEP_MAX,
    UNIT,
    Grids,
)
from model.kernels.frequency_table import SYMBOLS
from model.kernels.jit import kernel, part, routine
from model.kernels.linear_prediction import COEFFICIENT_MAX, NEIGHBOUR_LAGS, ORDER_MAX, Predictors
from model.kernels.outcome import BEYOND
from model.kernels.residual_table import Tables
from model.kernels.split_codes import CODE_BITS, split_bits
from model.kernels.wide import wide

NEIGHBOURS_MAX = 8
SPREAD_MAX = 58
WIDTHS_MAX = 4096
"""Most codes of a channel whose widths are stored."""
WIDTH_LEVEL_MAX = 32
"""Levels of widths are -32..32."""
GRID, CORRECTED, UNEQUAL = 1, 2, 4
"""Flags of a channel: codes on a grid, a grid with corrections, codes of unequal widths."""
SAMPLE_MIN, SAMPLE_MAX = -(1 << 31), (1 << 31) - 1

LISTS = (
    ("flags", 0, GRID | CORRECTED | UNEQUAL),
    ("codes", SAMPLE_MIN, SAMPLE_MAX),
    ("centres", 0, 1 << CODE_BITS),
    ("grid steps", -STEP_MAX, STEP_MAX),
    ("grid offsets", SAMPLE_MIN, SAMPLE_MAX),
    ("spreads", 0, SPREAD_MAX),
    ("orders", 0, ORDER_MAX),
    ("neighbours", 0, NEIGHBOURS_MAX),
    ("distances", 1, SAMPLE_MAX),
    ("coefficients", -COEFFICIENT_MAX, COEFFICIENT_MAX),
    ("coefficients", -COEFFICIENT_MAX, COEFFICIENT_MAX),
    ("widths", -WIDTH_LEVEL_MAX, WIDTH_LEVEL_MAX),
    ("corrections", -CORRECTION_MAX, CORRECTION_MAX),
    ("symbols", 0, SYMBOLS - 1),
    ("levels", -SYMBOLS, SYMBOLS),
)
"""The lists in order, and the range of their numbers."""
LEAST, GREATEST = np.array([least for _, least, _ in LISTS]), np.array([greatest for *_, greatest in LISTS])
N_LISTS = len(LISTS)
UNUSABLE_GRID, UNUSABLE_CENTRE, UNUSABLE_NEIGHBOUR, TOO_MANY_CODES, NO_SYMBOLS = range(2 * N_LISTS, 2 * N_LISTS + 5)
"""Failures of `load` beside a list that is cut off (its index) or has a number out of range (`N_LISTS` more)."""
SENTENCES = (
    *(f"waveform payload is cut off in its {name}" for name, *_ in LISTS),
    *(f"waveform payload has {name} out of range" for name, *_ in LISTS),
    "waveform payload has a grid that is out of range",
    "waveform payload has a channel with a centre beyond its codes, or with no code",
    "waveform payload has a neighbour that is out of range",
    "waveform payload lists more codes than there may be",
    "waveform payload has a table without symbols",
)


class Channels(NamedTuple):
    """The channels of a group, but for their samples.

    Attributes
    ----------
    grids : Grids
        From codes to samples.
    centres : NDArray of int64, shape (channels,)
        The split code whose middle is each waveform's zero.
    predictors : Predictors
        Coefficients.
    width_counts : NDArray of int64, shape (channels,)
        `best`: how many widths of split codes there are: 0 where all are equal, or one for each.
    widths : NDArray of int64
        `best`: their levels, of one channel after another.
    tables : Tables
        `spreads` is, for `best`, the variance at the start, as a power of two; the others are of `fast`.
    """

    grids: Grids
    centres: NDArray[np.int64]
    predictors: Predictors
    width_counts: NDArray[np.int64]
    widths: NDArray[np.int64]
    tables: Tables


class _Cursor(NamedTuple):
    """Where in some bytes the next list is.

    `places` is of the next byte, or -1 less what failed, and of the next list.
    """

    data: NDArray[np.uint8]
    places: NDArray[np.int64]


@routine
def _add(
    numbers: NDArray[np.int64], sizes: NDArray[np.int64], places: NDArray[np.int64], more: NDArray[np.int64]
) -> None:
    """Append the next list; `places` are of the next number and of the next list."""
    for index in range(more.size):
        numbers[places[0] + index] = more[index]
    sizes[places[1]] = more.size
    places[0] += more.size
    places[1] += 1


@routine
def _grid_lists(
    channels: Channels,
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Return flags, codes, centres, grid steps and grid offsets as they are stored."""
    table = channels.grids.table
    n, n_grids, before = len(table), 0, 0
    flags, codes, centres = np.zeros(n, dtype=np.int64), np.empty(2 * n, dtype=np.int64), np.empty(n, dtype=np.int64)
    steps, offsets = np.empty(n, dtype=np.int64), np.empty(n, dtype=np.int64)
    for index in range(n):
        if table[index, STEP] != UNIT:
            flags[index] |= GRID
            steps[n_grids], offsets[n_grids] = table[index, STEP] - before, table[index, OFFSET]
            before = table[index, STEP]
            n_grids += 1
        if table[index, CORRECTIONS]:
            flags[index] |= CORRECTED
        if channels.width_counts[index]:
            flags[index] |= UNEQUAL
        first, last = table[index, FIRST], table[index, LAST]
        codes[2 * index], codes[2 * index + 1] = first, last
        centres[index] = channels.centres[index] - (first >> split_bits(first, last))
    return flags, codes, centres, steps[:n_grids], offsets[:n_grids]


@kernel
def store(channels: Channels) -> NDArray[np.uint8]:
    """Return the bytes that `load` reads."""
    orders, counts, own, neighbours, others = channels.predictors
    spreads, spans, changes = channels.tables
    n, n_coded, place = orders.size, 0, 0
    distances, symbols = np.empty(neighbours.size, dtype=np.int64), np.empty(2 * n, dtype=np.int64)
    for index in range(n):
        for _ in range(counts[index]):
            distances[place] = index - neighbours[place]
            place += 1
        if spans[index, 1] >= 0:
            symbols[n_coded], symbols[n_coded + 1] = spans[index, 0], spans[index, 1]
            n_coded += 2
    flags, codes, centres, steps, offsets = _grid_lists(channels)
    room = 11 * n + distances.size + own.size + others.size + channels.widths.size + changes.size
    room += channels.grids.corrections.size
    numbers, sizes, places = (
        np.empty(room, dtype=np.int64),
        np.zeros(N_LISTS, dtype=np.int64),
        np.zeros(2, dtype=np.int64),
    )
    for more in (flags, codes, centres, steps, offsets, spreads, orders, counts, distances):
        _add(numbers, sizes, places, more)
    _add(numbers, sizes, places, own.astype(np.int64))
    _add(numbers, sizes, places, others.reshape(others.size))
    for more in (channels.widths, channels.grids.corrections, symbols[:n_coded], changes):
        _add(numbers, sizes, places, more)
    out = np.empty(8 * (places[0] + N_LISTS), dtype=np.uint8)
    return out[: signed_numbers.encode_lists(numbers[: places[0]], sizes, out)]


@part
def _total(numbers: NDArray[np.int64]) -> int:
    """Return the sum of numbers; NumPy's takes the compiler longer than all of `_take`."""
    total = wide(0)
    for index in range(numbers.size):
        total += numbers[index]
    return total


@routine
def _fails(cursor: _Cursor, failure: int) -> None:
    if cursor.places[0] >= 0:
        cursor.places[0] = -1 - failure


@routine
def _take(cursor: _Cursor, count: int) -> NDArray[np.int64]:
    """Return the next list, of so many numbers; whatever numbers if something failed, now or before."""
    at, index = cursor.places
    # A number takes at least a bit: a forged count gets no memory.
    if at >= 0 and count > 8 * (cursor.data.size - at):
        _fails(cursor, index)
    if cursor.places[0] < 0:
        return np.zeros(0, dtype=np.int64)
    cursor.places[1] += 1
    numbers = np.zeros(count, dtype=np.int64)
    at = signed_numbers.decode(cursor.data, at, numbers, LEAST[index], GREATEST[index])
    cursor.places[0] = at
    if at < 0:
        cursor.places[0] = -1 - index - (0 if at == BEYOND else N_LISTS)
    return numbers


@routine
def _take_grids(cursor: _Cursor, flags: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the table of grids, and centres."""
    table = np.zeros((flags.size, COLUMNS), dtype=np.int64)
    codes, centres = _take(cursor, 2 * flags.size), _take(cursor, flags.size)
    steps = _take(cursor, _total(flags & GRID))
    offsets = _take(cursor, steps.size)
    if cursor.places[0] < 0:
        return table, centres
    step, place = 0, 0
    for index in range(flags.size):
        first, last = codes[2 * index], codes[2 * index + 1]
        table[index, STEP], table[index, FIRST], table[index, LAST] = UNIT, first, last
        if flags[index] & GRID:
            step += steps[place]
            table[index, STEP], table[index, OFFSET] = step, offsets[place]
            place += 1
            if not UNIT <= step <= STEP_MAX:
                _fails(cursor, wide(UNUSABLE_GRID))
        bits = split_bits(first, last)
        if first > last or centres[index] > (last >> bits) - (first >> bits):
            _fails(cursor, wide(UNUSABLE_CENTRE))
        centres[index] += first >> bits
    return table, centres


@routine
def _take_predictors(cursor: _Cursor, n: int) -> Predictors:
    orders, counts = _take(cursor, n), _take(cursor, n)
    neighbours = _take(cursor, _total(counts))
    own = _take(cursor, _total(orders))
    others = _take(cursor, NEIGHBOUR_LAGS * neighbours.size)
    if cursor.places[0] >= 0:
        place = 0
        for index in range(n):
            for _ in range(counts[index]):
                neighbours[place] = index - neighbours[place]
                if neighbours[place] < 0:
                    _fails(cursor, wide(UNUSABLE_NEIGHBOUR))
                place += 1
    of_others = others.reshape((others.size // NEIGHBOUR_LAGS, NEIGHBOUR_LAGS))
    return Predictors(orders, counts, own.astype(np.int32), neighbours, of_others)


@routine
def _count_codes(cursor: _Cursor, flags: NDArray[np.int64], table: NDArray[np.int64]) -> tuple[NDArray[np.int64], int]:
    """Store how many corrections each channel has; return how many widths, and the sum of the corrections."""
    width_counts, n_corrections = np.zeros(flags.size, dtype=np.int64), wide(0)
    if cursor.places[0] >= 0:
        for index in range(flags.size):
            bits = split_bits(table[index, FIRST], table[index, LAST])
            first, last = table[index, FIRST], table[index, LAST]
            width_counts[index] = (last >> bits) - (first >> bits) + 1 if flags[index] & UNEQUAL else 0
            table[index, CORRECTIONS] = last - first + 1 if flags[index] & CORRECTED else 0
            if width_counts[index] > WIDTHS_MAX or table[index, CORRECTIONS] > CORRECTIONS_MAX:
                _fails(cursor, wide(TOO_MANY_CODES))
            n_corrections += table[index, CORRECTIONS]
    return width_counts, n_corrections


@routine
def _take_tables(cursor: _Cursor, table: NDArray[np.int64], spreads: NDArray[np.int64], with_tables: bool) -> Tables:
    coded = np.empty(len(table), dtype=np.int64)
    for index in range(len(table)):
        coded[index] = with_tables and table[index, FIRST] != table[index, LAST]
    symbols = _take(cursor, 2 * _total(coded))
    spans, place, n_levels = np.empty((len(table), 2), dtype=np.int64), 0, wide(0)
    for index in range(len(table)):
        spans[index, 0], spans[index, 1] = 0, -1
        if coded[index] and place < symbols.size:
            spans[index, 0], spans[index, 1] = symbols[place], symbols[place + 1]
            place += 2
            if spans[index, 0] > spans[index, 1]:
                _fails(cursor, wide(NO_SYMBOLS))
            n_levels += spans[index, 1] - spans[index, 0] + 1
    return Tables(spreads, spans, _take(cursor, n_levels))


@kernel
def load(data: NDArray[np.uint8], n: int, with_tables: bool) -> tuple[Channels, int]:
    """Return `n` channels that `store` stored, and where the bytes after them start.

    Parameters
    ----------
    data : NDArray
        The payload of a group, and `SLACK_BYTES` more.
    n : int
        Channels of the group.
    with_tables : bool
        Whether the preset is `fast`.

    Returns
    -------
    channels : Channels
        Without a meaning if something failed.
    at : int
        -1, less the index of a sentence in `SENTENCES`, if something failed.
    """
    cursor = _Cursor(data, np.zeros(2, dtype=np.int64))
    flags = _take(cursor, n)
    table, centres = _take_grids(cursor, flags)
    spreads = _take(cursor, n)
    predictors = _take_predictors(cursor, n)
    width_counts, n_corrections = _count_codes(cursor, flags, table)
    widths, corrections = _take(cursor, _total(width_counts)), _take(cursor, n_corrections)
    tables = _take_tables(cursor, table, spreads, with_tables)
    return Channels(Grids(table, corrections), centres, predictors, width_counts, widths, tables), cursor.places[0]
