"""SumTree: numbers, and the sums of all aligned runs of 1, 2, 4, ... of them, in one array.

Node 1 is the sum of all; the children of node i are 2 i and 2 i + 1; the leaves are the second half.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from model.kernels.jit import part


def new(count: int) -> NDArray[np.int64]:
    """Return a tree of `count` zeros."""
    return np.zeros(2 << max(0, count - 1).bit_length(), dtype=np.int64)


@part
def store(tree: NDArray[np.int64], index: int, value: int) -> None:
    """Set a number."""
    node = tree.size // 2 + index
    change = value - tree[node]
    while node > 0:
        tree[node] += change
        node >>= 1
