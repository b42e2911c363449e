"""Spike rasters to bytes and back, byte for byte as the hardware does it."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike, NDArray

from model.golden.settings import CHANNELS_MAX, Settings, check_int
from model.kernels import container, spike_decoder, spike_encoder

MAX_BINS = 1 << 32
"""Bins that are decoded unless the caller allows more: a few bytes may stand for very many silent ones."""


def encode_raster(raster: ArrayLike, settings: Settings | None = None) -> bytes:
    """Compress a spike raster, without loss, to one self-describing stream.

    Parameters
    ----------
    raster : array_like, shape (steps, channels)
        Zeros and ones, of `bool` or any integer type, at least one step and 1 to 4096 channels.
    settings : Settings, optional
        Settings of the encoder; its defaults if not given.

    Returns
    -------
    bytes
        The stream, checksum included; `decode_raster` needs nothing else.

    Raises
    ------
    ValueError
        `raster` has another shape, type or value; `settings` is of another type.

    Examples
    --------
    >>> import numpy as np
    >>> raster = np.zeros((1000, 64), dtype=np.int8)
    >>> raster[500, 3] = 1
    >>> stream = encode_raster(raster)
    >>> np.array_equal(decode_raster(stream), raster)
    True
    """
    return container.join(spike_encoder.encode(_checked_raster(raster), _checked_settings(settings)))


def decode_raster(data: bytes, *, max_bins: int = MAX_BINS) -> NDArray[np.int8]:
    """Return the raster of a stream that `encode_raster` made.

    Parameters
    ----------
    data : bytes
        The whole stream.
    max_bins : int, default 2**32
        Most bins (steps x channels), each a byte of the result, that the stream may hold. Silence costs a stream next
        to nothing, so that a small one may be a very large raster; the limit is checked before memory is taken. A
        stream that grows beyond 2**26 bins and 4096 bins a byte is decoded twice, the first time only to check it: a
        forged one takes no memory, and time in proportion to the bins that it claims, about a second for 10**9.

    Returns
    -------
    NDArray of int8, shape (steps, channels)
        Zeros and ones. Memory of silent stretches is not touched.

    Raises
    ------
    CodecError
        The stream is damaged, cut off, forged, of an unknown kind, or holds more than `max_bins`.
    ValueError
        An argument is of the wrong type or out of range.
    """
    stream = checked_bytes("data", data)
    max_bins = check_int("max_bins", max_bins, 1, sys.maxsize)
    return spike_decoder.decode(stream, container.split(stream), max_bins)


def encode_packets(raster: ArrayLike, settings: Settings | None = None) -> list[bytes]:
    """Compress a spike raster to packets, as they leave the hardware.

    Parameters and exceptions are those of `encode_raster`, whose stream holds the same packets.

    Returns
    -------
    list of bytes
        One packet an epoch, the last cut short where the raster ends.
    """
    packets: list[bytes] = []
    for piece, ends in spike_encoder.encode(_checked_raster(raster), _checked_settings(settings)):
        data = piece.tobytes()
        packets += [data[start:end] for start, end in pairwise([0, *ends.tolist()])]
    return packets


def decode_packets(packets: Iterable[bytes], *, max_bins: int = MAX_BINS) -> NDArray[np.int8]:
    """Return the raster of the packets of a recording, all of them in order.

    Parameters
    ----------
    packets : iterable of bytes
        Packets as `encode_packets` or the hardware makes them.
    max_bins : int, default 2**32
        As for `decode_raster`.

    Returns
    -------
    NDArray of int8, shape (steps, channels)
        Zeros and ones.

    Raises
    ------
    CodecError
        A packet is damaged, missing or out of order, there is none, or they hold more than `max_bins`.
    ValueError
        An argument is of the wrong type or out of range.
    """
    checked = checked_packets(packets)
    max_bins = check_int("max_bins", max_bins, 1, sys.maxsize)
    edges = np.cumsum([0, *map(len, checked)])
    bounds = np.column_stack([edges[:-1], edges[1:]])
    return spike_decoder.decode(b"".join(checked), bounds, max_bins)


def _checked_raster(raster: ArrayLike) -> NDArray[np.int8]:
    try:
        array = np.asarray(raster)
    except ValueError as error:
        raise ValueError(f"raster must be an array of shape (steps, channels): {error}") from None
    if np.ma.is_masked(raster):
        raise ValueError("raster must not have masked bins; fill them, for example with raster.filled(0)")
    if array.ndim != 2 or array.shape[0] < 1 or not 1 <= array.shape[1] <= CHANNELS_MAX:
        raise ValueError(
            "raster must have shape (steps, channels), at least 1 step and 1 to "
            f"{CHANNELS_MAX} channels, not {array.shape}"
        )
    if array.dtype.kind not in "bui":
        has_nan = array.dtype.kind in "fc" and bool(np.isnan(array).any())
        raise ValueError(
            f"raster must be of bool or an integer type, not {array.dtype}{' with NaN' if has_nan else ''}"
        )
    for extreme in (array.min(), array.max()):
        if extreme not in (0, 1):
            raise ValueError(f"raster must hold only 0 and 1, not {extreme}")
    checked = np.ascontiguousarray(array, dtype=np.int8).view()
    # Numba would compile the encoder once for arrays that can be written and once more for those that cannot.
    checked.flags.writeable = False
    return checked


def _checked_settings(settings: Settings | None) -> Settings:
    if settings is None:
        return Settings()
    if not isinstance(settings, Settings):
        raise ValueError(f"settings must be Settings, not {type(settings).__name__}")
    return settings


def checked_packets(packets: Iterable[bytes]) -> list[bytes]:
    """Return `packets` as a list of `bytes`, or raise `ValueError` where they are of other types."""
    if not isinstance(packets, Iterable):
        raise ValueError(f"packets must be an iterable of bytes, not {type(packets).__name__}")
    return [checked_bytes("each of packets", packet) for packet in packets]


def checked_bytes(name: str, data: bytes) -> bytes:
    """Return `data` as `bytes`, or raise `ValueError` where it is of another type."""
    if not isinstance(data, bytes | bytearray | memoryview):
        raise ValueError(f"{name} must be bytes, not {type(data).__name__}")
    return bytes(data)
