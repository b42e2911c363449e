"""The one check of what users give the waveform codec, and how its samples become the integers that are coded."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from model.codecs.spikes import CHANNELS_MAX

DTYPES = [np.dtype(name) for name in ("i1", "u1", "<i2", "<u2", "<i4", "<u4", "<i8", "<u8", "<f2", "<f4", "<f8")]
"""Types of samples; a stream holds the number of its own."""
INT32 = np.iinfo(np.int32)
TIGHTER = 1 - 2.0**-20
"""By so much a quantum is reduced so that rounding to the samples' own type does not exceed the bound."""


class Waveform:
    """An array of samples, read and checked a piece at a time.

    Parameters
    ----------
    samples : array_like, shape (steps, channels)
        Integers, or floats.
    quantum : float
        0 where samples are coded as the integers that they are; otherwise as the nearest multiples of this.

    Raises
    ------
    ValueError
        `samples` has another shape or type, or is a masked array. Wrong values are found by `integers`.
    """

    def __init__(self, samples: ArrayLike, quantum: float = 0.0) -> None:
        if isinstance(samples, np.ma.MaskedArray):
            raise ValueError("waveform must be a plain array, not a masked one: a masked sample has no value")
        try:
            array = np.asarray(samples)
        except ValueError as error:
            raise ValueError(f"waveform must be an array of shape (steps, channels): {error}") from None
        if array.ndim != 2:
            raise ValueError(f"waveform must have 2 dimensions (steps, channels), not shape {array.shape}")
        if array.dtype.newbyteorder("<") not in DTYPES:
            raise ValueError(f"waveform must be of an integer type or of float16, 32 or 64, not {array.dtype}")
        if array.shape[1] > CHANNELS_MAX:
            raise ValueError(f"waveform must have at most {CHANNELS_MAX} channels, not {array.shape[1]}")
        self._array, self.quantum = array, quantum

    @property
    def steps(self) -> int:
        """Rows of the array."""
        return int(self._array.shape[0])

    @property
    def channels(self) -> int:
        """Columns of the array."""
        return int(self._array.shape[1])

    @property
    def dtype(self) -> np.dtype[np.generic]:
        """Type of the samples, in little-endian order."""
        return self._array.dtype.newbyteorder("<")

    def piece(self, start: int, stop: int, first: int, end: int) -> NDArray[np.generic]:
        """Return steps `start` to `stop` of channels `first` to `end`, shape (channels, steps)."""
        return self._array[start:stop, first:end].T

    def integers(self, piece: NDArray[np.generic]) -> NDArray[np.int32]:
        """Return the integers that samples are coded as.

        Raises
        ------
        ValueError
            A sample is not finite, or no integer that can be coded.
        """
        samples = self._integers(piece) if piece.dtype.kind == "f" else piece
        if samples.size and (samples.min() < INT32.min or samples.max() > INT32.max):
            raise ValueError(f"waveform must hold values in {INT32.min}..{INT32.max}{self._in_quanta()}")
        return np.ascontiguousarray(samples, dtype=np.int32)

    def _integers(self, samples: NDArray[np.generic]) -> NDArray[np.float64]:
        wide = samples.astype(np.float64)
        if not np.isfinite(wide).all():
            raise ValueError(f"waveform must be finite, not {wide[~np.isfinite(wide)][0]}")
        if self.quantum:
            return np.rint(wide / self.quantum)
        wrong = (wide != np.rint(wide)) | ((wide == 0) & np.signbit(wide))
        if wrong.any():
            raise ValueError(
                f"waveform of type {samples.dtype} must hold integers to be coded without loss, not {wide[wrong][0]}; "
                "divide by the gain, or allow an error with mode='bounded'"
            )
        return wide

    def _in_quanta(self) -> str:
        return f" times {self.quantum:g}" if self.quantum else ""


def from_integers(integers: NDArray[np.int32], dtype: np.dtype[np.generic], quantum: float) -> NDArray[np.generic]:
    """Return samples of their own type."""
    if quantum == 0:
        return integers.astype(dtype)
    return (integers * quantum).astype(dtype)


def sample_range(dtype: np.dtype[np.generic]) -> tuple[int, int]:
    """Return the least and the greatest integer that is coded for a type of samples."""
    if dtype.kind == "f":
        return INT32.min, INT32.max
    info = np.iinfo(dtype.name)
    return max(INT32.min, info.min), min(INT32.max, info.max)


def quantum_for(max_error: float) -> float:
    """Return the quantum to whose multiples floats are rounded, so that they change by at most `max_error`."""
    return 2 * max_error * TIGHTER if math.isfinite(max_error) else 0.0
