"""The preset `best`: many predictors tried, unequal codes measured, an adaptive mixture of distributions."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from model.codecs.code_widths import edges_of, find_levels
from model.codecs.waveform_channel import Channel
from model.codecs.waveform_predictor import Effort, Fit
from model.codecs.waveform_rows import RowsDecoder, RowsEncoder, others_of
from model.kernels import linear_prediction, rans_channel, residual_mixture
from model.kernels.channel_lists import SPREAD_MAX
from model.kernels.linear_prediction import ORDER_MAX
from model.kernels.normal_table import PROBABILITY_BITS, VARIANCE_GUARD_BITS, distribution_table, inverse_table
from model.kernels.residual_mixture import FRACTION_BITS

EFFORT = Effort(order=32, neighbours=(0, 1, 2, 4), fit_steps=1 << 16, widths=True)
EFFORT_ON_CODES = Effort(order=4, neighbours=(0,), fit_steps=1 << 14)
"""For what a predictor left of something else."""


class BestEncoder(RowsEncoder):
    """Encodes a group; see `encode_group`."""

    def __init__(self, samples: NDArray[np.int32], max_error: int, effort: Effort = EFFORT) -> None:
        super().__init__(samples, FRACTION_BITS, max_error)
        self._effort = effort
        self._fit = Fit(self.rows, 1 << FRACTION_BITS, effort)
        self._neighbours = self._fit.neighbours()
        for index, channel in enumerate(self.channels):
            if not channel.constant:
                self._choose(index, channel)

    def _choose(self, index: int, channel: Channel) -> None:
        residuals = self._fit_predictor(index, channel)
        if self._effort.widths:
            residuals = self._use_widths(index, channel, residuals)
        variance = float(np.mean(np.square(residuals, dtype=np.float64))) * (1 << VARIANCE_GUARD_BITS)
        channel.spread = min(max(round(math.log2(variance + 1)), 0), SPREAD_MAX)

    def _use_widths(self, index: int, channel: Channel, residuals: NDArray[np.int32]) -> NDArray[np.int32]:
        """Find unequal widths of codes, and return the residuals of a predictor that heeds them."""
        row = self.rows[index, ORDER_MAX:]
        # Codes lie `1 << FRACTION_BITS` apart as yet, so that a prediction is easily rounded to one.
        predicted = (row.astype(np.int64) - residuals >> FRACTION_BITS) + channel.centre - channel.first
        split = self._split_codes(index)
        channel.widths = find_levels(split, predicted, channel.last - channel.first + 1)
        if channel.widths.size == 0:
            return residuals
        edges = _edges(channel)
        row[:] = (edges[split] + edges[split + 1]) >> 1
        return self._fit_predictor(index, channel)

    def _fit_predictor(self, index: int, channel: Channel) -> NDArray[np.int32]:
        channel.predictor = self._fit.predictor(index, self._neighbours[index])
        residuals = np.empty(self.rows.shape[1] - ORDER_MAX, dtype=np.int32)
        others = others_of(self.rows, channel.predictor)
        linear_prediction.measure(self.rows[index], channel.predictor.own, others, residuals)
        return residuals

    def _split_codes(self, index: int) -> NDArray[np.int32]:
        channel = self.channels[index]
        return (self.codes[index] >> channel.split_bits) - channel.first

    def put(self, index: int, state: int, words: NDArray[np.uint32], at: int) -> tuple[int, int]:
        """Put a channel, the last one first, on the state; return it and where the next word goes."""
        channel = self.channels[index]
        if channel.constant:
            return state, at
        starts, frequencies = np.empty((2, self.rows.shape[1] - ORDER_MAX), dtype=np.int32)
        residual_mixture.measure(
            self._split_codes(index),
            _edges(channel),
            self.rows[index],
            channel.predictor.own,
            others_of(self.rows, channel.predictor),
            1 << channel.spread,
            distribution_table(),
            inverse_table(),
            starts,
            frequencies,
        )
        state, at = self.put_split(index, state, words, at)
        return rans_channel.put_symbols(state, words, at, starts, frequencies, PROBABILITY_BITS)


class BestDecoder(RowsDecoder):
    """Decodes a group; see `decode_group`."""

    def take(self, index: int, channel: Channel) -> NDArray[np.int64]:
        """Take a channel's codes off the state, the first channel's first."""
        if channel.constant:
            return np.full(self._steps, channel.grid.first, dtype=np.int64)
        codes = np.empty(self._steps, dtype=np.int32)
        self._state, self._at = residual_mixture.decode(
            self._state,
            self._words,
            self._at,
            _edges(channel),
            self._rows[index],
            channel.predictor.own,
            others_of(self._rows, channel.predictor),
            1 << channel.spread,
            distribution_table(),
            inverse_table(),
            codes,
        )
        return self.take_split(channel, codes.astype(np.int64) + channel.first)


def _edges(channel: Channel) -> NDArray[np.int64]:
    return edges_of(channel.first, channel.last, channel.centre, channel.widths)
