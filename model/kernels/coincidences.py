"""How often two channels spike at about the same time."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from model.kernels.jit import kernel
from model.kernels.spike_scan import BLOCK, find_gaps


@kernel
def _count(
    rows: NDArray[np.uint8],
    window: int,
    stride: int,
    marks: NDArray[np.int64],
    active: NDArray[np.int32],
    gaps: NDArray[np.int32],
    counts: NDArray[np.int32],
) -> int:
    windows = 0
    for start in range(0, rows.shape[0] - window + 1, window * stride):
        windows += 1
        n_active = 0
        for step in range(start, start + window):
            found, _, _ = find_gaps(rows[step], 0, -1, False, gaps)
            channel = -1
            for index in range(found):
                channel += 1 + gaps[index]
                if marks[channel] != windows:
                    marks[channel] = windows
                    active[n_active] = channel
                    n_active += 1
        for first in range(n_active):
            for second in range(n_active):
                counts[active[first], active[second]] += 1
    return windows


def count_coincidences(rows: NDArray[np.int8], window: int, stride: int) -> tuple[NDArray[np.int32], int]:
    """Count windows in which both of two channels spike.

    Parameters
    ----------
    rows : NDArray of int8, shape (steps, channels)
        Zeros and ones.
    window : int
        Steps of a window.
    stride : int
        Only each `stride`-th window is looked at, the first one among them.

    Returns
    -------
    counts : NDArray of int32, shape (channels, channels)
        Windows with spikes of both; on the diagonal, with a spike of the channel.
    windows : int
        Windows looked at.
    """
    channels = rows.shape[1]
    given = rows.view(np.uint8)
    given.flags.writeable = False
    counts = np.zeros((channels, channels), dtype=np.int32)
    marks = np.zeros(channels, dtype=np.int64)
    active, gaps = np.empty(channels, dtype=np.int32), np.empty(channels + BLOCK, dtype=np.int32)
    return counts, _count(given, window, stride, marks, active, gaps, counts)
