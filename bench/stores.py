"""SpikeInterface's recordings saved to Zarr with several compressors: `python -m bench.stores`, `make bench-stores`."""

from __future__ import annotations

import json
import platform
import shutil
import struct
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path
from textwrap import fill
from typing import Annotated, Any, ClassVar

import numcodecs
import numpy as np
import spikeinterface.core as si
import typer
from numcodecs.abc import Codec
from numcodecs.compat import ensure_bytes, ndarray_copy
from rich import box
from rich.console import Console
from rich.table import Table

from bench.waveform_coders import OPTIONAL, Coder
from model.integrations.numcodecs_codecs import WaveformNumcodec
from sim.build import ROOT

PAGE = ROOT / "docs" / "stores.md"
CHANNELS = 384
SAMPLING_HZ = 30_000.0
MICROVOLTS_A_UNIT = 0.76
"""As of a Neuropixels 2 probe."""
WORKERS = 2
REAL_TIME_MB_PER_S = CHANNELS * SAMPLING_HZ * 2 / 1e6
CHUNK_SECONDS = 1.0
QUICK_SECONDS = 2.0
INTRODUCTION = """
Written by `make bench-stores` on {machine}: SpikeInterface's ground-truth recording, {channels} channels, {seconds:g} s
at {rate:g} Hz, {units} units, noise of 5 microvolts, at {lsb} microvolts a unit in int16, saved by
`recording.save(format="zarr")` with chunks of 1 s and {workers} workers, from a binary file. Real time is
{real_time:.0f} MB/s. What is read back, by one process, was compared. FLAC and pcodec get one channel at a time, which
suits them best; Blosc is what SpikeInterface takes by default.
"""


@dataclass(frozen=True)
class Row:
    """A compressor; speeds are megabytes of samples a second, of the wall clock."""

    compressor: str
    ratio: float
    save_mb_per_s: float
    load_mb_per_s: float


class _ByChannel(Codec):
    """A coder of channels, for numcodecs."""

    module: ClassVar[str]

    def _coder(self) -> Coder:
        return OPTIONAL[self.module]()

    def encode(self, buf: Any) -> bytes:  # noqa: ANN401
        parts = self._coder().encode(buf)
        return struct.pack(f"<3I{len(parts)}I", *buf.shape, len(parts), *map(len, parts)) + b"".join(parts)

    def decode(self, buf: Any, out: Any = None) -> Any:  # noqa: ANN401
        data = ensure_bytes(buf)
        steps, channels, count = struct.unpack_from("<3I", data)
        lengths = struct.unpack_from(f"<{count}I", data, 12)
        ends = 12 + 4 * count + np.cumsum([0, *lengths])
        parts = [data[start:end] for start, end in pairwise(ends)]
        return ndarray_copy(self._coder().decode(parts, (steps, channels)), out)


class Flac(_ByChannel):
    """FLAC at its highest level."""

    codec_id, module = "bench_flac", "soundfile"


class Pcodec(_ByChannel):
    """pcodec at level 8."""

    codec_id, module = "bench_pcodec", "pcodec"


COMPRESSORS: dict[str, Callable[[], Codec]] = {
    "corticodec": WaveformNumcodec,
    "FLAC 8": Flac,
    "pcodec 8": Pcodec,
    "Blosc zstd 5 bitshuffle": lambda: numcodecs.Blosc("zstd", 5, numcodecs.Blosc.BITSHUFFLE),
}


def ground_truth(path: Path, seconds: float) -> si.BaseRecording:
    """Write the recording as raw binary, a second at a time, and open it."""
    recording, _ = si.generate_ground_truth_recording(
        durations=[seconds], sampling_frequency=SAMPLING_HZ, num_channels=CHANNELS, num_units=CHANNELS, seed=42
    )
    frames = recording.get_num_samples()
    with path.open("wb") as file:
        for start in range(0, frames, int(SAMPLING_HZ)):
            traces = recording.get_traces(start_frame=start, end_frame=min(start + int(SAMPLING_HZ), frames))
            file.write(np.rint(traces / MICROVOLTS_A_UNIT).astype("<i2").tobytes())
    return si.read_binary(path, SAMPLING_HZ, "int16", CHANNELS, gain_to_uV=MICROVOLTS_A_UNIT, offset_to_uV=0)


