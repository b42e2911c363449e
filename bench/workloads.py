"""The rasters that spike codecs are measured on: the same bits for everyone, made from seeds, and real recordings."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from model.synth import bernoulli_raster
from sim.loaders import Window, load
from sim.results import data_folder

Raster = NDArray[np.int8]

BERNOULLI_PERCENT = (0.1, 1, 5, 10, 30)
TABLE_PERCENT = (0.1, 0.5, 1, 3, 5, 10, 20, 30)
"""Densities of the published table, in the order in which they are drawn."""
PHYSIOLOGICAL = {
    "10 units, 1-5 Hz": (10, 2.0, (1.0, 5.0)),
    "50 units, 0.5-3 Hz": (50, 2.0, (0.5, 3.0)),
    "100 units, 1-10 Hz": (100, 1.0, (1.0, 10.0)),
}
"""Units, seconds, and least and greatest rate in Hz of the published trains."""
PHYSIOLOGICAL_FS_HZ = 30_000.0
RECORDINGS = {
    "neuropixels, 1 ms": ("spikes/neuropixels", Window()),
    "neuropixels, 0.05 ms": ("spikes/neuropixels", Window(bin_ms=0.05, duration_s=12.0)),
    "mc_maze, 1 ms": ("spikes/mc_maze/trial_748_data.csv", Window()),
    "linear track, 1 ms": ("spikes/hippocampus/linear-track_spikes.mat", Window()),
    "all_unit, 1 ms": ("spikes/hippocampus/all_unit.mat", Window()),
    "retina, 1 ms": ("spikes/retina/Sun2008_X026P11R-MEME1.h5", Window()),
}
"""Path within the data folder, and the part of it, of each real recording."""


@dataclass(frozen=True)
class Workload:
    """A raster by name, made when it is needed.

    Attributes
    ----------
    group, name : str
        What it is one of, and which.
    make : callable
        Returns the raster, int8 of shape (steps, channels).
    """

    group: str
    name: str
    make: Callable[[], Raster]

    @property
    def title(self) -> str:
        """Group and name."""
        return f"{self.group}, {self.name}" if self.name else self.group


def bernoulli() -> Iterator[Workload]:
    """Yield 20,000 x 1,024 independent bins of five densities."""
    for percent in BERNOULLI_PERCENT:
        yield Workload("bernoulli", f"{percent:g} %", partial(bernoulli_raster, percent / 100))


def published_table() -> Iterator[Workload]:
    """Yield the 2,000 x 64 rasters of the published table of densities, drawn one after another."""
    for percent in TABLE_PERCENT:
        yield Workload("table", f"{percent:g} %", partial(_table_raster, percent))


def _table_raster(wanted: float) -> Raster:
    random = np.random.RandomState(42)
    for percent in TABLE_PERCENT:
        raster = (random.random_sample((2000, 64)) < percent / 100).astype(np.int8)
        if percent == wanted:
            return raster
    raise ValueError(f"wanted must be one of {TABLE_PERCENT}, not {wanted!r}")


def bursts_raster() -> Raster:
    """Return 32 channels that fire five times in a row every 50 steps, each channel a step after the one before."""
    raster = np.zeros((2000, 32), dtype=np.int8)
    for channel in range(32):
        for start in range(channel % 50, 2000, 50):
            raster[start : start + 5, channel] = 1
    return raster


def bci_raster(random: np.random.RandomState | None = None) -> Raster:
    """Return a second of 1,024 channels at 20 kHz with 0.5 to 5 spikes each."""
    random = random or np.random.RandomState(42)
    raster = np.zeros((20_000, 1024), dtype=np.int8)
    for channel in range(1024):
        count = int(random.uniform(0.5, 5.0))
        raster[random.choice(20_000, count, replace=False), channel] = 1
    return raster


def probe_raster() -> Raster:
    """Return 384 channels in groups of 8 that share most of their spikes, drawn after the raster of `bci_raster`."""
    random = np.random.RandomState(42)
    bci_raster(random)
    raster = np.empty((10_000, 384), dtype=np.int8)
    for group in range(0, 384, 8):
        base = random.random_sample(10_000) < 0.02
        for channel in range(group, group + 8):
            raster[:, channel] = base | (random.random_sample(10_000) < 0.005)
    return raster


def physiological() -> Iterator[Workload]:
    """Yield the published SpikeInterface spike trains, in bins of a sample at 30 kHz."""
    for name, (units, duration_s, rates_hz) in PHYSIOLOGICAL.items():
        yield Workload("physiological", name, partial(_physiological_raster, units, duration_s, rates_hz))


def _physiological_raster(units: int, duration_s: float, rates_hz: tuple[float, float]) -> Raster:
    from spikeinterface.core import generate_sorting

    sorting = generate_sorting(
        num_units=units,
        durations=[duration_s],
        sampling_frequency=PHYSIOLOGICAL_FS_HZ,
        firing_rates=rates_hz,
        refractory_period_ms=4.0,
        seed=42,
    )
    raster = np.zeros((round(duration_s * PHYSIOLOGICAL_FS_HZ), units), dtype=np.int8)
    for channel, unit in enumerate(sorting.unit_ids):
        raster[sorting.get_unit_spike_train(unit, segment_index=0), channel] = 1
    return raster


def recordings() -> Iterator[Workload]:
    """Yield the real recordings that are there; the environment variable `CORTICODEC_DATA` names their folder."""
    for name, (path, window) in RECORDINGS.items():
        source = data_folder() / path
        if source.exists():
            recording, _, bins = name.partition(", ")
            yield Workload(recording, bins, lambda source=source, window=window: load(source, window).raster)


def all_workloads() -> Iterator[Workload]:
    """Yield every workload: published ones first, recordings last."""
    yield from bernoulli()
    yield from published_table()
    yield Workload("bursts", "", bursts_raster)
    yield Workload("probe", "", probe_raster)
    yield Workload("bci", "", bci_raster)
    yield from physiological()
    yield from recordings()
