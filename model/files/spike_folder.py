"""Spikes as Kilosort and phy keep them: a folder with `spike_times.npy`, in samples, and `spike_clusters.npy`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model.errors import CodecError
from model.files.recording import Recording, Rows, Signal

NAMES = ("spike_times.npy", "spike_clusters.npy")
SAMPLES_MAX = 1 << 47
"""First sample that a spike cannot have."""


@dataclass(frozen=True)
class SpikeList:
    """Spikes in any order, of which some may be the same.

    Attributes
    ----------
    samples, units : NDArray of int64, shape (spikes,)
        When each spike is, and the number of its unit, from 0.
    """

    samples: NDArray[np.int64]
    units: NDArray[np.int64]

    def sorted(self) -> tuple[SpikeList, dict[str, NDArray[np.int64]]]:
        """Return the spikes by sample and unit, each once, and what `restored` needs to undo that.

        What is needed is small where the spikes are nearly so: `moved` are the places of spikes that lie elsewhere in
        the order, `places` where they are from; `repeated` are spikes that occur once more, in the order.
        """
        order = np.lexsort((self.units, self.samples))
        moved = np.flatnonzero(order != np.arange(order.size))
        samples, units = self.samples[order], self.units[order]
        repeats = np.flatnonzero((np.diff(samples) == 0) & (np.diff(units) == 0)) + 1
        kept = np.delete(np.arange(order.size), repeats)
        return SpikeList(samples[kept], units[kept]), {"moved": moved, "places": order[moved], "repeated": repeats}

    def restored(self, moved: NDArray[np.int64], places: NDArray[np.int64], repeated: NDArray[np.int64]) -> SpikeList:
        """Return the spikes that `sorted` was called for.

        Raises
        ------
        CodecError
            They cannot be: the arguments are not what `sorted` returned.
        """
        count = self.samples.size + repeated.size
        first = np.ones(count, np.bool_)
        order, inverse = np.arange(count), np.full(count, -1)
        try:
            first[repeated] = False
            order[moved] = places
            inverse[order] = np.arange(count)
        except (IndexError, ValueError):
            raise CodecError("recording has an order of spikes that is none") from None
        if np.count_nonzero(first) != self.samples.size or (inverse < 0).any() or (count and not first[0]):
            raise CodecError("recording has an order of spikes that is none")
        source = (np.cumsum(first) - 1)[inverse]
        return SpikeList(self.samples[source], self.units[source])


class SpikeRaster(Recording):
    """Spikes as a raster of one step a sample, of which only what is asked for exists.

    Parameters
    ----------
    path : Path
        Where they are from.
    spikes : SpikeList
        Ordered by sample, none twice.
    units : int
        How many there are.
    sampling_hz : float, optional
        Samples a second.
    steps : int, optional
        Samples of the recording; up to the last spike if not given.
    """

    kind = "spike times"

    def __init__(
        self, path: Path, spikes: SpikeList, units: int, sampling_hz: float | None = None, steps: int | None = None
    ) -> None:
        if spikes.samples.size and not 0 <= spikes.samples[0] <= spikes.samples[-1] < SAMPLES_MAX:
            raise ValueError(f"{path} must have spike times in 0..{SAMPLES_MAX - 1}")
        last = int(spikes.samples[-1]) + 1 if spikes.samples.size else 0
        super().__init__(path, Signal(last if steps is None else steps, units, np.dtype(np.int8), sampling_hz))
        self._spikes = spikes

    def rows(self, start: int, stop: int) -> Rows:
        """Return steps `start` to `stop`, exclusive."""
        first, end = np.searchsorted(self._spikes.samples, [start, stop])
        raster = np.zeros((stop - start, self.signal.channels), np.int8)
        raster[self._spikes.samples[first:end] - start, self._spikes.units[first:end]] = 1
        return raster


@dataclass(frozen=True)
class SpikeArray:
    """One of the two files: bytes before the data, their type and shape."""

    head: bytes
    values: NDArray[Any]


@dataclass(frozen=True)
class SpikeFolder:
    """What a folder of spikes holds.

    Attributes
    ----------
    path : Path
        The folder.
    spikes : SpikeList
        In the files' order.
    clusters : NDArray
        The cluster that each unit is.
    files : list of SpikeArray
        The two files.
    """

    path: Path
    spikes: SpikeList
    clusters: NDArray[Any]
    files: list[SpikeArray]

    @classmethod
    def read(cls, path: Path) -> SpikeFolder:
        """Read a folder.

        Raises
        ------
        ValueError
            A file is missing, is of another kind, or the two do not go together.
        """
        if missing := [name for name in NAMES if not (path / name).is_file()]:
            raise ValueError(f"folder {path} must hold {' and '.join(NAMES)}; {', '.join(missing)} not found")
        files = [_read(path / name) for name in NAMES]
        times, clusters = (file.values.ravel() for file in files)
        if times.size != clusters.size:
            raise ValueError(f"{path} must hold a cluster for each spike: {times.size} times, {clusters.size} clusters")
        if times.size and (times.min() < 0 or times.max() >= SAMPLES_MAX):
            raise ValueError(f"{path} must have spike times in 0..{SAMPLES_MAX - 1}")
        names, units = np.unique(clusters, return_inverse=True)
        return cls(path, SpikeList(times.astype(np.int64), units.astype(np.int64)), names, files)

    def raster(self, sampling_hz: float | None) -> SpikeRaster:
        """Return the spikes as a raster."""
        return SpikeRaster(self.path, self.spikes.sorted()[0], self.clusters.size, sampling_hz)


def _read(path: Path) -> SpikeArray:
    try:
        values = np.load(path, allow_pickle=False)
    except ValueError as error:
        raise ValueError(f"{path} is no .npy file: {error}") from None
    if values.dtype.kind not in "iu":
        raise ValueError(f"{path} must hold integers, not {values.dtype}")
    data = path.read_bytes()
    return SpikeArray(data[: len(data) - values.nbytes], values)
