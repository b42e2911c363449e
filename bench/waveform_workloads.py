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
