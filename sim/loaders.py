"""Rasters from files: 0/1 arrays, CSV, and spike times of several kinds."""

from __future__ import annotations

import csv
import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from model.golden.settings import CHANNELS_MAX

BINS_MAX = 1 << 32
"""Bins of the largest raster that is sent in one run, a byte each in memory."""
PHY_FILES = ("spike_times.npy", "spike_clusters.npy")
"""What a folder of spikes holds: the sample of each spike, and its unit."""
FS_HZ_DEFAULT = 30_000.0
"""Sample rate of spike times in samples, unless another is given."""

Times = NDArray[np.float64]
Raster = NDArray[np.int8]


@dataclass(frozen=True)
class Recording:
    """A raster and where it comes from.

    Attributes
    ----------
    name : str
        What a report calls it.
    raster : ndarray of int8, shape (steps, channels)
        Zeros and ones.
    bin_ms : float
        Length of a step.
    notes : tuple of str
        What differs between the source and the raster.
    """

    name: str
    raster: Raster
    bin_ms: float
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Window:
    """The part of a recording to keep, and its bins.

    Parameters
    ----------
    bin_ms : float
        Length of a step; of a file that is a raster already, the length that its rows have.
    start_s, duration_s : float
        Where the part begins and how long it is. Without a duration it reaches to the end.
    channels : int, optional
        How many channels to keep, the first ones.

    Raises
    ------
    ValueError
        A number is out of range.
    """

    bin_ms: float = 1.0
    start_s: float = 0.0
    duration_s: float | None = None
    channels: int | None = None

    def __post_init__(self) -> None:
        _check_positive("bin_ms", self.bin_ms)
        if not (math.isfinite(self.start_s) and self.start_s >= 0):
            raise ValueError(f"start must be a number of seconds from 0 on, not {self.start_s!r}")
        if self.duration_s is not None:
            _check_positive("duration", self.duration_s)

    @property
    def first_step(self) -> int:
        """Step of the whole recording at which the window begins."""
        return round(self.start_s * 1000 / self.bin_ms)

    @property
    def duration_steps(self) -> int:
        """Steps of the duration, of which there must be one."""
        assert self.duration_s is not None
        return math.ceil(round(self.duration_s * 1000 / self.bin_ms, 6))

    def steps(self, available: int) -> int:
        """Return how many steps the window has in a recording of `available` steps.

        Raises
        ------
        ValueError
            The recording ends before the window does.
        """
        left = available - self.first_step
        wanted = left if self.duration_s is None else self.duration_steps
        if wanted < 1 or wanted > left:
            seconds = available * self.bin_ms / 1000
            raise ValueError(f"start and duration must lie within the recording, which is {seconds:g} s long")
        return wanted


def load(path: Path, window: Window | None = None, fs_hz: float | None = None) -> Recording:
    """Read a raster.

    Parameters
    ----------
    path : Path
        One of: a `.npy` or `.npz` file with a 0/1 array (steps, channels); a `.csv` file with a header, a step a row,
        whose columns named `unit...` are the channels; a folder with `spike_times.npy` and `spike_clusters.npy` as
        Kilosort and phy write it; spike times in a `.h5` file (`spikes`, `sCount`) or `.mat` file (`unit_t`, or cells
        `spikes` of structures with a `time`).
    window : Window, optional
        What part to keep; the whole, in bins of 1 ms, if not given.
    fs_hz : float, optional
        Sample rate of the times in a folder, 30,000 if not given. Other sources have none.

    Raises
    ------
    ValueError
        The source cannot be read, is of another kind, or holds something else than a raster of 1..4096 channels.
    """
    if not path.exists():
        raise ValueError(f"data path {path} does not exist")
    window = window or Window()
    if path.is_dir():
        return _read_phy(path, window, FS_HZ_DEFAULT if fs_hz is None else fs_hz)
    if fs_hz is not None:
        raise ValueError(f"fs_hz is for a folder of spike times; {path} has no sample rate")
    if path.suffix.lower() not in READERS:
        raise ValueError(f"data path {path} must be a folder or end in {', '.join(READERS)}")
    return READERS[path.suffix.lower()](path, window)


