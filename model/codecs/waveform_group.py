"""The payload of a group of channels over a chunk of time: what each channel's decoder must know, then all samples.

docs/waveform-streams.md specifies it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from model.codecs.waveform_best import EFFORT_ON_CODES, BestEncoder
from model.codecs.waveform_best_decode import decode_best
from model.codecs.waveform_fast import FastEncoder, decode_fast
from model.codecs.waveform_payload import payload_of
from model.kernels.linear_prediction import ORDER_MAX

Encoder = BestEncoder | FastEncoder
Decode = Callable[[NDArray[np.uint8], tuple[int, int], bool, tuple[int, int]], NDArray[np.int32]]
PRESETS: dict[str, tuple[type[Encoder], Decode]] = {
    "fast": (FastEncoder, decode_fast),
    "best": (BestEncoder, decode_best),
}
INT32 = -(1 << 31), (1 << 31) - 1
"""The widest range of samples."""


class RowMemory(threading.local):
    """Memory for the samples of groups, which a thread takes again for the next group: it need not be given back."""

    def __init__(self) -> None:
        self._numbers = np.empty(0, dtype=np.int32)

    def rows(self, channels: int, steps: int) -> NDArray[np.int32]:
        """Return memory for samples behind the zeros that predictors need, shape (channels, ORDER_MAX + steps)."""
        size = channels * (ORDER_MAX + steps)
        if size > self._numbers.size:
            self._numbers = np.empty(size, dtype=np.int32)
        rows = self._numbers[:size].reshape(channels, ORDER_MAX + steps)
        rows[:, :ORDER_MAX] = 0
        return rows


def rows_for(channels: int, steps: int) -> NDArray[np.int32]:
    """Return memory as `RowMemory` does, for one group."""
    return RowMemory().rows(channels, steps)


def encode_group(
    rows: NDArray[np.int32], preset: str, max_error: int, sample_range: tuple[int, int], *, with_decoded: bool = False
) -> tuple[bytes, NDArray[np.int32] | None]:
    """Return the payload of a group.

    Parameters
    ----------
    rows : NDArray of int32, shape (channels, ORDER_MAX + steps)
        Samples, one at least, as `rows_for` has room for them; overwritten.
    preset : {"fast", "best"}
        How.
    max_error : int
        Most that a sample may change by; 0 for none.
    sample_range : (int, int)
        Least and greatest value of a decoded sample.
    with_decoded : bool
        Whether what the payload decodes to is wanted.

    Returns
    -------
    payload : bytes
        What `decode_group` decodes.
    decoded : NDArray of int32, shape (channels, steps), or None
        What `decode_group` decodes it to.
    """
    encoder = PRESETS[preset][0](rows, max_error)
    payload = _payload(encoder)
    return payload, encoder.decoded(*sample_range) if with_decoded else None


def encode_codes(codes: NDArray[np.int32]) -> bytes:
    """Return the payload of what a predictor left, as that of a group of one channel by `best`, in less time."""
    rows = rows_for(1, codes.size)
    rows[0, ORDER_MAX:] = codes
    return _payload(BestEncoder(rows, 0, EFFORT_ON_CODES))


def decode_codes(payload: NDArray[np.uint8], count: int) -> NDArray[np.int32]:
    """Return so many codes that `encode_codes` encoded; `CodecError` if the payload is not one of them."""
    return decode_group(payload, "best", True, INT32, (1, count)).reshape(-1)


def _payload(encoder: Encoder) -> bytes:
    state, words = encoder.put_all()
    return payload_of(encoder.side(), state, words)


def decode_group(
    payload: NDArray[np.uint8], preset: str, lossless: bool, sample_range: tuple[int, int], shape: tuple[int, int]
) -> NDArray[np.int32]:
    """Return the samples of a group, shape (channels, steps).

    Parameters
    ----------
    payload : NDArray of uint8
        What `encode_group` returned.
    preset : {"fast", "best"}
        As it was encoded.
    lossless : bool
        Whether `max_error` was 0.
    sample_range : (int, int)
        Least and greatest value of a sample.
    shape : (int, int)
        Channels and steps.

    Raises
    ------
    CodecError
        The payload is not one of so many channels and steps.
    """
    return PRESETS[preset][1](payload, shape, lossless, sample_range)
