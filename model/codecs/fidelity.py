"""What is left of a waveform after a codec changed it: errors, field potential, spikes."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from model.codecs import spline
from model.codecs.spike_detection import (
    BEFORE,
    THRESHOLD_SIGMA,
    Detection,
    Troughs,
    detect,
    find_troughs,
    keep_fast_part,
    split,
    steps_in,
)
from model.codecs.waveform_input import is_short
from model.kernels import spike_energies
from model.kernels.spike_peaks import count_matches

LFP_HIGHEST_HZ = 300.0
TOLERANCE_MS = 0.5
"""Detections so near to each other are the same."""
SNIPPET_MS = 2.4
"""A spike is so long."""


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


def compare(
    original: NDArray[np.generic],
    decoded: NDArray[np.generic],
    sampling_hz: float,
    threshold_sigma: float = THRESHOLD_SIGMA,
    detection: Detection | None = None,
) -> Fidelity:
    """Return what became of a piece of a waveform.

    Parameters
    ----------
    original, decoded : NDArray, shape (steps, channels)
        Before and after, in any unit; not empty.
    sampling_hz : float
        Samples a second.
    threshold_sigma : float
        A spike is so many times the original's noise, in what is decoded, too.
    detection : Detection, optional
        What is known of the original, in its units.
    """
    # Differences of samples of two bytes are exact in 32 bits.
    exact = np.subtract(decoded, original, dtype=np.float32 if is_short(original) else np.float64, order="C")
    worst, squares = spike_energies.extent(exact.reshape(-1))
    fidelity = Fidelity(exact.size, worst, squares)
    errors, samples = exact.astype(np.float32, copy=False), _without_offset(original)
    del exact
    change = split(errors, sampling_hz)
    if detection is None:
        detection = detect(samples, threshold_sigma, sampling_hz)
    else:
        keep_fast_part(samples, detection.slow, sampling_hz)
    knot_s = detection.spacing / sampling_hz
    fidelity.lfp_energy, fidelity.lfp_error_energy = _lfp_energy(detection.slow, knot_s), _lfp_energy(change, knot_s)

    spikes, length = detection.troughs, steps_in(SNIPPET_MS, sampling_hz)
    fidelity.snippet_energy, fidelity.snippet_error_energy = spike_energies.energies(
        spikes.steps, spikes.channels, length // BEFORE, length, samples, errors
    )
    samples += errors
    again = find_troughs(samples, detection.noise, threshold_sigma, sampling_hz)
    fidelity.detected, fidelity.detected_again = spikes.steps.size, again.steps.size
    tolerance = steps_in(TOLERANCE_MS, sampling_hz)
    far = len(original) + tolerance + 1
    fidelity.matched = count_matches(_one_after_another(spikes, far), _one_after_another(again, far), tolerance)
    return fidelity


def _without_offset(samples: NDArray[np.generic]) -> NDArray[np.float32]:
    """Return samples as floats of 32 bits, which do not leave much room beside a large offset."""
    if is_short(samples):
        return samples.astype(np.float32, order="C")
    level: NDArray[np.float64] = np.subtract(samples, samples[0], dtype=np.float64, order="C")
    return level.astype(np.float32)


def _lfp_energy(slow: NDArray[np.float32], knot_s: float) -> float:
    """Return the energy below 300 Hz of the slow part, of which the knots are enough."""
    knots = spline.knots(slow)
    spectrum = np.fft.rfft(knots, axis=0)
    frequencies_hz = np.fft.rfftfreq(len(knots), knot_s)
    kept = spectrum[(frequencies_hz > 0) & (frequencies_hz < LFP_HIGHEST_HZ)]
    return float(np.square(kept.real).sum() + np.square(kept.imag).sum())


def _one_after_another(troughs: Troughs, steps: int) -> NDArray[np.int64]:
    """Return troughs as ascending numbers, each channel `steps` after the one before."""
    return np.sort(troughs.channels * steps + troughs.steps)


def _decibels(signal: float, error: float) -> float:
    if signal == 0:
        return math.nan
    return 10 * math.log10(signal / error) if error else math.inf
