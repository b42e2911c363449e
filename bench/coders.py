"""Ways from a raster to bytes and back: this package's codecs, general compressors, and the published library."""

from __future__ import annotations

import bz2
import importlib
import lzma
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from types import ModuleType
from typing import Any

import numpy as np

from bench.workloads import Raster
from model import get_codec

OURS, GENERAL, REFERENCE = "corticodec", "general", "reference"

CODECS: dict[str, tuple[str, dict[str, Any]]] = {
    "isi": ("isi", {}),
    "predictive": ("predictive", {"predictor": "auto"}),
    "predictive, context": ("predictive", {"predictor": "context"}),
    "predictive, lfsr": ("predictive", {"predictor": "lfsr"}),
    "delta": ("delta", {}),
    "streaming": ("streaming", {}),
    "aer": ("aer", {}),
}
"""What is measured of this package: codec and arguments."""

SAMPLE_BINS = 1 << 20
"""Larger rasters are given to a general coder in the layout that suits it best on their first steps."""

PUBLISHED = "sc_neurocore.spike_codec"
PUBLISHED_CODECS: dict[str, tuple[str, dict[str, Any], int]] = {
    "isi": ("isi", {}, 1 << 25),
    "predictive, ema": ("predictive", {}, 1 << 22),
    "predictive, context": ("predictive", {"predictor": "context"}, 1 << 22),
    "delta": ("delta", {}, 1 << 22),
    "streaming": ("streaming", {}, 1 << 22),
    "aer": ("aer", {}, 1 << 22),
}
"""Codec, arguments, and the most bins that it gets, since it is slow or takes much memory."""

Shape = tuple[int, int]


@dataclass(frozen=True)
class Coder:
    """A way to bytes and back."""

    name: str
    kind: str
    encode: Callable[[Raster], bytes]
    decode: Callable[[bytes, Shape], Raster]


def own_coders() -> Iterator[Coder]:
    """Yield this package's codecs."""
    return map(own_coder, CODECS)


def own_coder(title: str) -> Coder:
    """Return what `CODECS` calls so."""
    name, arguments = CODECS[title]
    codec = get_codec(name, **arguments)
    return Coder(title, OURS, partial(_first, codec.compress), partial(_decode_own, codec))


def published_library() -> ModuleType | str:
    """Return the published library, or why there is none to measure."""
    try:
        return importlib.import_module(PUBLISHED)
    except ImportError as error:
        return f"{PUBLISHED} is not measured: {error}"


def published_coders(bins: int) -> Iterator[Coder]:
    """Yield the codecs of the published library that can take so many bins, if it can be imported."""
    library = published_library()
    if isinstance(library, str):
        return
    for title, (name, arguments, bins_max) in PUBLISHED_CODECS.items():
        if bins <= bins_max:
            codec = library.get_codec(name, **arguments)
            yield Coder(title, REFERENCE, partial(_first, codec.compress), partial(_decode_published, codec))


def _first(compress: Callable[[Raster], tuple[bytes, object]], raster: Raster) -> bytes:
    return compress(raster)[0]


def _decode_own(codec: Any, data: bytes, _: Shape) -> Raster:  # noqa: ANN401 - any codec
    decoded: Raster = codec.decompress(data)
    return decoded


def _decode_published(codec: Any, data: bytes, shape: Shape) -> Raster:  # noqa: ANN401
    return np.asarray(codec.decompress(data, *shape), dtype=np.int8)


@dataclass(frozen=True)
class Layout:
    """How a raster lies in the bytes that a general coder gets."""

    name: str
    pack: Callable[[Raster], bytes]
    unpack: Callable[[bytes, Shape], Raster]


def _pack_bits(raster: Raster) -> bytes:
    return np.packbits(raster).tobytes()


def _unpack_bits(data: bytes, shape: Shape) -> Raster:
    bits = np.unpackbits(np.frombuffer(data, dtype=np.uint8), count=shape[0] * shape[1])
    return bits.reshape(shape).view(np.int8)


def _pack_bytes(raster: Raster) -> bytes:
    return raster.tobytes()


def _unpack_bytes(data: bytes, shape: Shape) -> Raster:
    return np.frombuffer(data, dtype=np.int8).reshape(shape)


def _by_channel(layout: Layout) -> Layout:
    return Layout(
        f"{layout.name} by channel",
        lambda raster: layout.pack(np.ascontiguousarray(raster.T)),
        lambda data, shape: np.ascontiguousarray(layout.unpack(data, (shape[1], shape[0])).T),
    )


_BITS, _INT8 = Layout("bits", _pack_bits, _unpack_bits), Layout("int8", _pack_bytes, _unpack_bytes)
LAYOUTS = (_BITS, _by_channel(_BITS), _INT8, _by_channel(_INT8))
"""By step, where the name does not say otherwise."""


@dataclass(frozen=True)
class Compressor:
    """A general compressor at its strongest ordinary level, or a fast one."""

    name: str
    compress: Callable[[bytes], bytes]
    decompress: Callable[[bytes], bytes]

    def coder(self, layout: Layout) -> Coder:
        """Return it as a coder of rasters."""
        return Coder(
            f"{self.name}, {layout.name}",
            GENERAL,
            lambda raster: self.compress(layout.pack(raster)),
            lambda data, shape: layout.unpack(self.decompress(data), shape),
        )


def compressors() -> list[Compressor]:
    """Return the general compressors that rasters are given to in the layout that suits each best."""
    import blosc2
    import brotli
    import zstandard

    def blosc2_compress(data: bytes) -> bytes:
        filters = [blosc2.Filter.BITSHUFFLE]
        packed: bytes = blosc2.compress2(
            data, codec=blosc2.Codec.ZSTD, clevel=9, filters=filters, typesize=1, nthreads=1
        )
        return packed

    return [
        Compressor("zlib-9", partial(zlib.compress, level=9), zlib.decompress),
        Compressor("bz2-9", bz2.compress, bz2.decompress),
        Compressor("lzma-6", lzma.compress, lzma.decompress),
        Compressor("zstd-19", zstandard.ZstdCompressor(level=19).compress, zstandard.ZstdDecompressor().decompress),
        Compressor("brotli-11", brotli.compress, brotli.decompress),
        Compressor("blosc2-zstd-9", blosc2_compress, blosc2.decompress2),
    ]


def fast_coder() -> Coder:
    """Return what is quick and everywhere: packed bits and zstd at level 3."""
    import zstandard

    fast = Compressor("zstd-3", zstandard.ZstdCompressor(level=3).compress, zstandard.ZstdDecompressor().decompress)
    return fast.coder(_BITS)


def best_coder(compressor: Compressor, raster: Raster) -> Coder:
    """Return a compressor with the layout that makes a raster, or its first `SAMPLE_BINS` bins, smallest."""
    sample = raster[: max(1, SAMPLE_BINS // raster.shape[1])]
    coders = [compressor.coder(layout) for layout in LAYOUTS]
    return min(coders, key=lambda coder: len(coder.encode(sample)))


def general_coders(raster: Raster) -> Iterator[Coder]:
    """Yield the general coders for a raster."""
    yield fast_coder()
    for compressor in compressors():
        yield best_coder(compressor, raster)
