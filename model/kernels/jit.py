"""How kernels are compiled: one place for Numba's options."""

from __future__ import annotations

import gc
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar, cast

# Numba's modules, and what it registers before its first kernel, are some 100,000 objects that stay: a collector that
# looks at them again and again takes a sixth of the time to a new process's first result.
was_enabled = gc.isenabled()
gc.disable()
import numba  # noqa: E402
from numba.core.registry import cpu_target  # noqa: E402

cpu_target.typing_context.refresh()
cpu_target.target_context.refresh()
if gc.get_freeze_count() == 0:
    gc.freeze()  # There and back, objects are old at once, and not looked at on the way.
    gc.unfreeze()
if was_enabled:
    gc.enable()

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")
WITHOUT_WRAPPERS: dict[str, Any] = {"no_cpython_wrapper": True, "no_cfunc_wrapper": True}


def kernel(function: Callable[Parameters, Result]) -> Callable[Parameters, Result]:
    """Compile a function that Python calls, at its first call, and keep the result on disk for later processes.

    Where neither the package's folder nor the user's can be written to, every process compiles for itself.
    """
    options: dict[str, Any] = {"error_model": "numpy", "nogil": True}
    try:
        compiled = numba.njit(cache=True, **options)(function)
    except RuntimeError:  # Numba: no locator available
        compiled = numba.njit(**options)(function)
    return cast(Callable[Parameters, Result], compiled)


def routine(function: Callable[Parameters, Result]) -> Callable[Parameters, Result]:
    """Compile a function that kernels call, each the same copy of it; Python cannot call it."""
    return cast(Callable[Parameters, Result], numba.njit(error_model="numpy", **WITHOUT_WRAPPERS)(function))


def part(function: Callable[Parameters, Result]) -> Callable[Parameters, Result]:
    """Compile a function into the kernels that call it; Python cannot call it."""
    compile_part = numba.njit(error_model="numpy", forceinline=True, **WITHOUT_WRAPPERS)
    return cast(Callable[Parameters, Result], compile_part(function))
