"""Where the spikes of a raster are: 64 bins at a time, by the processor's own instructions."""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir  # type: ignore[import-untyped]
from numba import types
from numba.extending import intrinsic
from numpy.typing import NDArray

from model.kernels.jit import kernel

BLOCK = 64
"""Bins that are looked at together."""


def _bins_above(limit: int) -> Any:  # noqa: ANN401 - Numba's protocol is untyped
    """Return a function of an array of bytes and an index: a bit for each of the next 64 bytes, 1 if above `limit`."""

    @intrinsic
    def bins_above(typing_context: Any, bins: Any, at: Any) -> Any:  # noqa: ANN401
        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:  # noqa: ANN401
            array = context.make_array(signature.args[0])(context, builder, arguments[0])
            block = ir.VectorType(ir.IntType(8), BLOCK)
            pointer = builder.bitcast(builder.gep(array.data, [arguments[1]]), block.as_pointer())
            limits = ir.Constant(block, [limit] * BLOCK)
            return builder.bitcast(
                builder.icmp_unsigned(">", builder.load(pointer, align=1), limits), ir.IntType(BLOCK)
            )

        return types.int64(bins, types.int64), generate

    return bins_above


_bins_above_0, _bins_above_1 = _bins_above(0), _bins_above(1)


@intrinsic
def _ones(typing_context: Any, value: Any) -> Any:  # noqa: ANN401
    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:  # noqa: ANN401
        return builder.ctpop(arguments[0])

    return types.int64(types.int64), generate


@intrinsic
def _trailing_zeros(typing_context: Any, value: Any) -> Any:  # noqa: ANN401
    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:  # noqa: ANN401
        return builder.cttz(arguments[0], ir.Constant(ir.IntType(1), 1))

    return types.int64(types.int64), generate


@kernel
def count_spikes(bins: NDArray[np.uint8]) -> int:
    """Return the number of ones, or -1 if there is a byte that is neither 0 nor 1."""
    count, wrong, at = 0, 0, 0
    while at + BLOCK <= bins.size:
        count += _ones(_bins_above_0(bins, at))  # type: ignore[call-arg]
        wrong |= _bins_above_1(bins, at)
        at += BLOCK
    for bin in range(at, bins.size):
        count += bins[bin]
        wrong |= int(bins[bin] > 1)
    return -1 if wrong else count


@kernel
def find_gaps(
    bins: NDArray[np.uint8], start: int, last: int, silent: bool, gaps: NDArray[np.int32]
) -> tuple[int, int, int]:
    """Store the gap before each event as long as there is room for those of another block.

    Parameters
    ----------
    bins : NDArray, contiguous
        Zeros and ones in scan order.
    start : int
        First bin to look at.
    last : int
        Last event before it, -1 if there is none.
    silent : bool
        Whether the zeros are the events, and not the ones.
    gaps : NDArray
        Takes the number of bins between each event and the one before.

    Returns
    -------
    found : int
        Gaps stored.
    at : int
        First bin not looked at; the number of bins if all were.
    last : int
        Last event before that.
    """
    found, at = 0, start
    while at + BLOCK <= bins.size and found + BLOCK <= gaps.size:
        mask = _bins_above_0(bins, at) ^ -int(silent)
        while mask != 0:
            event = at + _trailing_zeros(mask)  # type: ignore[call-arg]
            gaps[found] = event - last - 1
            found += 1
            last = event
            mask &= mask - 1
        at += BLOCK
    if at + BLOCK > bins.size and found + BLOCK <= gaps.size:
        while at < bins.size:
            if (bins[at] == 0) == silent:
                gaps[found] = at - last - 1
                found += 1
                last = at
            at += 1
    return found, at, last
