"""ContextEncoder and ContextDecoder: rows of a raster through a range coder, with the probabilities of a ContextModel.

A row is asked whether it has a spike, then, as long as the answer is yes, whether its first half has, and so on down to
the channels. Halves are those of the next power of 2 of channels, so that every question is a node of a binary tree.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from model.golden.context_model import ContextModel
from model.golden.intensity import probability_of
from model.golden.range_coder import PROBABILITY_BITS, PROBABILITY_MAX, RangeDecoder, RangeEncoder

Ask = Callable[[int, int, int], int]
"""Codes whether there is a spike in the channels from a first to a last, exclusive, and with what probability."""


def _visit(model: ContextModel, channels: int, first: int, size: int, known: bool, ask: Ask) -> list[int]:
    """Return the channels that spike among `size` of them from `first` on, of which one is `known` to spike or not."""
    end = min(first + size, channels)
    if first >= channels:
        return []
    if not known and not ask(first, end, _probability(model, first, end)):
        return []
    if size == 1:
        model.spike(first)
        return [first]
    half = size // 2
    middle = min(first + half, channels)
    if middle == end:
        return _visit(model, channels, first, half, True, ask)
    share = (_probability(model, first, middle) << PROBABILITY_BITS - 1) // _probability(model, first, end) << 1
    if ask(first, middle, min(max(share, 1), PROBABILITY_MAX)):
        left = _visit(model, channels, first, half, True, ask)
        return left + _visit(model, channels, middle, half, False, ask)
    return _visit(model, channels, middle, half, True, ask)


def _probability(model: ContextModel, first: int, end: int) -> int:
    return probability_of(sum(model.intensity(channel) for channel in range(first, end)))


def _code_row(model: ContextModel, channels: int, ask: Ask) -> list[int]:
    spikes = _visit(model, channels, 0, 1 << (channels - 1).bit_length(), False, ask)
    model.end_step()
    return spikes


def encode(rows: Sequence[Sequence[int]], model: ContextModel) -> bytes:
    """Return the bytes of rows of zeros and ones; the model is at its first step."""
    coder = RangeEncoder()
    for row in rows:

        def ask(first: int, end: int, probability: int, row: Sequence[int] = row) -> int:
            spikes = int(any(row[first:end]))
            coder.encode(spikes, probability)
            return spikes

        _code_row(model, len(row), ask)
    return coder.finish()


def decode(data: bytes, steps: int, channels: int, model: ContextModel) -> list[list[int]]:
    """Return the rows that `encode` made `data` of.

    Raises
    ------
    CodecError
        `data` goes on behind the last row.
    """
    coder = RangeDecoder(data)
    rows = []
    for _ in range(steps):
        spikes = set(_code_row(model, channels, lambda first, end, probability: coder.decode(probability)))
        rows.append([int(channel in spikes) for channel in range(channels)])
    coder.finish()
    return rows
