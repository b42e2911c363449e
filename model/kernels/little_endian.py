"""Numbers of one to four bytes in a packet."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from model.kernels.jit import part


@part
def read(data: NDArray[np.uint8], at: int, width: int) -> int:
    """Return the number in the `width` bytes from `at` on."""
    value = 0
    for place in range(width):
        value |= data[at + place] << 8 * place
    return value


@part
def write(out: NDArray[np.uint8], at: int, value: int, width: int) -> int:
    """Store the low `width` bytes of a number from `at` on; return where the next byte goes."""
    for place in range(width):
        out[at + place] = value >> 8 * place & 0xFF
    return at + width
