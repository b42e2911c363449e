"""Where received spikes go: a table of events, or a raster. Both are written as spikes come, in constant memory."""

from __future__ import annotations

import shutil
import zipfile
from pathlib import Path
from typing import IO, Protocol

import numpy as np
from numpy.lib import format as npy

from model.errors import CodecError
from model.events import Epoch


class Sink(Protocol):
    """Takes epochs in the order in which they were received."""

    def write(self, epoch: Epoch, recording: int) -> None:
        """Take an epoch of the recording of this number, from 0; each restart of the encoder begins another one."""

    def close(self) -> None:
        """Finish; after an interruption, too."""


class EventsCsv:
    """A line for each spike: `recording,step,channel`.

    Parameters
    ----------
    path : Path
        The file; it is complete up to the last epoch at any time.

    Raises
    ------
    ValueError
        The file cannot be written.
    """

    def __init__(self, path: Path) -> None:
        self._file = _open(path, "events")
        self._file.write(b"recording,step,channel\n")

    def write(self, epoch: Epoch, recording: int) -> None:
        """Append the spikes of an epoch."""
        steps, channels = (indices.tolist() for indices in np.nonzero(epoch.raster))
        lines = (
            f"{recording},{epoch.step_index + step},{channel}\n" for step, channel in zip(steps, channels, strict=True)
        )
        self._file.write("".join(lines).encode())
        self._file.flush()

    def close(self) -> None:
        """Close the file."""
        self._file.close()


class RasterNpz:
    """A raster with the number of each of its rows.

    `raster` holds the rows that were received, int8 of shape (rows, channels); `step` tells which step each row is and
    `recording` of which recording, from 0, both int64. Missing steps have no row. `path` appears, whole, in `close`;
    until then the rows are in the folder `path` + ".part", as raw arrays of the same names.

    Parameters
    ----------
    path : Path
        The file, which ends in .npz.

    Raises
    ------
    ValueError
        `path` does not end in .npz, the files cannot be written, or a folder of an earlier run is in the way.
    """

    def __init__(self, path: Path) -> None:
        if path.suffix != ".npz":
            raise ValueError(f"output must end in .npz, not {path.name!r}")
        self._path = path
        self._folder = path.with_name(path.name + ".part")
        self._channels: int | None = None
        try:
            self._folder.mkdir()
        except FileExistsError:
            raise ValueError(f"output {self._folder} is there already, from a run that was cut off") from None
        except OSError as error:
            raise ValueError(f"output {path} cannot be written: {error.strerror}") from None
        self._files = {name: _open(self._folder / name, "output") for name in ("raster", "step", "recording")}

    def write(self, epoch: Epoch, recording: int) -> None:
        """Append the rows of an epoch.

        Raises
        ------
        CodecError
            It has other channels than those before.
        """
        steps, channels = epoch.raster.shape
        if self._channels not in (None, channels):
            raise CodecError(f"output holds {self._channels} channels, but the recording changes to {channels}")
        self._channels = channels
        self._files["raster"].write(epoch.raster.tobytes())
        self._files["step"].write(np.arange(epoch.step_index, epoch.step_index + steps, dtype="<i8").tobytes())
        self._files["recording"].write(np.full(steps, recording, dtype="<i8").tobytes())

    def close(self) -> None:
        """Make the file of what was written, and remove the folder."""
        for file in self._files.values():
            file.close()
        rows = (self._folder / "step").stat().st_size // 8
        whole = self._folder / "whole.npz"
        with zipfile.ZipFile(whole, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
            self._store(archive, "raster", "|i1", (rows, self._channels or 0))
            self._store(archive, "step", "<i8", (rows,))
            self._store(archive, "recording", "<i8", (rows,))
        whole.replace(self._path)
        shutil.rmtree(self._folder)

    def _store(self, archive: zipfile.ZipFile, name: str, dtype: str, shape: tuple[int, ...]) -> None:
        with archive.open(f"{name}.npy", "w", force_zip64=True) as member, (self._folder / name).open("rb") as raw:
            npy.write_array_header_2_0(member, {"descr": dtype, "fortran_order": False, "shape": shape})
            shutil.copyfileobj(raw, member)


def _open(path: Path, name: str) -> IO[bytes]:
    try:
        return path.open("wb")
    except OSError as error:
        raise ValueError(f"{name} {path} cannot be written: {error.strerror}") from None
