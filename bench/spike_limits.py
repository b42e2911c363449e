"""What a user waits for: long recordings, the first result of a process, and the frames of a live stream."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bench.coders import CODECS, Coder, own_coders
from bench.measure import measure
from model import get_codec
from model.synth import bernoulli_raster

DENSITY = 0.01
CHANNELS = 64
STEPS = (200, 2_000, 20_000, 200_000)
"""Three decades of lengths."""
FRAME_STEPS, FRAME_CHANNELS = 20, 1024
"""A millisecond of 1,024 channels at 20 kHz."""
FRAMES = 20_000
WARM_PROCESSES = 5
"""Of so many processes that find their kernels on disk, the median counts."""


@dataclass(frozen=True)
class Scaling:
    """Time of a codec over the length of a recording, in nanoseconds a bin."""

    codec: str
    steps: tuple[int, ...]
    encode_ns: tuple[float, ...]
    decode_ns: tuple[float, ...]


@dataclass(frozen=True)
class FirstResult:
    """Seconds that a new process takes to import, encode and decode, before and after its kernels are on disk."""

    codec: str
    cold_s: float
    warm_s: float


@dataclass(frozen=True)
class Latency:
    """Time that one frame of a live stream takes, in milliseconds."""

    what: str
    clock: str
    frames: int
    median_ms: float
    p99_9_ms: float
    worst_ms: float


@dataclass(frozen=True)
class Limits:
    """All of these."""

    scaling: tuple[Scaling, ...]
    first_results: tuple[FirstResult, ...]
    latencies: tuple[Latency, ...]


def measure_limits(steps: Sequence[int] = STEPS, frames: int = FRAMES) -> Limits:
    """Return the limits of all codecs."""
    coders = list(own_coders())
    return Limits(
        tuple(scaling(coder, steps) for coder in coders),
        tuple(first_result(coder.name) for coder in coders),
        tuple(latencies(frames)),
    )


def scaling(coder: Coder, steps: Sequence[int] = STEPS) -> Scaling:
    """Return how long a codec takes for recordings of so many steps."""
    encode_ns, decode_ns = [], []
    for count in steps:
        raster = bernoulli_raster(DENSITY, count, CHANNELS)
        encoded = measure(lambda raster=raster: coder.encode(raster))
        decoded = measure(lambda data=encoded.result, shape=raster.shape: coder.decode(data, shape))
        encode_ns.append(1e9 * encoded.seconds / raster.size)
        decode_ns.append(1e9 * decoded.seconds / raster.size)
    return Scaling(coder.name, tuple(steps), tuple(encode_ns), tuple(decode_ns))


def first_result(title: str) -> FirstResult:
    """Return how long a new process takes for its first raster."""
    name, arguments = CODECS[title]
    code = (
        "import numpy, model\n"
        f"codec = model.get_codec({name!r}, **{arguments!r})\n"
        "raster = numpy.eye(100, dtype=numpy.int8)\n"
        "assert (codec.decompress(codec.compress(raster)[0]) == raster).all()\n"
        "print(flush=True)"
    )
    with tempfile.TemporaryDirectory() as cache:
        cold_s = _first_line_s(code, cache)
        warm_s = statistics.median(_first_line_s(code, cache) for _ in range(WARM_PROCESSES))
    return FirstResult(title, cold_s, warm_s)


def _first_line_s(code: str, cache: str) -> float:
    """Return the seconds from the start of a process to its first line; it takes another while to end."""
    start = time.perf_counter()
    command, environment = [sys.executable, "-c", code], os.environ | {"NUMBA_CACHE_DIR": cache}
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as run:
        said = run.stdout.readline() if run.stdout else ""
        seconds = time.perf_counter() - start
    if not said or run.returncode:
        raise subprocess.CalledProcessError(run.returncode, command)
    return seconds


CLOCKS: dict[str, Callable[[], int]] = {"wall": time.perf_counter_ns, "processor": time.thread_time_ns}
"""On a machine that is busy with other things, the wall's clock counts those, too."""


def latencies(frames: int = FRAMES) -> list[Latency]:
    """Return how long the streaming codec takes for a frame, each way, by each clock."""
    codec = get_codec("streaming", window_size=FRAME_STEPS)
    raster = bernoulli_raster(DENSITY, FRAME_STEPS * min(frames, 1000), FRAME_CHANNELS)
    windows = np.split(raster, len(raster) // FRAME_STEPS)
    packed = [codec.compress_frame(window) for window in windows]
    for window, frame in zip(windows, packed, strict=True):
        if not np.array_equal(codec.decompress_frame(frame), window):
            raise RuntimeError("streaming: a frame does not come back")
    return [
        *_latencies("pack", codec.compress_frame, windows, frames),
        *_latencies("unpack", codec.decompress_frame, packed, frames),
    ]


def _latencies(what: str, function: Callable[..., object], arguments: Sequence[object], frames: int) -> list[Latency]:
    times = np.empty((frames, len(CLOCKS)), dtype=np.int64)
    for number in range(frames):
        argument = arguments[number % len(arguments)]
        before = [clock() for clock in CLOCKS.values()]
        function(argument)
        times[number] = [clock() - began for clock, began in zip(CLOCKS.values(), before, strict=True)]
    return [_latency(what, clock, column / 1e6) for clock, column in zip(CLOCKS, times.T, strict=True)]


def _latency(what: str, clock: str, milliseconds: NDArray[np.float64]) -> Latency:
    return Latency(
        what,
        clock,
        len(milliseconds),
        float(np.median(milliseconds)),
        float(np.quantile(milliseconds, 0.999)),
        float(milliseconds.max()),
    )
