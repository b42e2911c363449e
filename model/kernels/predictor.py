"""Predictor with Comparator, XorArray and RateUpdater: all channels of a row in one vector loop."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from model.golden.lfsr import channel_seed
from model.golden.rate_updater import TARGET_SPIKE
from model.kernels import lfsr
from model.kernels.jit import part

HALF = 0x8000
SHARPNESS_MASK = 15
"""Lets the compiler see that a shift by the sharpness stays within 32 bits; it changes no value."""

_channel_seed = part(channel_seed)


class Predictor(NamedTuple):
    """State of all channels: LFSRs, and rates with their guard bits. 32 bits each, so that they share vectors."""

    lfsr: NDArray[np.int32]
    acc: NDArray[np.int32]


def new(channels: int) -> Predictor:
    """Return a predictor yet to be reset."""
    return Predictor(np.empty(channels, dtype=np.int32), np.empty(channels, dtype=np.int32))


@part
def reset(predictor: Predictor, seed: int) -> None:
    """Begin a keyframe."""
    for channel in range(predictor.lfsr.size):
        predictor.lfsr[channel] = _channel_seed(seed, channel)
        predictor.acc[channel] = 0


@part
def _predict(state: int, acc: int, sharpness: int) -> int:
    # dither < rate, both less 0x8000 and times 2**sharpness: `floor(a / m) < b` is `a < b * m`.
    return int(np.int32(state - HALF) < np.int32(((acc >> 8) - HALF) << (sharpness & SHARPNESS_MASK)))


@part
def _learn(predictor: Predictor, channel: int, spike: int, alpha_q8: int) -> None:
    acc = predictor.acc[channel]
    predictor.acc[channel] = acc + alpha_q8 * ((-spike & TARGET_SPIKE) - (acc >> 8))
    predictor.lfsr[channel] = lfsr.step(predictor.lfsr[channel])


@part
def encode_row(
    predictor: Predictor, alpha_q8: int, sharpness: int, spikes: NDArray[np.int8], errors: NDArray[np.int8]
) -> None:
    """Store the errors of a row of spikes, and learn from the spikes."""
    for channel in range(spikes.size):
        spike = spikes[channel]
        errors[channel] = spike ^ _predict(predictor.lfsr[channel], predictor.acc[channel], sharpness)
        _learn(predictor, channel, spike, alpha_q8)


@part
def decode_row(
    predictor: Predictor, alpha_q8: int, sharpness: int, errors: NDArray[np.int8], spikes: NDArray[np.int8]
) -> bool:
    """Store the spikes of a row of errors, and learn from the spikes; return whether there is any."""
    any_spike = 0
    for channel in range(spikes.size):
        spike = errors[channel] ^ _predict(predictor.lfsr[channel], predictor.acc[channel], sharpness)
        spikes[channel] = spike
        any_spike |= spike
        _learn(predictor, channel, spike, alpha_q8)
    return any_spike != 0
