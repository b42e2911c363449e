"""Frequencies of gap tokens where events fall at random, in fixed-point numbers that are the same on every machine."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from model.kernels.gap_token import EXTRA_BITS
from model.kernels.jit import kernel

FRACTION_BITS = 31
"""Bits of the probabilities."""


@kernel
def token_frequencies(bins: int, events: int, total: int, frequencies: NDArray[np.int64]) -> None:
    """Store the frequencies of the first tokens if `events` of the `bins` bins are events.

    They are at least 1 each and `total` in all or somewhat less. The last token takes over what is beyond it.
    """
    reached = 1 << FRACTION_BITS
    crossed = (bins - events << FRACTION_BITS) // bins
    last = frequencies.size - 1
    for token in range(last + 1):
        if token > 0 and EXTRA_BITS[token] > EXTRA_BITS[token - 1]:
            crossed = crossed * crossed >> FRACTION_BITS
        beyond = reached * crossed >> FRACTION_BITS if token < last else 0
        frequencies[token] = 1 + ((reached - beyond) * (total - frequencies.size) >> FRACTION_BITS)
        reached = beyond
