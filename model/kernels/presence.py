"""Which values occur."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from model.kernels.jit import kernel


@kernel
def mark_present(samples: NDArray[np.int32], low: int, present: NDArray[np.bool_]) -> None:
    """Set `present[value - low]` for each value of `samples`."""
    for index in range(samples.size):
        present[samples[index] - low] = True
