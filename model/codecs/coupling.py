"""Which channels' spikes tell of which other channels' spikes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from model.errors import CodecError
from model.golden.context_model import SOURCES_MAX
from model.kernels.coincidences import count_coincidences

NONE, ADJACENT, LISTED = 0, 1, 2
"""Kinds of couplings: none, to the channels next to a channel, or to those that the payload lists."""
ADJACENT_DISTANCES = np.array([-2, -1, 1, 2])
LISTED_MAX = 4
"""Most sources that the encoder gives a channel."""

FEW_SPIKES = 1 << 14
BINS_A_SPIKE = 1024
"""Up to so many spikes, or one to so many bins, encoding takes little time: all kinds of coupling are tried."""
SPIKES_A_WINDOW = 0.03
"""Channels are coupled if they spike in the same window, which holds so many spikes of a channel on average."""
WINDOW_STEPS_MIN = 4
WINDOWS_MIN = 16
LEARNING_BITS = 14.0
"""What a coupling costs until its cells are learned, about."""
BLOCK_CHANNELS = 64
COINCIDENCES_MIN = 1 << 20
BINS_A_COINCIDENCE = 16
"""Coincidences that are counted: few enough for the time of the encoder, so that only a sample of a busy raster is."""


@dataclass(frozen=True)
class Coupling:
    """The sources of each channel.

    Attributes
    ----------
    kind : int
        `NONE`, `ADJACENT` or `LISTED`.
    counts : NDArray of int64, shape (channels,)
        Sources of each channel, `SOURCES_MAX` at most.
    sources : NDArray of int64
        All sources, those of the first channel first, each channel's in rising order, and not the channel itself.
    """

    kind: int
    counts: NDArray[np.int64]
    sources: NDArray[np.int64]

    def write(self) -> bytes:
        """Return the sources as bytes, none unless they are listed.

        For each channel as many ones as it has sources, and a zero; then the sources, each in as many bits as the
        largest channel number takes; zeros up to a whole byte.
        """
        if self.kind != LISTED:
            return b""
        unary = np.ones(self.counts.size + self.sources.size, dtype=np.uint8)
        unary[np.cumsum(self.counts + 1) - 1] = 0
        places = np.arange(_source_bits(self.counts.size))[::-1]
        return np.packbits(np.append(unary, self.sources[:, np.newaxis] >> places & 1)).tobytes()


def read(kind: int, channels: int, data: bytes | memoryview) -> tuple[Coupling, int]:
    """Return the coupling of so many channels that starts `data`, and how many bytes it takes."""
    if kind != LISTED:
        return (none(channels) if kind == NONE else adjacent(channels)), 0
    width = _source_bits(channels)
    bits = np.unpackbits(np.frombuffer(data[: channels * (1 + SOURCES_MAX * (1 + width)) // 8 + 1], dtype=np.uint8))
    ends = np.flatnonzero(bits[: channels * (1 + SOURCES_MAX)] == 0)[:channels]
    if ends.size < channels:
        raise CodecError("payload is cut off within its couplings")
    counts = np.diff(ends, prepend=-1) - 1
    start = int(ends[-1]) + 1
    end = start + int(counts.sum()) * width
    if end > bits.size or counts.max() > SOURCES_MAX:
        raise CodecError("payload has couplings that are cut off, or too many of a channel")
    sources = bits[start:end].reshape(-1, width) @ (1 << np.arange(width)[::-1])
    coupling = Coupling(LISTED, counts, sources)
    followers = _followers(coupling)
    rising = np.diff(followers * channels + sources) > 0
    if not rising.all() or (sources >= channels).any() or (sources == followers).any():
        raise CodecError("payload has couplings that there cannot be")
    return coupling, -(-end // 8)


def _source_bits(channels: int) -> int:
    return max(1, (channels - 1).bit_length())


def none(channels: int) -> Coupling:
    """Return no couplings."""
    return _coupling(NONE, np.zeros((channels, 0), dtype=np.int64), np.zeros((channels, 0), dtype=bool))


def adjacent(channels: int) -> Coupling:
    """Return couplings of each channel to the two before it and the two behind it, as far as they exist."""
    sources = np.arange(channels)[:, np.newaxis] + ADJACENT_DISTANCES
    return _coupling(ADJACENT, sources, (sources >= 0) & (sources < channels))


def _coupling(kind: int, sources: NDArray[np.int64], kept: NDArray[np.bool_]) -> Coupling:
    """Return the coupling of those sources, a row a channel, that are kept."""
    return Coupling(kind, kept.sum(axis=1), sources[kept])


def candidates(rows: NDArray[np.int8], n_spikes: int) -> list[Coupling]:
    """Return couplings of which one may well be the best: all kinds, or one where trying them would take long."""
    steps, channels = rows.shape
    window = max(WINDOW_STEPS_MIN, int(SPIKES_A_WINDOW * rows.size / max(1, n_spikes)))
    windows = steps // window
    # The matrix of coincidences must not be larger than the raster, nor take longer to fill than encoding takes.
    if windows < WINDOWS_MIN or channels < 2 or channels * channels * 12 > rows.size:
        return [none(channels)]
    expected = windows * min(channels, window * n_spikes / steps) ** 2
    stride = int(expected / max(COINCIDENCES_MIN, rows.size / BINS_A_COINCIDENCE)) + 1
    counts, looked_at = count_coincidences(rows, window, stride)
    saved = saved_bits(counts, looked_at, windows)
    listed, saved_by_listed = _listed(saved)
    beside = adjacent(channels)
    if n_spikes <= max(FEW_SPIKES, rows.size // BINS_A_SPIKE):
        return [none(channels), beside, *([listed] if listed.sources.size else [])]
    saved_by_beside = float((saved[_followers(beside), beside.sources] - LEARNING_BITS).sum())
    if max(saved_by_listed, saved_by_beside) <= 0:
        return [none(channels)]
    return [listed if saved_by_listed > saved_by_beside else beside]


def saved_bits(counts: NDArray[np.int32], looked_at: int, windows: int) -> NDArray[np.float32]:
    """Return for each pair of channels what it would save in all windows to know one when the other is coded.

    It is the likelihood ratio of the coincidences in the windows looked at, against independence, in bits; 0 where
    chance alone gives one as large to one of all pairs.
    """
    spikes = np.diagonal(counts).astype(np.float64)
    significant = 2 * np.log2(len(counts)) + 2
    saved = np.empty(counts.shape, dtype=np.float32)
    for block in _blocks(len(counts)):
        expected = np.maximum(np.outer(spikes[block], spikes) / looked_at, 1e-12)
        log_ratio = np.log(np.maximum(counts[block], 1e-12) / expected)
        bits = (counts[block] * log_ratio - (counts[block] - expected)) / np.log(2)
        saved[block] = np.where(bits < significant, 0, bits * (windows / looked_at))
    np.fill_diagonal(saved, 0)
    return saved


def _blocks(channels: int) -> list[slice]:
    """Return slices of a few channels each, so that what is computed for all pairs takes little memory."""
    return [slice(start, start + BLOCK_CHANNELS) for start in range(0, channels, BLOCK_CHANNELS)]


def _listed(saved: NDArray[np.float32]) -> tuple[Coupling, float]:
    """Return each channel's best sources, as far as they are worth listing, and what they save."""
    channels = len(saved)
    most = min(LISTED_MAX, channels)
    best = np.empty((channels, most), dtype=np.int64)
    for block in _blocks(channels):
        best[block] = np.argpartition(-saved[block], most - 1, axis=1)[:, :most]
    best.sort(axis=1)
    worth = np.take_along_axis(saved, best, axis=1) - (LEARNING_BITS + 1 + _source_bits(channels))
    return _coupling(LISTED, best, worth > 0), float(worth[worth > 0].sum()) - channels


def _followers(coupling: Coupling) -> NDArray[np.int64]:
    return np.repeat(np.arange(coupling.counts.size), coupling.counts)
