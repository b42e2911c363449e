"""Checksums of the chunks of a spike stream."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from model.golden.container import CRC_BYTES
from model.kernels import crc32c, little_endian
from model.kernels.jit import kernel


@kernel
def first_damaged(data: NDArray[np.uint8], bounds: NDArray[np.int64], first: int, end: int, store: bool) -> int:
    """Check the checksums of chunks `first` to `end`, or `store` them.

    Each is the CRC-32C of the header, the checksum of the chunk before (which lies just before the chunk), and the
    chunk's payload.

    Parameters
    ----------
    data : NDArray
        The whole stream.
    bounds : NDArray
        Where each chunk starts, and where the last one ends.
    first, end : int
        The chunks to look at.
    store : bool
        Whether to write checksums instead of reading them.

    Returns
    -------
    int
        The first chunk whose checksum is wrong, or -1.
    """
    of_header = crc32c.update(crc32c.ALL_ONES, data, 0, bounds[0])
    for index in range(first, end):
        start = bounds[index] - (CRC_BYTES if index > 0 else 0)
        at = bounds[index + 1] - CRC_BYTES
        checksum = crc32c.update(of_header, data, start, at) ^ crc32c.ALL_ONES
        if store:
            little_endian.write(data, at, checksum, CRC_BYTES)
        elif little_endian.read(data, at, CRC_BYTES) != checksum:
            return index
    return -1
