"""Codes of a channel around their centre."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from model.kernels.jit import kernel
from model.kernels.wide import wide


@kernel
def centre(codes: NDArray[np.int32], split_bits: int, fraction_bits: int, row: NDArray[np.int32]) -> int:
    """Store codes, without their lowest `split_bits`, around their mean, times `1 << fraction_bits`; return the mean.

    The mean is rounded, halves to even, before its bits are split off; `row` is as long as `codes`.
    """
    total = wide(0)
    for code in codes:
        total += wide(code)
    middle = wide(np.rint(total / codes.size)) >> split_bits
    for index in range(codes.size):
        row[index] = (wide(codes[index]) >> split_bits) - middle << fraction_bits
    return middle
