"""WaveformCodec: raw electrode signals: every sample, every sample within a bound, or spikes and background."""

from __future__ import annotations

import math
import os
import sys
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from model.codecs.background import QUANTIZE_BITS_MAX
from model.codecs.base import check_shape, checked_channels, checked_range
from model.codecs.checks import check_choice
from model.codecs.fidelity import Fidelity
from model.codecs.spike_detection import THRESHOLD_SIGMA
from model.codecs.spline import spacing_at
from model.codecs.stream import CHUNK_BINS_MAX, Header, Stream, StreamWriter
from model.codecs.waveform_decode import (
    DecodedSpikes,
    Recovered,
    chunks_of,
    decode_samples,
    decode_spikes,
    undamaged,
)
from model.codecs.waveform_encode import Chunk, SpikeChunks, encode_sample_chunks
from model.codecs.waveform_input import Waveform, quantum_for, quantum_of_noise
from model.codecs.waveform_result import Parts, WaveformResult
from model.codecs.waveform_spikes import (
    CONTENTS,
    SAMPLE_MAX,
    SNIPPET_SAMPLES_MAX,
    TEMPLATES_MAX,
    Quality,
    SpikeFormat,
)
from model.codecs.waveform_stream import PRESET_NAMES, Parameters
from model.errors import CodecError
from model.golden.settings import check_int
from model.raster import MAX_BINS, checked_bytes

MODES = (*CONTENTS, "lossless", "bounded")
MAX_ERROR_LSB = 16383
"""Most that `max_error` may be for integers."""
CHUNK_STEPS_MAX = 1 << 24
SNIPPET_SNR_DB_MAX = 200.0
"""More than double precision tells apart."""
SAMPLING_HZ_MAX = 1e9
PIECE_STEPS = 1 << 15
"""A target is first aimed at with so many samples of each channel."""
PIECE_CHANNELS = 64


