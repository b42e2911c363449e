"""Ways from a waveform to bytes and back: this package's presets, and what wheels exist for."""

from __future__ import annotations

import io
import lzma
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.util import find_spec

import numpy as np
import zstandard
from numpy.typing import NDArray

from model import WaveformCodec

Samples = NDArray[np.int16]
FLAC_HZ = 20_000
"""FLAC stores a rate, and cares for no other."""


@dataclass(frozen=True)
class Coder:
    """A way to bytes and back, on one thread.

    Attributes
    ----------
    name : str
        What it is called in tables.
    encode : Callable
        Samples, shape (steps, channels), to what `decode` takes.
    decode : Callable
        Back.
    is_command : bool
        Whether another process does it, whose memory is its own.
    """

    name: str
    encode: Callable[[Samples], list[bytes]]
    decode: Callable[[list[bytes], tuple[int, int]], Samples]
    is_command: bool = False


def own_coder(preset: str) -> Coder:
    """Return a preset of this package, on one thread."""
    codec = WaveformCodec("lossless", preset=preset, workers=1, chunk_steps=1 << 17)
    return Coder(f"corticodec {preset}", lambda x: [codec.compress(x)[0]], lambda data, _: codec.decompress(data[0]))


def _channels(samples: Samples) -> Iterator[Samples]:
    return (np.ascontiguousarray(channel) for channel in samples.T)


def _by_channel(
    name: str, compress: Callable[[Samples], bytes], decompress: Callable[[bytes], NDArray[np.generic]]
) -> Coder:
    """Return a coder that takes one channel at a time, which suits all of these best."""
    return Coder(
        name,
        lambda x: [compress(channel) for channel in _channels(x)],
        lambda data, _: np.column_stack([decompress(channel) for channel in data]).astype(np.int16),
    )


def _general(name: str, compress: Callable[[bytes], bytes], decompress: Callable[[bytes], bytes]) -> Coder:
    return _by_channel(
        name, lambda x: compress(x.tobytes()), lambda data: np.frombuffer(decompress(data), dtype=np.int16)
    )


def _pcodec() -> Coder:
    from pcodec import ChunkConfig, standalone

    return _by_channel(
        "pcodec 8",
        lambda x: standalone.simple_compress(x, ChunkConfig(compression_level=8)),
        standalone.simple_decompress,
    )


def _flac() -> Coder:
    import soundfile

    def compress(samples: Samples) -> bytes:
        out = io.BytesIO()
        soundfile.write(out, samples, FLAC_HZ, format="FLAC", subtype="PCM_16", compression_level=1.0)
        return out.getvalue()

    return _by_channel("FLAC 8", compress, lambda data: soundfile.read(io.BytesIO(data), dtype="int16")[0])


def _blosc() -> Coder:
    import blosc2

    def compress(samples: Samples) -> bytes:
        return blosc2.compress2(
            samples, typesize=2, clevel=5, filters=[blosc2.Filter.BITSHUFFLE], codec=blosc2.Codec.ZSTD, nthreads=1
        )

    return _by_channel(
        "Blosc zstd 5 bitshuffle", compress, lambda data: np.frombuffer(blosc2.decompress2(data), np.int16)
    )


OPTIONAL = {"pcodec": _pcodec, "soundfile": _flac, "blosc2": _blosc}
"""Modules of the extra `bench`, and the coders they give."""


def coders() -> Iterator[Coder]:
    """Yield all coders that can be had."""
    yield own_coder("best")
    yield own_coder("fast")
    for module, make in OPTIONAL.items():
        if find_spec(module):
            yield make()
    zstd = zstandard.ZstdCompressor(level=19)
    yield _general("zstd 19", zstd.compress, zstandard.ZstdDecompressor().decompress)
    yield _general("lzma 6", lzma.compress, lzma.decompress)
    yield _general("zlib 9", lambda data: zlib.compress(data, 9), zlib.decompress)


def truncated(samples: Samples, bound: int) -> Samples:
    """Return samples rounded to the coarsest power of two that keeps a bound: what cutting bits off does."""
    step = 1 << (2 * bound + 1).bit_length() - 1
    return ((samples.astype(np.int32) + step // 2) // step * step).clip(-32768, 32767).astype(np.int16)
