"""What the preset `best` knows of each channel before its first sample."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from model.codecs.adc_grid import Grid, each_grid
from model.codecs.cascade_lists import Extras, encoded_extras, take_extras
from model.codecs.code_widths import edges_of
from model.codecs.waveform_payload import read_side
from model.codecs.waveform_predictor import Predictor
from model.errors import CodecError
from model.kernels import channel_lists, linear_prediction
from model.kernels.adc_grid import Grids
from model.kernels.cascade import Cascade
from model.kernels.channel_lists import Channels
from model.kernels.code_edges import Edges
from model.kernels.linear_prediction import ORDER_MAX, Predictors
from model.kernels.residual_table import Tables
from model.kernels.split_codes import split_bits

Number = TypeVar("Number", bound=np.generic)


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
        The variance at the start, as a power of two.
    widths : NDArray of int64
        The level of each split code's width; empty where all are equal, or repeat.
    extras : Extras
        What else there is.
    """

    grid: Grid
    centre: int = 0
    predictor: Predictor = field(default_factory=lambda: Predictor(np.empty(0, dtype=np.int32)))
    spread: int = 0
    widths: NDArray[np.int64] = field(default_factory=_no_numbers)
    extras: Extras = field(default_factory=Extras)

    @property
    def split_bits(self) -> int:
        """Lowest bits of a code that are stored as they are; a split code is what remains."""
        return split_bits(self.grid.first, self.grid.last)

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
    def edges(self) -> Edges:
        """The edges of split codes, the least of which is number 0."""
        levels = self.extras.periodic if self.extras.periodic.size else self.widths
        return edges_of(self.first, self.last, self.centre, levels)

    def cascade(self, rows: NDArray[np.int32]) -> Cascade:
        """Return what predicts the channel; `rows`, as the codec's, are known as far as those of its neighbours."""
        others = np.empty(rows.shape[1] - ORDER_MAX, dtype=np.int64)
        linear_prediction.from_neighbours(rows, self.predictor.neighbours, self.predictor.others, others)
        return Cascade(
            own=self.predictor.own,
            clipped=self.extras.clipped,
            limit=1 << self.extras.limit_bits,
            others=others,
            taps_bits=self.extras.taps_bits,
            spread=self.spread,
        )


def write_channels(channels: Sequence[Channel]) -> bytes:
    """Return the bytes that `read_channels` reads."""
    grids = [channel.grid for channel in channels]
    table = np.array([(grid.step, grid.offset, grid.first, grid.last, grid.corrections.size) for grid in grids])
    predictors = [channel.predictor for channel in channels]
    stored = Channels(
        Grids(table, np.concatenate([grid.corrections for grid in grids])),
        np.array([channel.centre for channel in channels]),
        Predictors(
            np.array([predictor.own.size for predictor in predictors]),
            np.array([predictor.neighbours.size for predictor in predictors]),
            np.concatenate([predictor.own for predictor in predictors]),
            np.concatenate([predictor.neighbours for predictor in predictors]),
            np.concatenate([predictor.others for predictor in predictors]),
        ),
        np.array([channel.widths.size for channel in channels]),
        np.concatenate([channel.widths for channel in channels]),
        Tables(np.array([channel.spread for channel in channels]), np.tile([0, -1], (len(channels), 1)), _no_numbers()),
    )
    return channel_lists.store(stored).tobytes() + encoded_extras([channel.extras for channel in channels])


def read_channels(data: NDArray[np.uint8], n_channels: int) -> tuple[list[Channel], int]:
    """Return the channels that `write_channels` wrote, and where the bytes after them start.

    Parameters
    ----------
    data : NDArray of uint8
        The payload of a group.
    n_channels : int
        Channels of the group.

    Raises
    ------
    CodecError
        A number is out of range.
    """
    lists, at = read_side(data, n_channels, with_tables=False)
    predictors, counts = lists.predictors, lists.predictors.counts
    extras, extra_bytes = take_extras(data[at:], n_channels)
    if any(of_channel.periodic.size and count for of_channel, count in zip(extras, lists.width_counts, strict=True)):
        raise CodecError("waveform payload has a channel with widths of two kinds")
    columns = (
        each_grid(lists.grids),
        lists.centres.tolist(),
        _split(predictors.own, predictors.orders),
        _split(predictors.neighbours, counts),
        _split(predictors.others, counts),
        lists.tables.spreads.tolist(),
        _split(lists.widths, lists.width_counts),
        extras,
    )
    channels = [
        Channel(grid, centre, Predictor(own, neighbours, others), spread, widths, of_channel)
        for grid, centre, own, neighbours, others, spread, widths, of_channel in zip(*columns, strict=True)
    ]
    return channels, at + extra_bytes


def _split(numbers: NDArray[Number], sizes: NDArray[np.int64]) -> list[NDArray[Number]]:
    ends = np.cumsum(sizes).tolist()
    return [numbers[end - size : end] for size, end in zip(sizes.tolist(), ends, strict=True)]
