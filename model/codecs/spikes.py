"""The one check of what users give the codecs as spikes."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import ArrayLike, NDArray

CHANNELS_MAX = 1 << 26
"""Most channels of a raster, so that a step always fits into a chunk of a stream."""


class Spikes:
    """A raster that is read a few steps at a time: checked and converted then, so that it never exists twice.

    Parameters
    ----------
    spikes : array_like, shape (steps, channels)
        Zeros and ones: `bool`, integers, or floats that are exactly 0 or 1, in any memory layout.

    Raises
    ------
    ValueError
        `spikes` has another shape or type, or is a masked array. Wrong values are found by `rows`.
    """

    def __init__(self, spikes: ArrayLike) -> None:
        if isinstance(spikes, np.ma.MaskedArray):
            raise ValueError("spikes must be a plain array, not a masked one: a masked bin is neither 0 nor 1")
        try:
            array = np.asarray(spikes)
        except ValueError as error:
            raise ValueError(f"spikes must be an array of shape (steps, channels): {error}") from None
        if array.ndim != 2:
            raise ValueError(f"spikes must have 2 dimensions (steps, channels), not shape {array.shape}")
        if array.dtype.kind not in "buif":
            raise ValueError(f"spikes must be of bool, an integer or a float type, not {array.dtype}")
        if array.shape[1] > CHANNELS_MAX:
            raise ValueError(f"spikes must have at most {CHANNELS_MAX} channels, not {array.shape[1]}")
        self._array = array

    @property
    def steps(self) -> int:
        """Rows of the raster."""
        return int(self._array.shape[0])

    @property
    def channels(self) -> int:
        """Columns of the raster."""
        return int(self._array.shape[1])

    def rows(self, start: int, stop: int) -> NDArray[np.int8]:
        """Return steps `start` to `stop`, C-contiguous; a view where the array allows it, so not to be written to.

        Raises
        ------
        ValueError
            A bin of them is neither 0 nor 1.
        """
        rows = self._array[start:stop]
        if rows.dtype.itemsize == 1 and rows.dtype.kind in "bui" and rows.flags.c_contiguous:
            bins = rows.view(np.uint8)
            if bins.size and bins.max() > 1:
                raise _value_error(rows, bins > 1)
            return rows.view(np.int8)
        wrong = (rows != 0) & (rows != 1)
        if wrong.any():
            raise _value_error(rows, wrong)
        return np.ascontiguousarray(rows, dtype=np.int8)

    def chunks(self, chunk_steps: int) -> Iterator[NDArray[np.int8]]:
        """Yield the rows of `chunk_steps` steps after another, the last cut short where the raster ends."""
        for start in range(0, self.steps, chunk_steps):
            yield self.rows(start, start + chunk_steps)


def _value_error(rows: NDArray[np.generic], wrong: NDArray[np.bool_]) -> ValueError:
    return ValueError(f"spikes must hold only 0 and 1, not {rows[wrong][0]}")
