"""Codes of a channel around their centre."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from model.kernels.adc_grid import FIRST, LAST
from model.kernels.jit import kernel, part
from model.kernels.linear_prediction import ORDER_MAX
from model.kernels.split_codes import Split, split_of
from model.kernels.wide import wide


@part
def _centre(codes: NDArray[np.int32], split_bits: int, fraction_bits: int, row: NDArray[np.int32]) -> int:
    total = wide(0)
    for code in codes:
        total += wide(code)
    middle = wide(np.rint(total / codes.size)) >> split_bits
    if split_bits == 0 and fraction_bits == 0:
        # As below, but several at a time: processors have no shift for that.
        for index in range(codes.size):
            row[index] = codes[index] - middle
        return middle
    for index in range(codes.size):
        row[index] = (wide(codes[index]) >> split_bits) - middle << fraction_bits
    return middle


@kernel
def centre(codes: NDArray[np.int32], split_bits: int, fraction_bits: int, row: NDArray[np.int32]) -> int:
    """Store codes, without their lowest `split_bits`, around their mean, times `1 << fraction_bits`; return the mean.

    The mean is rounded, halves to even, before its bits are split off; `row` is as long as `codes`.
    """
    return _centre(codes, split_bits, fraction_bits, row)


@kernel
def centre_all(rows: NDArray[np.int32], grids: NDArray[np.int64]) -> tuple[NDArray[np.int64], Split]:
    """Replace codes, those behind the first `ORDER_MAX` of each row, as `centre` does; return means and lowest bits."""
    split = split_of(grids[:, FIRST : LAST + 1], rows.shape[1] - ORDER_MAX)
    centres = np.empty(len(rows), dtype=np.int64)
    for channel in range(len(rows)):
        codes, bits = rows[channel, ORDER_MAX:], split.bits[channel]
        if bits:
            for step in range(codes.size):
                split.low[channel, step] = codes[step] & (1 << bits) - 1
        centres[channel] = _centre(codes, bits, 0, codes)
    return centres, split
