"""Samples of channels by the difference from their prediction, under a fixed table of frequencies: the quick way.

The lowest bits of a difference are as good as random and go into the stream as they are; the rest is a symbol of a
table. Differences beyond the table are escaped.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from model.kernels.adc_grid import FIRST, LAST
from model.kernels.bit_length import bit_length
from model.kernels.frequency_table import SYMBOLS, TOTAL, TOTAL_BITS, store_frequencies, store_levels
from model.kernels.jit import kernel, part
from model.kernels.linear_prediction import (
    ORDER_MAX,
    Predictors,
    from_last,
    measure_from_last,
    predict_from_last,
    sum_neighbours,
)
from model.kernels.rans_symbol import STATE_BITS, STATE_MIN, WORD_BITS, drop, put
from model.kernels.reciprocal import multiply_and_shift, reciprocal
from model.kernels.split_codes import Split, split_of
from model.kernels.wide import wide

TABLE_SPREAD = 12.0
"""So many lowest bits are stored as they are that what remains is of less than this size on average."""
LOW_BITS_MAX = 24
ESCAPE = 0
"""The symbol of a difference that no other one stands for."""
MIDDLE = 128
"""The symbol of the difference 0."""
WRAP_BITS = 32
HALF_BITS = 16
HALF_MASK = (1 << HALF_BITS) - 1
ESCAPE_BIAS = 1 << 2 * HALF_BITS - 1
"""An escaped difference, and this, is stored in two halves."""
BLOCK = 1024
"""Differences are computed for so many steps at a time, whenever they are needed: that takes less than storing them."""
WASTE = 2.0**-10
SLACK_WORDS = 32
"""Words that a group may take beyond its information: a share, and a number."""


class Tables(NamedTuple):
    """How the differences of the channels of a group become symbols.

    Attributes
    ----------
    spreads : NDArray of int64, shape (channels,)
        Lowest bits of differences that are stored as they are.
    spans : NDArray of int64, shape (channels, 2)
        The least and the greatest symbol of each channel; 0 and -1 for a channel of one code, which has none.
    changes : NDArray of int64
        Levels of the symbols from the least to the greatest, less the one before, of one channel after another.
    """

    spreads: NDArray[np.int64]
    spans: NDArray[np.int64]
    changes: NDArray[np.int64]


@part
def _starts(sizes: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return where each channel's part of a list starts, and where the last one ends."""
    starts = np.zeros(sizes.size + 1, dtype=np.int64)
    for index in range(sizes.size):
        starts[index + 1] = starts[index] + sizes[index]
    return starts


@part
def _predictor_of(
    channel: int, predictors: Predictors, own_at: NDArray[np.int64], others_at: NDArray[np.int64]
) -> tuple[tuple[int, int, int, int, int, int, int, int], NDArray[np.int64], NDArray[np.int64]]:
    """Return coefficients of a channel, the last sample's first, its neighbours, and the coefficients on these.

    `own_at` and `others_at` are where each channel's parts of the predictors start.
    """
    neighbours = predictors.neighbours[others_at[channel] : others_at[channel + 1]]
    others = predictors.others[others_at[channel] : others_at[channel + 1]]
    return from_last(predictors.own[own_at[channel] : own_at[channel + 1]]), neighbours, others


@part
def _symbol(residual: int, low_bits: int) -> int:
    symbol = (wide(residual) >> low_bits) + MIDDLE
    return symbol if ESCAPE < symbol < SYMBOLS else ESCAPE


