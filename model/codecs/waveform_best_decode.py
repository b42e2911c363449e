"""The preset `best`, decoding: channel by channel, each kept for the predictions of later ones."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from model.codecs.waveform_channel import Channel, read_channels
from model.codecs.waveform_payload import body_of, check_end
from model.errors import CodecError
from model.kernels import rans_channel, residual_mixture
from model.kernels.linear_prediction import ORDER_MAX
from model.kernels.normal_table import distribution_table, inverse_table


def decode_best(
    payload: NDArray[np.uint8], shape: tuple[int, int], lossless: bool, sample_range: tuple[int, int]
) -> NDArray[np.int32]:
    """Return the samples of a group; see `decode_group`."""
    n_channels, steps = shape
    channels, at = read_channels(payload, n_channels)
    state, words = body_of(payload, at)
    rows = np.zeros((n_channels, ORDER_MAX + steps), dtype=np.int32)
    out = np.empty(shape, dtype=np.int32)
    low, high = sample_range
    at = 0
    for index, channel in enumerate(channels):
        codes, state, at = _take(channel, rows, index, state, words, at)
        if codes.min() < channel.grid.first or codes.max() > channel.grid.last:
            raise CodecError("waveform payload has a code beyond its channel's range")
        samples = channel.grid.samples_of(codes)
        if lossless and (samples.min() < low or samples.max() > high):
            raise CodecError(f"waveform payload has a sample outside {low}..{high}")
        out[index] = samples if lossless else samples.clip(low, high)
    check_end(state, at, words)
    return out


def _take(
    channel: Channel, rows: NDArray[np.int32], index: int, state: int, words: NDArray[np.uint32], at: int
) -> tuple[NDArray[np.int64], int, int]:
    """Take a channel's codes off the state, the first channel's first; return them, it, and where the next word is."""
    steps = rows.shape[1] - ORDER_MAX
    if channel.constant:
        return np.full(steps, channel.grid.first, dtype=np.int64), state, at
    split_codes = np.empty(steps, dtype=np.int32)
    state, at = residual_mixture.decode(
        state,
        words,
        at,
        channel.edges,
        rows[index],
        channel.cascade(rows),
        1 << channel.spread,
        distribution_table(),
        inverse_table(),
        split_codes,
    )
    codes, width = split_codes.astype(np.int64) + channel.first, channel.split_bits
    if width:
        low = np.empty(steps, dtype=np.int64)
        state, at = rans_channel.take_bits(state, words, at, low, width)
        codes = codes << width | low
    return codes, state, at
