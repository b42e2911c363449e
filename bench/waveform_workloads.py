"""Waveforms to measure codecs with: synthetic ones, and the real recordings that are there."""

from __future__ import annotations

import wave
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from model.synth import demo_waveform, realistic_waveform
from sim.results import data_folder

Samples = NDArray[np.int16]
SPIKEINTERFACE_HZ, MICROVOLTS_A_UNIT = 30_000.0, 0.76
NOISE_MICROVOLTS, COMMON_MICROVOLTS = 3.6, 2.7
LFP_MICROVOLTS, LFP_CORNER_HZ, LFP_SOURCES = 40.0, 2.0, 8
"""Size of the field potential, above which frequency it falls off, and the places that it comes from."""


@dataclass(frozen=True)
class Workload:
    """Waveforms of one kind, each shape (steps, channels).

    Attributes
    ----------
    name : str
        What they are.
    make : Callable
        Returns them.
    bounds : tuple of int
        Errors to measure the lossy modes at.
    """

    name: str
    make: Callable[[], list[Samples]]
    bounds: tuple[int, ...] = ()


def neuralink_codes(samples: Samples) -> Samples:
    """Return the ADC's codes of the Neuralink files' samples."""
    return samples >> 6


def workloads(quick: bool) -> Iterator[Workload]:
    """Yield what there is; `quick` leaves out what takes long."""
    seconds = 0.2 if quick else 1.0
    yield Workload("realistic, 384 channels", lambda: [realistic_waveform(round(20_000 * seconds), 384)[0]], (2, 4))
    yield Workload("realistic, common mode", lambda: [_common_mode(round(20_000 * seconds))])
    yield Workload("SpikeInterface, 384 channels", lambda: [spikeinterface_waveform(seconds)])
    yield Workload("published demo", lambda: [np.rint(demo_waveform(4000, 64)[0]).astype(np.int16)])
    folder = data_folder()
    files = sorted((folder / "neuralink_n1").glob("*.wav"))
    files = files[::10] if quick else files
    if files:
        yield Workload("Neuralink N1, as stored", lambda: [_wav(file) for file in files])
        yield Workload(
            "Neuralink N1, 10-bit codes", lambda: [neuralink_codes(_wav(file)) for file in files], (1, 2, 4, 8, 16)
        )
    for name, file, channels in (
        ("locust", folder / "raw/locust/locust_trial_01.raw", 4),
        ("Neuropixels clip", folder / "raw/neuropixels/continuous.dat", 385),
    ):
        if file.exists():
            yield Workload(name, lambda file=file, channels=channels: [_raw(file, channels, quick)])  # type: ignore[misc]
    starling = folder / "raw/starling/st11_1_2_A8_1.wav"
    if starling.exists():
        yield Workload("starling", lambda: [_wav(starling)])


def spikeinterface_waveform(seconds: float) -> Samples:
    """Return SpikeInterface's ground truth with a field potential and a common mode, as a Neuropixels 2 gives it."""
    import spikeinterface.core as si

    recording, _ = si.generate_ground_truth_recording(
        durations=[seconds],
        sampling_frequency=SPIKEINTERFACE_HZ,
        num_channels=384,
        num_units=384,
        noise_kwargs={"noise_levels": NOISE_MICROVOLTS},
        seed=42,
    )
    microvolts = recording.get_traces()
    steps, channels = microvolts.shape
    generator = np.random.default_rng(42)
    common = generator.normal(0, COMMON_MICROVOLTS, (steps, 1))
    # A random walk that leaks, at a few places along the probe, and between them what is between these.
    drive, sources = generator.normal(0, 1, (steps, LFP_SOURCES)), np.empty((steps, LFP_SOURCES))
    level = np.zeros(LFP_SOURCES)
    leak = np.exp(-2 * np.pi * LFP_CORNER_HZ / SPIKEINTERFACE_HZ)
    for step in range(steps):
        level = leak * level + drive[step]
        sources[step] = level
    sources *= LFP_MICROVOLTS * np.sqrt(1 - leak**2)
    along = np.linspace(0, LFP_SOURCES - 1, channels)
    below = along.astype(int).clip(0, LFP_SOURCES - 2)
    lfp = sources[:, below] * (1 - (along - below)) + sources[:, below + 1] * (along - below)
    return np.rint((microvolts + common + lfp) / MICROVOLTS_A_UNIT).astype(np.int16)


def _common_mode(steps: int) -> Samples:
    """Return a realistic waveform with noise that all channels share, as a poor reference gives it."""
    shared = np.random.default_rng(7).normal(0, 12, (steps, 1))
    return np.rint(realistic_waveform(steps, 64)[0] + shared).astype(np.int16)


def _wav(file: Path) -> Samples:
    with wave.open(str(file)) as opened:
        return np.frombuffer(opened.readframes(opened.getnframes()), "<i2")[:, np.newaxis]


def _raw(file: Path, channels: int, quick: bool) -> Samples:
    samples = np.fromfile(file, "<i2").reshape(-1, channels)
    return samples[:30_000] if quick else samples
