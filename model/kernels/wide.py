"""Numbers of 64 bits: what is read from an array of smaller ones would wrap where it is multiplied or shifted."""

from __future__ import annotations

import numpy as np

from model.kernels.jit import part


@part
def wide(value: int) -> int:
    """Return a number of whatever size as one of 64 bits."""
    return np.int64(value)  # type: ignore[return-value]
