"""Division by numbers that are known before, as multiplication.

Source: T. Granlund and P. Montgomery, "Division by invariant integers using multiplication" (1994).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir  # type: ignore[import-untyped]
from numba import types
from numba.extending import intrinsic

from model.kernels.bit_length import bit_length
from model.kernels.jit import part

DIVIDEND_BITS = 63


@intrinsic
def multiply_and_shift(typing_context: Any, number: Any, multiplier: Any, shift: Any) -> Any:  # noqa: ANN401
    """Return `number * multiplier >> shift` without overflow."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:  # noqa: ANN401
        number, multiplier, shift = (builder.zext(argument, ir.IntType(128)) for argument in arguments)
        return builder.trunc(builder.lshr(builder.mul(number, multiplier), shift), ir.IntType(64))

    return types.int64(types.int64, types.uint64, types.int64), generate


@part
def reciprocal(divisor: int) -> tuple[int, int]:
    """Return multiplier and shift with `number // divisor == multiply_and_shift(number, multiplier, shift)`.

    The number has at most `DIVIDEND_BITS` bits, and the divisor is 1..2**32.
    """
    one, wide_divisor, octaves = np.uint64(1), np.uint64(divisor), bit_length(divisor - 1)
    shift = np.uint64(octaves)
    power = one << np.uint64(DIVIDEND_BITS)
    quotient = power // wide_divisor
    rest = power - quotient * wide_divisor
    multiplier = (quotient << shift) + ((rest << shift) + wide_divisor - one) // wide_divisor
    return multiplier, DIVIDEND_BITS + octaves  # type: ignore[return-value]
