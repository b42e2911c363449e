"""Spikes in raw waveforms: the band they are in, the noise in it, and the troughs that are beyond that.

Floats are good enough here: what is found is stored, so that no decoder needs to find it again.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from model.codecs import spline
from model.kernels import spike_peaks

THRESHOLD_SIGMA = 4.5
SIGMA_OF_MEDIAN = 1 / 0.6745
"""The noise is its median size, times this (Quiroga et al. 2004): spikes hardly matter."""
NOISE_STEPS = 4096
"""The noise is measured at about so many samples."""
SMOOTHING_S = 1 / 5000
"""Length of the low-pass filter's impulse response: -3 dB at about 2.6 kHz."""
DEAD_MS = 0.5
"""A channel has no two spikes nearer to each other."""
RIPPLE_MS = 2.5
RIPPLE_SHARE = 0.35
"""A trough near a deeper one of its channel, and no more than this share of it, is what the filter makes of that."""
SAME_MS = 0.25
"""Troughs of a spike on different channels are at most so far from the deepest."""
REACH_CHANNELS = 3
"""A spike is seen on so many channels on either side of the one where it is deepest."""
BEFORE = 3
"""One part in so many of a spike's samples is before the trough."""


@dataclass(frozen=True)
class Troughs:
    """Where channels cross their threshold, in order of time, then of channel.

    Attributes
    ----------
    steps, channels : NDArray of int64, shape (n,)
        Where.
    depths : NDArray of float32, shape (n,)
        How low the waveform is there, in its units.
    """

    steps: NDArray[np.int64]
    channels: NDArray[np.int64]
    depths: NDArray[np.float32]


@dataclass(frozen=True)
class Detection:
    """What a waveform is made of.

    Attributes
    ----------
    spacing : int
        Samples from knot to knot of the slow part.
    slow : NDArray of float32, shape (coefficients, channels)
        The coefficients of the slow part's spline.
    noise : NDArray of float32, shape (channels,)
        Of the fast part.
    troughs : Troughs
        Spikes in the fast part, as each channel sees them.
    """

    spacing: int
    slow: NDArray[np.float32]
    noise: NDArray[np.float32]
    troughs: Troughs


def split(samples: NDArray[np.float32], sampling_hz: float) -> NDArray[np.float32]:
    """Return the coefficients of the slow part of samples, shape (steps, channels), which become their fast part."""
    slow = spline.fit(samples, spline.spacing_at(sampling_hz))
    keep_fast_part(samples, slow, sampling_hz)
    return slow


def keep_fast_part(samples: NDArray[np.float32], slow: NDArray[np.float32], sampling_hz: float) -> None:
    """Take the slow part off samples, and smooth them: the band of the spikes, about 400 to 2600 Hz."""
    spline.take_off(samples, slow, spline.spacing_at(sampling_hz))
    spike_peaks.smooth(samples.reshape(-1), samples.shape[1], smoothing_taps(sampling_hz))


def detect(samples: NDArray[np.float32], threshold_sigma: float, sampling_hz: float) -> Detection:
    """Return the parts of samples, shape (steps, channels), not empty, and the spikes in them.

    Parameters
    ----------
    samples : NDArray of float32, shape (steps, channels), contiguous
        Not empty; they become their fast part.
    threshold_sigma : float
        A spike is so many times its channel's noise.
    sampling_hz : float
        Samples a second.
    """
    slow = split(samples, sampling_hz)
    noise = noise_of(samples)
    troughs = find_troughs(samples, noise, threshold_sigma, sampling_hz)
    return Detection(spline.spacing_at(sampling_hz), slow, noise, troughs)


def smoothing_taps(sampling_hz: float) -> NDArray[np.float32]:
    """Return the low-pass filter's impulse response: a row of Pascal's triangle, of odd length."""
    order = 2 * min(max(1, round(sampling_hz * SMOOTHING_S / 2)), 32)
    return np.array([math.comb(order, index) / 2**order for index in range(order + 1)], dtype=np.float32)


def noise_of(fast: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the noise of each channel, shape (channels,)."""
    stride = max(1, len(fast) // NOISE_STEPS)
    noise: NDArray[np.float32] = np.median(np.abs(fast[::stride]), axis=0) * np.float32(SIGMA_OF_MEDIAN)
    return noise


def find_troughs(
    fast: NDArray[np.float32], noise: NDArray[np.float32], threshold_sigma: float, sampling_hz: float
) -> Troughs:
    """Return where channels are further below 0 than so many times their noise; nowhere on one without noise."""
    thresholds = np.where(noise > 0, np.float32(threshold_sigma) * noise, np.float32(np.inf))
    dead, margin = steps_in(DEAD_MS, sampling_hz), smoothing_taps(sampling_hz).size // 2
    room = fast.size // 256 + 16
    while True:
        steps, channels = np.empty((2, room), dtype=np.int64)
        found = spike_peaks.find_troughs(fast, thresholds, dead, margin, steps, channels)
        if found <= room:
            break
        room = found
    steps, channels = steps[:found], channels[:found]
    depths, ripples = -fast[steps, channels], np.empty(found, dtype=np.bool_)
    spike_peaks.find_ripples(steps, channels, depths, steps_in(RIPPLE_MS, sampling_hz), RIPPLE_SHARE, ripples)
    return Troughs(steps[~ripples], channels[~ripples], depths[~ripples])


def find_owners(troughs: Troughs, sampling_hz: float) -> NDArray[np.int64]:
    """Return for each trough the index of the deepest one of the same spike."""
    owners = np.full(troughs.steps.size, -1, dtype=np.int64)
    by_depth = np.argsort(-troughs.depths, kind="stable")
    spike_peaks.find_owners(
        troughs.steps, troughs.channels, by_depth, steps_in(SAME_MS, sampling_hz), REACH_CHANNELS, owners
    )
    return owners


def steps_in(milliseconds: float, sampling_hz: float) -> int:
    """Return milliseconds as steps, at least one."""
    return max(1, round(milliseconds / 1000 * sampling_hz))
