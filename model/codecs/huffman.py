"""Canonical Huffman codes: their lengths, their codewords, the table that decodes them."""

from __future__ import annotations

import heapq

import numpy as np
from numpy.typing import NDArray

from model.codecs.stream import Reader
from model.errors import CodecError
from model.kernels.huffman import LENGTH_MAX


def code_lengths(counts: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the codeword length of each symbol: 0 where the count is 0, else 1..`LENGTH_MAX`.

    Source: D. Huffman, "A method for the construction of minimum-redundancy codes" (1952). Where a codeword would grow
    too long, counts are drawn closer together until it does not.
    """
    lengths = _unlimited_lengths(counts)
    while lengths.max() > LENGTH_MAX:
        counts = (counts + 1) >> 1
        lengths = _unlimited_lengths(counts)
    return lengths


def _unlimited_lengths(counts: NDArray[np.int64]) -> NDArray[np.int64]:
    heap = [(int(counts[symbol]), int(symbol)) for symbol in np.flatnonzero(counts)]
    heapq.heapify(heap)
    # Nodes of the tree: the symbols, then each pair in the order in which it is made, so that parents come later.
    parents = list(range(counts.size))
    while len(heap) > 1:
        (low, left), (high, right) = heapq.heappop(heap), heapq.heappop(heap)
        parents[left] = parents[right] = len(parents)
        heapq.heappush(heap, (low + high, len(parents)))
        parents.append(len(parents))
    depths = [0] * len(parents)
    for node in range(len(parents) - 1, -1, -1):
        if parents[node] != node:
            depths[node] = depths[parents[node]] + 1
    if np.count_nonzero(counts) == 1:
        depths[int(np.argmax(counts))] = 1
    return np.array(depths[: counts.size], dtype=np.int64)


def codewords_of(lengths: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the codewords of a canonical code: in the order of their lengths, then of their symbols."""
    codewords = np.zeros(lengths.size, dtype=np.int64)
    codeword, length = 0, 0
    for symbol in _canonical_order(lengths):
        codeword <<= int(lengths[symbol]) - length
        length = int(lengths[symbol])
        codewords[symbol] = codeword
        codeword += 1
    return codewords


def decoding_table(lengths: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return for each string of `LENGTH_MAX` bits the symbol that it starts with, times 16, plus its length, or 0.

    Raises
    ------
    CodecError
        There is no code, or no complete code, with these lengths.
    """
    order = _canonical_order(lengths)
    spans = 1 << LENGTH_MAX - lengths[order]
    filled = int(spans.sum())
    if filled != 1 << LENGTH_MAX and not (order.size == 1 and lengths[order[0]] == 1):
        raise CodecError(f"payload has codeword lengths that fill {filled / (1 << LENGTH_MAX):.3f} of a code")
    table = np.zeros(1 << LENGTH_MAX, dtype=np.int64)
    table[:filled] = np.repeat(order << 4 | lengths[order], spans)
    return table


def _canonical_order(lengths: NDArray[np.int64]) -> NDArray[np.int64]:
    used = np.flatnonzero(lengths)
    return used[np.argsort(lengths[used], kind="stable")]


def write_lengths(lengths: NDArray[np.int64]) -> bytes:
    """Return the lengths, two in a byte, the first in its low half."""
    padded = np.append(lengths, [0] * (lengths.size % 2)).astype(np.uint8)
    return (padded[::2] | padded[1::2] << 4).tobytes()


def read_lengths(reader: Reader, symbols: int) -> NDArray[np.int64]:
    """Return the lengths of so many symbols."""
    pairs = np.frombuffer(reader.bytes(-(-symbols // 2)), dtype=np.uint8).astype(np.int64)
    lengths = np.column_stack([pairs & 15, pairs >> 4]).ravel()
    if lengths[symbols:].any():
        raise CodecError("payload has a codeword length for no symbol")
    return lengths[:symbols]
