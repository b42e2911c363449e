"""Gap tokens in a canonical prefix code, each followed by its extra bits; the first bit is the highest of a byte."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from model.kernels import bit_packer, bit_unpacker
from model.kernels.bit_packer import BitPacker
from model.kernels.gap_token import EXTRA_BITS, LEAST_GAPS, token_of
from model.kernels.jit import kernel
from model.kernels.outcome import BEYOND, CUT_OFF, END, PADDING

LENGTH_MAX = 15
"""Most bits of a codeword."""


@kernel
def encode(
    gaps: NDArray[np.int32],
    lengths: NDArray[np.int64],
    codewords: NDArray[np.int64],
    packer: BitPacker,
    out: NDArray[np.uint8],
) -> BitPacker:
    """Append the codewords of gaps."""
    for gap in gaps:
        token = token_of(int(gap))
        packer = bit_packer.push(packer, out, codewords[token], lengths[token])
        packer = bit_packer.push(packer, out, int(gap) - LEAST_GAPS[token], EXTRA_BITS[token])
    return packer


@kernel
def decode(data: NDArray[np.uint8], end: int, events: int, table: NDArray[np.int64], bins: NDArray[np.uint8]) -> int:
    """Flip the bin behind each gap; return `END` or what was wrong.

    Parameters
    ----------
    data : NDArray
        Holds the codewords and `bit_unpacker.SLACK_BYTES` more.
    end : int
        Number of bits of the codewords and the padding.
    events : int
        Number of gaps.
    table : NDArray, shape (2**LENGTH_MAX,)
        For each of the next bits: the token times 16 plus the length of its codeword, which is 0 for no codeword.
    bins : NDArray
        What the gaps lie in.
    """
    position, event = 0, -1
    for _ in range(events):
        window = bit_unpacker.peek(data, position)
        entry = table[window >> bit_unpacker.WINDOW_BITS - LENGTH_MAX]
        token, length = entry >> 4, entry & 15
        extra = EXTRA_BITS[token]
        position += length + extra
        if length == 0 or position > end:
            return CUT_OFF
        rest = window >> bit_unpacker.WINDOW_BITS - length - extra
        event += 1 + LEAST_GAPS[token] + (rest & (1 << extra) - 1)
        if event >= bins.size:
            return BEYOND
        bins[event] ^= 1
    return END if end - position < 8 else PADDING
