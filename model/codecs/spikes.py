"""The one check of what users give the codecs as spikes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from model.kernels.spike_scan import count_spikes

ScalarT = TypeVar("ScalarT", bound=np.generic)

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
        `spikes` has another shape or type, or is a masked array. Wrong values are found by `chunks`.

    Attributes
    ----------
    n_spikes : int
        Ones in the chunks so far.
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
        self.n_spikes = 0

    @property
    def steps(self) -> int:
        """Rows of the raster."""
        return int(self._array.shape[0])

    @property
    def channels(self) -> int:
        """Columns of the raster."""
        return int(self._array.shape[1])

    def all_rows(self) -> NDArray[np.int8]:
        """Return all rows at once, as `chunks` yields them."""
        return self._checked(self._array)

    def chunks(self, chunk_steps: int) -> Iterator[NDArray[np.int8]]:
        """Yield the rows of `chunk_steps` steps after another, the last cut short where the raster ends.

        They are C-contiguous and read-only; views where the array allows it.

        Raises
        ------
        ValueError
            A bin of the rows that are due is neither 0 nor 1.
        """
        for start in range(0, self.steps, chunk_steps):
            yield self._checked(self._array[start : start + chunk_steps])

    def _checked(self, rows: NDArray[np.generic]) -> NDArray[np.int8]:
        if rows.dtype.itemsize == 1 and rows.dtype.kind in "bui":
            bins = np.ascontiguousarray(rows).view(np.uint8)
            count = count_spikes(read_only(bins.reshape(-1)))
            if count < 0:
                raise _value_error(rows, bins > 1)
            self.n_spikes += count
            return read_only(bins.view(np.int8))
        spikes = rows == 1
        wrong = ~spikes & (rows != 0)
        if wrong.any():
            raise _value_error(rows, wrong)
        self.n_spikes += int(np.count_nonzero(spikes))
        return read_only(np.ascontiguousarray(spikes).view(np.int8))


def read_only(array: NDArray[ScalarT]) -> NDArray[ScalarT]:
    """Return a view that cannot be written to: Numba compiles once more for arrays that can."""
    view = array.view()
    view.flags.writeable = False
    return view


def _value_error(rows: NDArray[np.generic], wrong: NDArray[np.bool_]) -> ValueError:
    return ValueError(f"spikes must hold only 0 and 1, not {rows[wrong][0]}")
