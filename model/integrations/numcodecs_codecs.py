"""Codecs for numcodecs, and so for Zarr of format 2, SpikeInterface and hdmf-zarr. Needs the extra `zarr`.

numcodecs finds them by name, without an import: `numcodecs.get_codec({"id": "corticodec_waveform"})`.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, ClassVar

from model.files.extras import MissingExtraError
from model.formats.chunk import ChunkCoder, SpikeCoder, WaveformCoder, decode_chunk

try:
    from numcodecs.abc import Codec
    from numcodecs.compat import ensure_bytes, ensure_ndarray, ndarray_copy
except ImportError:
    raise MissingExtraError("numcodecs", "zarr", __name__) from None


class _Numcodec(Codec):
    """A chunk coder as numcodecs wants it."""

    codec_id: ClassVar[str]
    _coder: ChunkCoder

    def encode(self, buf: Any) -> bytes:  # noqa: ANN401 - whatever exports a buffer
        """Return a chunk of an array or a buffer."""
        return self._coder.encode_chunk(ensure_ndarray(buf))

    def decode(self, buf: Any, out: Any = None) -> Any:  # noqa: ANN401
        """Return the array of a chunk, or store it in `out`."""
        return ndarray_copy(decode_chunk(ensure_bytes(buf)), out)

    def get_config(self) -> dict[str, Any]:
        """Return what `numcodecs.get_codec` makes an equal codec of."""
        return {"id": self.codec_id, **asdict(self._coder)}

    def __repr__(self) -> str:
        arguments = ", ".join(f"{name}={value!r}" for name, value in asdict(self._coder).items())
        return f"{type(self).__name__}({arguments})"


class WaveformNumcodec(_Numcodec):
    """`WaveformCodec` for numcodecs.

    Parameters
    ----------
    mode, preset, max_error, group_channels
        As for `model.formats.chunk.WaveformCoder`.
    """

    codec_id = WaveformCoder.name

    def __init__(
        self,
        mode: str = "lossless",
        preset: str = "fast",
        max_error: float | None = None,
        group_channels: int = 16,
    ) -> None:
        self._coder = WaveformCoder(mode, preset, max_error, group_channels)


class SpikeNumcodec(_Numcodec):
    """The spike codecs for numcodecs.

    Parameters
    ----------
    codec
        As for `model.formats.chunk.SpikeCoder`.
    """

    codec_id = SpikeCoder.name

    def __init__(self, codec: str = "isi") -> None:
        self._coder = SpikeCoder(codec)
