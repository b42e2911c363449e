"""Lists of signed numbers in a payload, each behind the one before it; how many a list has, the reader knows."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from model.errors import CodecError
from model.kernels import signed_numbers
from model.kernels.bit_unpacker import SLACK_BYTES
from model.kernels.signed_numbers import OUT_OF_RANGE


def encoded_list(numbers: ArrayLike) -> bytes:
    """Return the bytes of a list."""
    array = np.asarray(numbers, dtype=np.int64)
    out = np.empty(8 * array.size + 8, dtype=np.uint8)
    return out[: signed_numbers.encode(array, out)].tobytes()


class NumberLists:
    """Takes lists of numbers from the front of a payload.

    Parameters
    ----------
    data : NDArray of uint8
        The payload.

    Attributes
    ----------
    at : int
        Where the bytes behind the lists start.
    """

    def __init__(self, data: NDArray[np.uint8]) -> None:
        self._data = np.concatenate([data, np.zeros(SLACK_BYTES, dtype=np.uint8)])
        self.at = 0

    def take(self, name: str, count: int, low: int, high: int) -> NDArray[np.int64]:
        """Return the next list, whose numbers are to be in `low..high`."""
        # A number takes at least a bit: a forged count gets no memory.
        if count > 8 * (self._data.size - self.at):
            raise CodecError(f"waveform payload is cut off in its {name}")
        numbers = np.zeros(count, dtype=np.int64)
        self.at = signed_numbers.decode(self._data, self.at, numbers, low, high)
        if self.at == OUT_OF_RANGE:
            raise CodecError(f"waveform payload has {name} out of range")
        if self.at < 0:
            raise CodecError(f"waveform payload is cut off in its {name}")
        return numbers
