"""Corticodec: the spike codec of a brain implant, bit for bit as its hardware computes it."""

from model.errors import CodecError

__all__ = ["CodecError"]
