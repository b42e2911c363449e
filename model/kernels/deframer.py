"""Deframer: a serial line's byte stream to packets, a frame at a time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from model.golden.framer import CHANGE, ESCAPE, FLAG
from model.kernels.crc32c import as_array
from model.kernels.jit import kernel


class Frame(NamedTuple):
    """What stood between two flags.

    Attributes
    ----------
    packet : bytes or None
        None where the frame was longer than a packet can be, or ended in an escape (RFC 1662's abort sequence).
    size : int
        Bytes, each escaped one counted once.
    """

    packet: bytes | None
    size: int


class _Progress(NamedTuple):
    """How far the current frame has come, and the input."""

    at: int
    size: int
    escaped: bool
    ended: bool


class Deframer:
    """Cuts a byte stream into frames. What it keeps is at most one frame.

    Parameters
    ----------
    packet_bytes_max : int
        Longer frames are dropped.
    """

    def __init__(self, packet_bytes_max: int) -> None:
        self.packet_bytes_max = packet_bytes_max
        self._frame = np.empty(packet_bytes_max, dtype=np.uint8)
        self._size = 0
        self._escaped = False

    def push(self, data: bytes) -> Iterator[Frame]:
        """Take the next bytes, and yield each frame that they end, but for empty ones."""
        array, at = as_array(data), 0
        while at < array.size:
            at, size, escaped, ended = _push(array, at, self._frame, self._size, self._escaped)
            self._size, self._escaped = (0, False) if ended else (size, escaped)
            if ended:
                whole = size <= self.packet_bytes_max and not escaped
                yield Frame(self._frame[:size].tobytes() if whole else None, size)


@kernel
def _push(data: NDArray[np.uint8], at: int, frame: NDArray[np.uint8], size: int, escaped: bool) -> _Progress:
    """Read `data` from `at` on, up to the end of a frame that is not empty."""
    while at < data.size:
        byte = data[at]
        at += 1
        if byte == FLAG:
            if size > 0 or escaped:
                return _Progress(at, size, escaped, True)
        elif byte == ESCAPE:
            escaped = True
        else:
            if size < frame.size:
                frame[size] = byte ^ CHANGE if escaped else byte
            size += 1
            escaped = False
    return _Progress(at, size, escaped, False)
