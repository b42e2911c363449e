"""WaveformReader: samples of a compressed file, all of them block by block, or those that are asked for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from os import PathLike
from pathlib import Path

import numpy as np

from model.codecs.base import checked_channels, checked_range
from model.codecs.waveform import WaveformCodec
from model.codecs.waveform_decode import DecodedSpikes
from model.errors import CodecError
from model.files.compressed import CompressedRecording
from model.files.decompress import checked_pieces
from model.files.recording import Rows, Signal
from model.formats.chunk import STREAM, array_of, read_chunk, waveform_of
from model.raster import MAX_BINS


class WaveformReader:
    """Reads a compressed recording of samples, whether `WaveformWriter` or the command line wrote it.

    Parameters
    ----------
    path : path-like
        The file.
    workers : int, optional
        Threads; one for each processor by default.

    Raises
    ------
    CodecError
        The file is damaged, cut off or of another kind; so do the methods where a block is.
    ValueError
        An argument is of the wrong type or out of range.

    Examples
    --------
    >>> import model
    >>> reader = model.WaveformReader("session.ctcz")
    >>> second = reader.read(0, 30_000, channels=(16, 32))
    >>> loudest = max(abs(block.astype(int)).max() for block in reader.blocks())
    """

    def __init__(self, path: str | PathLike[str], workers: int | None = None) -> None:
        self._codec = WaveformCodec(workers=workers)
        self._recording = CompressedRecording(Path(path))
        if "clusters" in self._recording.sizes():
            raise CodecError(f"{path} holds spikes, and no samples")

    @property
    def signal(self) -> Signal:
        """Shape, type, sampling rate, gains, and names of channels."""
        return self._recording.contents.signal

    def blocks(self) -> Iterator[Rows]:
        """Yield all samples, a block at a time, shape (steps, channels); check in the end that they are all.

        Memory is that of a block, decoded and not, and what decoding takes.
        """
        contents = self._recording.contents
        channels = (0, contents.channels)
        decoded = (
            (index, self._decoded(index, *contents.block_range(index), channels)) for index in range(contents.n_blocks)
        )
        return checked_pieces(self._recording, decoded, 0, contents.steps)

    def read(
        self,
        start: int = 0,
        stop: int | None = None,
        channels: tuple[int, int] | None = None,
        *,
        max_bins: int = MAX_BINS,
    ) -> Rows:
        """Return steps `start` to `stop`, exclusive, of channels from the first to the second, exclusive.

        No more chunks and groups of channels are decoded than hold them. Parameters are those of
        `WaveformCodec.decompress`.
        """
        contents = self._recording.contents
        first, end = checked_channels(contents.channels, channels)
        start, stop = checked_range(contents.steps, end - first, start, stop, max_bins)
        samples: Rows = np.empty((stop - start, end - first), np.dtype(contents.dtype))
        for index in contents.blocks_of(start, stop):
            low, high = contents.block_range(index)
            low, high = max(low, start), min(high, stop)
            samples[low - start : high - start] = self._decoded(index, low, high, (first, end))
        return samples

    def spikes(self, *, snippets: bool = True) -> Iterator[DecodedSpikes]:
        """Yield the spikes of each block, where these were kept; steps are those of the recording.

        Parameters
        ----------
        snippets : bool
            Whether to decode the spikes' waveforms, too.

        Raises
        ------
        CodecError
            The file keeps samples, and no spikes.
        """
        contents = self._recording.contents
        for index in range(contents.n_blocks):
            chunk = read_chunk(self._recording.block_bytes(index))
            if chunk.kind != STREAM:
                raise CodecError(f"block {index} keeps samples, and no spikes")
            found = self._codec.decode_spikes(bytes(chunk.body), snippets=snippets)
            yield replace(found, steps=found.steps + contents.block_range(index)[0])

    def _decoded(self, index: int, start: int, stop: int, channels: tuple[int, int]) -> Rows:
        """Return the samples of a block between these steps of the recording."""
        chunk = read_chunk(self._recording.block_bytes(index))
        self._recording.check_block(index, chunk.shape, chunk.dtype)
        block_start, _ = self._recording.contents.block_range(index)
        start, stop = start - block_start, stop - block_start
        if chunk.kind != STREAM:
            return array_of(chunk)[start:stop, slice(*channels)]
        (steps, n_channels), dtype, stream = chunk.shape, chunk.dtype, bytes(chunk.body)
        del chunk  # and the bytes that these are a copy of
        return waveform_of(stream, dtype, (steps, n_channels), self._codec, start=start, stop=stop, channels=channels)
