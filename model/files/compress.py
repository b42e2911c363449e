"""Compresses a recording to a file, a block at a time."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Iterable
from dataclasses import asdict
from pathlib import Path

import numpy as np

from model.files.compressed import CompressedWriter, Contents
from model.files.flat import FlatFile
from model.files.recording import Recording, Rows
from model.files.spike_folder import SpikeFolder
from model.files.whole import whole_file
from model.formats.chunk import ChunkCoder, SpikeCoder, WaveformCoder, decode_chunk
from model.parallel import in_order

BLOCK_SAMPLES = 1 << 23
"""Samples of a block, about."""
BLOCK_STEPS = 1 << 16
"""Most steps of a block of samples: more of them are not smaller, and take longer to get at."""
RASTER_BLOCK_BINS = 1 << 26
"""Bins of a block of a raster, about; a bin is a byte, and nearly all are silent."""

Advance = Callable[[int], None]
"""Is told how many bytes of samples are done since it was told last."""


def compress(recording: Recording, output: Path, coder: ChunkCoder, workers: int, advance: Advance) -> Contents:
    """Compress a recording to a file, which is whole or absent.

    Parameters
    ----------
    recording : Recording
        What to compress.
    output : Path
        The file.
    coder : ChunkCoder
        How.
    workers : int
        Blocks to code at a time, each in a thread.
    advance
        Is told of the progress.

    Returns
    -------
    Contents
        What the file says of itself.
    """
    with whole_file(output) as file, CompressedWriter(file) as writer:
        contents = write_blocks(recording, writer, coder, workers, advance)
        times = recording.times()
        if times is not None:
            writer.add_part("times", WaveformCoder().encode_chunk(times))
        if isinstance(recording, FlatFile):
            contents.layout = asdict(recording.layout)
            contents.source["sha256"] = file_sha256(recording.path)
            for name, data in (("head", recording.head), ("tail", recording.tail)):
                writer.add_part(name, data)
            if recording.meta is not None:
                writer.add_part("meta", recording.meta)
        writer.finish(contents)
    return contents


def compress_spikes(
    folder: SpikeFolder, output: Path, coder: SpikeCoder, workers: int, advance: Advance, sampling_hz: float | None
) -> Contents:
    """Compress the two files of a folder of spikes; the parameters are those of `compress`."""
    _, restoring = folder.spikes.sorted()
    plain = WaveformCoder()
    with whole_file(output) as file, CompressedWriter(file) as writer:
        contents = write_blocks(folder.raster(sampling_hz), writer, coder, workers, advance)
        contents.source["bytes"] = sum(len(file.head) + file.values.nbytes for file in folder.files)
        for name, values in {"clusters": folder.clusters, **restoring}.items():
            writer.add_part(name, plain.encode_chunk(values))
        for index, spike_file in enumerate(folder.files):
            writer.add_part(f"head-{index}", spike_file.head)
            writer.add_part(f"type-{index}", spike_file.values.dtype.str.encode())
        writer.finish(contents)
    return contents


def write_blocks(
    recording: Recording, writer: CompressedWriter, coder: ChunkCoder, workers: int, advance: Advance
) -> Contents:
    """Write all blocks and return what there is to say so far."""
    signal, lossless = recording.signal, not isinstance(coder, WaveformCoder) or coder.mode == "lossless"
    raster = isinstance(coder, SpikeCoder)
    block_steps = (RASTER_BLOCK_BINS if raster else BLOCK_SAMPLES) // max(1, signal.channels)
    contents = Contents(
        **{**asdict(signal), "dtype": signal.dtype.str},
        block_steps=max(1, block_steps if raster else min(block_steps, BLOCK_STEPS)),
        coder={"name": coder.name, **asdict(coder)},
        lossless=lossless,
        source={"name": recording.path.resolve().name, "kind": recording.kind, "bytes": signal.bytes},
    )
    if recording.path.is_file():
        contents.source["bytes"] = recording.path.stat().st_size

    def encode(index: int) -> tuple[bytes, Rows, float, float]:
        rows = recording.rows(*contents.block_range(index))
        chunk = coder.encode_chunk(rows)
        if lossless:
            return chunk, rows, 0.0, 0.0
        decoded = decode_chunk(chunk)
        error = np.subtract(decoded, rows, dtype=np.float64)
        return chunk, decoded, float(np.abs(error).max(initial=0)), float(np.vdot(error, error))

    sink = BlockSink(writer, contents)
    for chunk, decoded, worst, squared in in_order(encode, range(contents.n_blocks), workers):
        sink.add(chunk, [decoded], worst, squared)
        advance(decoded.nbytes)
    sink.finish()
    return contents


class BlockSink:
    """Writes blocks, and keeps in the contents what there is to say of their samples.

    Parameters
    ----------
    writer : CompressedWriter
        Where to; also an attribute.
    contents : Contents
        What is updated.
    """

    def __init__(self, writer: CompressedWriter, contents: Contents) -> None:
        self.writer, self._contents = writer, contents
        self._digest, self._squared_error = hashlib.sha256(), 0.0

    def add(self, chunk: bytes, decoded: Iterable[Rows], worst_error: float, squared_error: float) -> None:
        """Write the next block, which is decoded to these pieces; errors are the largest, and the sum of squares."""
        self.writer.add_block(chunk)
        for rows in decoded:
            self._digest.update(np.ascontiguousarray(rows).data)
        self._contents.worst_error = max(self._contents.worst_error, worst_error)
        self._squared_error += squared_error

    def finish(self) -> None:
        """Complete the contents, whose shape is known by now."""
        contents = self._contents
        contents.samples_sha256 = self._digest.hexdigest()
        contents.rms_error = math.sqrt(self._squared_error / max(1, contents.steps * contents.channels))


def file_sha256(path: Path) -> str:
    """Return the SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
