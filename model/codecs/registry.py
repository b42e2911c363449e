"""The codecs by name, and which to choose."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from model.codecs.checks import check_flag, check_number
from model.codecs.stream import MAGIC, Stream
from model.errors import CodecError
from model.golden import container
from model.golden.settings import check_int
from model.raster import MAX_BINS, checked_bytes

if TYPE_CHECKING:
    from model.codecs.base import Codec

CODECS = {
    "isi": ("model.codecs.isi", "SpikeCodec"),
    "predictive": ("model.codecs.predictive", "PredictiveSpikeCodec"),
    "delta": ("model.codecs.delta", "DeltaSpikeCodec"),
    "streaming": ("model.codecs.streaming", "StreamingSpikeCodec"),
    "aer": ("model.codecs.aer", "AERSpikeCodec"),
    "waveform": ("model.codecs.waveform", "WaveformCodec"),
}
"""Module and class of each codec, imported when it is asked for."""
STREAMING_LATENCY_MS = 1.0
DELTA_CHANNELS = 16
PREDICTIVE_CHANNELS = 64


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
        There is no codec of this name, or an argument is out of range.
    TypeError
        An argument is none of its class.
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
    workers: int | None = None,
) -> NDArray[np.int8]:
    """Return the raster of a stream of any codec: the stream says which.

    Parameters, result and exceptions are those of the codecs' own `decompress`, and so is the default of `workers`.
    """
    stream = checked_bytes("data", data)
    if stream.startswith(MAGIC):
        name = Stream(stream, verify_first=False).header.codec
    elif stream.startswith(container.MAGIC):
        name = "streaming"
    else:
        raise CodecError("stream starts as that of no codec")
    chosen = {} if workers is None else {"workers": workers}
    return get_codec(name).decompress(stream, T, N, start=start, stop=stop, max_bins=max_bins, **chosen)


def recommend_codec(
    n_channels: int,
    firing_rate: float,
    latency_ms: float = 10.0,
    correlated: bool = False,
    neuromorphic: bool = False,
) -> str:
    """Return the name of the codec that suits a kind of recording; the first rule that holds decides.

    A neuromorphic target: aer. A latency of at most 1 ms: streaming. Correlated channels, at least 16: delta. At least
    64 channels: predictive. Any other: isi.

    Parameters
    ----------
    n_channels : int
        Channels, 0 or more.
    firing_rate : float
        Mean rate of a channel in Hz, 0 or more. It is checked, but no rule asks for it.
    latency_ms : float
        Most milliseconds from a spike to its bytes, 0 or more.
    correlated : bool
        Whether neighbouring channels fire together.
    neuromorphic : bool
        Whether the target takes address events, as Loihi and SpiNNaker do.

    Raises
    ------
    ValueError
        An argument is of the wrong type or out of range.
    """
    check_int("n_channels", n_channels, 0, sys.maxsize)
    check_number("firing_rate", firing_rate, 0, sys.float_info.max)
    check_number("latency_ms", latency_ms, 0, sys.float_info.max)
    check_flag("correlated", correlated)
    check_flag("neuromorphic", neuromorphic)
    if neuromorphic:
        return "aer"
    if latency_ms <= STREAMING_LATENCY_MS:
        return "streaming"
    if correlated and n_channels >= DELTA_CHANNELS:
        return "delta"
    return "predictive" if n_channels >= PREDICTIVE_CHANNELS else "isi"
