"""The waveform codec's modes that keep spikes: rate, fidelity, and the spikes found against those that were made."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bench.measure import peak_since, start_peak
from model import WaveformCodec
from model.codecs.waveform_decode import DecodedSpikes
from model.kernels.spike_peaks import count_matches
from model.synth import demo_waveform, realistic_waveform

SAMPLING_HZ = 20_000
TOLERANCE_STEPS = 10
"""A spike that is found so near to one that was made, on the channel where that is largest, is that one."""
LEAST_SIGMA = 6
"""Recall is that of neurons whose spikes are more than so many times the noise of their channel."""
CHANNEL_STEPS = 1 << 40
RUNS = 3


@dataclass(frozen=True)
class Made:
    """A synthetic recording.

    Attributes
    ----------
    waveform : NDArray of int16, shape (steps, channels)
        The samples.
    steps, channels : NDArray of int64, shape (n_spikes,)
        When its spikes were made, and the channel on which each is largest.
    clear : NDArray of bool, shape (n_spikes,)
        Which are large enough to be found.
    """

    waveform: NDArray[np.int16]
    steps: NDArray[np.int64]
    channels: NDArray[np.int64]
    clear: NDArray[np.bool_]


@dataclass(frozen=True)
class SpikeRow:
    """A mode on a workload; speeds in millions of samples a second, on all processors, memory beyond the samples."""

    workload: str
    mode: str
    ratio: float
    mbps: float
    lfp_snr_db: float
    snippet_snr_db: float
    kept_recall: float
    kept_precision: float
    true_recall: float
    true_precision: float
    encode_million_s: float
    decode_million_s: float
    peak_mb: float | None
    times_share: float
    snippets_share: float
    background_share: float


def spike_workloads(quick: bool) -> Iterator[tuple[str, Callable[[], Made], tuple[str, ...]]]:
    """Yield names, what makes the recordings, and the modes to measure; `quick` makes them small."""
    seconds, scale = (0.2, 16) if quick else (1.0, 1)
    steps = round(seconds * SAMPLING_HZ)
    for channels, modes in ((1024, ("full", "waveform", "spike")), (3072, ("full",))):
        name = f"realistic, {channels // scale} channels"
        yield name, lambda channels=channels: made_realistic(steps, channels // scale), modes  # type: ignore[misc]
    yield f"published demo, {1024 // scale} channels", lambda: made_demo(steps, 1024 // scale), ("full",)


def made_realistic(steps: int, channels: int) -> Made:
    """Return a realistic recording."""
    waveform, truth = realistic_waveform(steps, channels, sampling_hz=SAMPLING_HZ)
    clear = truth.unit_peaks_lsb > LEAST_SIGMA * truth.noise_rms_lsb[truth.unit_channels]
    units = truth.spike_units
    return Made(waveform, truth.spike_samples, truth.unit_channels[units], clear[units])


def made_demo(steps: int, channels: int) -> Made:
    """Return the published demonstration; what its spikes are centred at is 4 samples behind their trough."""
    noise, spike_samples = demo_waveform(steps, channels)
    owners = np.repeat(np.arange(channels), [samples.size for samples in spike_samples])
    return Made(
        np.rint(noise).astype(np.int16), np.concatenate(spike_samples), owners, np.ones(owners.size, dtype=np.bool_)
    )


def measure_spikes(name: str, made: Made, mode: str) -> SpikeRow:
    """Return what a mode makes of a recording, the codec being compiled."""
    codec = WaveformCodec(mode, sampling_hz=SAMPLING_HZ)
    waveform = made.waveform
    codec.decode_spikes(codec.compress(waveform[: SAMPLING_HZ // 10, :32])[0])
    before = start_peak()
    data, result = codec.compress(waveform)
    peak = peak_since(before)
    encode_s = _best_s(lambda: codec.compress(waveform))
    decode_s = math.inf if mode == "spike" else _best_s(lambda: codec.decompress(data))
    spikes = codec.decode_spikes(data, snippets=False)
    recall, precision = scores(spikes, made)
    fidelity, parts = result.fidelity, result.parts
    shares = [size / len(data) for size in (parts.times_bytes, parts.snippet_bytes, parts.background_bytes)]
    return SpikeRow(
        name,
        mode,
        result.compression_ratio,
        result.mbps,
        fidelity.lfp_snr_db,
        fidelity.snippet_snr_db,
        fidelity.recall,
        fidelity.precision,
        recall,
        precision,
        waveform.size / 1e6 / encode_s,
        waveform.size / 1e6 / decode_s,
        None if peak is None else peak / 1e6,
        *shares,
    )


def _best_s(function: Callable[[], object]) -> float:
    """Return the seconds of the best of some runs."""
    seconds = []
    for _ in range(RUNS):
        began = time.perf_counter()
        function()
        seconds.append(time.perf_counter() - began)
    return min(seconds)


def scores(spikes: DecodedSpikes, made: Made) -> tuple[float, float]:
    """Return the share of clear spikes that were found, and of those found that were made."""
    found = np.sort(spikes.channels * CHANNEL_STEPS + spikes.steps)
    everything = made.channels * CHANNEL_STEPS + made.steps
    clear = np.sort(everything[made.clear])
    recall = count_matches(clear, found, TOLERANCE_STEPS) / max(1, clear.size)
    return recall, count_matches(np.sort(everything), found, TOLERANCE_STEPS) / max(1, found.size)


def spike_tables(rows: list[SpikeRow]) -> tuple[list[list[str]], list[list[str]]]:
    """Return the cells of two tables, headings first: rate and fidelity; what it takes."""
    quality = [["workload", "mode", "ratio", "Mbit/s", "LFP, dB", "snippets, dB", "kept", "true"]]
    effort = [["workload", "mode", "encoding", "decoding", "memory, MB", "times", "snippets", "background"]]
    for row in rows:
        kept = f"{row.kept_recall:.3f} / {row.kept_precision:.3f}"
        true = f"{row.true_recall:.3f} / {row.true_precision:.3f}"
        no_samples = row.mode == "spike"
        snr = ["-", "-"] if no_samples else [f"{row.lfp_snr_db:.1f}", f"{row.snippet_snr_db:.1f}"]
        quality.append([row.workload, row.mode, f"{row.ratio:.1f}", f"{row.mbps:.2f}", *snr, kept, true])
        shares = [f"{share:.1%}" for share in (row.times_share, row.snippets_share, row.background_share)]
        memory = "-" if row.peak_mb is None else f"{row.peak_mb:.0f}"
        decoding = "-" if no_samples else f"{row.decode_million_s:.0f}"
        effort.append([row.workload, row.mode, f"{row.encode_million_s:.1f}", decoding, memory, *shares])
    return quality, effort
