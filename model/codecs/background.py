"""The background of a group of channels over a chunk of time: a spline's coefficients, predicted closed loop.

docs/waveform-streams.md specifies it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from model.codecs import background_predictor, spline
from model.codecs.number_lists import NumberLists, encoded_list
from model.codecs.spike_detection import SIGMA_OF_MEDIAN
from model.codecs.spline import FRACTION_BITS
from model.codecs.step_sizes import LEVEL_MAX, level_below, step_size
from model.codecs.waveform_group import decode_codes, encode_codes
from model.errors import CodecError
from model.kernels import closed_loop
from model.kernels.closed_loop import LAGS, NEIGHBOURS, SIZE, VALUE_MAX
from model.kernels.linear_prediction import COEFFICIENT_MAX

SPAN_SIGMA = 4.0
"""The quantiser's steps span so many times what the background usually changes by from knot to knot."""
QUANTIZE_BITS_MAX = 16
START_MAX = (1 << 31) - 1
USED = [[*range(count * LAGS), *range(NEIGHBOURS * LAGS, SIZE)] for count in range(NEIGHBOURS + 1)]
"""Which coefficients there are for channels with no, one and two neighbours."""


def encode_background(coefficients: NDArray[np.float32], quantize_bits: int) -> tuple[bytes, NDArray[np.int64]]:
    """Return the payload of a background, and what it is decoded to.

    Parameters
    ----------
    coefficients : NDArray of float32, shape (coefficients, channels)
        Of the spline, in units of the samples.
    quantize_bits : int
        `SPAN_SIGMA` times what the background usually changes by from knot to knot has `2**quantize_bits` steps.

    Returns
    -------
    payload : bytes
        What `decode_background` decodes.
    decoded : NDArray of int64, shape (coefficients, channels)
        In units of `2**-FRACTION_BITS` of a sample's.
    """
    units = coefficients.astype(np.float64) * (1 << FRACTION_BITS)
    starts = np.rint(units[0]).astype(np.int64)
    target = np.rint(units).astype(np.int64) - starts
    # By the median, so that an artefact does not coarsen the rest.
    usual = np.median(np.abs(np.diff(spline.knots(units), axis=0)), axis=0) * SIGMA_OF_MEDIAN
    levels = [level_below(SPAN_SIGMA * change / (1 << quantize_bits)) for change in usual.tolist()]
    neighbours = background_predictor.find_neighbours(units, usual)
    weights = background_predictor.fit(units, usual, neighbours)
    values, codes = np.zeros_like(target), np.empty(target.shape[::-1], dtype=np.int32)
    closed_loop.encode(target, _step_sizes(levels), neighbours, weights, values, codes)
    counts = np.count_nonzero(neighbours >= 0, axis=1)
    index = np.arange(len(neighbours))[:, np.newaxis]
    lists: list[ArrayLike] = [
        np.diff(levels, prepend=0),
        np.diff(starts, prepend=0),
        counts,
        (index - neighbours)[neighbours >= 0],
        np.concatenate([weights[count, USED[count]] for count in np.unique(counts)]),
    ]
    return b"".join(map(encoded_list, lists)) + encode_codes(codes.reshape(-1)), values + starts


def decode_background(payload: NDArray[np.uint8], shape: tuple[int, int]) -> NDArray[np.int64]:
    """Return coefficients, shape (coefficients, channels), in units of `2**-FRACTION_BITS` of a sample's.

    Raises
    ------
    CodecError
        The payload is not one of this shape.
    """
    channels = shape[1]
    lists = NumberLists(payload)
    levels = np.cumsum(lists.take("background steps", channels, -LEVEL_MAX, LEVEL_MAX))
    starts = np.cumsum(lists.take("background starts", channels, -START_MAX, START_MAX))
    counts = lists.take("background neighbours", channels, 0, NEIGHBOURS)
    distances = lists.take("background distances", int(counts.sum()), 1, channels)
    if levels.min() < 0 or levels.max() > LEVEL_MAX or np.abs(starts).max() > VALUE_MAX:
        raise CodecError("waveform payload has a background out of range")
    neighbours = np.full((channels, NEIGHBOURS), -1, dtype=np.int64)
    neighbours[np.arange(NEIGHBOURS) < counts[:, np.newaxis]] = np.repeat(np.arange(channels), counts) - distances
    if np.any(neighbours < -1) or np.any((neighbours >= 0).sum(axis=1) != counts):
        raise CodecError("waveform payload has a background with a neighbour that there is not")
    weights = np.zeros((NEIGHBOURS + 1, SIZE), dtype=np.int64)
    present = np.unique(counts).tolist()
    stored = lists.take(
        "background weights", sum(len(USED[count]) for count in present), -COEFFICIENT_MAX, COEFFICIENT_MAX
    )
    for count in present:
        weights[count, USED[count]], stored = np.split(stored, [len(USED[count])])
    codes = decode_codes(payload[lists.at :], shape[0] * channels)
    values = np.zeros(shape, dtype=np.int64)
    if not closed_loop.decode(codes.reshape(channels, -1), _step_sizes(levels.tolist()), neighbours, weights, values):
        raise CodecError("waveform payload has a background out of range")
    return values + starts


def _step_sizes(levels: list[int]) -> NDArray[np.int64]:
    return np.array([step_size(level) for level in levels], dtype=np.int64)
