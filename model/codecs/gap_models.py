"""How often each gap token is expected, in whole numbers that are the same on every machine."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from model.codecs.stream import Reader, write_leb128
from model.errors import CodecError
from model.kernels import geometric
from model.kernels.gap_token import EXTRA_BITS
from model.kernels.rans import TOTAL


def geometric_frequencies(bins: int, events: int, tokens: int) -> NDArray[np.int64]:
    """Return the frequencies of the first `tokens` tokens if `events` of the `bins` bins are events, at random.

    Parameters
    ----------
    bins, events : int
        At least 1 event, and at least as many bins.
    tokens : int
        Tokens in use; at least 1. The last one takes over what is beyond it.

    Returns
    -------
    NDArray of int64, shape (tokens,)
        At least 1 each, `TOTAL` in all.
    """
    frequencies = np.empty(tokens, dtype=np.int64)
    geometric.token_frequencies(bins, events, TOTAL, frequencies)
    return _complete(frequencies)


def measured_frequencies(counts: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return frequencies in proportion to `counts`: at least 1 where the count is, `TOTAL` in all."""
    used = counts > 0
    return _complete(used + counts * (TOTAL - np.count_nonzero(used)) // counts.sum())


def _complete(frequencies: NDArray[np.int64]) -> NDArray[np.int64]:
    frequencies[np.argmax(frequencies)] += TOTAL - frequencies.sum()
    return frequencies


def write_frequencies(frequencies: NDArray[np.int64]) -> bytes:
    """Return the bytes that `read_frequencies` reads."""
    return b"".join(write_leb128(frequency) for frequency in frequencies.tolist())


def read_frequencies(reader: Reader, tokens: int) -> NDArray[np.int64]:
    """Return the frequencies of `tokens` tokens; `CodecError` if they do not add up."""
    frequencies = [reader.leb128() for _ in range(tokens)]
    if sum(frequencies) != TOTAL:
        raise CodecError(f"payload has token frequencies that add up to {sum(frequencies)}, not {TOTAL}")
    return np.array(frequencies, dtype=np.int64)


def starts_of(frequencies: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the sum of the frequencies before each."""
    return np.cumsum(frequencies) - frequencies


def message_bits(counts: NDArray[np.int64], frequencies: NDArray[np.int64]) -> float:
    """Return the bits that tokens of these counts take, with those that tell their gaps apart."""
    used = np.flatnonzero(counts)
    return float(np.sum(counts[used] * (np.log2(TOTAL / frequencies[used]) + EXTRA_BITS[used])))


def entropy_bits(counts: NDArray[np.int64]) -> float:
    """Return the least bits that tokens of these counts take in any code, the code's own cost apart."""
    used = np.flatnonzero(counts)
    return float(np.sum(counts[used] * (np.log2(counts.sum() / counts[used]) + EXTRA_BITS[used])))
