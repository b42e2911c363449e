"""A symbol of given frequency on the state of a range coder with asymmetric numeral systems; words of 32 bits.

Source: J. Duda, "Asymmetric numeral systems" (arXiv:1311.2540), in the range variant with words (F. Giesen,
arXiv:1402.3392). The state starts at 1, so that even a short message pays for no more than its bits.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from model.kernels.jit import part
from model.kernels.wide import wide

STATE_BITS = 63
WORD_BITS = 32
STATE_MIN = 1 << STATE_BITS - WORD_BITS
"""From the first word on, the state is at least this between symbols."""


@part
def put(state: int, words: NDArray[np.uint32], at: int, start: int, frequency: int, total_bits: int) -> tuple[int, int]:
    """Put a symbol on the state, the last one of the message first; `words` is filled from its end, down to `at`.

    The symbol has `frequency` of `1 << total_bits`, those from `start` on.
    """
    if state >> STATE_BITS - total_bits >= frequency:
        at -= 1
        words[at] = state & 0xFFFFFFFF
        state >>= WORD_BITS
    quotient = state // frequency
    return (quotient << total_bits) + (state - quotient * frequency) + start, at


@part
def drop(
    state: int, words: NDArray[np.uint32], at: int, start: int, frequency: int, total_bits: int
) -> tuple[int, int]:
    """Take off the state the symbol that `state & (1 << total_bits) - 1` says; `words` are read from `at` up."""
    state = frequency * (state >> total_bits) + (state & (1 << total_bits) - 1) - start
    if state < STATE_MIN and at < words.size:
        state = state << WORD_BITS | wide(words[at])
        at += 1
    return state, at
