"""Range coding of gap tokens with asymmetric numeral systems: one state, words of 32 bits.

Source: J. Duda, "Asymmetric numeral systems" (arXiv:1311.2540), in the range variant with words (F. Giesen,
arXiv:1402.3392). The state starts at 1, so that even a short message pays for no more than its bits.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from model.kernels import little_endian
from model.kernels.gap_token import EXTRA_BITS, LEAST_GAPS, token_of
from model.kernels.jit import kernel
from model.kernels.outcome import BEYOND, CUT_OFF, END
from model.kernels.rans_symbol import STATE_BITS, STATE_MIN, WORD_BITS
from model.kernels.reciprocal import multiply_and_shift, reciprocal

FREQUENCY_BITS = 14
TOTAL = 1 << FREQUENCY_BITS
"""Sum of all frequencies."""
WORD_BYTES = WORD_BITS // 8


@kernel
def reciprocals_of(frequencies: NDArray[np.int64]) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
    """Return the `reciprocal` of each frequency; that of 1 where it is 0."""
    multipliers, shifts = np.empty(frequencies.size, dtype=np.uint64), np.empty(frequencies.size, dtype=np.int64)
    for token in range(frequencies.size):
        multipliers[token], shifts[token] = reciprocal(max(frequencies[token], 1))
    return multipliers, shifts


@kernel
def encode(
    gaps: NDArray[np.int32],
    frequencies: NDArray[np.int64],
    starts: NDArray[np.int64],
    multipliers: NDArray[np.uint64],
    shifts: NDArray[np.int64],
    state: int,
    words: NDArray[np.uint32],
    at: int,
) -> tuple[int, int]:
    """Put gaps, the last one first, on the state; `words` is filled from its end, down to `at`.

    `frequencies` of the tokens that occur are at least 1; `starts` are the sums of those before each;
    `multipliers` and `shifts` are `reciprocals_of` them.
    """
    for index in range(gaps.size - 1, -1, -1):
        gap = int(gaps[index])
        token = token_of(gap)
        extra = EXTRA_BITS[token]
        if state >> STATE_BITS - extra:
            at -= 1
            words[at] = state & 0xFFFFFFFF
            state >>= WORD_BITS
        state = state << extra | gap - LEAST_GAPS[token]
        frequency = frequencies[token]
        if state >> STATE_BITS - FREQUENCY_BITS >= frequency:
            at -= 1
            words[at] = state & 0xFFFFFFFF
            state >>= WORD_BITS
        quotient: int = multiply_and_shift(state, multipliers[token], shifts[token])  # type: ignore[call-arg]
        state = (quotient << FREQUENCY_BITS) + (state - quotient * frequency) + starts[token]
    return state, at


@kernel
def decode(
    data: NDArray[np.uint8],
    state: int,
    at: int,
    events: int,
    frequencies: NDArray[np.int64],
    starts: NDArray[np.int64],
    tokens: NDArray[np.uint8],
    bins: NDArray[np.uint8],
) -> int:
    """Take gaps off the state and flip the bin behind each; return `END` or what was wrong.

    Parameters
    ----------
    data : NDArray
        Words in the order in which they are needed, from byte `at` to the end.
    state, at : int
        Where to start.
    events : int
        Number of gaps.
    frequencies, starts : NDArray
        Of each token, as for `encode`.
    tokens : NDArray, shape (TOTAL,)
        The token that each remainder of the state stands for.
    bins : NDArray
        What the gaps lie in.
    """
    event = -1
    for _ in range(events):
        slot = state & TOTAL - 1
        token = np.int64(tokens[slot])
        state = frequencies[token] * (state >> FREQUENCY_BITS) + slot - starts[token]
        if state < STATE_MIN and at < data.size:
            state = state << WORD_BITS | little_endian.read(data, at, WORD_BYTES)
            at += WORD_BYTES
        extra = EXTRA_BITS[token]
        event += 1 + LEAST_GAPS[token] + (state & (1 << extra) - 1)
        if event >= bins.size:
            return BEYOND
        bins[event] ^= 1
        state >>= extra
        if state < STATE_MIN and at < data.size:
            state = state << WORD_BITS | little_endian.read(data, at, WORD_BYTES)
            at += WORD_BYTES
    return END if state == 1 and at == data.size else CUT_OFF
