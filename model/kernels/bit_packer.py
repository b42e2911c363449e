"""BitPacker: codewords to bytes, four bytes at a time."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from model.kernels.jit import kernel, part

PUSH_BITS_MAX = 32


class BitPacker(NamedTuple):
    """`fill` bits (0..31), the lowest of `pending`, wait to be written at byte `at`."""

    pending: int
    fill: int
    at: int


@part
def start(at: int) -> BitPacker:
    """Begin a payload at byte `at`."""
    return BitPacker(0, 0, at)


@part
def push(packer: BitPacker, out: NDArray[np.uint8], value: int, width: int) -> BitPacker:
    """Append the low `width` bits (0..32) of `value`, which has no others set."""
    pending, fill, at = packer.pending << width | value, packer.fill + width, packer.at
    if fill >= 32:
        fill -= 32
        word = pending >> fill
        out[at] = word >> 24 & 0xFF
        out[at + 1] = word >> 16 & 0xFF
        out[at + 2] = word >> 8 & 0xFF
        out[at + 3] = word & 0xFF
        at += 4
    return BitPacker(pending, fill, at)


@part
def finish(packer: BitPacker, out: NDArray[np.uint8]) -> int:
    """Fill the last byte with zeros; return where the next byte goes."""
    pending, at = packer.pending << 8, packer.at
    for left in range(packer.fill, 0, -8):
        out[at] = pending >> left & 0xFF
        at += 1
    return at


@kernel
def finish_payload(packer: BitPacker, out: NDArray[np.uint8]) -> int:
    """Do what `finish` does, for Python to call."""
    return finish(packer, out)
