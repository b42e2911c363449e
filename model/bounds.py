"""Sizes to measure a stream against: what no coder beats on average, and what this one never exceeds."""

from __future__ import annotations

import math
import sys
from typing import get_args

import numpy as np
from numpy.typing import NDArray

from model.codecs.checks import check_choice
from model.golden.packetizer import HEADER_BYTES, SETTINGS_BYTES, TRAILER_BYTES
from model.golden.settings import CoderName, check_int


def entropy_bits(probability: float) -> float:
    """Return the entropy, in bits, of a bin that is 1 with this probability.

    Raises
    ------
    ValueError
        `probability` is not in 0..1.
    """
    if not 0 <= probability <= 1:
        raise ValueError(f"probability must be in 0..1, not {probability!r}")
    return sum(-p * math.log2(p) for p in (probability, 1 - probability) if p > 0)


def shannon_bound_bits(raster: NDArray[np.integer | np.bool_]) -> float:
    """Return the bits that a 0/1 raster takes at least if its bins are independent, all with the raster's density.

    A coder that knows more than the density (of each channel, or of the past) may do better on a real recording.

    Raises
    ------
    ValueError
        `raster` is empty.
    """
    if raster.size == 0:
        raise ValueError(f"raster must have at least one bin, not shape {raster.shape}")
    return raster.size * entropy_bits(int(np.count_nonzero(raster)) / raster.size)


def combination_bits(bins: int, spikes: int) -> float:
    """Return log2 C(bins, spikes): the bits that tell a raster from all others of its size and number of spikes.

    Raises
    ------
    ValueError
        `spikes` is not in 0..`bins`.
    """
    if not 0 <= spikes <= bins:
        raise ValueError(f"spikes must be in 0..{bins}, not {spikes!r}")
    nats = math.lgamma(bins + 1) - math.lgamma(spikes + 1) - math.lgamma(bins - spikes + 1)
    return max(0.0, nats / math.log(2))


def payload_bits_max(bins: int, coder: CoderName) -> int:
    """Return the most bits that the payload of a packet of `bins` bins takes, but for its padding to whole bytes.

    The derivation is in docs/wire-format.md.

    Raises
    ------
    ValueError
        `bins` is no integer or negative, or there is no such coder.
    """
    check_int("bins", bins, 0, sys.maxsize)
    check_choice("coder", coder, get_args(CoderName))
    return bins + bins // 32 + 79 if coder == "rice" else 8 * bins


def packet_bytes_max(bins: int, coder: CoderName) -> int:
    """Return the most bytes that a packet of `bins` bins takes, a keyframe or not; errors as `payload_bits_max`."""
    return HEADER_BYTES + SETTINGS_BYTES + -(-payload_bits_max(bins, coder) // 8) + TRAILER_BYTES
