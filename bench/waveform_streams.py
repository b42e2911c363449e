"""Recordings that are longer than memory: what writing and reading them a block at a time takes."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bench.measure import peak_since, start_peak
from model import WaveformCodec, WaveformReader, WaveformWriter
from model.files.waveform_writer import BLOCK_SAMPLES
from model.synth import realistic_waveform

SAMPLING_HZ = 20_000
LONG_CHANNELS, LONG_MINUTES = 384, 10
BLOCKS = 3
"""Blocks of the shorter recordings."""
CODECS = {
    "lossless, fast": WaveformCodec("lossless", "fast", sampling_hz=SAMPLING_HZ),
    "full": WaveformCodec("full", sampling_hz=SAMPLING_HZ),
}


@dataclass(frozen=True)
class StreamRow:
    """A recording written and read; memory is beyond what was in use before, speeds are of the wall clock."""

    channels: int
    mode: str
    raw_mb: float
    block_mb: float
    ratio: float
    write_peak_mb: float | None
    read_peak_mb: float | None
    write_million_s: float
    read_million_s: float


def stream_rows(quick: bool) -> Iterator[StreamRow]:
    """Yield recordings of few and of many channels, and a long one; `quick` makes them small."""
    block = BLOCK_SAMPLES >> 5 if quick else BLOCK_SAMPLES
    for channels in (4, 32, LONG_CHANNELS):
        for mode in ("lossless, fast", "full"):
            yield measure_stream(mode, channels, BLOCKS * block // channels, block)
    long_steps = LONG_MINUTES * 60 * SAMPLING_HZ
    yield measure_stream("lossless, fast", LONG_CHANNELS, long_steps // (1000 if quick else 1), block)


def measure_stream(mode: str, channels: int, steps: int, block_samples: int) -> StreamRow:
    """Return what writing and reading a recording comes to, the same second of it again and again.

    Raises
    ------
    RuntimeError
        Without loss, what is read is not what was written.
    """
    codec, second = CODECS[mode], realistic_waveform(SAMPLING_HZ, channels, sampling_hz=SAMPLING_HZ)[0]
    codec.decompress(codec.compress(second[:2000])[0])
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "recording.ctcz"
        before, began = start_peak(), time.perf_counter()
        with WaveformWriter(path, channels, codec, block_samples=block_samples) as writer:
            for start in range(0, steps, len(second)):
                writer.write(second[: steps - start])
        write_s, write_peak = time.perf_counter() - began, peak_since(before)
        before, began = start_peak(), time.perf_counter()
        at = 0
        for block in WaveformReader(path).blocks():
            if codec.mode == "lossless" and not _is_as_written(block, at, second):
                raise RuntimeError(f"{mode} of {channels} channels does not give back what was written")
            at += len(block)
            del block
        read_s, read_peak = time.perf_counter() - began, peak_since(before)
        compressed_bytes = path.stat().st_size
    millions = steps * channels / 1e6
    return StreamRow(
        channels,
        mode,
        2 * millions,
        2 * (block_samples // channels) * channels / 1e6,
        2e6 * millions / compressed_bytes,
        None if write_peak is None else write_peak / 1e6,
        None if read_peak is None else read_peak / 1e6,
        millions / write_s,
        millions / read_s,
    )


def _is_as_written(block: NDArray[np.generic], at: int, second: NDArray[np.int16]) -> bool:
    """Return whether a block, from step `at` on, is the same second again and again."""
    first = at % len(second)
    for start in range(-first, len(block), len(second)):
        low, high = max(start, 0), min(start + len(second), len(block))
        if not np.array_equal(block[low:high], second[low - start : high - start]):
            return False
    return True


def stream_table(rows: list[StreamRow]) -> list[list[str]]:
    """Return the cells of a table, headings first."""
    heads = ["channels", "mode", "samples, MB", "block, MB", "ratio", "writing", "reading"]
    heads += ["memory writing, MB", "memory reading, MB"]
    cells = []
    for row in rows:
        peaks = ["-" if peak is None else f"{peak:.0f}" for peak in (row.write_peak_mb, row.read_peak_mb)]
        speeds = [f"{row.write_million_s:.0f}", f"{row.read_million_s:.0f}"]
        sizes = [f"{row.raw_mb:.0f}", f"{row.block_mb:.0f}", f"{row.ratio:.2f}"]
        cells.append([str(row.channels), row.mode, *sizes, *speeds, *peaks])
    return [heads, *cells]