def checked_raster(name: str, array: NDArray[Any]) -> Raster:
    """Return `array` as a raster of `int8`.

    Raises
    ------
    ValueError
        It does not have two dimensions of at least one, has more than 4,096 channels, or a value is not 0 or 1.
    """
    if array.ndim != 2:
        raise ValueError(f"{name} must have two dimensions (steps, channels), not shape {array.shape}")
    if array.shape[0] < 1 or not 1 <= array.shape[1] <= CHANNELS_MAX:
        raise ValueError(f"{name} must have at least 1 step and 1..{CHANNELS_MAX} channels, not shape {array.shape}")
    if array.dtype.kind not in "biuf":
        raise ValueError(f"{name} must hold numbers, not {array.dtype}")
    raster = array.astype(np.int8) if array.dtype.kind != "f" else (array == 1).astype(np.int8)
    odd = np.flatnonzero((raster != array) | (raster < 0) | (raster > 1))
    if odd.size:
        step, channel = divmod(int(odd[0]), array.shape[1])
        raise ValueError(
            f"{name} must be 0 or 1 everywhere, not {array[step, channel]} at step {step}, channel {channel}"
        )
    return raster


def check_bins(steps: int, channels: int, bin_ms: float) -> None:
    """Raise `ValueError` if a raster would have more bins than one run can hold."""
    if steps * channels > BINS_MAX:
        raise ValueError(
            f"duration must leave at most {BINS_MAX} bins, not {steps * bin_ms / 1000:g} s "
            f"of {channels} channels in bins of {bin_ms:g} ms"
        )


def bin_spikes(path: Path, times_s: Times, units: NDArray[np.intp], channels: int, window: Window) -> Recording:
    """Return the raster of spikes at `times_s`, the i-th of which is of channel `units[i]`.

    Raises
    ------
    ValueError
        There is no spike, or a time is not a number from 0 on, or the window is not within the recording.
    """
    if not times_s.size:
        raise ValueError(f"{path} has no spikes")
    if not (np.isfinite(times_s).all() and (times_s >= 0).all()):
        raise ValueError(f"{path} has spike times that are not finite or are before its start")
    # Times on a bin's edge are a rounding error below it as often as above; a millionth of a bin mends that.
    steps_of_spikes = np.floor(np.round(times_s * 1000 / window.bin_ms, 6)).astype(np.int64) - window.first_step
    steps = window.steps(int(steps_of_spikes.max()) + 1 + window.first_step)
    kept_channels = _kept_channels(channels, window)
    check_bins(steps, kept_channels, window.bin_ms)
    inside = (steps_of_spikes >= 0) & (steps_of_spikes < steps) & (units < kept_channels)
    raster = np.zeros((steps, kept_channels), np.int8)
    raster[steps_of_spikes[inside], units[inside]] = 1
    spikes = int(np.count_nonzero(inside))
    merged = spikes - int(np.count_nonzero(raster))
    notes = (f"{merged:,} of {spikes:,} spikes share a bin with another of their unit and are merged with it",)
    return Recording(path.stem, raster, window.bin_ms, notes if merged else ())


def _window_of_raster(path: Path, array: NDArray[Any], window: Window, notes: tuple[str, ...] = ()) -> Recording:
    raster = checked_raster(path.name, array)
    rows = slice(window.first_step, window.first_step + window.steps(len(raster)))
    kept = np.ascontiguousarray(raster[rows, : _kept_channels(raster.shape[1], window)])
    return Recording(path.stem, kept, window.bin_ms, notes)


def _kept_channels(available: int, window: Window) -> int:
    kept = available if window.channels is None else window.channels
    if not 1 <= kept <= min(available, CHANNELS_MAX):
        wanted = "all" if window.channels is None else window.channels
        allowed = min(available, CHANNELS_MAX)
        raise ValueError(f"channels must be in 1..{allowed} for a recording of {available} channels, not {wanted}")
    return kept


def _load_numpy(path: Path) -> Any:  # noqa: ANN401
    """Return the array or the archive of a file of NumPy's, or raise `ValueError` where it is no such file."""
    with path.open("rb") as file:
        # NumPy would take anything else for a pickle, and speak of that.
        if not file.read(len(npy.MAGIC_PREFIX)).startswith((npy.MAGIC_PREFIX, b"PK")):
            raise ValueError(f"{path.name} is neither a .npy nor a .npz file")
    return np.load(path, allow_pickle=False)


def _read_npy(path: Path, window: Window) -> Recording:
    with _reading(path):
        array = _load_numpy(path)
    return _window_of_raster(path, array, window)


def _read_npz(path: Path, window: Window) -> Recording:
    with _reading(path), _load_numpy(path) as archive:
        arrays = dict(archive)
    if len(arrays) != 1 and "raster" not in arrays:
        raise ValueError(f"{path} must hold one array, or one named raster; it has {', '.join(arrays) or 'none'}")
    return _window_of_raster(path, arrays.get("raster", next(iter(arrays.values()))), window)


