"""What both presets share: samples as codes around a centre, kept for the predictions of later channels."""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np
from numpy.typing import NDArray

from model.codecs.adc_grid import coarsened, find_grid
from model.codecs.waveform_channel import Channel
from model.codecs.waveform_predictor import Predictor
from model.errors import CodecError
from model.kernels import centred_row, linear_prediction, rans_channel
from model.kernels.linear_prediction import ORDER_MAX


class RowsEncoder(ABC):
    """The channels of a group on their grids.

    Parameters
    ----------
    samples : NDArray of int32, shape (channels, steps)
        Not empty.
    fraction_bits : int
        A code is `1 << fraction_bits` units of the rows.
    max_error : int
        Most that a sample may change by.

    Attributes
    ----------
    channels : list of Channel
        Grid and centre are known.
    codes : list of NDArray of int32
        Codes of each channel.
    rows : NDArray of int32, shape (channels, ORDER_MAX + steps)
        Split codes around their centre, behind zeros.
    """

    def __init__(self, samples: NDArray[np.int32], fraction_bits: int, max_error: int) -> None:
        n_channels, steps = samples.shape
        self.channels: list[Channel] = []
        self.codes: list[NDArray[np.int32]] = []
        self.rows = np.zeros((n_channels, ORDER_MAX + steps), dtype=np.int32)
        for row, of_channel in zip(self.rows, samples, strict=True):
            grid = find_grid(of_channel)
            coarse, radius = coarsened(grid, max_error)
            codes = grid.codes_of(of_channel)
            if radius:
                codes = ((codes.astype(np.int64) + radius) // (2 * radius + 1)).astype(np.int32)
            channel = Channel(coarse)
            channel.centre = centred_row.centre(codes, channel.split_bits, fraction_bits, row[ORDER_MAX:])
            self.channels.append(channel)
            self.codes.append(codes)

    @abstractmethod
    def put(self, index: int, state: int, words: NDArray[np.uint32], at: int) -> tuple[int, int]:
        """Put a channel, the last one first, on the state; return it and where the next word goes."""

    def put_split(self, index: int, state: int, words: NDArray[np.uint32], at: int) -> tuple[int, int]:
        """Put the lowest bits of a channel's codes on the state, where they are stored as they are."""
        width = self.channels[index].split_bits
        if width == 0:
            return state, at
        return rans_channel.put_bits(state, words, at, self.codes[index].astype(np.int64) & (1 << width) - 1, width)


class RowsDecoder(ABC):
    """Takes channels off the state, one after another.

    Parameters
    ----------
    state : int
        Of the range coder.
    words : NDArray of uint32
        What follows the state.
    n_channels, steps : int
        Shape of the group.
    """

    def __init__(self, state: int, words: NDArray[np.uint32], n_channels: int, steps: int) -> None:
        self._state, self._words, self._at = state, words, 0
        self._rows = np.zeros((n_channels, ORDER_MAX + steps), dtype=np.int32)
        self._steps = steps

    @abstractmethod
    def take(self, index: int, channel: Channel) -> NDArray[np.int64]:
        """Take a channel's codes off the state, the first channel's first."""

    def take_split(self, channel: Channel, split_codes: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return whole codes: `split_codes`, and the lowest bits that are taken off the state."""
        width = channel.split_bits
        if width == 0:
            return split_codes
        low = np.empty(self._steps, dtype=np.int64)
        self._state, self._at = rans_channel.take_bits(self._state, self._words, self._at, low, width)
        return split_codes << width | low

    def finish(self) -> None:
        """Raise `CodecError` unless all words are used up, and the state is what the encoder started with."""
        if self._state != 1 or self._at != self._words.size:
            raise CodecError("waveform payload does not end where its samples do")


def others_of(rows: NDArray[np.int32], predictor: Predictor) -> NDArray[np.int64]:
    """Return what the neighbours add to each step's prediction."""
    out = np.empty(rows.shape[1] - ORDER_MAX, dtype=np.int64)
    linear_prediction.from_neighbours(rows, predictor.neighbours, predictor.others, out)
    return out
