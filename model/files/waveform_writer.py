"""WaveformWriter: samples to a compressed file as they come, in memory that does not grow."""

from __future__ import annotations

from contextlib import ExitStack
from os import PathLike
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike

from model.codecs.spikes import CHANNELS_MAX
from model.codecs.stream import CHUNK_BINS_MAX
from model.codecs.waveform import WaveformCodec
from model.codecs.waveform_input import Waveform
from model.codecs.waveform_result import WaveformResult
from model.files.compress import BlockSink
from model.files.compressed import CompressedWriter, Contents
from model.files.recording import Rows
from model.files.whole import whole_file
from model.formats.chunk import STREAM, WaveformCoder, chunk_of
from model.golden.settings import check_int

BLOCK_SAMPLES = 1 << 24
"""Samples of a block, about: so many that what coding some of them takes is little beside it."""


class WaveformWriter:
    """Writes a recording to a compressed file (docs/files.md) as its samples come.

    A context manager: the file gets its name when the block ends, and there is none after an exception. Samples are
    gathered to blocks; each is coded when it is full, on as many threads as the codec has, decoded again, and written.
    `WaveformReader`, and the command line, read it.

    Parameters
    ----------
    path : path-like
        The file; by custom it ends in `.ctcz`. An older one is replaced.
    n_channels : int
        Channels of the recording, 1 or more.
    codec : WaveformCodec, optional
        How to code it: in any mode but `spike`, which keeps no samples; without an argument, `WaveformCodec()`. Its
        sampling rate and its `lsb_microvolts` go into the file.
    dtype : dtype-like
        Of the samples.
    block_samples : int
        Samples of a block, of all channels, about: the writer takes two to three times their memory.

    Raises
    ------
    ValueError
        An argument is of the wrong type or out of range.

    Examples
    --------
    >>> import model
    >>> with model.WaveformWriter("session.ctcz", 384, model.WaveformCodec("lossless", sampling_hz=30_000)) as writer:
    ...     for samples in acquisition:
    ...         writer.write(samples)
    >>> print(writer.result.summary())
    """

    def __init__(
        self,
        path: str | PathLike[str],
        n_channels: int,
        codec: WaveformCodec | None = None,
        *,
        dtype: Any = np.int16,  # noqa: ANN401 - whatever NumPy takes for a type
        block_samples: int = BLOCK_SAMPLES,
    ) -> None:
        check_int("n_channels", n_channels, 1, CHANNELS_MAX)
        check_int("block_samples", block_samples, 1, CHUNK_BINS_MAX)
        self._codec = WaveformCodec() if codec is None else codec
        if not isinstance(self._codec, WaveformCodec):
            raise ValueError(f"codec must be a WaveformCodec, not {codec!r}")
        if self._codec.mode == "spike":
            raise ValueError("codec must not be of mode 'spike', which keeps no samples: a file holds samples")
        self._path = Path(path)
        try:
            empty = Waveform(np.empty((0, n_channels), dtype))
        except TypeError:
            raise ValueError(f"dtype must be a type of samples, not {dtype!r}") from None
        self._block = np.empty((max(1, block_samples // n_channels), n_channels), empty.dtype)
        self._filled = 0
        # What no samples come to is what sums start with.
        _, self._result = self._codec.compress(self._block[:0])
        self._contents = self._new_contents()
        self._entered, self._stack = False, ExitStack()
        self._sink: BlockSink | None = None

    def _new_contents(self) -> Contents:
        codec, (block_steps, channels) = self._codec, self._block.shape
        return Contents(
            steps=0,
            channels=channels,
            dtype=self._block.dtype.str,
            block_steps=block_steps,
            coder={"name": WaveformCoder.name, "mode": codec.mode, "preset": codec.preset},
            lossless=codec.mode == "lossless",
            source={"name": self._path.stem or "recording", "kind": "stream", "bytes": 0},
            sampling_hz=codec.sampling_hz,
            gain_microvolts=[] if codec.lsb_microvolts is None else [codec.lsb_microvolts] * channels,
        )

    @property
    def result(self) -> WaveformResult:
        """What all blocks that are written came to."""
        return self._result

    def __enter__(self) -> Self:
        if self._entered:
            raise ValueError("writer has written its file already; make another")
        self._entered = True
        file = self._stack.enter_context(whole_file(self._path))
        writer = self._stack.enter_context(CompressedWriter(file))
        self._sink = BlockSink(writer, self._contents)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        stack, sink = self._stack.pop_all(), self._opened()
        self._sink = None
        if kind is not None:
            stack.__exit__(kind, error, trace)
            return
        with stack:
            if self._filled:
                self._encode(sink, self._block[: self._filled])
            self._contents.steps = self._result.n_steps
            self._contents.source["bytes"] = self._result.original_bytes
            sink.finish()
            sink.writer.finish(self._contents)

    def write(self, samples: ArrayLike) -> None:
        """Take the next samples.

        Parameters
        ----------
        samples : array_like, shape (steps, n_channels)
            Any number of steps, of the writer's type.

        Raises
        ------
        ValueError
            The samples have another shape, type or value, or the writer is not open.
        """
        sink, rows = self._opened(), np.asarray(samples)
        block_steps, channels = self._block.shape
        if rows.ndim != 2 or rows.shape[1] != channels:
            raise ValueError(f"samples must be of shape (steps, {channels}), not {rows.shape}")
        if rows.dtype.newbyteorder("<") != self._block.dtype:
            raise ValueError(f"samples must be of type {self._block.dtype}, not {rows.dtype}")
        while len(rows):
            if self._filled == 0 and len(rows) >= block_steps:
                self._encode(sink, rows[:block_steps].astype(self._block.dtype, copy=False))
                rows = rows[block_steps:]
            else:
                rows = rows[self._gather(rows) :]
                if self._filled == block_steps:
                    self._encode(sink, self._block)
                    self._filled = 0

    def _opened(self) -> BlockSink:
        if self._sink is None:
            raise ValueError("writer must be open: write in the block of a with statement")
        return self._sink

    def _gather(self, rows: Rows) -> int:
        """Copy rows into the block, and return how many it had room for."""
        room = self._block[self._filled :]
        taken = min(len(room), len(rows))
        room[:taken] = rows[:taken]
        self._filled += taken
        return taken

    def _encode(self, sink: BlockSink, rows: Rows) -> None:
        data, result = self._codec.compress(rows)
        # What was gathered is encoded by now: the block has room for what that is decoded to.
        decoded = rows if self._contents.lossless else self._codec.decompress(data, out=self._block[: len(rows)])
        sink.add(chunk_of(rows, STREAM, data), [decoded], result.worst_error, result.fidelity.squared_error)
        self._result = self._result.followed_by(result)
