"""Groups of channels that spike in the same steps, chosen by the bits that it saves to code them together."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from model.codecs.coupling import saved_bits
from model.errors import CodecError
from model.kernels.coincidences import count_coincidences
from model.kernels.group_coder import Groups, measure

BLOCK_CHANNELS = 1024
"""Channels among which groups are sought."""
COINCIDENCES_MIN = 1 << 20
BINS_A_COINCIDENCE = 8
"""Coincidences that are counted, so that time grows with the bins: of a busy raster only some steps."""
NEIGHBOURS_A_MEMBER = 4
"""Only so many nearest electrodes, for each member that a group may have, are looked at where positions are known."""

ALONE = 0
"""Label of channels without a group; those of groups start behind it, in the order of their first channels."""


def choose(rows: NDArray[np.int8], group_size: int, positions: NDArray[np.float64] | None) -> NDArray[np.int64]:
    """Return the label of each channel's group.

    Channels are joined pair by pair, first those that save most by their coincidences, as long as a group has at most
    `group_size` of them. Those that turn out not to save anything in their group leave it.

    Parameters
    ----------
    rows : NDArray of int8, shape (steps, channels)
        Zeros and ones.
    group_size : int
        Most channels of a group.
    positions : NDArray, shape (channels, dimensions), optional
        Where the electrodes are: only near ones are joined.
    """
    channels = rows.shape[1]
    order = np.arange(channels) if positions is None else np.lexsort(positions.T)
    labels = np.full(channels, ALONE)
    for start in range(0, channels, BLOCK_CHANNELS):
        block = np.sort(order[start : start + BLOCK_CHANNELS])
        part = rows if block.size == channels else np.ascontiguousarray(rows[:, block])
        saved = _saved(part)
        if positions is not None:
            saved[~_near(positions[block], NEIGHBOURS_A_MEMBER * group_size)] = 0
        found = _join(saved, group_size)
        labels[block] = np.where(found == ALONE, ALONE, found + labels.max(initial=0))
    labels[~_saves(rows, labels)] = ALONE
    return _renumber(labels)


def _saved(rows: NDArray[np.int8]) -> NDArray[np.float32]:
    steps, channels = rows.shape
    expected = np.count_nonzero(rows) ** 2 / steps
    stride = int(expected / max(COINCIDENCES_MIN, steps * channels / BINS_A_COINCIDENCE)) + 1
    counts, looked_at = count_coincidences(rows, 1, stride)
    return saved_bits(counts, looked_at, steps)


def _near(positions: NDArray[np.float64], count: int) -> NDArray[np.bool_]:
    """Return which pairs are among each other's `count` nearest."""
    squares = ((positions[:, np.newaxis] - positions) ** 2).sum(axis=2)
    farthest = np.sort(squares, axis=1)[:, min(count, len(positions) - 1)]
    near: NDArray[np.bool_] = squares <= np.minimum(farthest, farthest[:, np.newaxis])
    return near


def _join(saved: NDArray[np.float32], group_size: int) -> NDArray[np.int64]:
    """Return labels of groups, made of pairs in the order of what they save."""
    firsts, seconds = np.nonzero(np.triu(saved, 1) > 0)
    group_of = {channel: [channel] for channel in {*firsts.tolist(), *seconds.tolist()}}
    by_saving = np.argsort(-saved[firsts, seconds], kind="stable")
    for first, second in zip(firsts[by_saving].tolist(), seconds[by_saving].tolist(), strict=True):
        group, other = group_of[first], group_of[second]
        if group is not other and len(group) + len(other) <= group_size:
            group += other
            for channel in other:
                group_of[channel] = group
    labels = np.full(len(saved), ALONE)
    for channel, group in group_of.items():
        if len(group) > 1:
            labels[channel] = 1 + min(group)
    return labels


def _saves(rows: NDArray[np.int8], labels: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return which channels take fewer bits in their group than alone, what they take to be learned included."""
    groups = groups_of(labels)
    counts, _ = measure(groups, rows)
    in_group = _entropy_bits(counts).sum(axis=1)
    alone = _entropy_bits(counts.sum(axis=1))
    contexts = np.count_nonzero(counts.sum(axis=2), axis=1)
    is_first = np.zeros(labels.size, dtype=np.bool_)
    is_first[groups.order[groups.starts]] = True
    to_learn = (contexts - 1) * np.log2(rows.shape[0] + 1) / 2
    saves: NDArray[np.bool_] = is_first | (in_group + to_learn < alone)
    return saves


def _entropy_bits(counts: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the bits that it takes to tell spikes from silent bins, given how many there are of each."""
    total = counts.sum(axis=-1, keepdims=True)
    bits: NDArray[np.float64] = (counts * np.log2(np.maximum(total, 1) / np.maximum(counts, 1))).sum(axis=-1)
    return bits


def _renumber(labels: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return labels in the order of the groups' first channels, without groups of one."""
    values, firsts, inverse, counts = np.unique(labels, return_index=True, return_inverse=True, return_counts=True)
    real = (values != ALONE) & (counts > 1)
    numbers = np.full(values.size, ALONE)
    by_first = np.flatnonzero(real)[np.argsort(firsts[real])]
    numbers[by_first] = 1 + np.arange(by_first.size)
    return numbers[inverse]


def groups_of(labels: NDArray[np.int64]) -> Groups:
    """Return the order of coding: groups one after another, then the channels that are alone."""
    order = np.argsort(np.where(labels == ALONE, labels.size + 1, labels), kind="stable")
    starts = np.append(True, np.diff(labels[order]) != 0) | (labels[order] == ALONE)
    return Groups(order, starts)


def write(labels: NDArray[np.int64]) -> bytes:
    """Return labels as bytes.

    A bit for each channel: whether its label is not that of the channel before, before the first of which all are
    alone; then these labels, each in as many bits as the largest takes; zeros up to a whole byte.
    """
    changes = np.diff(labels, prepend=ALONE) != 0
    places = np.arange(int(labels.max()).bit_length())[::-1]
    return np.packbits(np.append(changes, labels[changes, np.newaxis] >> places & 1)).tobytes()


def read(data: bytes | memoryview, channels: int, n_groups: int) -> tuple[NDArray[np.int64], int]:
    """Return labels of so many channels and groups that start `data`, and how many bytes they take."""
    width = n_groups.bit_length()
    bits = np.unpackbits(np.frombuffer(data[: channels * (1 + width) // 8 + 1], dtype=np.uint8))
    changes = np.flatnonzero(bits[:channels])
    end = channels + changes.size * width
    if end > bits.size:
        raise CodecError("payload is cut off within its groups")
    values = bits[channels:end].reshape(-1, width) @ (1 << np.arange(width)[::-1])
    labels = np.full(channels, ALONE)
    labels[changes] = np.diff(values, prepend=ALONE)
    labels = np.cumsum(labels)
    if not np.array_equal(_renumber(labels), labels) or labels.max() != n_groups:
        raise CodecError("payload has groups that there cannot be")
    return labels, -(-end // 8)
