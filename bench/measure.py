"""Time and memory of a function."""

from __future__ import annotations

import ctypes
import gc
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Generic, NamedTuple, TypeVar

REPEAT_S = 0.3
"""A function is repeated for this time, and its best run counts."""

PROCESS = Path("/proc/self")
RESET_PEAK = "5"
"""What Linux takes for: forget the largest memory so far."""

Result = TypeVar("Result")


class Measured(NamedTuple, Generic[Result]):
    """What a function returned and took.

    Attributes
    ----------
    result : Result
        What it returned.
    seconds : float
        Of its best run, by the clock it was measured with.
    peak_bytes : int or None
        Most resident memory beyond that before the call, its result included; None where the system does not tell.
    """

    result: Result
    seconds: float
    peak_bytes: int | None


def measure(function: Callable[[], Result], clock: Callable[[], float] = time.perf_counter) -> Measured[Result]:
    """Return what a function comes to; its first run tells the memory, its best the time."""
    before = start_peak()
    start = clock()
    result = function()
    first_s = clock() - start
    peak = peak_since(before)
    if first_s > REPEAT_S:
        return Measured(result, first_s, peak)
    result, best_s = best_of(function, clock)
    return Measured(result, min(first_s, best_s), peak)


def best_of(function: Callable[[], Result], clock: Callable[[], float] = time.perf_counter) -> tuple[Result, float]:
    """Return the result of a function, and the seconds of its best run of those within `REPEAT_S`."""
    best, end = float("inf"), time.perf_counter() + REPEAT_S
    while True:
        start = clock()
        result = function()
        best = min(best, clock() - start)
        if time.perf_counter() > end:
            return result, best


def start_peak() -> int | None:
    """Have the peak of resident memory begin here; return its bytes now, or None where the system does not tell."""
    if sys.platform != "linux":
        return None
    gc.collect()
    # Memory that was freed but not given back would hide what is taken next.
    ctypes.CDLL(None).malloc_trim(0)
    try:
        (PROCESS / "clear_refs").write_text(RESET_PEAK)
    except OSError:
        return None
    return _resident_bytes("VmRSS")


def peak_since(before: int | None) -> int | None:
    """Return by how much memory exceeded, at its most, that at `start_peak`, which returned `before`."""
    return None if before is None else max(0, _resident_bytes("VmHWM") - before)


def _resident_bytes(field: str) -> int:
    lines = (PROCESS / "status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(f"{field}:"))
