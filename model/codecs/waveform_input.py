"""The one check of what users give the waveform codec, and how its samples become the integers that are coded."""

from __future__ import annotations

import math
import sys

import numpy as np
from numpy.typing import ArrayLike, NDArray

from model.codecs.spikes import CHANNELS_MAX

DTYPES = [np.dtype(name) for name in ("i1", "u1", "<i2", "<u2", "<i4", "<u4", "<i8", "<u8", "<f2", "<f4", "<f8")]
"""Types of samples; a stream holds the number of its own."""
INT32 = np.iinfo(np.int32)
TIGHTER = 1 - 2.0**-20
"""By so much a quantum is reduced so that rounding to the samples' own type does not exceed the bound."""

NOISE_QUANTA = 16
PIECES, PIECE_STEPS = 16, 256
"""The noise of floats is measured on so many pieces of so many samples."""


class Waveform:
    """An array of samples, read and checked a piece at a time.

    Parameters
    ----------
    samples : array_like, shape (steps, channels)
        Integers, or floats.
    quantum : float
        0 where samples are coded as the integers that they are; otherwise as the nearest multiples of this.
    largest : int
        Largest size of an integer that can be coded.

    Raises
    ------
    ValueError
        `samples` has another shape or type, or is a masked array. Wrong values are found by `integers`.
    """

    def __init__(self, samples: ArrayLike, quantum: float = 0.0, largest: int = INT32.max) -> None:
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
        self._array, self.quantum, self._largest = array, quantum, largest

    @property
    def steps(self) -> int:
        """Rows of the array."""
        return int(self._array.shape[0])

    @property
    def channels(self) -> int:
        """Columns of the array."""
        return int(self._array.shape[1])

    @property
    def nbytes(self) -> int:
        """Size of the array."""
        return self._array.nbytes

    @property
    def dtype(self) -> np.dtype[np.generic]:
        """Type of the samples, in little-endian order."""
        return self._array.dtype.newbyteorder("<")

    def piece(self, start: int, stop: int, first: int, end: int) -> NDArray[np.generic]:
        """Return steps `start` to `stop` of channels `first` to `end`, shape (channels, steps)."""
        # Next to each other, they are transposed twice as fast.
        return np.ascontiguousarray(self._array[start:stop, first:end]).T

    def integers(self, piece: NDArray[np.generic]) -> NDArray[np.int32]:
        """Return the integers that samples are coded as, in contiguous memory of their own.

        Raises
        ------
        ValueError
            A sample is not finite, or no integer that can be coded.
        """
        return self._checked(piece).astype(np.int32, order="C")

    def store_integers(self, place: tuple[int, int, int, int], out: NDArray[np.int32]) -> None:
        """Store the integers that samples are coded as, of a place as `piece` takes it; raise as `integers` does."""
        start, stop, first, end = place
        out[:] = self._checked(self._array[start:stop, first:end].T)

    def _checked(self, piece: NDArray[np.generic]) -> NDArray[np.generic]:
        """Return samples as integers of whatever type."""
        samples = self._integers(piece) if piece.dtype.kind == "f" else piece
        # All that fits into two bytes can be coded.
        if (
            samples.dtype.itemsize > 2
            and samples.size
            and (samples.min() < -self._largest - 1 or samples.max() > self._largest)
        ):
            raise ValueError(f"waveform must hold values in {-self._largest - 1}..{self._largest}{self._in_quanta()}")
        return samples

    def floats(self, piece: NDArray[np.generic]) -> NDArray[np.float32]:
        """Return the integers that samples are coded as, as contiguous floats."""
        exact = piece if is_short(piece) else self.integers(piece)
        return exact.astype(np.float32, order="C")

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
                "divide by the gain, or allow an error with mode='bounded' or 'full'"
            )
        return wide

    def _in_quanta(self) -> str:
        return f" times {self.quantum:g}" if self.quantum else ""


def is_short(samples: NDArray[np.generic]) -> bool:
    """Return whether samples are integers of one or two bytes: floats of 32 bits hold them, and their differences."""
    return samples.dtype.kind != "f" and samples.dtype.itemsize <= 2


def from_integers(integers: NDArray[np.int32], dtype: np.dtype[np.generic], quantum: float) -> NDArray[np.generic]:
    """Return samples of their own type; multiples of a quantum that are beyond that become its largest number."""
    if quantum == 0:
        return integers.astype(dtype)
    largest = float(np.finfo(dtype.name).max)
    with np.errstate(over="ignore"):
        return (integers * quantum).clip(-largest, largest).astype(dtype)


def sample_range(dtype: np.dtype[np.generic]) -> tuple[int, int]:
    """Return the least and the greatest integer that is coded for a type of samples."""
    if dtype.kind == "f":
        return INT32.min, INT32.max
    info = np.iinfo(dtype.name)
    return max(INT32.min, info.min), min(INT32.max, info.max)


def quantum_of_noise(samples: NDArray[np.generic]) -> float:
    """Return a quantum to which floats, shape (steps, channels), can be rounded without losing their noise.

    It is a power of two, a 16th of the median of how much a sample usually differs from the one before it, or, where
    most samples are alike, 2**-20 of the largest; measured on pieces of the samples.
    """
    starts = np.unique(np.linspace(0, max(0, len(samples) - PIECE_STEPS), PIECES).astype(int))
    pieces = [samples[start : start + PIECE_STEPS].astype(np.float64) for start in starts.tolist()]
    changes = np.concatenate([np.abs(np.diff(piece, axis=0)).ravel() for piece in pieces])
    usual = float(np.median(changes)) / NOISE_QUANTA if changes.size else 0.0
    if not 0 < usual < np.inf:
        usual = max(float(np.abs(piece).max(initial=0.0)) for piece in pieces) * 2.0**-20
    return 2.0 ** math.floor(math.log2(usual)) if 0 < usual < np.inf else 1.0


def quantum_for(max_error: float) -> float:
    """Return the quantum to whose multiples floats are rounded, so that they change by at most `max_error`."""
    return min(2 * max_error * TIGHTER, sys.float_info.max)
