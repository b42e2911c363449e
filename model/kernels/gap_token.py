"""Gaps as tokens of similar size and the bits that tell them apart: few symbols for gaps of any length."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from model.kernels.bit_length import bit_length
from model.kernels.jit import kernel, part

SPLIT_BITS = 3
"""Gaps share a token if they agree in the highest bit and so many after it."""
GAP_BITS = 27
"""Bits that hold any gap of a chunk."""
TOKENS = GAP_BITS - SPLIT_BITS + 1 << SPLIT_BITS
"""Tokens that there are."""

EXTRA_BITS = np.maximum(0, (np.arange(TOKENS) >> SPLIT_BITS) - 1)
"""How many of a gap's lowest bits its token leaves open."""
LEAST_GAPS = np.arange(TOKENS) - (EXTRA_BITS << SPLIT_BITS) << EXTRA_BITS
"""The shortest gap of a token."""


@part
def token_of(gap: int) -> int:
    """Return the token of a gap."""
    extra = max(0, bit_length(gap) - 1 - SPLIT_BITS)
    return (extra << SPLIT_BITS) + (gap >> extra)


@kernel
def count_tokens(gaps: NDArray[np.int32], counts: NDArray[np.int64]) -> None:
    """Add the number of gaps of each token to `counts`."""
    for gap in gaps:
        counts[token_of(int(gap))] += 1
