"""What is left of a waveform after a codec changed it: errors, field potential, spikes."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from model.kernels.spike_peaks import count_matches, find_peaks

LFP_HIGHEST_HZ = 300.0
SPIKES_HZ = (300.0, 6000.0)
"""The bands of field potential and spikes."""
THRESHOLD_SIGMA = 4.5
"""A spike is so many times the noise, which is its median size over 0.6745 (Quiroga et al. 2004)."""
SIGMA_OF_MEDIAN = 1 / 0.6745
DEAD_MS = 1.0
TOLERANCE_MS = 0.5
"""Detections so near to each other are the same."""
SNIPPET_MS = 2.4
"""A spike is so long."""
EDGE_MS = 2.0
"""Nearer to the ends of what is compared at once the filter is not to be trusted."""


@dataclass
class Fidelity:
    """Sums over pieces of a waveform, from which all measures follow.

    Attributes
    ----------
    samples : int
        How many were compared.
    worst_error : float
        The largest.
    squared_error : float
        The sum of squared errors.
    lfp_energy, lfp_error_energy : float
        Of the band below 300 Hz, mean left out.
    snippet_energy, snippet_error_energy : float
        Of the spikes' band, in 2.4 ms around each spike of the original.
    detected, detected_again, matched : int
        Spikes in the original, in what the decoder gives back, and in both.
    """

    samples: int = 0
    worst_error: float = 0.0
    squared_error: float = 0.0
    lfp_energy: float = 0.0
    lfp_error_energy: float = 0.0
    snippet_energy: float = 0.0
    snippet_error_energy: float = 0.0
    detected: int = 0
    detected_again: int = 0
    matched: int = 0

    def add(self, other: Fidelity) -> None:
        """Add the sums of another piece."""
        worst = max(self.worst_error, other.worst_error)
        for name, value in vars(other).items():
            setattr(self, name, getattr(self, name) + value)
        self.worst_error = worst

    @property
    def rms_error(self) -> float:
        """The root of the mean squared error."""
        return math.sqrt(self.squared_error / self.samples) if self.samples else 0.0

    @property
    def lfp_snr_db(self) -> float:
        """Signal to error below 300 Hz; infinite without an error, NaN without a signal."""
        return _decibels(self.lfp_energy, self.lfp_error_energy)

    @property
    def snippet_snr_db(self) -> float:
        """Signal to error of the spikes; infinite without an error, NaN without a spike."""
        return _decibels(self.snippet_energy, self.snippet_error_energy)

    @property
    def precision(self) -> float:
        """Share of the spikes in what is decoded that are in the original; NaN where there are none."""
        return self.matched / self.detected_again if self.detected_again else math.nan

    @property
    def recall(self) -> float:
        """Share of the original's spikes that are in what is decoded; NaN where there are none."""
        return self.matched / self.detected if self.detected else math.nan


def compare(original: NDArray[np.generic], decoded: NDArray[np.generic], sampling_hz: float) -> Fidelity:
    """Return what became of a piece of a waveform.

    Parameters
    ----------
    original, decoded : NDArray, shape (channels, steps)
        Before and after, in any unit; not empty.
    sampling_hz : float
        Samples a second.
    """
    total = Fidelity()
    for before, after in zip(original, decoded, strict=True):
        total.add(_compare_channel(before.astype(np.float64), after.astype(np.float64), sampling_hz))
    return total


def _compare_channel(original: NDArray[np.float64], decoded: NDArray[np.float64], sampling_hz: float) -> Fidelity:
    error = decoded - original
    fidelity = Fidelity(original.size, float(np.abs(error).max()), float(error @ error))
    spectrum, error_spectrum = np.fft.rfft(original), np.fft.rfft(error)
    frequencies_hz = np.fft.rfftfreq(original.size, 1 / sampling_hz)
    lfp = (frequencies_hz > 0) & (frequencies_hz < LFP_HIGHEST_HZ)
    fidelity.lfp_energy, fidelity.lfp_error_energy = _energy(spectrum[lfp]), _energy(error_spectrum[lfp])

    gains = spike_band_gains(frequencies_hz)
    band, band_error = (
        np.fft.irfft(gains * spectrum, original.size),
        np.fft.irfft(gains * error_spectrum, original.size),
    )
    spikes, again = (detect(waveform, sampling_hz) for waveform in (band, band + band_error))
    fidelity.detected, fidelity.detected_again = spikes.size, again.size
    fidelity.matched = count_matches(spikes, again, _steps(TOLERANCE_MS, sampling_hz))
    near = _around(spikes, _steps(SNIPPET_MS, sampling_hz), original.size)
    fidelity.snippet_energy, fidelity.snippet_error_energy = _energy(band[near]), _energy(band_error[near])
    return fidelity


def spike_band_gains(frequencies_hz: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return what the filter for spikes lets through: second-order Butterworth forth and back, so without a delay."""
    relative = np.maximum(frequencies_hz, 1e-9)
    gains: NDArray[np.float64] = 1 / (1 + (SPIKES_HZ[0] / relative) ** 4) / (1 + (relative / SPIKES_HZ[1]) ** 4)
    return gains


def detect(band: NDArray[np.float64], sampling_hz: float) -> NDArray[np.int64]:
    """Return the samples of the spikes of a channel that is limited to their band."""
    edge = _steps(EDGE_MS, sampling_hz)
    inner = band[edge : band.size - edge]
    noise = float(np.median(np.abs(inner))) * SIGMA_OF_MEDIAN if inner.size else 0.0
    if noise == 0:
        return np.empty(0, dtype=np.int64)
    peaks = np.empty(inner.size, dtype=np.int64)
    found = find_peaks(inner, THRESHOLD_SIGMA * noise, _steps(DEAD_MS, sampling_hz), peaks)
    return peaks[:found] + edge


def _around(samples: NDArray[np.int64], length: int, steps: int) -> NDArray[np.bool_]:
    edges = np.zeros(steps + 1, dtype=np.int64)
    np.add.at(edges, np.maximum(samples - length // 2, 0), 1)
    np.add.at(edges, np.minimum(samples + length - length // 2, steps), -1)
    near: NDArray[np.bool_] = np.cumsum(edges[:-1]) > 0
    return near


def _steps(milliseconds: float, sampling_hz: float) -> int:
    return max(1, round(milliseconds / 1000 * sampling_hz))


def _energy(values: NDArray[np.float64] | NDArray[np.complex128]) -> float:
    return float(np.vdot(values, values).real)


def _decibels(signal: float, error: float) -> float:
    if signal == 0:
        return math.nan
    return 10 * math.log10(signal / error) if error else math.inf
