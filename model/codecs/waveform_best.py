"""The preset `best`, encoding: many predictors tried, unequal codes measured, an adaptive mixture of distributions."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from model.codecs.adc_grid import each_grid
from model.codecs.cascade_fit import CLIPPED_LAGS, code_bits, fit_clipped, limit_bits_of
from model.codecs.code_widths import find_levels, find_periodic_levels
from model.codecs.waveform_channel import Channel, write_channels
from model.codecs.waveform_predictor import Effort, Fit
from model.kernels import adc_grid, cascade, centred_row, code_edges, rans_channel, residual_mixture
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
WORDS_A_SAMPLE = 2
SLACK_WORDS = 4


class BestEncoder:
    """Encodes a group; see `encode_group`.

    Parameters
    ----------
    samples : NDArray of int32, shape (channels, ORDER_MAX + steps)
        Samples, one at least, behind zeros; becomes their codes.
    max_error : int
        Most that a sample may change by.
    effort : Effort
        How much to try.

    Attributes
    ----------
    channels : list of Channel
        What the decoder must know of each.
    """

    def __init__(self, samples: NDArray[np.int32], max_error: int, effort: Effort = EFFORT) -> None:
        self.channels = [Channel(grid) for grid in each_grid(adc_grid.put_on_grids(samples, max_error))]
        self._codes = samples[:, ORDER_MAX:]
        # Split codes around their centre, behind zeros.
        self._rows = np.zeros_like(samples)
        for channel, codes, row in zip(self.channels, self._codes, self._rows, strict=True):
            channel.centre = centred_row.centre(codes, channel.split_bits, FRACTION_BITS, row[ORDER_MAX:])
        self._effort = effort
        self._fit = Fit(self._rows, CODE_UNITS, effort)
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
        row = self._rows[index, ORDER_MAX:]
        # Codes lie `1 << FRACTION_BITS` apart as yet, so that a prediction is easily rounded to one.
        predicted = (row.astype(np.int64) - residuals >> FRACTION_BITS) + channel.centre - channel.first
        split = self._split_codes(index)
        channel.widths = find_levels(split, predicted, channel.last - channel.first + 1)
        if channel.widths.size == 0:
            channel.extras.periodic = find_periodic_levels(split, float(np.abs(residuals).mean()) / CODE_UNITS)
        if channel.widths.size == 0 and channel.extras.periodic.size == 0:
            return residuals
        code_edges.store_middles(channel.edges, split, row)
        return self._fit_predictor(index, channel)

    def _fit_predictor(self, index: int, channel: Channel) -> NDArray[np.int32]:
        channel.predictor = self._fit.predictor(index, self._neighbours[index])
        return self._residuals(index, channel)

    def _use_clipped(self, index: int, channel: Channel, residuals: NDArray[np.int32]) -> NDArray[np.int32]:
        """Predict from the clipped past too, where that saves something; return what is left."""
        plain = channel.predictor
        channel.extras.limit_bits = limit_bits_of(self._rows[index, ORDER_MAX:])
        channel.predictor, channel.extras.clipped = fit_clipped(
            self._rows, index, plain, channel.extras.limit_bits, CODE_UNITS, self._effort
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
        row = self._rows[index, ORDER_MAX : ORDER_MAX + tried.size]
        best_bits, best = code_bits(tried, CODE_UNITS) - FILTER_GAIN_BITS * tried.size, 0
        for taps_bits in TAPS_BITS:
            if STEPS_A_TAP << taps_bits > residuals.size:
                break
            predictions = row - tried
            self._filter(index, channel, taps_bits, predictions)
            bits = code_bits(row - predictions, CODE_UNITS)
            if bits >= best_bits:
                break
            best_bits, best = bits, taps_bits
        channel.extras.taps_bits = best

    def _filter(self, index: int, channel: Channel, taps_bits: int, predictions: NDArray[np.int32]) -> None:
        edges = channel.edges
        cascade.filter_row(taps_bits, channel.spread, self._rows[index], edges.least, edges.greatest, predictions)

    def _residuals(self, index: int, channel: Channel) -> NDArray[np.int32]:
        """Return what the linear predictor leaves."""
        return self._rows[index, ORDER_MAX:] - self._predictions(index, channel)

    def _predictions(self, index: int, channel: Channel) -> NDArray[np.int32]:
        """Return the predictions before the filter."""
        edges, out = channel.edges, np.empty(self._codes.shape[1], dtype=np.int32)
        cascade.predict_row(channel.cascade(self._rows), self._rows[index], edges.least, edges.greatest, out)
        return out

    def _split_codes(self, index: int) -> NDArray[np.int32]:
        channel = self.channels[index]
        split_codes: NDArray[np.int32] = (self._codes[index] >> channel.split_bits) - channel.first
        return split_codes

    def side(self) -> bytes:
        """Return what the decoder must know before the first sample."""
        return write_channels(self.channels)

    def put_all(self) -> tuple[int, list[NDArray[np.uint32]]]:
        """Return the state of the range coder, and the words behind it in parts."""
        words = np.empty(WORDS_A_SAMPLE * self._codes.shape[1] + SLACK_WORDS, dtype=np.uint32)
        state, parts = 1, []
        for index in range(len(self.channels) - 1, -1, -1):
            state, at = self._put(index, state, words)
            parts.append(words[at:].copy())
        return state, parts[::-1]

    def _put(self, index: int, state: int, words: NDArray[np.uint32]) -> tuple[int, int]:
        """Put a channel, the last one first, on the state; return it, and where the words, from their end, begin."""
        channel, at = self.channels[index], words.size
        if channel.constant:
            return state, at
        predictions = self._predictions(index, channel)
        if channel.extras.taps_bits:
            self._filter(index, channel, channel.extras.taps_bits, predictions)
        starts, frequencies = np.empty((2, predictions.size), dtype=np.int32)
        residual_mixture.measure(
            self._split_codes(index),
            channel.edges,
            self._rows[index],
            predictions,
            1 << channel.spread,
            distribution_table(),
            inverse_table(),
            starts,
            frequencies,
        )
        width = channel.split_bits
        if width:
            low = self._codes[index].astype(np.int64) & (1 << width) - 1
            state, at = rans_channel.put_bits(state, words, at, low, width)
        return rans_channel.put_symbols(state, words, at, starts, frequencies, PROBABILITY_BITS)

    def decoded(self, low: int, high: int) -> NDArray[np.int32]:
        """Return what the decoder gives back, shape (channels, steps)."""
        decoded = np.empty(self._codes.shape, dtype=np.int32)
        for row, channel, codes in zip(decoded, self.channels, self._codes, strict=True):
            row[:] = channel.grid.samples_of(codes.astype(np.int64)).clip(low, high)
        return decoded


def _spread_of(residuals: NDArray[np.int32]) -> int:
    """Return the variance of residuals, in the mixture's unit, as a power of two."""
    variance = float(np.mean(np.square(residuals, dtype=np.float64))) * (1 << VARIANCE_GUARD_BITS)
    return min(max(round(math.log2(variance + 1)), 0), SPREAD_MAX)
