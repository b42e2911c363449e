"""Leb128Coder: gaps to bytes of 7 bits, low bits first, and back."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from model.golden.leb128_coder import CONTINUES, GROUP_BITS
from model.golden.rice_coder import GAP_BITS
from model.kernels import bit_packer
from model.kernels.bit_packer import BitPacker
from model.kernels.jit import part
from model.kernels.outcome import CUT_OFF, END, LONG_GAP, NEEDLESS_BYTE


@part
def encode(packer: BitPacker, out: NDArray[np.uint8], gap: int) -> BitPacker:
    """Append the codeword of the next gap."""
    while gap >= CONTINUES:
        packer = bit_packer.push(packer, out, gap & CONTINUES - 1 | CONTINUES, 8)
        gap >>= GROUP_BITS
    return bit_packer.push(packer, out, gap, 8)


@part
def decode(data: NDArray[np.uint8], position: int, end: int) -> tuple[int, int]:
    """Read the next gap; return it, or a negative number of `model.kernels.outcome`, and the bit after it."""
    if position == end:
        return END, position
    gap = 0
    for shift in range(0, GAP_BITS, GROUP_BITS):
        if position == end:
            return CUT_OFF, position
        byte = data[position >> 3]
        position += 8
        gap |= (byte & CONTINUES - 1) << shift
        if byte < CONTINUES:
            return NEEDLESS_BYTE if byte == 0 and shift > 0 else gap, position
    return LONG_GAP, position