class WaveformCodec:
    """A codec for raw waveforms of shape (steps, channels).

    Parameters
    ----------
    mode : {"full", "waveform", "spike", "lossless", "bounded"}
        What is kept: spikes and background; spikes with a flat background; when spikes are, and nothing else; every
        sample as it was; every sample within `max_error`.
    preset : {"best", "fast"}
        `best` adapts to every sample, and measures how unequal an ADC's codes are; `fast` is about ten times as fast.
        The modes that keep spikes have no presets.
    threshold_sigma : float
        A spike is deeper than so many times its channel's noise, in the band of about 400 to 2600 Hz.
    snippet_samples : int
        Samples of a spike that are kept on each channel that sees it, 1..1024, a third of them before its trough. More
        than 64 may be too many where spikes are dense.
    max_templates : int
        Most templates that a group of channels has at a time, 1..256.
    quantize_bits : int
        `full`: the background's quantiser has 2**quantize_bits steps, 1..16 bits, within 4 times what it usually
        changes by in 1.2 ms.
    snippet_snr_db : float
        `full` and `waveform`: energy of the snippets over that of their errors, at least; at most 200.
    max_error : float, optional
        `bounded`: most that any sample may change by, in units of the samples (LSB): at most 16383, rounded down, for
        integers; any positive number for floats.
    max_error_microvolts : float, optional
        The same in microvolts, with `lsb_microvolts`.
    target_ratio, target_mbps : float, optional
        `bounded`, for integers: instead of `max_error`, the compression ratio to reach at least, or the megabits a
        second to take at most. The smallest `max_error` that does is picked, and stated in the result.
    lsb_microvolts : float, optional
        What a unit of the samples is, for `max_error_microvolts` and for the result's summary.
    sampling_hz : float
        Samples a second, for what is a spike and what is background, for `target_mbps`, the result's megabits a second,
        and its measures of fidelity; at most 10**9.
    chunk_steps : int
        Samples of a chunk; each is decodable alone. Fewer where the chunk would have more than 2**26 samples in all.
    group_channels : int
        Channels that are predicted from one another, and so are decoded together.
    workers : int, optional
        Threads; one for each processor by default. The stream does not depend on it.

    Raises
    ------
    ValueError
        An argument is out of range, or does not go with another.
    """

    name: ClassVar[str] = "waveform"

    def __init__(
        self,
        mode: str = "full",
        preset: str = "best",
        *,
        threshold_sigma: float = THRESHOLD_SIGMA,
        snippet_samples: int = 48,
        max_templates: int = 16,
        quantize_bits: int = 4,
        snippet_snr_db: float = 12.0,
        max_error: float | None = None,
        max_error_microvolts: float | None = None,
        target_ratio: float | None = None,
        target_mbps: float | None = None,
        lsb_microvolts: float | None = None,
        sampling_hz: float = 20_000.0,
        chunk_steps: int = 1 << 16,
        group_channels: int = 16,
        workers: int | None = None,
    ) -> None:
        check_choice("mode", mode, MODES)
        check_choice("preset", preset, PRESET_NAMES)
        check_int("snippet_samples", snippet_samples, 1, SNIPPET_SAMPLES_MAX)
        check_int("max_templates", max_templates, 1, TEMPLATES_MAX)
        check_int("quantize_bits", quantize_bits, 1, QUANTIZE_BITS_MAX)
        check_int("chunk_steps", chunk_steps, 1, CHUNK_STEPS_MAX)
        check_int("group_channels", group_channels, 1, CHUNK_BINS_MAX)
        if workers is not None:
            check_int("workers", workers, 1, sys.maxsize)
        numbers = {
            "max_error": max_error,
            "max_error_microvolts": max_error_microvolts,
            "target_ratio": target_ratio,
            "target_mbps": target_mbps,
        }
        others = {"threshold_sigma": threshold_sigma, "snippet_snr_db": snippet_snr_db, "sampling_hz": sampling_hz}
        _check_positive(numbers | others | {"lsb_microvolts": lsb_microvolts})
        _check_most("snippet_snr_db", snippet_snr_db, SNIPPET_SNR_DB_MAX)
        _check_most("sampling_hz", sampling_hz, SAMPLING_HZ_MAX)
        given = [name for name, number in numbers.items() if number is not None]
        if len(given) != (mode == "bounded"):
            wanted = f"exactly one of {', '.join(numbers)}" if mode == "bounded" else "none of them"
            raise ValueError(f"mode {mode!r} takes {wanted}, not {' and '.join(given) or 'none'}")
        if max_error_microvolts is not None:
            if lsb_microvolts is None:
                raise ValueError("max_error_microvolts needs lsb_microvolts")
            max_error = max_error_microvolts / lsb_microvolts
            _check_positive({"max_error_microvolts / lsb_microvolts": max_error})
        self._mode, self._preset, self._max_error = mode, preset, max_error
        self._target_ratio, self._target_mbps = target_ratio, target_mbps
        self._lsb_microvolts, self._sampling_hz = lsb_microvolts, sampling_hz
        self._threshold_sigma = threshold_sigma
        self._quality = Quality(quantize_bits, snippet_snr_db, sampling_hz)
        self._spikes = None
        if mode in CONTENTS:
            self._spikes = SpikeFormat(mode, spacing_at(sampling_hz), snippet_samples, max_templates)
        self._chunk_steps, self._group_channels = chunk_steps, group_channels
        self._workers = workers or os.cpu_count() or 1

    @property
    def mode(self) -> str:
        """What is kept."""
        return self._mode

    @property
    def preset(self) -> str:
        """How samples are coded."""
        return self._preset

    @property
    def sampling_hz(self) -> float:
        """Samples a second."""
        return self._sampling_hz

    @property
    def lsb_microvolts(self) -> float | None:
        """What a unit of the samples is, where the codec was told."""
        return self._lsb_microvolts

    @property
    def chunk_steps(self) -> int:
        """Samples of a chunk, at most."""
        return self._chunk_steps

    def compress(self, waveform: ArrayLike) -> tuple[bytes, WaveformResult]:
        """Compress a waveform to one self-describing stream.

        Parameters
        ----------
        waveform : array_like, shape (steps, channels)
            Integers of which each is in the range of int32, or floats: integers in `lossless` mode, any finite numbers
            in the others. The modes that keep spikes take integers in -2**23..2**23 - 1. A memory map is read a chunk
            at a time.

        Returns
        -------
        data : bytes
            The stream; `decompress` needs nothing else.
        result : WaveformResult
            What it came to.

        Raises
        ------
        ValueError
            `waveform` has another shape, type or value, no error that is allowed reaches the target, or snippets are so
            long that more than 32 of them overlap everywhere.
        """
        checked = Waveform(waveform)
        if self._spikes is not None:
            return self._compress_spikes(waveform, checked)
        if self._target_ratio is not None or self._target_mbps is not None:
            return self._compress_to_target(waveform, checked)
        if checked.dtype.kind == "f" and self._max_error is not None:
            return self._compress(Waveform(waveform, quantum_for(self._max_error)), self._max_error)
        error = int(self._max_error or 0)
        if error > MAX_ERROR_LSB:
            raise ValueError(f"max_error must be at most {MAX_ERROR_LSB} for integers, not {error:g}")
        return self._compress(checked, error)

    def _compress_spikes(self, waveform: ArrayLike, checked: Waveform) -> tuple[bytes, WaveformResult]:
        quantum = quantum_of_noise(np.asarray(waveform)) if checked.dtype.kind == "f" else 0.0
        scaled = Waveform(waveform, quantum, SAMPLE_MAX - 1)
        parameters = Parameters(scaled.dtype, self._preset, False, self._group_channels, quantum, self._spikes)
        header = self._header(scaled, parameters)
        chunks: Iterator[Chunk] = iter(())
        if scaled.steps and scaled.channels:
            encoder = SpikeChunks(scaled, parameters, self._quality, self._threshold_sigma, self._workers)
            chunks = (encoder.encode(*header.chunk_range(chunk)) for chunk in range(header.n_chunks))
        return self._joined(scaled, header, chunks, math.inf)

    def _compress(self, waveform: Waveform, max_error: float, *, measured: bool = True) -> tuple[bytes, WaveformResult]:
        parameters = Parameters(waveform.dtype, self._preset, max_error == 0, self._group_channels, waveform.quantum)
        header = self._header(waveform, parameters)
        chunks: Iterator[Chunk] = iter(())
        if waveform.steps and waveform.channels:
            error = 0 if waveform.quantum else int(max_error)
            chunks = encode_sample_chunks(
                waveform, header, parameters, error, self._sampling_hz, self._workers, measured=measured
            )
        data, result = self._joined(waveform, header, chunks, max_error)
        if result.worst_error > max_error:
            raise ValueError(f"max_error must be more for {waveform.dtype}, not {max_error}: rounding alone exceeds it")
        return data, result

    def _header(self, waveform: Waveform, parameters: Parameters) -> Header:
        chunk_steps = max(1, min(self._chunk_steps, CHUNK_BINS_MAX // max(1, waveform.channels)))
        return Header(self.name, waveform.steps, waveform.channels, chunk_steps, parameters.to_bytes())

    def _joined(
        self, waveform: Waveform, header: Header, chunks: Iterable[Chunk], max_error: float
    ) -> tuple[bytes, WaveformResult]:
        stream, fidelity, parts = StreamWriter(waveform.nbytes), Fidelity(), Parts()
        for chunk in chunks:
            stream.add(*chunk.payload)
            fidelity.add(chunk.fidelity)
            parts.add(chunk.parts)
        data = stream.finish(header)
        return data, WaveformResult(
            mode=self._mode,
            preset=self._preset,
            n_steps=waveform.steps,
            n_channels=waveform.channels,
            sample_bits=8 * waveform.dtype.itemsize,
            compressed_bytes=len(data),
            max_error=max_error,
            fidelity=fidelity,
            parts=parts,
            lsb_microvolts=self._lsb_microvolts,
            sampling_hz=self._sampling_hz,
        )

    def _compress_to_target(self, waveform: ArrayLike, checked: Waveform) -> tuple[bytes, WaveformResult]:
        """Aim with a piece of the waveform, then correct with all of it."""
        if checked.dtype.kind == "f":
            raise ValueError(f"target_ratio and target_mbps need integers, not {checked.dtype}; give max_error")
        array = np.asarray(waveform)
        piece = Waveform(array[:PIECE_STEPS, :PIECE_CHANNELS])
        share = piece.channels / max(1, checked.channels)
        aim = bisect_left(range(MAX_ERROR_LSB), True, key=lambda error: self._fits(piece, error, share))
        error = _least_near(aim, MAX_ERROR_LSB, lambda error: self._fits(checked, error))
        if error > MAX_ERROR_LSB:
            raise ValueError(f"no max_error up to {MAX_ERROR_LSB} reaches the target")
        return self._compress(checked, error)

    def _fits(self, waveform: Waveform, error: int, share: float = 1.0) -> bool:
        """Return whether an error reaches the target, or a share of the megabits a second."""
        _, result = self._compress(waveform, error, measured=False)
        if result.n_samples == 0:
            return True
        if self._target_ratio is not None:
            return result.compression_ratio >= self._target_ratio
        return result.mbps <= share * float(self._target_mbps or 0)

    def decompress(
        self,
        data: bytes,
        T: int | None = None,  # noqa: N803 - the published names of steps and channels
        N: int | None = None,  # noqa: N803
        *,
        start: int = 0,
        stop: int | None = None,
        channels: tuple[int, int] | None = None,
        max_bins: int = MAX_BINS,
        workers: int | None = None,
        out: NDArray[np.generic] | None = None,
    ) -> NDArray[np.generic]:
        """Return the waveform of a stream that `compress` made, with whatever arguments.

        Parameters
        ----------
        data : bytes
            The whole stream.
        T, N : int, optional
            Steps and channels that the waveform must have; the stream knows them, so that they are only checked.
        start, stop : int, optional
            Return steps `start` to `stop`, exclusive, and decode no more chunks than hold them. All by default.
        channels : (int, int), optional
            Return channels from the first to the second, exclusive, and decode no more groups than hold them.
        max_bins : int, default 2**32
            Most samples to return.
        workers : int, optional
            Threads; as the codec was told by default.
        out : NDArray, shape (steps, channels), optional
            Where to store what is returned, in memory that is there already; whatever it holds if an error is raised.

        Returns
        -------
        NDArray, shape (steps, channels)
            Of the type that was compressed.

        Raises
        ------
        CodecError
            The stream is damaged, cut off, forged, of another codec or shape, holds more than `max_bins`, or keeps only
            the times of spikes.
        ValueError
            An argument is of the wrong type or out of range.
        """
        stream, parameters = self._opened(data, verify_first=True)
        header = stream.header
        check_shape(header.steps, header.channels, T, N)
        first, end = checked_channels(header.channels, channels)
        start, stop = checked_range(header.steps, end - first, start, stop, max_bins)
        chunks = chunks_of(stream, (start, stop), (first, end))
        stream.verify(max(1, chunks.start), chunks.stop)
        workers = self._workers if workers is None else check_int("workers", workers, 1, sys.maxsize)
        if out is not None:
            _check_out(out, (stop - start, end - first), parameters.dtype)
        return decode_samples(stream, parameters, chunks, (start, stop), (first, end), workers, out)

    def decode_spikes(
        self,
        data: bytes,
        *,
        start: int = 0,
        stop: int | None = None,
        channels: tuple[int, int] | None = None,
        snippets: bool = True,
        skip_damaged: bool = False,
        max_bins: int = MAX_BINS,
    ) -> DecodedSpikes:
        """Return the spikes of a stream that `compress` made in mode `full`, `waveform` or `spike`.

        Parameters
        ----------
        data : bytes
            The whole stream.
        start, stop, channels
            As for `decompress`.
        snippets : bool
            Whether to decode the spikes' waveforms, too, where the stream keeps them.
        skip_damaged : bool
            Whether to leave out damaged chunks, rather than to raise an error.
        max_bins : int, default 2**32
            Most samples to look for spikes in.

        Raises
        ------
        CodecError
            The stream is damaged, cut off, forged, of another codec, or keeps samples and no spikes.
        ValueError
            An argument is of the wrong type or out of range.
        """
        stream, parameters = self._opened(data, verify_first=not skip_damaged)
        header = stream.header
        first, end = checked_channels(header.channels, channels)
        start, stop = checked_range(header.steps, end - first, start, stop, max_bins)
        chunks = list(chunks_of(stream, (start, stop), (first, end)))
        kept = chunks
        if skip_damaged:
            kept = sorted(set(chunks) & set(undamaged(stream)))
        else:
            stream.verify(max(1, min(chunks, default=1)), max(chunks, default=0) + 1)
        spikes = decode_spikes(stream, parameters, kept, (start, stop), (first, end), self._workers, snippets=snippets)
        return replace(spikes, lost=[header.chunk_range(chunk) for chunk in sorted(set(chunks) - set(kept))])

    def recover(self, data: bytes, *, max_bins: int = MAX_BINS) -> Recovered:
        """Return what is undamaged of a stream: all chunks whose checksums match.

        Parameters
        ----------
        data : bytes
            A stream, damaged, or cut off behind its first chunk.
        max_bins : int, default 2**32
            Most samples to return.

        Raises
        ------
        CodecError
            No chunk is left, the stream's header is damaged or cut off, or it holds more than `max_bins`.
        """
        stream, parameters = self._opened(data, verify_first=False)
        header = stream.header
        good = undamaged(stream)
        _, stop = checked_range(header.steps, header.channels, 0, None, max_bins)
        chunks = good if header.steps * header.channels else []
        waveform = decode_samples(stream, parameters, chunks, (0, stop), (0, header.channels), self._workers)
        lost = [header.chunk_range(chunk) for chunk in sorted(set(range(header.n_chunks)) - set(good))]
        return Recovered(waveform, lost)

    def _opened(self, data: bytes, *, verify_first: bool) -> tuple[Stream, Parameters]:
        stream = Stream(checked_bytes("data", data), verify_first=verify_first)
        if stream.header.codec != self.name:
            raise CodecError(f"stream is of codec {stream.header.codec!r}, not {self.name!r}")
        return stream, Parameters.from_bytes(stream.header.parameters)


def _least_near(guess: int, most: int, fits: Callable[[int], bool]) -> int:
    """Return the least number, 0..most, from which on all fit, or `most + 1`; the nearer the guess, the fewer tried."""
    below, least, tried, stride = -1, most + 1, guess, 1
    while least - below > 1:
        if fits(tried):
            least = tried
        else:
            below = tried
        if below < 0:
            tried = max(least - stride, 0)
        elif least > most:
            tried = min(below + stride, most)
        else:
            tried = (below + least) // 2
        stride *= 2
    return least


def _check_out(out: NDArray[np.generic], shape: tuple[int, int], dtype: np.dtype[np.generic]) -> None:
    if not isinstance(out, np.ndarray):
        raise ValueError(f"out must be an array, not {out!r}")
    if out.shape != shape or out.dtype != dtype or not out.flags.writeable:
        raise ValueError(f"out must be a writable array of shape {shape} and type {dtype}, not {out.shape} {out.dtype}")


def _check_positive(numbers: dict[str, float | None]) -> None:
    for name, number in numbers.items():
        is_number = isinstance(number, int | float | np.number) and not isinstance(number, bool)
        if number is not None and not (is_number and 0 < number < np.inf):
            raise ValueError(f"{name} must be a positive number, not {number!r}")


def _check_most(name: str, number: float, most: float) -> None:
    if number > most:
        raise ValueError(f"{name} must be at most {most:g}, not {number:g}")
