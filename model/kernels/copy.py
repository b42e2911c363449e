"""Copies between arrays of the same size; NumPy's `a[:] = b` would take the compiler seconds for its error messages."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from model.kernels.jit import part


@part
def copy(source: NDArray[Any], target: NDArray[Any]) -> None:
    """Store `source` in `target`."""
    for index in range(source.size):
        target[index] = source[index]