@kernel
def find_tables(
    rows: NDArray[np.int32], predictors: Predictors, split: Split, grids: NDArray[np.int64]
) -> tuple[Tables, int]:
    """Return what suits the differences of a group.

    Parameters
    ----------
    rows : NDArray, shape (channels, ORDER_MAX + steps)
        Samples behind zeros.
    predictors : Predictors
        Of at most `SHORT_ORDER` coefficients on the own past.
    split : Split
        What is stored beside the samples.
    grids : NDArray, shape (channels, 5)
        Of each channel's codes; one of one code has no table.

    Returns
    -------
    tables : Tables
        What suits them best.
    n_words : int
        How many words `put_group` fills at most.
    """
    steps = rows.shape[1] - ORDER_MAX
    sums, residuals = np.empty(BLOCK, dtype=np.int64), np.empty(BLOCK, dtype=np.int32)
    levels, frequencies = np.empty(SYMBOLS, dtype=np.int64), np.empty(SYMBOLS, dtype=np.int64)
    own_at, others_at = _starts(predictors.orders), _starts(predictors.counts)
    spreads, spans = np.zeros(len(rows), dtype=np.int64), np.empty((len(rows), 2), dtype=np.int64)
    changes, n_changes, bits = np.empty(SYMBOLS * len(rows), dtype=np.int64), 0, 0
    for channel in range(len(rows)):
        spans[channel, 0], spans[channel, 1] = 0, -1
        if grids[channel, FIRST] == grids[channel, LAST]:
            continue
        c, neighbours, others = _predictor_of(channel, predictors, own_at, others_at)
        total = 0
        for start in range(0, steps, BLOCK):
            size = min(BLOCK, steps - start)
            measure_from_last(rows, channel, c, neighbours, others, start, sums[:size], residuals[:size])
            for step in range(size):
                total += abs(wide(residuals[step]))
        spread = total / steps / TABLE_SPREAD
        low_bits = min(int(np.ceil(np.log2(max(spread, 1.0)))), LOW_BITS_MAX)
        counts = np.zeros(SYMBOLS, dtype=np.int64)
        for start in range(0, steps, BLOCK):
            size = min(BLOCK, steps - start)
            if steps > BLOCK:  # or they are still there
                measure_from_last(rows, channel, c, neighbours, others, start, sums[:size], residuals[:size])
            for step in range(size):
                counts[_symbol(residuals[step], low_bits)] += 1
        first, last, before = 0, SYMBOLS - 1, 0
        while not counts[first]:
            first += 1
        while not counts[last]:
            last -= 1
        store_levels(counts[first : last + 1], levels[first : last + 1])
        store_frequencies(levels[first : last + 1], frequencies[first : last + 1])
        for symbol in range(first, last + 1):
            changes[n_changes] = levels[symbol] - before
            before = levels[symbol]
            n_changes += 1
            if counts[symbol]:
                bits += counts[symbol] * (TOTAL_BITS + 1 - bit_length(frequencies[symbol]))
        bits += counts[ESCAPE] * 2 * HALF_BITS + (steps - counts[ESCAPE]) * low_bits + steps * split.bits[channel]
        spreads[channel], spans[channel, 0], spans[channel, 1] = low_bits, first, last
    return Tables(spreads, spans, changes[:n_changes]), int(bits * (1 + WASTE) / WORD_BITS) + SLACK_WORDS


@part
def _read_table(
    changes: NDArray[np.int64], first: int, frequencies: NDArray[np.int64], starts: NDArray[np.int64]
) -> bool:
    """Store the frequencies of a channel's table and the sums of those before each; return whether it is one.

    Only those from the least to the greatest symbol are stored.
    """
    levels, level = np.empty(changes.size, dtype=np.int64), 0
    for index in range(changes.size):
        level += changes[index]
        levels[index] = level
    if not store_frequencies(levels, frequencies[first : first + changes.size]):
        return False
    total = 0
    for symbol in range(first, first + changes.size):
        starts[symbol] = total
        total += frequencies[symbol]
    return True


@part
def _spill(state: int, words: NDArray[np.uint32], at: int, is_full: bool) -> tuple[int, int]:
    """Return a state without its low word, which is stored, if it is full; without a branch to guess."""
    words[at - 1] = state & 0xFFFFFFFF
    n_words = wide(is_full)
    return state >> n_words * WORD_BITS, at - n_words


