"""The codecs by name, and which to choose."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from model.codecs.stream import MAGIC, Stream
from model.errors import CodecError
from model.golden import container
from model.raster import MAX_BINS, checked_bytes

if TYPE_CHECKING:
    from model.codecs.base import Codec

CODECS = {
    "isi": ("model.codecs.isi", "SpikeCodec"),
    "predictive": ("model.codecs.predictive", "PredictiveSpikeCodec"),
    "delta": ("model.codecs.delta", "DeltaSpikeCodec"),
    "streaming": ("model.codecs.streaming", "StreamingSpikeCodec"),
    "aer": ("model.codecs.aer", "AERSpikeCodec"),
}
"""Module and class of each codec, imported when it is asked for."""


def list_codecs() -> list[str]:
    """Return the names of all codecs, sorted."""
    return sorted(CODECS)


def get_codec(name: str, **kwargs: Any) -> Codec[Any]:  # noqa: ANN401 - each codec checks its own
    """Return a codec by its name.

    Parameters
    ----------
    name : str
        One of `list_codecs()`.
    **kwargs
        Arguments of the codec's class.

    Raises
    ------
    ValueError
        There is no codec of this name, or an argument is not one of its class or is out of range.
    """
    if not isinstance(name, str) or name not in CODECS:
        raise ValueError(f"name must be one of {', '.join(list_codecs())}, not {name!r}")
    module, codec = CODECS[name]
    made: Codec[Any] = getattr(import_module(module), codec)(**kwargs)
    return made


def decompress(
    data: bytes,
    T: int | None = None,  # noqa: N803 - the published names of steps and channels
    N: int | None = None,  # noqa: N803
    *,
    start: int = 0,
    stop: int | None = None,
    max_bins: int = MAX_BINS,
) -> NDArray[np.int8]:
    """Return the raster of a stream of any codec: the stream says which.

    Parameters, result and exceptions are those of the codecs' own `decompress`.
    """
    stream = checked_bytes("data", data)
    if stream.startswith(MAGIC):
        name = Stream(stream).header.codec
    elif stream.startswith(container.MAGIC):
        name = "streaming"
    else:
        raise CodecError("stream starts as that of no codec")
    return get_codec(name).decompress(stream, T, N, start=start, stop=stop, max_bins=max_bins)