def _read_csv(path: Path, window: Window) -> Recording:
    with _reading(path), path.open(newline="") as file:
        lines = csv.reader(file)
        header, first_row = next(lines, []), next(lines, [])
    columns = [index for index, name in enumerate(header) if name.strip().startswith("unit")]
    if not columns:
        raise ValueError(f"{path} must begin with a header that names its channels unit...; it has none")
    if not first_row:
        raise ValueError(f"{path} has no steps: there is nothing below its header")
    with _reading(path):
        array = np.loadtxt(path, delimiter=",", skiprows=1, usecols=columns, ndmin=2)
    others = [name for index, name in enumerate(header) if index not in columns]
    notes = (f"{len(others)} columns are not channels: {', '.join(others)}",) if others else ()
    return _window_of_raster(path, array, window, notes)


def _read_phy(path: Path, window: Window, fs_hz: float) -> Recording:
    _check_positive("fs_hz", fs_hz)
    if missing := [name for name in PHY_FILES if not (path / name).is_file()]:
        raise ValueError(f"folder {path} must hold {' and '.join(PHY_FILES)}; {', '.join(missing)} not found")
    with _reading(path):
        times, clusters = (_load_numpy(path / name).ravel() for name in PHY_FILES)
    if times.dtype.kind not in "iu" or clusters.dtype.kind not in "iu":
        raise ValueError(f"{path} must hold integer samples and clusters, not {times.dtype} and {clusters.dtype}")
    if times.size != clusters.size:
        raise ValueError(f"{path} must hold a cluster for each spike: {times.size} times, {clusters.size} clusters")
    names, units = np.unique(clusters, return_inverse=True)
    return bin_spikes(path, times / fs_hz, units, names.size, window)


def _read_hdf5(path: Path, window: Window) -> Recording:
    import h5py

    with _reading(path), h5py.File(path) as file:
        times, counts = np.asarray(file["spikes"], np.float64), np.asarray(file["sCount"])
    if counts.dtype.kind not in "iu" or counts.sum() != times.size:
        raise ValueError(f"{path} must hold in sCount how many of its {times.size} spikes are of each unit")
    return bin_spikes(path, times, np.repeat(np.arange(counts.size), counts), counts.size, window)


def _read_mat(path: Path, window: Window) -> Recording:
    from scipy.io import loadmat

    with _reading(path):
        variables = loadmat(path)
    if "unit_t" in variables:
        trains = [np.asarray(unit, np.float64).ravel() for unit in variables["unit_t"].ravel()]
        origin_s = 0.0
    elif "spikes" in variables:
        units = list(_structures_with_time(variables["spikes"]))
        trains = [np.asarray(unit["time"], np.float64).ravel() for unit in units]
        origin_s = min((float(unit["timerange"].ravel()[0]) for unit in units), default=0.0)
    else:
        raise ValueError(f"{path} must hold unit_t or spikes")
    if not trains:
        raise ValueError(f"{path} has no spikes")
    numbers = np.repeat(np.arange(len(trains)), [train.size for train in trains])
    return bin_spikes(path, np.concatenate(trains) - origin_s, numbers, len(trains), window)


def _structures_with_time(cells: NDArray[Any]) -> Iterator[np.void]:
    """Yield the structures with a field `time` from cells within cells, whatever the cells' order means."""
    if cells.dtype.names:
        yield from (unit for unit in cells.ravel() if "time" in cells.dtype.names and unit["time"].size)
    elif cells.dtype == object:
        for cell in cells.ravel():
            yield from _structures_with_time(cell)


def _check_positive(name: str, value: float) -> None:
    if not (math.isfinite(value) and value > 0):
        raise ValueError(f"{name} must be a number above 0, not {value!r}")


@contextmanager
def _reading(path: Path) -> Iterator[None]:
    """Turn whatever a library says about an unreadable file into one sentence."""
    try:
        yield
    except Exception as error:
        reason = str(error).strip().splitlines() or [type(error).__name__]
        raise ValueError(f"cannot read {path}: {reason[0]}") from error


READERS: dict[str, Callable[[Path, Window], Recording]] = {
    ".npy": _read_npy,
    ".npz": _read_npz,
    ".csv": _read_csv,
    ".h5": _read_hdf5,
    ".hdf5": _read_hdf5,
    ".mat": _read_mat,
}
"""The function for each kind of file."""
