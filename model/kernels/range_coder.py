"""RangeEncoder and RangeDecoder in one: what codes a bit either writes it or reads it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from model.golden.range_coder import PROBABILITY_BITS, RANGE_BITS, RENORMALIZE_BELOW
from model.kernels.jit import part

RANGE_BYTES = RANGE_BITS // 8
LOW_MASK = RENORMALIZE_BELOW - 1

LOW, RANGE, AT = 0, 1, 2
"""Places in `state`: start of the range (of a decoder: the number read, less that), its size, next byte of `data`."""


class RangeCoder(NamedTuple):
    """An encoder, or a decoder.

    `data` of an encoder must have room for what is written: `RANGE_BYTES` more than the bits cost.
    """

    decoding: bool
    state: NDArray[np.int64]
    data: NDArray[np.uint8]


def new_encoder(size: int) -> RangeCoder:
    """Return an encoder that has room for `size` bytes."""
    return RangeCoder(False, np.array([0, 1 << RANGE_BITS, 0]), np.empty(size, dtype=np.uint8))


def new_decoder(data: NDArray[np.uint8]) -> RangeCoder:
    """Return a decoder of `data`."""
    first = int.from_bytes(data[:RANGE_BYTES].tobytes().ljust(RANGE_BYTES, b"\0"), "big")
    return RangeCoder(True, np.array([first, 1 << RANGE_BITS, RANGE_BYTES]), data)


def encoded(coder: RangeCoder) -> bytes:
    """Return the bytes of an encoder that has got its last bit."""
    low, size, at = map(int, coder.state)
    for kept in range(RANGE_BYTES + 1):
        dropped = RANGE_BITS - 8 * kept
        value = -(-low >> dropped) << dropped
        if value < low + size:
            break
    total = int.from_bytes(coder.data[:at].tobytes(), "big") + (value >> RANGE_BITS)
    tail = (value & (1 << RANGE_BITS) - 1) >> dropped
    return (total.to_bytes(at, "big") + tail.to_bytes(kept, "big")).rstrip(b"\0")


def is_finished(coder: RangeCoder) -> bool:
    """Return whether a decoder has read its bytes up to the last, and that is one that an encoder writes."""
    return bool(coder.state[AT] >= coder.data.size and (coder.data.size == 0 or coder.data[-1] != 0))


@part
def _carry(data: NDArray[np.uint8], at: int) -> None:
    while data[at - 1] == 0xFF:
        at -= 1
        data[at] = 0
    data[at - 1] += 1


@part
def _renormalize(coder: RangeCoder) -> None:
    state, data = coder.state, coder.data
    while state[RANGE] < RENORMALIZE_BELOW:
        at = state[AT]
        if coder.decoding:
            state[LOW] = state[LOW] << 8 | (data[at] if at < data.size else 0)
        else:
            data[at] = state[LOW] >> RANGE_BITS - 8
            state[LOW] = (state[LOW] & LOW_MASK) << 8
        state[RANGE] <<= 8
        state[AT] = at + 1


@part
def code(coder: RangeCoder, bit: bool, probability: int) -> bool:
    """Write a bit, or read one and pay no heed to `bit`; return it.

    Parameters
    ----------
    coder : RangeCoder
        Encoder or decoder.
    bit : bool
        The bit to write.
    probability : int
        That of a 1, in 1..2**32 - 1, of 2**32.
    """
    state = coder.state
    ones = (state[RANGE] >> PROBABILITY_BITS) * probability
    zeros = state[RANGE] - ones
    if coder.decoding:
        bit = state[LOW] >= zeros
    if bit:
        state[RANGE] = ones
        if coder.decoding:
            state[LOW] -= zeros
        else:
            state[LOW] += zeros
            if state[LOW] >> RANGE_BITS:
                state[LOW] &= (1 << RANGE_BITS) - 1
                _carry(coder.data, state[AT])
    else:
        state[RANGE] = zeros
    _renormalize(coder)
    return bit
