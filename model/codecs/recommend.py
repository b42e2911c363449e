"""Which codec suits a raster: measured on a sample of it, with the reason."""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from model.codecs.checks import check_flag, check_number
from model.codecs.registry import get_codec
from model.codecs.spikes import Spikes
from model.golden.settings import CHANNELS_MAX, EPOCH_STEPS_MAX, check_int

SAMPLE_BINS = 1 << 22
"""Bins of the sample that are enough to tell codecs apart."""
ROUNDING = 1 + 1e-9
"""Numbers of steps that come out a little too small, as 0.3 / 0.1 does, are meant to be whole."""
CLOSE = 1.01
"""Codecs whose sizes differ by no more than this factor are told apart by speed."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A codec on the sample.

    Attributes
    ----------
    name, arguments
        `get_codec(name, **arguments)` makes it.
    compressed_bytes : int
        Size of the sample.
    bits_per_spike : float
        The same by the sample's spikes.
    mbit_per_s : float
        Bins a second, in millions, that were compressed: on this machine, now.
    refusal : str
        Why it cannot be used; empty if it can.
    """

    name: str
    arguments: dict[str, Any]
    compressed_bytes: int
    bits_per_spike: float
    mbit_per_s: float
    refusal: str

    @property
    def title(self) -> str:
        """Name and arguments in short."""
        return f"{self.name}({', '.join(f'{key}={value!r}' for key, value in self.arguments.items())})"


@dataclass(frozen=True, slots=True)
class Recommendation:
    """The codec to use, and why.

    Attributes
    ----------
    best : Candidate
        The codec; `best.name` and `best.arguments` are what `get_codec` takes.
    reason : str
        One sentence.
    candidates : tuple of Candidate
        All that were measured, the smallest first.
    sample_steps : int
        Steps that were measured.
    """

    best: Candidate
    reason: str
    candidates: tuple[Candidate, ...]
    sample_steps: int

    def __str__(self) -> str:
        """Return the reason and a table of what was measured."""
        width = max(len(candidate.title) for candidate in self.candidates)
        lines = [self.reason, f"{'codec':{width}}  {'bytes':>10}  {'bits/spike':>10}  {'Mbit/s':>8}"]
        for candidate in self.candidates:
            numbers = f"{candidate.compressed_bytes:10}  {candidate.bits_per_spike:10.3f}  {candidate.mbit_per_s:8.0f}"
            lines.append(f"{candidate.title:{width}}  {numbers}  {candidate.refusal}".rstrip())
        return "\n".join(lines)


def recommend_codec_for(
    spikes: ArrayLike,
    *,
    step_ms: float = 1.0,
    latency_ms: float | None = None,
    neuromorphic: bool = False,
    sample_bins: int = SAMPLE_BINS,
) -> Recommendation:
    """Compress a sample of a raster with every codec, and recommend the smallest that meets the needs.

    Parameters
    ----------
    spikes : array_like, shape (steps, channels)
        Zeros and ones, as for a codec's `compress`.
    step_ms : float
        Length of a step in milliseconds, more than 0.
    latency_ms : float, optional
        Most milliseconds from a spike to its bytes, at least a step. With it, only codecs whose packets span so little
        time will do.
    neuromorphic : bool
        Whether the target takes address events, and nothing else.
    sample_bins : int
        Most bins of the sample, taken from the middle of the raster; at least one step is.

    Returns
    -------
    Recommendation
        The codec and the reason; printed, it is a small table.

    Raises
    ------
    ValueError
        `spikes` has another shape, type or value, an argument is out of range, or no codec meets the needs.
    """
    check_number("step_ms", step_ms, sys.float_info.min, sys.float_info.max)
    check_flag("neuromorphic", neuromorphic)
    window = EPOCH_STEPS_MAX
    if latency_ms is not None:
        steps = check_number("latency_ms", latency_ms, step_ms, sys.float_info.max) / step_ms
        window = int(min(window, steps * ROUNDING))
    sample = _sample(spikes, check_int("sample_bins", sample_bins, 1, sys.maxsize))
    candidates = []
    for name, arguments in _candidates(window, sample.shape[1], latency_ms is not None):
        refusal = _refusal(name, arguments, latency_ms, neuromorphic)
        candidates.append(_measure(name, arguments, sample, refusal))
    candidates.sort(key=lambda candidate: candidate.compressed_bytes)
    usable = [candidate for candidate in candidates if not candidate.refusal]
    if not usable:
        raise ValueError(f"no codec compresses {sample.shape[1]} channels within latency_ms = {latency_ms!r}")
    close = [candidate for candidate in usable if candidate.compressed_bytes <= CLOSE * usable[0].compressed_bytes]
    best = max(close, key=lambda candidate: candidate.mbit_per_s)
    return Recommendation(best, _reason(best, usable, close, sample.shape[0]), tuple(candidates), sample.shape[0])


def _sample(spikes: ArrayLike, sample_bins: int) -> NDArray[np.int8]:
    whole = Spikes(spikes)
    steps = min(whole.steps, max(1, sample_bins // max(1, whole.channels)))
    start = (whole.steps - steps) // 2
    return Spikes(np.asarray(spikes)[start : start + steps]).all_rows()


def _candidates(window: int, channels: int, in_time: bool) -> list[tuple[str, dict[str, Any]]]:
    found: list[tuple[str, dict[str, Any]]] = [("isi", {}), ("isi", {"order": "neuron"}), ("aer", {}), ("delta", {})]
    found += [("predictive", {"predictor": predictor}) for predictor in ("ema", "context")]
    if channels <= CHANNELS_MAX:
        epoch = {"epoch_steps": window} if in_time else {}
        found.append(("predictive", {"predictor": "lfsr", **epoch}))
        found.append(("streaming", {"window_size": window} if in_time else {}))
    return found


def _refusal(name: str, arguments: dict[str, Any], latency_ms: float | None, neuromorphic: bool) -> str:
    if neuromorphic:
        return "" if name == "aer" else "no address events"
    if latency_ms is not None and name != "streaming" and arguments.get("predictor") != "lfsr":
        return f"codes more than {latency_ms:g} ms at a time"
    return ""


def _measure(name: str, arguments: dict[str, Any], sample: NDArray[np.int8], refusal: str) -> Candidate:
    codec = get_codec(name, **arguments)
    codec.compress(sample[:1])  # compiles what is not yet
    start = time.perf_counter()
    _, result = codec.compress(sample)
    seconds = time.perf_counter() - start
    return Candidate(
        name, arguments, result.compressed_bytes, result.bits_per_spike, sample.size / seconds / 1e6, refusal
    )


def _reason(best: Candidate, usable: list[Candidate], close: list[Candidate], steps: int) -> str:
    if len(usable) == 1:
        return f"{best.title} is the only codec that meets the needs."
    if len(close) > 1:
        return f"{best.title} is the fastest of {len(close)} codecs within 1 % of the smallest, on {steps} steps."
    other = usable[1]
    more = other.compressed_bytes / best.compressed_bytes - 1
    return f"{best.title} is the smallest on {steps} steps; {other.title} takes {more:.1%} more."
