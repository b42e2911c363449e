"""Corticodec: the spike codec of a brain implant, bit for bit as its hardware computes it."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from model.errors import CodecError
from model.golden.settings import Settings

if TYPE_CHECKING:
    from model.codecs.aer import AERSpikeCodec
    from model.codecs.delta import DeltaSpikeCodec
    from model.codecs.isi import SpikeCodec
    from model.codecs.predictive import PredictiveSpikeCodec
    from model.codecs.recommend import recommend_codec_for
    from model.codecs.registry import decompress, get_codec, list_codecs, recommend_codec
    from model.codecs.streaming import StreamingSpikeCodec
    from model.codecs.waveform import WaveformCodec
    from model.events import Epoch
    from model.files.waveform_reader import WaveformReader
    from model.files.waveform_writer import WaveformWriter
    from model.raster import decode_packets, decode_raster, encode_packets, encode_raster
    from model.receiver import Receiver, frame_packets

_MODULES = {
    "AERSpikeCodec": "model.codecs.aer",
    "DeltaSpikeCodec": "model.codecs.delta",
    "Epoch": "model.events",
    "PredictiveSpikeCodec": "model.codecs.predictive",
    "Receiver": "model.receiver",
    "SpikeCodec": "model.codecs.isi",
    "StreamingSpikeCodec": "model.codecs.streaming",
    "WaveformCodec": "model.codecs.waveform",
    "WaveformReader": "model.files.waveform_reader",
    "WaveformWriter": "model.files.waveform_writer",
    "decode_packets": "model.raster",
    "decode_raster": "model.raster",
    "decompress": "model.codecs.registry",
    "encode_packets": "model.raster",
    "encode_raster": "model.raster",
    "frame_packets": "model.receiver",
    "get_codec": "model.codecs.registry",
    "list_codecs": "model.codecs.registry",
    "recommend_codec": "model.codecs.registry",
    "recommend_codec_for": "model.codecs.recommend",
}
"""Where the names are that bring NumPy and Numba with them; `import model` alone does not."""

__all__ = [
    "AERSpikeCodec",
    "CodecError",
    "DeltaSpikeCodec",
    "Epoch",
    "PredictiveSpikeCodec",
    "Receiver",
    "Settings",
    "SpikeCodec",
    "StreamingSpikeCodec",
    "WaveformCodec",
    "WaveformReader",
    "WaveformWriter",
    "decode_packets",
    "decode_raster",
    "decompress",
    "encode_packets",
    "encode_raster",
    "frame_packets",
    "get_codec",
    "list_codecs",
    "recommend_codec",
    "recommend_codec_for",
]


def __getattr__(name: str) -> object:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_MODULES[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
