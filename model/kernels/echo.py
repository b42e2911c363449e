"""Echoes: a raster less what it repeats of itself, some steps later and some channels further on."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from model.kernels.jit import kernel


@kernel
def remove(rows: NDArray[np.int8], steps: int, channels: int) -> None:
    """Flip each bin whose origin, so many steps earlier and channels before it, is a spike; the last bin first.

    `steps` is 1 or more, or it is 0 and `channels` is 1 or more: an origin comes before its echo.
    """
    for step in range(rows.shape[0] - 1, steps - 1, -1):
        for channel in range(min(rows.shape[1], rows.shape[1] + channels) - 1, max(0, channels) - 1, -1):
            rows[step, channel] ^= rows[step - steps, channel - channels]


@kernel
def restore(rows: NDArray[np.int8], steps: int, channels: int) -> None:
    """Undo `remove`: the same, the first bin first."""
    for step in range(steps, rows.shape[0]):
        for channel in range(max(0, channels), min(rows.shape[1], rows.shape[1] + channels)):
            rows[step, channel] ^= rows[step - steps, channel - channels]
