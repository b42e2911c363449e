"""Compressed recordings: a ZIP file of blocks of time, each coded by itself (docs/files.md)."""

from __future__ import annotations

import json
import math
import zipfile
import zlib
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO, Any, Self

import numpy as np
from numpy.typing import NDArray

from model.errors import CodecError
from model.files.recording import KINDS_OF_NUMBERS, Rows, Signal
from model.formats.chunk import decode_chunk

MIME_TYPE = b"application/x-corticodec-recording"
"""The first file in the ZIP, uncompressed, so that its first bytes tell what it is."""
VERSION = 1
CONTENTS = "recording.json"
BLOCKS = "blocks/"
COUNT_MAX = 1 << 48
"""What counts of steps, channels and segments are below: so many fit into no file."""
PART_BYTES_MAX = 1 << 28
"""Most bytes of anything but blocks."""


@dataclass
class Contents:
    """What a compressed recording says of itself.

    Attributes
    ----------
    steps, channels, dtype, sampling_hz, gain_microvolts, offset_microvolts, channel_names
        As for `Signal`.
    block_steps : int
        Steps of a block, but of the last one, which may have fewer.
    coder : dict
        What coded the blocks, with its arguments.
    lossless : bool
        Whether every sample is as it was.
    source : dict
        Of what was compressed: its `name`, `kind`, `bytes`, and `sha256` if it is one file.
    layout : dict or None
        Where the samples lay in the source, if its bytes can be restored.
    samples_sha256 : str
        Digest of all samples as they are decoded, step by step.
    worst_error, rms_error : float
        Of the samples, in their units.
    segments : list of int
        Steps of each segment, for the spikes of a sorting.
    """

    steps: int
    channels: int
    dtype: str
    block_steps: int
    coder: dict[str, Any]
    lossless: bool
    source: dict[str, Any]
    sampling_hz: float | None = None
    gain_microvolts: list[float] = field(default_factory=list)
    offset_microvolts: list[float] = field(default_factory=list)
    channel_names: list[str] = field(default_factory=list)
    layout: dict[str, Any] | None = None
    samples_sha256: str = ""
    worst_error: float = 0.0
    rms_error: float = 0.0
    segments: list[int] = field(default_factory=list)

    @property
    def signal(self) -> Signal:
        """The same as for a recording."""
        return Signal(
            self.steps,
            self.channels,
            np.dtype(self.dtype),
            self.sampling_hz,
            self.gain_microvolts,
            self.offset_microvolts,
            self.channel_names,
        )

    @property
    def n_blocks(self) -> int:
        """Blocks of the file."""
        return -(-self.steps // self.block_steps)

    def block_range(self, index: int) -> tuple[int, int]:
        """Return first and last step, exclusive, of a block."""
        return index * self.block_steps, min((index + 1) * self.block_steps, self.steps)

    def blocks_of(self, start: int, stop: int) -> range:
        """Return the blocks that hold steps `start` to `stop`, exclusive."""
        first = start // self.block_steps
        return range(first, -(-stop // self.block_steps) if stop > start else first)


class CompressedWriter:
    """Writes a compressed recording as it comes.

    Parameters
    ----------
    file : binary file
        An empty one.
    """

    def __init__(self, file: IO[bytes]) -> None:
        self._archive = zipfile.ZipFile(file, "w", zipfile.ZIP_STORED)
        self._write("mimetype", MIME_TYPE)
        self._blocks = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is not None:
            self._archive.fp = None  # or it would write its directory when it is deleted

    def add_block(self, chunk: bytes) -> None:
        """Write the next block."""
        self._write(_block_name(self._blocks), chunk)
        self._blocks += 1

    def add_part(self, name: str, data: bytes) -> None:
        """Write something else, deflated."""
        self._write(name, data, zipfile.ZIP_DEFLATED)

    def finish(self, contents: Contents) -> None:
        """Write the contents and the directory."""
        self.add_part(CONTENTS, json.dumps({"version": VERSION, **asdict(contents)}, indent=1).encode())
        self._archive.close()

    def _write(self, name: str, data: bytes, method: int = zipfile.ZIP_STORED) -> None:
        # Without the time of day, the same recording gives the same file.
        self._archive.writestr(zipfile.ZipInfo(name), data, method)


class CompressedRecording:
    """A compressed recording, open for reading.

    Parameters
    ----------
    path : Path
        The file.

    Attributes
    ----------
    contents : Contents
        What it says of itself.

    Raises
    ------
    CodecError
        It is damaged, cut off or of another kind.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self._archive = zipfile.ZipFile(path)
        except zipfile.BadZipFile as error:
            raise CodecError(f"{path} is no compressed recording, or is cut off: {error}") from None
        if self.part("mimetype") != MIME_TYPE:
            raise CodecError(f"{path} is no compressed recording")
        self.contents = _read_contents(self.part(CONTENTS) or b"")
        if self.contents.n_blocks != sum(name.startswith(BLOCKS) for name in self._archive.NameToInfo):
            raise CodecError(f"{path} has other blocks than a recording of {self.contents.steps} steps has")

    def block(self, index: int) -> Rows:
        """Return the samples of a block."""
        rows = decode_chunk(self.block_bytes(index))
        self.check_block(index, rows.shape, rows.dtype)
        return rows

    def block_bytes(self, index: int) -> bytes:
        """Return the chunk that a block is."""
        return self._read(_block_name(index))

    def check_block(self, index: int, shape: tuple[int, ...], dtype: np.dtype[Any]) -> None:
        """Raise `CodecError` unless a block of this shape and type is the one that there should be."""
        start, stop = self.contents.block_range(index)
        wanted_shape, wanted_dtype = (stop - start, self.contents.channels), np.dtype(self.contents.dtype)
        if shape != wanted_shape or dtype != wanted_dtype:
            raise CodecError(f"block {index} holds {dtype} {shape}, but should hold {wanted_dtype} {wanted_shape}")

    def part(self, name: str) -> bytes | None:
        """Return something else than a block; None if the file does not have it."""
        if name not in self._archive.NameToInfo:
            return None
        return self._read(name)

    def array(self, name: str) -> NDArray[Any] | None:
        """Return a part that is a chunk."""
        data = self.part(name)
        return None if data is None else decode_chunk(data)

    def sizes(self) -> dict[str, int]:
        """Return the bytes of each part, by name; those of blocks too."""
        return {name: info.compress_size for name, info in self._archive.NameToInfo.items()}

    def _read(self, name: str) -> bytes:
        try:
            info = self._archive.getinfo(name)
            if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                raise CodecError(f"{self.path} has a part {name} in a form that no compressed recording has")
            if info.compress_type != zipfile.ZIP_STORED and info.file_size > PART_BYTES_MAX:
                raise CodecError(f"{self.path} has a part {name} of {info.file_size} bytes, more than there may be")
            return self._archive.read(info)
        except KeyError:
            raise CodecError(f"{self.path} has no part {name}") from None
        except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
            raise CodecError(f"{self.path} is damaged in {name}: {error}") from None


def _block_name(index: int) -> str:
    return f"{BLOCKS}{index:08}"


def _read_contents(data: bytes) -> Contents:
    try:
        fields = json.loads(data)
        version = fields.pop("version")
        contents = Contents(**fields)
        _check(contents, version)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise CodecError(f"recording does not say what it holds: {error}") from None
    return contents


def _check(contents: Contents, version: object) -> None:
    """Raise one of several errors unless all is of the type that it should be, and in range."""
    if version != VERSION:
        raise ValueError(f"it is of version {version}; this decoder knows version {VERSION}")
    types = (
        ("dtype", str),
        ("coder", dict),
        ("lossless", bool),
        ("layout", dict | None),
        ("samples_sha256", str),
        ("channel_names", list),
    )
    for name, kind in types:
        if not isinstance(getattr(contents, name), kind):
            raise ValueError(f"its {name} is {getattr(contents, name)!r}")
    if np.dtype(contents.dtype).kind not in KINDS_OF_NUMBERS:
        raise ValueError(f"its samples are {contents.dtype}, and no numbers")
    counts = [contents.steps, contents.channels, *contents.segments, contents.block_steps - 1]
    if not all(type(count) is int and 0 <= count < COUNT_MAX for count in counts):
        raise ValueError(f"its counts of steps, channels or segments are no integers in 0..{COUNT_MAX - 1}")
    numbers = [contents.worst_error, contents.rms_error, *contents.gain_microvolts, *contents.offset_microvolts]
    rate = 1.0 if contents.sampling_hz is None else contents.sampling_hz
    if not all(_is_number(number) for number in [*numbers, rate, contents.source["bytes"]]) or rate <= 0:
        raise ValueError("a rate, gain, error or size is no number")
    if not all(isinstance(contents.source[name], str) for name in ("name", "kind")):
        raise ValueError("its source has no name")
    if Path(contents.source["name"]).name in ("", "..") or "\0" in contents.source["name"]:
        raise ValueError(f"its source's name {contents.source['name']!r} is that of no file")


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
