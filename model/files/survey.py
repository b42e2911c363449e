"""Ways to compress a recording, measured on a sample of it."""

from __future__ import annotations

import bz2
import lzma
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from importlib.util import find_spec

import numpy as np

from model.files.recording import Recording, Rows
from model.formats.chunk import ChunkCoder, SpikeCoder, WaveformCoder, decode_chunk

SAMPLE_BYTES = 1 << 24
"""Bytes of the sample, taken from the middle."""
WORTH = 1.02
"""A slower coder is recommended where it is smaller by more than this factor."""


@dataclass(frozen=True)
class Measured:
    """A coder on the sample.

    Attributes
    ----------
    name : str
        As tables call it.
    ratio : float
        Bytes of the sample over those compressed.
    encode_mb_per_s, decode_mb_per_s : float
        Megabytes of samples a second, on one core, on this machine, now.
    max_error : float
        Most that a sample changes.
    """

    name: str
    ratio: float
    encode_mb_per_s: float
    decode_mb_per_s: float
    max_error: float = 0.0


def sample_of(recording: Recording) -> Rows:
    """Return steps from the middle of a recording."""
    signal = recording.signal
    steps = min(signal.steps, max(1, SAMPLE_BYTES // max(1, signal.channels * signal.dtype.itemsize)))
    start = (signal.steps - steps) // 2
    rows = recording.rows(start, start + steps)
    if not rows.size:
        raise ValueError(f"{recording.path} is empty: there is nothing to measure")
    return rows


def survey(rows: Rows, raster: bool, *, general: bool) -> list[Measured]:
    """Measure this package's coders, and general ones as well if told so, the smallest first.

    Coders that allow an error are left out where they do not take the samples, such as some that are not finite.
    """
    measured = [_measure_own(name, coder, rows) for name, coder in _exact_coders(raster)]
    if not raster:
        with suppress(ValueError):
            measured += [_measure_own(name, coder, rows) for name, coder in _bounded_coders()]
    if general:
        measured += [_measure(name, encode, decode, rows.tobytes()) for name, encode, decode in _general_coders()]
    return sorted(measured, key=lambda one: -one.ratio)


def recommended(measured: list[Measured]) -> tuple[Measured, str]:
    """Return the coder without loss to take, and a sentence why."""
    exact = [one for one in measured if not one.max_error]
    smallest = max(exact, key=lambda one: one.ratio)
    near = [one for one in exact if one.ratio * WORTH >= smallest.ratio]
    best = max(near, key=lambda one: one.encode_mb_per_s)
    if best is smallest:
        return best, f"{best.name} is the smallest without loss."
    return best, f"{best.name} is the fastest of those within {WORTH - 1:.0%} of the smallest without loss."


def _exact_coders(raster: bool) -> Iterator[tuple[str, ChunkCoder]]:
    if raster:
        for codec in ("isi", "predictive", "delta", "aer"):
            yield codec, SpikeCoder(codec)
        return
    for preset in ("fast", "best"):
        yield f"lossless {preset}", WaveformCoder(preset=preset)


def _bounded_coders() -> Iterator[tuple[str, ChunkCoder]]:
    for error in (1, 2, 4):
        yield f"bounded fast, {error}", WaveformCoder("bounded", max_error=error)


def _measure_own(name: str, coder: ChunkCoder, rows: Rows) -> Measured:
    decode_chunk(coder.encode_chunk(rows[:2]))  # compiles what is not yet
    error = coder.max_error or 0.0 if isinstance(coder, WaveformCoder) else 0.0
    start = time.perf_counter()
    chunk = coder.encode_chunk(rows)
    middle = time.perf_counter()
    decoded = decode_chunk(chunk)
    end = time.perf_counter()
    if np.abs(np.subtract(decoded, rows, dtype=np.float64)).max(initial=0) > error:
        raise AssertionError(f"{name} does not give the samples back")
    megabytes = rows.nbytes / 1e6
    return Measured(name, rows.nbytes / len(chunk), megabytes / (middle - start), megabytes / (end - middle), error)


def _general_coders() -> Iterator[tuple[str, Callable[[bytes], bytes], Callable[[bytes], bytes]]]:
    yield "zlib 6", zlib.compress, zlib.decompress
    yield "bz2 9", bz2.compress, bz2.decompress
    yield "lzma 1", lambda data: lzma.compress(data, preset=1), lzma.decompress
    if find_spec("zstandard"):
        import zstandard

        yield "zstd 3", zstandard.ZstdCompressor(3).compress, zstandard.ZstdDecompressor().decompress


def _measure(name: str, encode: Callable[[bytes], bytes], decode: Callable[[bytes], bytes], data: bytes) -> Measured:
    start = time.perf_counter()
    coded = encode(data)
    middle = time.perf_counter()
    if decode(coded) != data:
        raise AssertionError(f"{name} does not give the bytes back")
    end = time.perf_counter()
    megabytes = len(data) / 1e6
    return Measured(name, len(data) / len(coded), megabytes / (middle - start), megabytes / (end - middle))
