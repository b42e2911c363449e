"""Echoes of a raster in itself: rhythms, and waves that run over the channels."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from model.codecs.stream import Reader, write_leb128
from model.errors import CodecError
from model.kernels import echo

Echo = tuple[int, int]
"""How many steps later and channels further on a raster repeats itself; (0, c) only with c of 1 or more."""

ECHOES_MAX = 3
SAMPLE_BINS = 1 << 18
"""Bins at the start of a raster in which echoes are sought."""
PERIODS_MAX = 8
"""Most periods that are tried: the most frequent intervals between a channel's spikes."""
INTERVALS_APART = range(1, 9)
"""A period spans so many intervals of a channel."""
WAVES = [(steps, channels) for steps in range(4) for channels in (-2, -1, 1, 2) if steps or channels > 0]
"""Waves that are tried."""
LEAST_SPIKES = 32
"""A sample with fewer spikes is not searched."""


def split(rows: NDArray[np.int8]) -> tuple[list[Echo], NDArray[np.int8]]:
    """Return the echoes of a raster, and what it is without them.

    An echo is one that leaves at most half of the spikes of a sample; most recordings have none.
    """
    sample = rows[: max(1, SAMPLE_BINS // rows.shape[1])].copy()
    found: list[Echo] = []
    while len(found) < ECHOES_MAX and (spikes := np.count_nonzero(sample)) >= LEAST_SPIKES:
        left = {tried: np.count_nonzero(_without(sample, tried)) for tried in [*_periods(sample), *WAVES]}
        best = min(left, key=lambda tried: left[tried])
        if 2 * left[best] > spikes:
            break
        found.append(best)
        sample = _without(sample, best)
    rest = rows.copy() if found else rows
    for steps, channels in found:
        echo.remove(rest, steps, channels)
    return found, rest


def _without(rows: NDArray[np.int8], candidate: Echo) -> NDArray[np.int8]:
    left = rows.copy()
    echo.remove(left, *candidate)
    return left


def _periods(rows: NDArray[np.int8]) -> list[Echo]:
    channels, steps = np.nonzero(rows.T)
    intervals = [
        (steps[apart:] - steps[:-apart])[channels[apart:] == channels[:-apart]]
        for apart in INTERVALS_APART
        if apart < steps.size
    ]
    counts = np.bincount(np.concatenate(intervals)) if intervals else np.zeros(1, dtype=np.int64)
    likeliest = np.argsort(-counts, kind="stable")[:PERIODS_MAX]
    return [(int(period), 0) for period in likeliest if counts[period] > 0]


def restore(rows: NDArray[np.int8], echoes: list[Echo]) -> None:
    """Put the echoes back into a raster without them."""
    for steps, channels in reversed(echoes):
        echo.restore(rows, steps, channels)


def write(echoes: list[Echo]) -> bytes:
    """Return echoes as bytes: of each the steps, and the channels times 2, or -1 less that where they are negative."""
    numbers = [number for steps, channels in echoes for number in (steps, max(2 * channels, -1 - 2 * channels))]
    return b"".join(map(write_leb128, numbers))


def read(reader: Reader, count: int, shape: tuple[int, ...]) -> list[Echo]:
    """Return so many echoes of a raster of this shape."""
    echoes = []
    for _ in range(count):
        steps, channels = reader.leb128(), reader.leb128()
        channels = -(channels + 1) // 2 if channels % 2 else channels // 2
        if steps >= shape[0] or abs(channels) >= shape[1] or (steps == 0 and channels < 1):
            raise CodecError(f"payload has an echo {steps} steps and {channels} channels away, which there cannot be")
        echoes.append((steps, channels))
    return echoes
