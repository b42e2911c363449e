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
    """Return `number * multiplier >> shift` without overflow.

    The number has at most `DIVIDEND_BITS` bits, and the shift is not less than that.
    """

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:  # noqa: ANN401
        number, multiplier, shift = arguments
        # Twice the number, so that a shift by 64 comes first, which is to take the upper half of the product.
        twice = builder.shl(number, number.type(1))
        product = builder.mul(*(builder.zext(factor, ir.IntType(128)) for factor in (twice, multiplier)))
        upper = builder.trunc(builder.lshr(product, product.type(64)), number.type)
        return builder.lshr(upper, builder.sub(shift, shift.type(DIVIDEND_BITS)))

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
