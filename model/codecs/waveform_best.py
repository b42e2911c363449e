"""The preset `best`: many predictors tried, unequal codes measured, an adaptive mixture of distributions."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from model.codecs.cascade_fit import CLIPPED_LAGS, code_bits, fit_clipped, limit_bits_of
from model.codecs.code_widths import edges_of, find_levels, find_periodic_levels
from model.codecs.waveform_channel import Channel
from model.codecs.waveform_predictor import Effort, Fit
from model.codecs.waveform_rows import RowsDecoder, RowsEncoder, others_of
from model.kernels import cascade, rans_channel, residual_mixture
from model.kernels.cascade import Cascade
from model.kernels.channel_lists import SPREAD_MAX
from model.kernels.linear_prediction import ORDER_MAX
from model.kernels.normal_table import PROBABILITY_BITS, VARIANCE_GUARD_BITS, distribution_table, inverse_table
from model.kernels.predictor_choice import COEFFICIENT_COST_BITS
from model.kernels.residual_mixture import FRACTION_BITS

EFFORT = Effort(order=32, neighbours=(0, 1, 2, 4), fit_steps=1 << 17, thorough=True)
EFFORT_ON_CODES = Effort(order=4, neighbours=(0,), fit_steps=1 << 14)
"""For what a predictor left of something else."""
CODE_UNITS = 1 << FRACTION_BITS
CLIPPED_STEPS_MIN = 4096
"""In less, a clipped past hardly saves what its coefficients take."""
TAPS_BITS = (7, 9)
"""Filters to choose from, ascending."""
STEPS_A_TAP = 64
"""In less, a filter learns too little."""
FILTER_TRIAL_STEPS = 1 << 15
FILTER_GAIN_BITS = 0.0005
"""What a filter must save a sample."""


class BestEncoder(RowsEncoder):
    """Encodes a group; see `encode_group`."""

    def __init__(self, samples: NDArray[np.int32], max_error: int, effort: Effort = EFFORT) -> None:
        super().__init__(samples, FRACTION_BITS, max_error)
        self._effort = effort
        self._fit = Fit(self.rows, CODE_UNITS, effort)
        self._neighbours = self._fit.neighbours()
        for index, channel in enumerate(self.channels):
            if not channel.constant:
                self._choose(index, channel)

    def _choose(self, index: int, channel: Channel) -> None:
        residuals = self._fit_predictor(index, channel)
        if self._effort.thorough:
            residuals = self._use_widths(index, channel, residuals)
            if residuals.size >= CLIPPED_STEPS_MIN:
                residuals = self._use_clipped(index, channel, residuals)
        channel.spread = _spread_of(residuals)
        if self._effort.thorough:
            self._use_filter(index, channel, residuals)

    def _use_widths(self, index: int, channel: Channel, residuals: NDArray[np.int32]) -> NDArray[np.int32]:
        """Find unequal widths of codes, and return the residuals of a predictor that heeds them."""
        row = self.rows[index, ORDER_MAX:]
        # Codes lie `1 << FRACTION_BITS` apart as yet, so that a prediction is easily rounded to one.
        predicted = (row.astype(np.int64) - residuals >> FRACTION_BITS) + channel.centre - channel.first
        split = self._split_codes(index)
        channel.widths = find_levels(split, predicted, channel.last - channel.first + 1)
        if channel.widths.size == 0:
            channel.extras.periodic = find_periodic_levels(split, float(np.abs(residuals).mean()) / CODE_UNITS)
        if channel.levels.size == 0:
            return residuals
        edges = _edges(channel)
        row[:] = (edges[split] + edges[split + 1]) >> 1
        return self._fit_predictor(index, channel)

    def _fit_predictor(self, index: int, channel: Channel) -> NDArray[np.int32]:
        channel.predictor = self._fit.predictor(index, self._neighbours[index])
        return self._residuals(index, channel)

    def _use_clipped(self, index: int, channel: Channel, residuals: NDArray[np.int32]) -> NDArray[np.int32]:
        """Predict from the clipped past too, where that saves something; return what is left."""
        plain = channel.predictor
        channel.extras.limit_bits = limit_bits_of(self.rows[index, ORDER_MAX:])
        channel.predictor, channel.extras.clipped = fit_clipped(
            self.rows, index, plain, channel.extras.limit_bits, CODE_UNITS, self._effort
        )
        if channel.extras.clipped.size == 0:
            return residuals
        clipped_residuals = self._residuals(index, channel)
        gain_bits = code_bits(residuals, CODE_UNITS) - code_bits(clipped_residuals, CODE_UNITS)
        if gain_bits > CLIPPED_LAGS * COEFFICIENT_COST_BITS:
            return clipped_residuals
        channel.predictor, channel.extras.clipped = plain, channel.extras.clipped[:0]
        return residuals

    def _use_filter(self, index: int, channel: Channel, residuals: NDArray[np.int32]) -> None:
        """Give a channel the filter that saves most at the chunk's start, if any does."""
        tried = residuals[:FILTER_TRIAL_STEPS]
        row = self.rows[index, ORDER_MAX : ORDER_MAX + tried.size]
        best_bits, best = code_bits(tried, CODE_UNITS) - FILTER_GAIN_BITS * tried.size, 0
        for channel.extras.taps_bits in TAPS_BITS:
            if STEPS_A_TAP << channel.extras.taps_bits > residuals.size:
                break
            predictions = row - tried
            self._filter(index, channel, predictions)
            bits = code_bits(row - predictions, CODE_UNITS)
            if bits >= best_bits:
                break
            best_bits, best = bits, channel.extras.taps_bits
        channel.extras.taps_bits = best

    def _filter(self, index: int, channel: Channel, predictions: NDArray[np.int32]) -> None:
        edges = _edges(channel)
        cascade.filter_row(
            channel.extras.taps_bits, channel.spread, self.rows[index], int(edges[0]), int(edges[-1]), predictions
        )

    def _residuals(self, index: int, channel: Channel) -> NDArray[np.int32]:
        """Return what the linear predictor leaves."""
        return self.rows[index, ORDER_MAX:] - self._predictions(index, channel)

    def _predictions(self, index: int, channel: Channel) -> NDArray[np.int32]:
        """Return the predictions before the filter."""
        edges = _edges(channel)
        out = np.empty(self.rows.shape[1] - ORDER_MAX, dtype=np.int32)
        cascade.predict_row(_cascade(channel, self.rows), self.rows[index], int(edges[0]), int(edges[-1]), out)
        return out

    def _split_codes(self, index: int) -> NDArray[np.int32]:
        channel = self.channels[index]
        return (self.codes[index] >> channel.split_bits) - channel.first

    def put(self, index: int, state: int, words: NDArray[np.uint32], at: int) -> tuple[int, int]:
        """Put a channel, the last one first, on the state; return it and where the next word goes."""
        channel = self.channels[index]
        if channel.constant:
            return state, at
        predictions = self._predictions(index, channel)
        if channel.extras.taps_bits:
            self._filter(index, channel, predictions)
        starts, frequencies = np.empty((2, self.rows.shape[1] - ORDER_MAX), dtype=np.int32)
        residual_mixture.measure(
            self._split_codes(index),
            _edges(channel),
            self.rows[index],
            predictions,
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
            _cascade(channel, self._rows),
            1 << channel.spread,
            distribution_table(),
            inverse_table(),
            codes,
        )
        return self.take_split(channel, codes.astype(np.int64) + channel.first)


def _edges(channel: Channel) -> NDArray[np.int64]:
    return edges_of(channel.first, channel.last, channel.centre, channel.levels)


def _cascade(channel: Channel, rows: NDArray[np.int32]) -> Cascade:
    return Cascade(
        own=channel.predictor.own,
        clipped=channel.extras.clipped,
        limit=1 << channel.extras.limit_bits,
        others=others_of(rows, channel.predictor),
        taps_bits=channel.extras.taps_bits,
        spread=channel.spread,
    )


def _spread_of(residuals: NDArray[np.int32]) -> int:
    """Return the variance of residuals, in the mixture's unit, as a power of two."""
    variance = float(np.mean(np.square(residuals, dtype=np.float64))) * (1 << VARIANCE_GUARD_BITS)
    return min(max(round(math.log2(variance + 1)), 0), SPREAD_MAX)
