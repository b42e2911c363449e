"""The preset `fast`: a short predictor, a table of frequencies."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from model.codecs.frequency_table import frequencies_of, levels_of
from model.codecs.waveform_channel import Channel
from model.codecs.waveform_predictor import Effort, Fit
from model.codecs.waveform_rows import RowsDecoder, RowsEncoder, others_of
from model.errors import CodecError
from model.kernels import residual_table
from model.kernels.linear_prediction import ORDER_MAX
from model.kernels.residual_table import SHORT_ORDER, SYMBOLS

EFFORT = Effort(order=SHORT_ORDER, neighbours=(0, 1), fit_steps=4096)
TABLE_SPREAD = 12.0
"""So many lowest bits are stored as they are that what remains is of less than this size on average."""
LOW_BITS_MAX = 24


class FastEncoder(RowsEncoder):
    """Encodes a group; see `encode_group`."""

    def __init__(self, samples: NDArray[np.int32], max_error: int) -> None:
        super().__init__(samples, 0, max_error)
        fit = Fit(self.rows, 1, EFFORT)
        neighbours = fit.neighbours()
        self._residuals = np.empty(samples.shape, dtype=np.int32)
        self._symbols = np.empty(samples.shape, dtype=np.uint8)
        for index, channel in enumerate(self.channels):
            if not channel.constant:
                channel.predictor = fit.predictor(index, neighbours[index])
                self._measure(index, channel)

    def _measure(self, index: int, channel: Channel) -> None:
        residuals = self._residuals[index]
        others = others_of(self.rows, channel.predictor)
        total = residual_table.measure(self.rows[index], _padded(channel.predictor.own), others, residuals)
        spread = total / residuals.size / TABLE_SPREAD
        channel.spread = min(math.ceil(math.log2(max(spread, 1.0))), LOW_BITS_MAX)
        counts = np.zeros(SYMBOLS, dtype=np.int64)
        residual_table.count(residuals, channel.spread, self._symbols[index], counts)
        channel.symbols = levels_of(counts)

    def put(self, index: int, state: int, words: NDArray[np.uint32], at: int) -> tuple[int, int]:
        """Put a channel, the last one first, on the state; return it and where the next word goes."""
        channel = self.channels[index]
        if channel.constant:
            return state, at
        frequencies = frequencies_of(channel.symbols)
        starts = np.cumsum(frequencies) - frequencies
        state, at = self.put_split(index, state, words, at)
        residuals, symbols = self._residuals[index], self._symbols[index]
        return residual_table.put_residuals(state, words, at, residuals, symbols, channel.spread, starts, frequencies)


class FastDecoder(RowsDecoder):
    """Decodes a group; see `decode_group`."""

    def take(self, index: int, channel: Channel) -> NDArray[np.int64]:
        """Take a channel's codes off the state, the first channel's first."""
        if channel.constant:
            return np.full(self._steps, channel.grid.first, dtype=np.int64)
        if channel.spread > LOW_BITS_MAX:
            raise CodecError("waveform payload stores more lowest bits than there may be")
        if channel.predictor.own.size > SHORT_ORDER:
            raise CodecError(f"waveform payload has more coefficients than {SHORT_ORDER}")
        frequencies = frequencies_of(channel.symbols)
        row = self._rows[index]
        self._state, self._at = residual_table.decode(
            self._state,
            self._words,
            self._at,
            row,
            _padded(channel.predictor.own),
            others_of(self._rows, channel.predictor),
            channel.spread,
            np.cumsum(frequencies) - frequencies,
            frequencies,
            np.repeat(np.arange(SYMBOLS, dtype=np.uint8), frequencies),
        )
        return self.take_split(channel, row[ORDER_MAX:].astype(np.int64) + channel.centre)


def _padded(coefficients: NDArray[np.int32]) -> NDArray[np.int32]:
    return np.concatenate([np.zeros(SHORT_ORDER - coefficients.size, dtype=np.int32), coefficients])
