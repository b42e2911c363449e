"""BitUnpacker: the next bits of a payload, 56 at a time."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from model.kernels.jit import part

WINDOW_BITS = 56
"""Bits that `peek` shows: those that eight bytes hold from any bit of the first on."""
SLACK_BYTES = 8
"""Bytes that must follow the last payload in its array, since `peek` reads eight, at the payload's end too; what they
hold does not matter."""


@part
def peek(data: NDArray[np.uint8], position: int) -> int:
    """Return the bits from `position` on as a number of 56 bits, whether they are of the payload or lie behind it."""
    at = position >> 3
    word: int = (
        data[at] << 56
        | data[at + 1] << 48
        | data[at + 2] << 40
        | data[at + 3] << 32
        | data[at + 4] << 24
        | data[at + 5] << 16
        | data[at + 6] << 8
        | data[at + 7]
    )
    return (word << (position & 7)) >> 8 & (1 << WINDOW_BITS) - 1
