"""How kernels are compiled: one place for Numba's options."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar, cast

import numba

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")


def kernel(function: Callable[Parameters, Result]) -> Callable[Parameters, Result]:
    """Compile a function that Python calls, at its first call, and keep the result on disk for later processes."""
    return cast(Callable[Parameters, Result], numba.njit(cache=True, error_model="numpy", nogil=True)(function))


def part(function: Callable[Parameters, Result]) -> Callable[Parameters, Result]:
    """Compile a function into the kernels that call it; Python cannot call it."""
    without_wrappers: dict[str, Any] = {"no_cpython_wrapper": True, "no_cfunc_wrapper": True}
    compile_part = numba.njit(error_model="numpy", forceinline=True, **without_wrappers)
    return cast(Callable[Parameters, Result], compile_part(function))
