"""The background of a group of channels over a chunk of time: a spline's coefficients, quantised, coded closed loop.

docs/waveform-streams.md specifies it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from model.codecs.number_lists import NumberLists, encoded_list
from model.codecs.spike_detection import SIGMA_OF_MEDIAN
from model.codecs.spline import FRACTION_BITS
from model.codecs.step_sizes import LEVEL_MAX, level_below, step_size
from model.codecs.waveform_group import decode_group, encode_group
from model.errors import CodecError

SPAN_SIGMA = 8.0
"""The quantiser's steps span so many times what a coefficient usually differs from the one before it."""
QUANTIZE_BITS_MAX = 16
COEFFICIENT_MAX = 1 << 33
"""Largest size of a coefficient, in stored units."""
INT32 = -(1 << 31), (1 << 31) - 1


def encode_background(
    coefficients: NDArray[np.float32], quantize_bits: int, preset: str
) -> tuple[bytes, NDArray[np.int64]]:
    """Return the payload of a background, and what it is decoded to.

    Parameters
    ----------
    coefficients : NDArray of float32, shape (coefficients, channels)
        Of the spline, in units of the samples.
    quantize_bits : int
        What a coefficient differs by from the one before it has `2**quantize_bits` steps.
    preset : {"fast", "best"}
        Of `encode_group`.

    Returns
    -------
    payload : bytes
        What `decode_background` decodes.
    decoded : NDArray of int64, shape (coefficients, channels)
        In units of `2**-FRACTION_BITS` of a sample's.
    """
    units = coefficients.astype(np.float64) * (1 << FRACTION_BITS)
    # By the median, so that an artefact does not coarsen the rest.
    usual = np.median(np.abs(np.diff(units, axis=0)), axis=0) * SIGMA_OF_MEDIAN
    levels = [level_below(SPAN_SIGMA * change / (1 << quantize_bits)) for change in usual.tolist()]
    steps = np.array([step_size(level) for level in levels], dtype=np.int64)
    codes = np.rint(units / steps).astype(np.int32)
    payload, _ = encode_group(np.ascontiguousarray(codes.T), preset, 0, INT32)
    return encoded_list(np.diff(levels, prepend=0)) + payload, codes * steps


def decode_background(payload: NDArray[np.uint8], preset: str, shape: tuple[int, int]) -> NDArray[np.int64]:
    """Return coefficients, shape (coefficients, channels), in units of `2**-FRACTION_BITS` of a sample's.

    Raises
    ------
    CodecError
        The payload is not one of this shape.
    """
    lists = NumberLists(payload)
    levels = np.cumsum(lists.take("background steps", shape[1], -LEVEL_MAX, LEVEL_MAX))
    if levels.min() < 0 or levels.max() > LEVEL_MAX:
        raise CodecError("waveform payload has background steps out of range")
    codes = np.empty(shape[::-1], dtype=np.int32)
    decode_group(payload[lists.at :], preset, True, INT32, codes)
    coefficients = codes.T * np.array([step_size(level) for level in levels.tolist()], dtype=np.int64)
    if np.abs(coefficients).max() > COEFFICIENT_MAX:
        raise CodecError("waveform payload has a background out of range")
    return coefficients
