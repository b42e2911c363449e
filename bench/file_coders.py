"""Coders of waveforms that take files: WavPack's commands, and mtscomp. The files lie in memory where they can."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import redirect_stderr
from functools import partial
from io import StringIO
from pathlib import Path

import numpy as np

from bench.waveform_coders import Coder, Samples

MEMORY = Path("/dev/shm")
SAMPLING_HZ = 20_000
"""What headers say; nothing depends on it."""
LEVELS = {"WavPack 1": "-f", "WavPack 2": "-g", "WavPack 3": "-h"}
"""WavPack's levels, as they are numbered elsewhere, and its options for them."""
HYBRID_BITS = (2, 2.4, 3, 4, 5)
"""Bits a sample at which the hybrid mode is measured, from the fewest that it takes."""


def has_wavpack() -> bool:
    """Return whether WavPack's two commands are installed."""
    return all(map(shutil.which, ("wavpack", "wvunpack")))


def wavpack_coders() -> Iterator[Coder]:
    """Yield WavPack's levels, where it is installed; it gets all channels one after another."""
    for name, option in LEVELS.items() if has_wavpack() else ():
        yield Coder(name, partial(_packed, option=option), _unpacked, is_command=True)


def _packed(samples: Samples, option: str) -> list[bytes]:
    return [wavpack(samples, option)]


def _unpacked(data: list[bytes], shape: tuple[int, int]) -> Samples:
    return unpacked(data[0], shape)


def wavpack(samples: Samples, option: str) -> bytes:
    """Return what WavPack makes of samples with an option."""
    with _folder() as name:
        raw, packed = Path(name) / "a.raw", Path(name) / "a.wv"
        raw.write_bytes(samples.T.tobytes())
        _run("wavpack", "-q", "-y", f"--raw-pcm={SAMPLING_HZ},16,1", option, str(raw), "-o", str(packed))
        return packed.read_bytes()


def unpacked(data: bytes, shape: tuple[int, int]) -> Samples:
    """Return samples, shape (steps, channels), that `wavpack` packed."""
    with _folder() as name:
        packed, raw = Path(name) / "a.wv", Path(name) / "a.raw"
        packed.write_bytes(data)
        _run("wvunpack", "-q", "-y", "--raw", str(packed), "-o", str(raw))
        return np.ascontiguousarray(np.fromfile(raw, "<i2").reshape(shape[::-1]).T)


def mtscomp_coder() -> Coder:
    """Return mtscomp, on one thread."""
    import mtscomp

    def encode(samples: Samples) -> list[bytes]:
        with _folder() as name:
            raw, packed, meta = (Path(name) / f"a.{suffix}" for suffix in ("bin", "cbin", "ch"))
            raw.write_bytes(samples.tobytes())
            options = {"n_threads": 1, "check_after_compress": False}
            with redirect_stderr(StringIO()):  # which it draws its progress on
                mtscomp.compress(raw, packed, meta, SAMPLING_HZ, samples.shape[1], np.int16, **options)
            return [packed.read_bytes(), meta.read_bytes()]

    def decode(data: list[bytes], _: tuple[int, int]) -> Samples:
        with _folder() as name:
            packed, meta = (Path(name) / f"a.{suffix}" for suffix in ("cbin", "ch"))
            packed.write_bytes(data[0])
            meta.write_bytes(data[1])
            reader = mtscomp.Reader(n_threads=1)
            reader.open(packed, meta)
            samples: Samples = reader[:]
            reader.close()
            return samples

    return Coder("mtscomp", encode, decode)


def _folder() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None)


def _run(*command: str) -> None:
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL, capture_output=True)
