"""Spikes in waveforms without their slow part: where they are, which are one, and which of two detections are the same.

Arrays of samples are of shape (steps, channels).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from model.kernels.copy import copy
from model.kernels.jit import kernel

SMOOTHED_AT_A_TIME = 1024
"""So many samples stay in the processor's nearest memory."""


@kernel
def smooth(samples: NDArray[np.float32], channels: int, taps: NDArray[np.float32]) -> None:
    """Replace samples by the symmetric moving average of an odd number of them; the first and the last are repeated.

    Parameters
    ----------
    samples : NDArray, shape (steps * channels,)
        All channels of a step, then those of the next one.
    channels : int
        Of each step.
    taps : NDArray
        Weights; their sum is 1.
    """
    steps, reach = samples.size // channels, taps.size // 2
    rows = max(taps.size, SMOOTHED_AT_A_TIME // channels)
    before = np.empty((rows + 2 * reach) * channels, dtype=np.float32)
    for first in range(0, steps, rows):
        count = min(rows, steps - first)
        for row in range(count + 2 * reach):
            # What is around the first samples of a part was kept with the part before it, and is replaced by now.
            kept = first > 0 and row < 2 * reach
            source = before if kept else samples
            start = (rows + row if kept else min(max(first - reach + row, 0), steps - 1)) * channels
            copy(source[start : start + channels], before[row * channels : (row + 1) * channels])
        part_of = samples[first * channels : (first + count) * channels]
        part_of[:] = 0
        for index in range(taps.size):
            near = before[index * channels : (index + count) * channels]
            for place in range(part_of.size):
                part_of[place] += taps[index] * near[place]


@kernel
def find_troughs(
    samples: NDArray[np.float32], thresholds: NDArray[np.float32], dead_steps: int, margin: int,
    steps_found: NDArray[np.int64], channels_found: NDArray[np.int64],
) -> int:  # fmt: skip
    """Store the samples that are below minus a channel's threshold and the lowest within `dead_steps` either way.

    Of equal ones it is the first. They are in order of time, then of channel, at least `margin` from either end; return
    how many there are, which may be more than there is room for.
    """
    steps, channels = samples.shape
    found = 0
    for step in range(margin, steps - margin):
        for channel in range(channels):
            if samples[step, channel] >= -thresholds[channel]:
                continue
            lowest = samples[step, channel]
            first, end = max(step - dead_steps, 0), min(step + dead_steps + 1, steps)
            for near in range(first, end):
                if samples[near, channel] < lowest or (samples[near, channel] == lowest and near < step):
                    break
            else:
                if found < steps_found.size:
                    steps_found[found], channels_found[found] = step, channel
                found += 1
    return found


@kernel
def find_ripples(
    steps: NDArray[np.int64], channels: NDArray[np.int64], depths: NDArray[np.float32], reach_steps: int,
    share: float, ripples: NDArray[np.bool_],
) -> None:  # fmt: skip
    """Store for each trough, in order of time, whether another on its channel is near and makes it a mere share."""
    first = 0
    for trough in range(steps.size):
        while steps[trough] - steps[first] > reach_steps:
            first += 1
        ripples[trough] = False
        other = first
        while other < steps.size and steps[other] - steps[trough] <= reach_steps:
            if channels[other] == channels[trough] and depths[trough] < share * depths[other]:
                ripples[trough] = True
                break
            other += 1


@kernel
def find_owners(
    steps: NDArray[np.int64], channels: NDArray[np.int64], by_depth: NDArray[np.int64], reach_steps: int,
    reach_channels: int, owners: NDArray[np.int64],
) -> None:  # fmt: skip
    """Store for each trough, in order of time, the deeper one near it that is the same spike, or itself.

    `by_depth` lists the troughs, the deepest first; `owners` are -1.
    """
    for at in range(by_depth.size):
        deepest = by_depth[at]
        if owners[deepest] >= 0:
            continue
        first = deepest
        while first > 0 and steps[deepest] - steps[first - 1] <= reach_steps:
            first -= 1
        other = first
        while other < steps.size and steps[other] - steps[deepest] <= reach_steps:
            if owners[other] < 0 and abs(channels[other] - channels[deepest]) <= reach_channels:
                owners[other] = deepest
            other += 1


@kernel
def count_matches(first: NDArray[np.int64], second: NDArray[np.int64], tolerance: int) -> int:
    """Return how many of two ascending lists of samples are pairs, at most `tolerance` apart; each is of one pair."""
    matches, i, j = 0, 0, 0
    while i < first.size and j < second.size:
        if abs(first[i] - second[j]) <= tolerance:
            matches, i, j = matches + 1, i + 1, j + 1
        elif first[i] < second[j]:
            i += 1
        else:
            j += 1
    return matches
