"""The position of a number's highest bit, by the processor's own instruction."""

from __future__ import annotations

from typing import Any

from llvmlite import ir  # type: ignore[import-untyped]
from numba import types
from numba.extending import intrinsic

from model.kernels.jit import part


@intrinsic
def _leading_zeros(typing_context: Any, value: Any) -> Any:  # noqa: ANN401 - Numba's protocol is untyped
    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:  # noqa: ANN401
        return builder.ctlz(arguments[0], ir.Constant(ir.IntType(1), 0))

    return types.int64(types.int64), generate


@part
def bit_length(value: int) -> int:
    """Return `value.bit_length()` of a number of at least 0."""
    return 64 - _leading_zeros(value)  # type: ignore[call-arg]
