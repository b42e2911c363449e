"""A synthetic broadband recording: noise, field potential and spikes of known units on a 10-bit ADC."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from model.synth.checks import TINY, check_counts, check_number

ADC_MIN, ADC_MAX = -512, 511
NOISE_RMS_LSB = (5.0, 8.0)
LFP_LOWEST_HZ = 1.0
"""Below this the field's spectrum is flat, so that its size does not depend on the recording's length."""
LFP_HIGHEST_HZ = 300.0
PEAK_LSB = (40.0, 200.0)
NEIGHBOURS = (3, 5)
"""A unit is seen on its main channel and on so many around it."""
NEIGHBOUR_DECAY = (0.4, 0.7)
"""From one channel to the next one outwards a unit's spikes keep this share of their size."""
REFRACTORY_MS = 2.0
TEMPLATE_MS = (1.0, 2.0)
"""No template is longer than the refractory period: spikes of one unit never overlap."""
RATE_MEDIAN_HZ, RATE_MEAN_HZ = 2.0, 4.0
CHANNELS_AT_ONCE = 64
STEPS_AT_ONCE = 512
"""Pieces that are transposed in the processor's cache."""


@dataclass(frozen=True)
class GroundTruth:
    """What a synthetic recording was made of.

    Attributes
    ----------
    spike_samples : NDArray of int64, shape (n_spikes,)
        The sample of each spike's trough, in order.
    spike_units : NDArray of int64, shape (n_spikes,)
        Whose spike it is.
    unit_channels : NDArray of int64, shape (n_units,)
        The channel on which each unit's spikes are largest.
    unit_peaks_lsb : NDArray of float64, shape (n_units,)
        Depth of the trough on that channel.
    noise_rms_lsb : NDArray of float64, shape (n_channels,)
        Of each channel's white noise.
    """

    spike_samples: NDArray[np.int64]
    spike_units: NDArray[np.int64]
    unit_channels: NDArray[np.int64]
    unit_peaks_lsb: NDArray[np.float64]
    noise_rms_lsb: NDArray[np.float64]


@dataclass(frozen=True)
class _Unit:
    """A neuron: its waveform with a trough of -1, where the trough is in it, its share of each channel, its spikes."""

    template: NDArray[np.float32]
    trough: int
    gains: dict[int, float]
    spike_samples: NDArray[np.int64]


def realistic_waveform(
    n_steps: int = 20_000,
    n_channels: int = 1024,
    seed: int = 42,
    *,
    sampling_hz: float = 20_000.0,
    units_per_channel: float = 1.0,
    lfp_rms_lsb: float = 60.0,
    lfp_correlation: float = 0.9,
) -> tuple[NDArray[np.int16], GroundTruth]:
    """Return a broadband recording as an implant's ADC delivers it, and what it was made of.

    White noise of 5 to 8 LSB rms, different on each channel; a field potential with a power of 1/f^2 from 1 to 300 Hz,
    correlated between channels and less so with distance; and spikes: biphasic, 1 to 2 ms long, different from unit to
    unit, 40 to 200 LSB (log-uniform) on the unit's main channel and smaller on 3 to 5 around it, at log-normal rates of
    median 2 Hz and mean 4 Hz with a refractory period of 2 ms.

    Parameters
    ----------
    n_steps : int
        Samples a channel.
    n_channels : int
        1..4096, in a row.
    seed : int
        Seed of NumPy's default generator.
    sampling_hz : float
        Samples a second, at least 1000.
    units_per_channel : float
        Units in all, over channels.
    lfp_rms_lsb : float
        Size of the field potential.
    lfp_correlation : float
        Of the field potential of neighbouring channels, 0..1; at a distance of d channels its d-th power.

    Returns
    -------
    waveform : NDArray of int16, shape (n_steps, n_channels)
        In -512..511; where the sum is beyond, the ADC saturates.
    truth : GroundTruth
        Units and their spikes.

    Raises
    ------
    ValueError
        An argument is out of range.
    """
    check_counts(n_steps, n_channels, seed)
    check_number("sampling_hz", sampling_hz, 1000)
    check_number("units_per_channel", units_per_channel, 0)
    check_number("lfp_rms_lsb", lfp_rms_lsb, 0)
    check_number("lfp_correlation", lfp_correlation, 0, 1)

    rng = np.random.default_rng(seed)
    noise_rms_lsb = rng.uniform(*NOISE_RMS_LSB, n_channels)
    n_units = round(units_per_channel * n_channels)
    unit_channels = rng.integers(n_channels, size=n_units)
    unit_peaks_lsb = np.exp(rng.uniform(math.log(PEAK_LSB[0]), math.log(PEAK_LSB[1]), n_units))
    units = [
        _draw_unit(rng, n_steps, n_channels, sampling_hz, int(channel), float(peak))
        for channel, peak in zip(unit_channels, unit_peaks_lsb, strict=True)
    ]
    field = _Field(rng, n_steps, sampling_hz, lfp_rms_lsb, lfp_correlation)
    waveform = np.empty((n_steps, n_channels), dtype=np.int16)
    of_channel = _units_of_channels(units, n_channels)
    for first in range(0, n_channels, CHANNELS_AT_ONCE):
        channels = range(first, min(first + CHANNELS_AT_ONCE, n_channels))
        rows = rng.standard_normal((len(channels), n_steps), dtype=np.float32)
        for row, channel in zip(rows, channels, strict=True):
            row *= noise_rms_lsb[channel]
            row += field.next_channel()
            for unit in of_channel[channel]:
                _add_spikes(row, unit, unit.gains[channel])
        np.clip(np.rint(rows, out=rows), ADC_MIN, ADC_MAX, out=rows)
        codes = rows.astype(np.int16)
        for start in range(0, n_steps, STEPS_AT_ONCE):
            stop = start + STEPS_AT_ONCE
            waveform[start:stop, channels.start : channels.stop] = codes[:, start:stop].T
    samples = np.concatenate([unit.spike_samples for unit in units] or [np.empty(0, dtype=np.int64)])
    owners = np.repeat(np.arange(n_units), [unit.spike_samples.size for unit in units])
    order = np.argsort(samples, kind="stable")
    return waveform, GroundTruth(samples[order], owners[order], unit_channels, unit_peaks_lsb, noise_rms_lsb)


