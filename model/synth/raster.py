"""Synthetic spike rasters."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from model.synth.checks import TINY, check_counts, check_number

BURST_SPIKES = 4
BURST_INTERVAL_MS = 5.0
BURST_JITTER = 0.25
"""Intervals within a burst differ by up to this share from their mean."""
EVENT_MS = 120.0
EVENT_GAIN = 8.0
"""Most that a population event adds to a channel's rate, in multiples of that rate."""


def bernoulli_raster(density: float, n_steps: int = 20_000, n_channels: int = 1024, seed: int = 42) -> NDArray[np.int8]:
    """Return a raster whose bins are 1 with probability `density`, independently.

    Parameters
    ----------
    density : float
        0..1.
    n_steps, n_channels : int
        Shape of the raster.
    seed : int
        Seed of NumPy's default generator.

    Returns
    -------
    NDArray of int8, shape (n_steps, n_channels)
        Zeros and ones.

    Raises
    ------
    ValueError
        An argument is out of range.
    """
    check_number("density", density, 0, 1)
    check_counts(n_steps, n_channels, seed)
    rng = np.random.default_rng(seed)
    return (rng.random((n_steps, n_channels), dtype=np.float32) < density).view(np.int8)


def physiological_raster(
    n_channels: int = 256,
    n_steps: int = 2000,
    bin_ms: float = 1.0,
    seed: int = 42,
    *,
    rate_median_hz: float = 2.0,
    rate_mean_hz: float = 4.0,
    refractory_ms: float = 2.0,
    burst_chance: float = 0.1,
    event_rate_hz: float = 1.0,
) -> NDArray[np.int8]:
    """Return a raster that fires as cortex does: unevenly, in bursts, and now and then together.

    Channels fire at random, at log-normally distributed rates. A spike may start a burst of four, about 5 ms apart. In
    population events, 120 ms long, the rates rise and fall again as half a sine, each by its own share of up to eight
    times the rate. An absolute refractory period follows every spike.

    Parameters
    ----------
    n_channels, n_steps : int
        Shape of the raster.
    bin_ms : float
        Length of a step.
    seed : int
        Seed of NumPy's default generator.
    rate_median_hz, rate_mean_hz : float
        Of the channels' rates outside bursts and events; the mean is at least the median.
    refractory_ms : float
        Least time from one spike of a channel to the next.
    burst_chance : float
        Chance, 0..1, that a spike outside bursts starts one.
    event_rate_hz : float
        Population events a second.

    Returns
    -------
    NDArray of int8, shape (n_steps, n_channels)
        Zeros and ones.

    Raises
    ------
    ValueError
        An argument is out of range.
    """
    check_counts(n_steps, n_channels, seed)
    check_number("bin_ms", bin_ms, TINY)
    check_number("rate_median_hz", rate_median_hz, TINY)
    check_number("rate_mean_hz", rate_mean_hz, rate_median_hz)
    check_number("refractory_ms", refractory_ms, 0)
    check_number("burst_chance", burst_chance, 0, 1)
    check_number("event_rate_hz", event_rate_hz, 0)

    rng = np.random.default_rng(seed)
    spread = math.sqrt(2 * math.log(rate_mean_hz / rate_median_hz))
    hazard = rng.lognormal(math.log(rate_median_hz), spread, n_channels) * (bin_ms / 1000)
    share = EVENT_GAIN * rng.random(n_channels)
    events = _event_envelope(rng, n_steps, bin_ms, event_rate_hz)
    population = _Population(rng, n_channels, math.ceil(refractory_ms / bin_ms), burst_chance, bin_ms)
    raster = np.zeros((n_steps, n_channels), dtype=np.int8)
    for step in range(n_steps):
        chance = -np.expm1(-hazard * (1 + share * events[step]))
        raster[step, population.step(chance)] = 1
    return raster


class _Population:
    """Refractory periods and bursts of all channels, a step at a time."""

    def __init__(
        self, rng: np.random.Generator, channels: int, refractory_steps: int, burst_chance: float, bin_ms: float
    ) -> None:
        self._rng = rng
        self._refractory_steps = max(1, refractory_steps)
        self._burst_chance = burst_chance
        self._interval_steps = BURST_INTERVAL_MS / bin_ms
        self._now = 0
        self._ready = np.zeros(channels)
        self._burst_due = np.full(channels, np.inf)
        self._burst_left = np.zeros(channels, dtype=np.int64)

    def step(self, chance: NDArray[np.float64]) -> NDArray[np.intp]:
        """Return the channels that fire in the next step, which they do with probability `chance` outside bursts."""
        driven = self._rng.random(chance.size) < chance
        fired = np.flatnonzero((driven | (self._burst_due <= self._now)) & (self._ready <= self._now))
        self._ready[fired] = self._now + self._refractory_steps
        self._advance_bursts(fired)
        self._now += 1
        return fired

    def _advance_bursts(self, fired: NDArray[np.intp]) -> None:
        left = self._burst_left[fired]
        starts = (left == 0) & (self._rng.random(fired.size) < self._burst_chance)
        left = np.where(starts, BURST_SPIKES - 1, np.maximum(left - 1, 0))
        interval = self._interval_steps * self._rng.uniform(1 - BURST_JITTER, 1 + BURST_JITTER, fired.size)
        self._burst_left[fired] = left
        self._burst_due[fired] = np.where(left > 0, self._now + interval, np.inf)


def _event_envelope(rng: np.random.Generator, n_steps: int, bin_ms: float, event_rate_hz: float) -> NDArray[np.float64]:
    """Return, for each step, how far (0..1) a population event has developed."""
    steps = max(1, round(EVENT_MS / bin_ms))
    starts = rng.random(n_steps) < -math.expm1(-event_rate_hz * bin_ms / 1000)
    shape = np.sin(np.pi * (np.arange(steps) + 0.5) / steps)
    envelope: NDArray[np.float64] = np.convolve(starts, shape)[:n_steps].clip(max=1.0)
    return envelope
