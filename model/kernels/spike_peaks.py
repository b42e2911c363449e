"""Spikes in a band-passed waveform, and which of two detections are the same."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from model.kernels.jit import kernel


@kernel
def find_peaks(waveform: NDArray[np.float64], threshold: float, dead_steps: int, peaks: NDArray[np.int64]) -> int:
    """Store where a waveform is furthest from 0 after it crossed the threshold, either way; return how often.

    Parameters
    ----------
    waveform : NDArray, shape (steps,)
        Around 0.
    threshold : float
        A spike is beyond this; above 0.
    dead_steps : int
        From a crossing on, the largest sample within so many steps is the spike's; the next one may follow.
    peaks : NDArray, shape (steps,)
        The samples, in order.
    """
    found, step = 0, 0
    while step < waveform.size:
        if abs(waveform[step]) <= threshold:
            step += 1
            continue
        end = min(step + dead_steps, waveform.size)
        peak = step
        for index in range(step, end):
            if abs(waveform[index]) > abs(waveform[peak]):
                peak = index
        peaks[found] = peak
        found += 1
        step = max(end, peak + 1)
    return found


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
