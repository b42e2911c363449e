"""What the preset `best` does channel by channel: samples as codes around a centre, kept for later predictions."""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np
from numpy.typing import NDArray

from model.codecs.adc_grid import each_grid
from model.codecs.waveform_channel import Channel, read_channels, write_channels
from model.codecs.waveform_payload import body_of, check_end
from model.codecs.waveform_predictor import Predictor
from model.errors import CodecError
from model.kernels import adc_grid, centred_row, linear_prediction, rans_channel
from model.kernels.linear_prediction import ORDER_MAX

WORDS_A_SAMPLE = 2
SLACK_WORDS = 4


class RowsEncoder(ABC):
    """The channels of a group on their grids.

    Parameters
    ----------
    samples : NDArray of int32, shape (channels, ORDER_MAX + steps)
        Samples, one at least, behind zeros; becomes their codes.
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
        self.channels = [Channel(grid) for grid in each_grid(adc_grid.put_on_grids(samples, max_error))]
        self.codes: list[NDArray[np.int32]] = list(samples[:, ORDER_MAX:])
        self.rows = np.zeros_like(samples)
        for channel, codes, row in zip(self.channels, self.codes, self.rows, strict=True):
            channel.centre = centred_row.centre(codes, channel.split_bits, fraction_bits, row[ORDER_MAX:])

    @abstractmethod
    def put(self, index: int, state: int, words: NDArray[np.uint32], at: int) -> tuple[int, int]:
        """Put a channel, the last one first, on the state; return it and where the next word goes."""

    def side(self) -> bytes:
        """Return what the decoder must know before the first sample."""
        return write_channels(self.channels)

    def put_all(self) -> tuple[int, list[NDArray[np.uint32]]]:
        """Return the state of the range coder, and the words behind it in parts."""
        words = np.empty(WORDS_A_SAMPLE * self.codes[0].size + SLACK_WORDS, dtype=np.uint32)
        state, parts = 1, []
        for index in range(len(self.codes) - 1, -1, -1):
            state, at = self.put(index, state, words, words.size)
            parts.append(words[at:].copy())
        return state, parts[::-1]

    def decoded(self, low: int, high: int) -> NDArray[np.int32]:
        """Return what the decoder gives back, shape (channels, steps)."""
        decoded = np.empty((len(self.codes), self.codes[0].size), dtype=np.int32)
        for row, channel, codes in zip(decoded, self.channels, self.codes, strict=True):
            row[:] = channel.grid.samples_of(codes.astype(np.int64)).clip(low, high)
        return decoded

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

    @classmethod
    def decode(
        cls, payload: NDArray[np.uint8], shape: tuple[int, int], lossless: bool, sample_range: tuple[int, int]
    ) -> NDArray[np.int32]:
        """Return the samples of a group; see `decode_group`."""
        channels, at = read_channels(payload, shape[0])
        decoder = cls(*body_of(payload, at), *shape)
        out = np.empty(shape, dtype=np.int32)
        low, high = sample_range
        for index, channel in enumerate(channels):
            codes = decoder.take(index, channel)
            if codes.min() < channel.grid.first or codes.max() > channel.grid.last:
                raise CodecError("waveform payload has a code beyond its channel's range")
            samples = channel.grid.samples_of(codes)
            if lossless and (samples.min() < low or samples.max() > high):
                raise CodecError(f"waveform payload has a sample outside {low}..{high}")
            out[index] = samples if lossless else samples.clip(low, high)
        check_end(decoder._state, decoder._at, decoder._words)
        return out

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


def others_of(rows: NDArray[np.int32], predictor: Predictor) -> NDArray[np.int64]:
    """Return what the neighbours add to each step's prediction."""
    out = np.empty(rows.shape[1] - ORDER_MAX, dtype=np.int64)
    linear_prediction.from_neighbours(rows, predictor.neighbours, predictor.others, out)
    return out
