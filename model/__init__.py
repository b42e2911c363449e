"""Corticodec: the spike codec of a brain implant, bit for bit as its hardware computes it."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from model.errors import CodecError
from model.golden.settings import Settings

if TYPE_CHECKING:
    from model.raster import decode_packets, decode_raster, encode_packets, encode_raster

__all__ = ["CodecError", "Settings", "decode_packets", "decode_raster", "encode_packets", "encode_raster"]


def __getattr__(name: str) -> object:
    # The functions bring NumPy and Numba with them; `import model` alone does not.
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module("model.raster"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