@kernel
def put_group(
    rows: NDArray[np.int32], predictors: Predictors, split: Split, tables: Tables, words: NDArray[np.uint32]
) -> tuple[int, int]:
    """Put all channels, the last one first, on the state of a range coder; return it and where the words begin.

    Parameters are those of `find_tables`, and `words`, which are filled from the end.
    """
    steps = rows.shape[1] - ORDER_MAX
    sums, residuals = np.empty(BLOCK, dtype=np.int64), np.empty(BLOCK, dtype=np.int32)
    frequencies, starts = np.empty(SYMBOLS, dtype=np.int64), np.empty(SYMBOLS, dtype=np.int64)
    own_at, others_at = _starts(predictors.orders), _starts(predictors.counts)
    multipliers, shifts = np.empty(SYMBOLS, dtype=np.uint64), np.empty(SYMBOLS, dtype=np.int64)
    changes_at = _starts(tables.spans[:, 1] - tables.spans[:, 0] + 1)
    state, at = wide(1), words.size
    for channel in range(len(rows) - 1, -1, -1):
        changes = tables.changes[changes_at[channel] : changes_at[channel + 1]]
        if changes.size == 0:
            continue
        _read_table(changes, tables.spans[channel, 0], frequencies, starts)
        c, neighbours, others = _predictor_of(channel, predictors, own_at, others_at)
        low_bits, split_bits = tables.spreads[channel], split.bits[channel]
        for symbol in range(tables.spans[channel, 0], tables.spans[channel, 1] + 1):
            if frequencies[symbol]:
                multipliers[symbol], shifts[symbol] = reciprocal(frequencies[symbol])
        if split_bits:
            for step in range(steps - 1, -1, -1):
                state, at = put(state, words, at, wide(split.low[channel, step]), 1, split_bits)
        for start in range((steps - 1) // BLOCK * BLOCK, -1, -BLOCK):
            size = min(BLOCK, steps - start)
            measure_from_last(rows, channel, c, neighbours, others, start, sums[:size], residuals[:size])
            for step in range(size - 1, -1, -1):
                residual = wide(residuals[step])
                symbol = _symbol(residual, low_bits)
                if symbol == ESCAPE:
                    escaped = residual + ESCAPE_BIAS
                    state, at = put(state, words, at, escaped & HALF_MASK, 1, HALF_BITS)
                    state, at = put(state, words, at, escaped >> HALF_BITS, 1, HALF_BITS)
                elif low_bits:
                    state, at = _spill(state, words, at, state >> STATE_BITS - low_bits != 0)
                    state = state << low_bits | residual & (1 << low_bits) - 1
                # As `put` does, but for the division.
                frequency = frequencies[symbol]
                state, at = _spill(state, words, at, state >> STATE_BITS - TOTAL_BITS >= frequency)
                quotient: int = multiply_and_shift(state, multipliers[symbol], shifts[symbol])  # type: ignore[call-arg]
                state += quotient * (TOTAL - frequency) + starts[symbol]
    return state, at


@part
def _fill(state: int, words: NDArray[np.uint32], at: int) -> tuple[int, int]:
    """Return a state with another low word if it lacks one, and there is one; without a branch to guess."""
    is_left = at < words.size
    word = wide(words[at]) if is_left else 0
    n_words = wide((state < STATE_MIN) & is_left)
    return state << n_words * WORD_BITS | word & -n_words, at + n_words


@kernel
def decode_group(
    state: int,
    words: NDArray[np.uint32],
    rows: NDArray[np.int32],
    predictors: Predictors,
    grids: NDArray[np.int64],
    tables: Tables,
) -> tuple[int, int, Split, bool]:
    """Take all channels off the state of a range coder.

    Parameters
    ----------
    state : int
        Above 0.
    words : NDArray
        In the order in which they are read.
    rows : NDArray, shape (channels, ORDER_MAX + steps)
        Zeros; becomes the samples behind zeros.
    predictors, grids, tables : Predictors, NDArray, Tables
        What the encoder used.

    Returns
    -------
    state, at : int
        What is left: 1 and the number of words.
    split : Split
        What was stored beside the samples.
    is_one : bool
        Whether every table is one.
    """
    steps = rows.shape[1] - ORDER_MAX
    sums = np.empty(BLOCK, dtype=np.int64)
    frequencies, starts = np.empty(SYMBOLS, dtype=np.int64), np.empty(SYMBOLS, dtype=np.int64)
    split = split_of(grids[:, FIRST : LAST + 1], steps)
    symbols = np.empty(TOTAL, dtype=np.uint8)
    own_at, others_at = _starts(predictors.orders), _starts(predictors.counts)
    changes_at = _starts(tables.spans[:, 1] - tables.spans[:, 0] + 1)
    at = 0
    for channel in range(len(rows)):
        changes = tables.changes[changes_at[channel] : changes_at[channel + 1]]
        if changes.size == 0:
            continue
        if not _read_table(changes, tables.spans[channel, 0], frequencies, starts):
            return state, at, split, False
        for symbol in range(tables.spans[channel, 0], tables.spans[channel, 1] + 1):
            symbols[starts[symbol] : starts[symbol] + frequencies[symbol]] = symbol
        c, neighbours, others = _predictor_of(channel, predictors, own_at, others_at)
        low_bits, split_bits = tables.spreads[channel], split.bits[channel]
        # The last samples stay in registers: what was just stored is slow to load.
        x1 = x2 = x3 = x4 = x5 = x6 = x7 = x8 = wide(0)
        for start in range(0, steps, BLOCK):
            size = min(BLOCK, steps - start)
            row = rows[channel, ORDER_MAX + start :]
            sum_neighbours(rows, neighbours, others, start, sums[:size])
            for step in range(size):
                symbol = symbols[state & TOTAL - 1]
                state = frequencies[symbol] * (state >> TOTAL_BITS) + (state & TOTAL - 1) - starts[symbol]
                state, at = _fill(state, words, at)
                if symbol == ESCAPE:
                    high = state & HALF_MASK
                    state, at = drop(state, words, at, high, 1, HALF_BITS)
                    low = state & HALF_MASK
                    state, at = drop(state, words, at, low, 1, HALF_BITS)
                    residual = (high << HALF_BITS | low) - ESCAPE_BIAS
                else:
                    low = state & (1 << low_bits) - 1
                    residual = (wide(symbol) - MIDDLE << low_bits) + low
                    if low_bits:
                        state, at = _fill(state >> low_bits, words, at)
                sample = residual + predict_from_last(c, x1, x2, x3, x4, x5, x6, x7, x8, sums[step])
                # The encoder's difference is one of 32 bits: a prediction beyond those wraps, and wraps back here.
                sample = sample << WRAP_BITS >> WRAP_BITS
                row[step] = sample
                x1, x2, x3, x4, x5, x6, x7, x8 = sample, x1, x2, x3, x4, x5, x6, x7
        if split_bits:
            for step in range(steps):
                low = state & (1 << split_bits) - 1
                split.low[channel, step] = low
                state, at = drop(state, words, at, low, 1, split_bits)
    return state, at, split, True
