"""What a decoder must know of each channel before its first sample, and how it is stored.

docs/waveform-streams.md specifies it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

from model.codecs.adc_grid import CORRECTION_MAX, STEP_MAX, UNIT_BITS, Grid
from model.codecs.code_widths import CODES_MAX, LEVEL_MAX
from model.codecs.frequency_table import ABSENT
from model.codecs.number_lists import NumberLists, encoded_list
from model.codecs.waveform_predictor import COEFFICIENT_MAX, Predictor
from model.errors import CodecError
from model.kernels.linear_prediction import NEIGHBOUR_LAGS, ORDER_MAX
from model.kernels.residual_table import SYMBOLS

CODE_BITS = 20
"""Codes of more bits are split: the lowest bits are stored as they are."""
NEIGHBOURS_MAX = 8
SPREAD_MAX = 58
GRID, CORRECTED, UNEQUAL = 1, 2, 4
"""Flags of a channel: codes on a grid, a grid with corrections, codes of unequal widths."""
SAMPLE_MIN, SAMPLE_MAX = -(1 << 31), (1 << 31) - 1


def _no_numbers() -> NDArray[np.int64]:
    return np.empty(0, dtype=np.int64)


@dataclass
class Channel:
    """A channel's part of a chunk, but for its samples.

    Attributes
    ----------
    grid : Grid
        From codes to samples.
    centre : int
        The split code whose middle is the waveform's zero.
    predictor : Predictor
        Coefficients.
    spread : int
        `best`: the variance at the start, as a power of two. `fast`: lowest bits of differences stored as they are.
    widths : NDArray of int64
        `best`: the level of each split code's width; empty where all are equal.
    symbols : NDArray of int64
        `fast`: the level of each symbol's frequency; empty for a constant channel.
    """

    grid: Grid
    centre: int = 0
    predictor: Predictor = field(default_factory=lambda: Predictor(np.empty(0, dtype=np.int32)))
    spread: int = 0
    widths: NDArray[np.int64] = field(default_factory=_no_numbers)
    symbols: NDArray[np.int64] = field(default_factory=_no_numbers)

    @property
    def split_bits(self) -> int:
        """Lowest bits of a code that are stored as they are; a split code is what remains."""
        return max(0, (self.grid.last - self.grid.first).bit_length() - CODE_BITS)

    @property
    def first(self) -> int:
        """The least split code."""
        return self.grid.first >> self.split_bits

    @property
    def last(self) -> int:
        """The greatest split code."""
        return self.grid.last >> self.split_bits

    @property
    def constant(self) -> bool:
        """Whether there is only one code."""
        return self.grid.first == self.grid.last

    @property
    def flags(self) -> int:
        """Which optional parts there are."""
        on_grid = GRID if self.grid.step != 1 << UNIT_BITS else 0
        return on_grid | (CORRECTED if self.grid.corrections.size else 0) | (UNEQUAL if self.widths.size else 0)


def write_channels(channels: Sequence[Channel]) -> bytes:
    """Return the bytes that `read_channels` reads."""
    predictors = [channel.predictor for channel in channels]
    gridded = [channel.grid for channel in channels if channel.flags & GRID]
    tables = [(int(present[0]), int(present[-1]), channel.symbols) for channel in channels
              if (present := np.flatnonzero(channel.symbols != ABSENT)).size]  # fmt: skip
    lists: list[ArrayLike] = [
        [channel.flags for channel in channels],
        [number for channel in channels for number in (channel.grid.first, channel.grid.last)],
        [channel.centre - channel.first for channel in channels],
        np.diff([grid.step for grid in gridded], prepend=0),
        [grid.offset for grid in gridded],
        [channel.spread for channel in channels],
        [predictor.own.size for predictor in predictors],
        [predictor.neighbours.size for predictor in predictors],
        [index - other for index, predictor in enumerate(predictors) for other in predictor.neighbours],
        [coefficient for predictor in predictors for coefficient in predictor.own],
        [coefficient for predictor in predictors for coefficient in predictor.others.ravel()],
        np.concatenate([channel.widths for channel in channels]),
        np.concatenate([channel.grid.corrections for channel in channels]),
        [number for first, last, _ in tables for number in (first, last)],
        np.concatenate(
            [_no_numbers(), *(np.diff(levels[first : last + 1], prepend=0) for first, last, levels in tables)]
        ),
    ]
    return b"".join(map(encoded_list, lists))


def read_channels(data: NDArray[np.uint8], n_channels: int, *, with_tables: bool) -> tuple[list[Channel], int]:
    """Return the channels that `write_channels` wrote, and where the bytes after them start.

    Parameters
    ----------
    data : NDArray of uint8
        The payload of a group.
    n_channels : int
        Channels of the group.
    with_tables : bool
        Whether the mode is `fast`.

    Raises
    ------
    CodecError
        A number is out of range.
    """
    numbers = NumberLists(data)
    flags = numbers.take("flags", n_channels, 0, GRID | CORRECTED | UNEQUAL)
    codes = numbers.take("codes", 2 * n_channels, SAMPLE_MIN, SAMPLE_MAX)
    centres = numbers.take("centres", n_channels, 0, 1 << CODE_BITS)
    n_grids = int(np.count_nonzero(flags & GRID))
    steps = np.cumsum(numbers.take("grid steps", n_grids, -STEP_MAX, STEP_MAX))
    offsets = numbers.take("grid offsets", n_grids, SAMPLE_MIN, SAMPLE_MAX)
    spreads = numbers.take("spreads", n_channels, 0, SPREAD_MAX)
    orders = numbers.take("orders", n_channels, 0, ORDER_MAX)
    counts = numbers.take("neighbours", n_channels, 0, NEIGHBOURS_MAX)
    distances = numbers.take("distances", int(counts.sum()), 1, n_channels)
    own = numbers.take("coefficients", int(orders.sum()), -COEFFICIENT_MAX, COEFFICIENT_MAX)
    others = numbers.take("coefficients", int(counts.sum()) * NEIGHBOUR_LAGS, -COEFFICIENT_MAX, COEFFICIENT_MAX)

    channels = []
    grids = iter(zip(steps.tolist(), offsets.tolist(), strict=True))
    own_parts, other_parts = _split(own, orders), _split(others, counts * NEIGHBOUR_LAGS)
    for index, distance in enumerate(_split(distances, counts)):
        step, offset = next(grids) if flags[index] & GRID else (1 << UNIT_BITS, 0)
        neighbours = index - distance
        if not 1 << UNIT_BITS <= step <= STEP_MAX or np.any(neighbours < 0):
            raise CodecError("waveform payload has a grid or a neighbour that is out of range")
        predictor = Predictor(
            own_parts[index].astype(np.int32), neighbours, other_parts[index].reshape(-1, NEIGHBOUR_LAGS)
        )
        channel = Channel(Grid(step, offset, int(codes[2 * index]), int(codes[2 * index + 1])), 0, predictor)
        if channel.grid.first > channel.grid.last or centres[index] > channel.last - channel.first:
            raise CodecError("waveform payload has a channel with a centre beyond its codes, or with no code")
        channel.centre, channel.spread = channel.first + int(centres[index]), int(spreads[index])
        channels.append(channel)
    _read_code_lists(numbers, channels, flags)
    if with_tables:
        _read_tables(numbers, channels)
    else:
        numbers.take("tables", 0, 0, 0)
        numbers.take("tables", 0, 0, 0)
    return channels, numbers.at


def _read_code_lists(numbers: NumberLists, channels: list[Channel], flags: NDArray[np.int64]) -> None:
    sizes = np.array([channel.last - channel.first + 1 for channel in channels])
    unequal, corrected = flags & UNEQUAL != 0, flags & CORRECTED != 0
    if np.any(sizes[unequal] > CODES_MAX) or np.any(sizes[corrected] > 1 << CODE_BITS):
        raise CodecError("waveform payload lists more codes than there may be")
    widths = numbers.take("widths", int(sizes[unequal].sum()), -LEVEL_MAX, LEVEL_MAX)
    corrections = numbers.take("corrections", int(sizes[corrected].sum()), -CORRECTION_MAX, CORRECTION_MAX)
    for channel, of_channel in zip(channels, _split(widths, sizes * unequal), strict=True):
        channel.widths = of_channel
    for channel, of_channel in zip(channels, _split(corrections, sizes * corrected), strict=True):
        grid = channel.grid
        channel.grid = Grid(grid.step, grid.offset, grid.first, grid.last, of_channel)


def _read_tables(numbers: NumberLists, channels: list[Channel]) -> None:
    coded = [channel for channel in channels if not channel.constant]
    spans = numbers.take("symbols", 2 * len(coded), 0, SYMBOLS - 1).reshape(-1, 2)
    sizes = spans[:, 1] - spans[:, 0] + 1
    if np.any(sizes < 1):
        raise CodecError("waveform payload has a table without symbols")
    changes = numbers.take("levels", int(sizes.sum()), -SYMBOLS, SYMBOLS)
    for channel, first, part in zip(coded, spans[:, 0], _split(changes, sizes), strict=True):
        channel.symbols = np.full(SYMBOLS, ABSENT, dtype=np.int64)
        channel.symbols[first : first + part.size] = np.cumsum(part)


def _split(numbers: NDArray[np.int64], sizes: NDArray[np.int64]) -> list[NDArray[np.int64]]:
    return [numbers[end - size : end] for size, end in zip(sizes, np.cumsum(sizes), strict=True)]
