"""The preset `fast`: a short predictor, a table of frequencies; all channels of a group in a few calls of kernels."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from model.codecs.waveform_payload import body_of, check_end, read_side
from model.codecs.waveform_predictor import Effort, Fit
from model.errors import CodecError
from model.kernels import adc_grid, centred_row, channel_lists, residual_table
from model.kernels.adc_grid import CODE_BEYOND, SAMPLE_OUTSIDE
from model.kernels.channel_lists import Channels
from model.kernels.linear_prediction import ORDER_MAX, SHORT_ORDER
from model.kernels.residual_table import LOW_BITS_MAX

EFFORT = Effort(order=SHORT_ORDER, neighbours=(0, 1), fit_steps=4096)


class FastEncoder:
    """Encodes a group; see `encode_group`."""

    def __init__(self, rows: NDArray[np.int32], max_error: int) -> None:
        self._rows = rows
        grids = adc_grid.put_on_grids(rows, max_error)
        centres, self._split = centred_row.centre_all(rows, grids.table)
        predictors = Fit(rows, 1, EFFORT).predictors()
        tables, self._n_words = residual_table.find_tables(rows, predictors, self._split, grids.table)
        no_widths = np.empty(0, dtype=np.int64)
        self._channels = Channels(grids, centres, predictors, np.zeros_like(centres), no_widths, tables)

    def side(self) -> bytes:
        """Return what the decoder must know before the first sample."""
        return channel_lists.store(self._channels).tobytes()

    def put_all(self) -> tuple[int, list[NDArray[np.uint32]]]:
        """Return the state of the range coder, and the words behind it in parts."""
        words, channels = np.empty(self._n_words, dtype=np.uint32), self._channels
        state, at = residual_table.put_group(self._rows, channels.predictors, self._split, channels.tables, words)
        return state, [words[at:]]

    def decoded(self, low: int, high: int) -> NDArray[np.int32]:
        """Return what the decoder gives back, shape (channels, steps); it takes the place of what was to be encoded."""
        adc_grid.restore(self._rows, self._channels.centres, self._split, self._channels.grids, low, high, True)
        return self._rows[:, ORDER_MAX:]


def decode_fast(
    payload: NDArray[np.uint8], shape: tuple[int, int], lossless: bool, sample_range: tuple[int, int]
) -> NDArray[np.int32]:
    """Return the samples of a group; see `decode_group`."""
    n_channels, steps = shape
    channels, at = read_side(payload, n_channels, with_tables=True)
    if channels.tables.spreads.max() > LOW_BITS_MAX:
        raise CodecError("waveform payload stores more lowest bits than there may be")
    if channels.width_counts.any():
        raise CodecError("waveform payload has widths of codes, which the preset 'fast' does not use")
    if channels.predictors.orders.max() > SHORT_ORDER:
        raise CodecError(f"waveform payload has more coefficients than {SHORT_ORDER}")
    state, words = body_of(payload, at)
    rows = np.zeros((n_channels, ORDER_MAX + steps), dtype=np.int32)
    state, at, split, good = residual_table.decode_group(
        state, words, rows, channels.predictors, channels.grids.table, channels.tables
    )
    if not good:
        raise CodecError("waveform payload has a table of frequencies that is none")
    low, high = sample_range
    outcome = adc_grid.restore(rows, channels.centres, split, channels.grids, low, high, not lossless)
    if outcome == CODE_BEYOND:
        raise CodecError("waveform payload has a code beyond its channel's range")
    if outcome == SAMPLE_OUTSIDE:
        raise CodecError(f"waveform payload has a sample outside {low}..{high}")
    check_end(state, at, words)
    return rows[:, ORDER_MAX:]