def measure(name: str, compressor: Codec, recording: si.BaseRecording, folder: Path) -> Row:
    """Save and load with a compressor."""
    raw_bytes = recording.get_total_memory_size()
    # Compiles what is not yet, in all processes' cache.
    compressor.decode(compressor.encode(recording.get_traces(start_frame=0, end_frame=3000)))
    start = time.perf_counter()
    recording.save(
        format="zarr",
        folder=folder,
        compressor=compressor,
        chunk_duration=f"{CHUNK_SECONDS}s",
        n_jobs=WORKERS,
        progress_bar=False,
    )
    seconds = time.perf_counter() - start
    stored = sum(path.stat().st_size for path in folder.glob("traces_seg0/*"))
    found, load_seconds = si.load(folder), 0.0
    frames, piece = recording.get_num_samples(), round(CHUNK_SECONDS * SAMPLING_HZ)
    for first in range(0, frames, piece):
        span = {"start_frame": first, "end_frame": min(first + piece, frames)}
        start = time.perf_counter()
        traces = found.get_traces(**span)
        load_seconds += time.perf_counter() - start
        np.testing.assert_array_equal(traces, recording.get_traces(**span))
    return Row(name, raw_bytes / stored, raw_bytes / 1e6 / seconds, raw_bytes / 1e6 / load_seconds)


def page(rows: list[Row], seconds: float) -> str:
    """Return the page of results."""
    introduction = INTRODUCTION.format(
        machine=f"Python {platform.python_version()}, {platform.machine()}",
        channels=CHANNELS,
        units=CHANNELS,
        seconds=seconds,
        rate=SAMPLING_HZ,
        lsb=MICROVOLTS_A_UNIT,
        workers=WORKERS,
        real_time=REAL_TIME_MB_PER_S,
    )
    lines = ["| compressor | ratio | save MB/s | load MB/s |", "| --- | ---: | ---: | ---: |"]
    lines += [
        f"| {row.compressor} | {row.ratio:.3f} | {row.save_mb_per_s:.0f} | {row.load_mb_per_s:.0f} |" for row in rows
    ]
    return "\n".join(["# Results: SpikeInterface to Zarr", "", fill(introduction.strip(), 120), "", *lines, ""])


def main(
    seconds: Annotated[float, typer.Option(min=0.1, help="Length of the recording.")] = 60.0,
    quick: Annotated[bool, typer.Option("--quick", help="Two seconds, and no page.")] = False,
) -> None:
    """Save SpikeInterface's ground-truth recording with every compressor."""
    for codec in (Flac, Pcodec):
        numcodecs.register_codec(codec)
    console, rows = Console(), []
    seconds = QUICK_SECONDS if quick else seconds
    with tempfile.TemporaryDirectory() as name:
        with console.status("generating the recording"):
            recording = ground_truth(Path(name) / "recording.dat", seconds)
        for compressor, make in COMPRESSORS.items():
            folder = Path(name) / "recording.zarr"
            with console.status(compressor):
                rows.append(measure(compressor, make(), recording, folder))
            shutil.rmtree(folder)
    table = Table(box=box.SIMPLE_HEAD)
    for column in ("compressor", "ratio", "save MB/s", "load MB/s"):
        table.add_column(column, justify="left" if column == "compressor" else "right")
    for row in rows:
        table.add_row(row.compressor, f"{row.ratio:.3f}", f"{row.save_mb_per_s:.0f}", f"{row.load_mb_per_s:.0f}")
    console.print(table)
    if not quick:
        PAGE.write_text(page(rows, seconds))
        PAGE.with_suffix(".json").write_text(
            json.dumps({"seconds": seconds, "rows": [asdict(row) for row in rows]}, indent=2) + "\n"
        )


if __name__ == "__main__":
    typer.run(main)