class _Field:
    """The field potential, a channel at a time: each is the last one's, weakened, and something new."""

    def __init__(
        self, rng: np.random.Generator, n_steps: int, sampling_hz: float, rms_lsb: float, correlation: float
    ) -> None:
        self._rng, self._n_steps, self._correlation = rng, n_steps, correlation
        frequencies_hz = np.fft.rfftfreq(n_steps, 1 / sampling_hz)
        # A recording shorter than a period of the highest frequency has no field but its lowest harmonic.
        self._harmonics = max(2, int(np.searchsorted(frequencies_hz, LFP_HIGHEST_HZ, side="right")))
        amplitudes = 1 / np.maximum(frequencies_hz[1 : self._harmonics], LFP_LOWEST_HZ)
        power = max(float(2 * np.sum(amplitudes**2)), TINY)
        self._amplitudes = rms_lsb * n_steps / math.sqrt(2 * power) * amplitudes
        self._current = self._draw()

    def next_channel(self) -> NDArray[np.float32]:
        """Return the field at the next channel, shape (n_steps,)."""
        channel = self._current
        innovation = math.sqrt(1 - self._correlation**2)
        self._current = self._correlation * channel + innovation * self._draw()
        return np.fft.irfft(channel, self._n_steps).astype(np.float32)

    def _draw(self) -> NDArray[np.complex128]:
        parts = self._rng.standard_normal((2, self._amplitudes.size))
        spectrum = np.zeros(self._harmonics, dtype=np.complex128)
        spectrum[1 : 1 + self._amplitudes.size] = self._amplitudes * (parts[0] + 1j * parts[1])
        return spectrum


def _draw_unit(
    rng: np.random.Generator, n_steps: int, n_channels: int, sampling_hz: float, main: int, peak_lsb: float
) -> _Unit:
    template, trough = _draw_template(rng, sampling_hz)
    decay, neighbours = rng.uniform(*NEIGHBOUR_DECAY), int(rng.integers(NEIGHBOURS[0], NEIGHBOURS[1] + 1))
    distances = np.abs(np.arange(n_channels) - main)
    nearest = np.argsort(distances, kind="stable")[: 1 + neighbours]
    gains = {int(channel): peak_lsb * decay ** int(distances[channel]) for channel in nearest}
    spread = math.sqrt(2 * math.log(RATE_MEAN_HZ / RATE_MEDIAN_HZ))
    rate_hz = rng.lognormal(math.log(RATE_MEDIAN_HZ), spread)
    spikes = _draw_spikes(rng, n_steps / sampling_hz, rate_hz)
    starts = np.floor(spikes * sampling_hz).astype(np.int64)
    return _Unit(template, trough, gains, starts[starts + template.size <= n_steps] + trough)


def _draw_template(rng: np.random.Generator, sampling_hz: float) -> tuple[NDArray[np.float32], int]:
    """Return a trough of depth 1 with a smaller, slower hump behind it, and the trough's sample."""
    samples = max(3, math.floor(rng.uniform(*TEMPLATE_MS) / 1000 * sampling_hz))
    time = np.arange(samples) / samples
    trough_at, trough_width = 0.3, rng.uniform(0.05, 0.1)
    hump_at, hump_width = rng.uniform(0.5, 0.65), rng.uniform(0.1, 0.15)
    shape = rng.uniform(0.2, 0.6) * np.exp(-0.5 * ((time - hump_at) / hump_width) ** 2)
    shape -= np.exp(-0.5 * ((time - trough_at) / trough_width) ** 2)
    shape *= np.sin(np.pi * (np.arange(samples) + 0.5) / samples) ** 0.5
    return (shape / -shape.min()).astype(np.float32), int(shape.argmin())


def _draw_spikes(rng: np.random.Generator, duration_s: float, rate_hz: float) -> NDArray[np.float64]:
    """Return the seconds at which a unit fires: a Poisson process with dead time, of a rate of `rate_hz`."""
    dead_s = REFRACTORY_MS / 1000
    mean_s = max(1 / rate_hz - dead_s, TINY)
    times: list[NDArray[np.float64]] = []
    last = -dead_s
    while last < duration_s:
        count = 16 + int(2 * (duration_s - last) * rate_hz)
        times.append(last + np.cumsum(dead_s + rng.exponential(mean_s, count)))
        last = float(times[-1][-1])
    drawn = np.concatenate(times)
    return drawn[drawn < duration_s]


def _units_of_channels(units: list[_Unit], n_channels: int) -> list[list[_Unit]]:
    of_channel: list[list[_Unit]] = [[] for _ in range(n_channels)]
    for unit in units:
        for channel in unit.gains:
            of_channel[channel].append(unit)
    return of_channel


def _add_spikes(row: NDArray[np.float32], unit: _Unit, gain: float) -> None:
    starts = unit.spike_samples - unit.trough
    row[starts[:, np.newaxis] + np.arange(unit.template.size)] += np.float32(gain) * unit.template
