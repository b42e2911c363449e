"""The payload of a group of channels over a chunk of time where spikes are what is kept: times, waveforms, background.

docs/waveform-streams.md specifies it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from model.codecs import spline
from model.codecs.background import decode_background, encode_background
from model.codecs.isi import SpikeCodec
from model.codecs.number_lists import NumberLists, encoded_list
from model.codecs.snippets import decode_snippets, encode_snippets
from model.codecs.spike_detection import BEFORE, Detection, smoothing_taps
from model.codecs.spike_groups import GroupSpikes
from model.codecs.stream import Reader, write_leb128
from model.codecs.waveform_result import Parts
from model.errors import CodecError
from model.kernels.snippet_coder import Events

SAMPLE_MAX = 1 << 23
"""Largest size of a sample."""
SNIPPET_SAMPLES_MAX = 1024
TEMPLATES_MAX = 256
CONTENTS = ("full", "waveform", "spike")
"""What is kept: spikes and background, spikes without it, or their times alone."""


@dataclass(frozen=True)
class SpikeFormat:
    """What the decoder must know of all groups.

    Attributes
    ----------
    content : {"full", "waveform", "spike"}
        What is kept.
    spacing : int
        Samples from knot to knot of the background.
    snippet_samples : int
        Samples of a spike on each channel.
    max_templates : int
        Most templates of a group at a time.
    """

    content: str
    spacing: int
    snippet_samples: int
    max_templates: int

    def check(self) -> None:
        """Raise `CodecError` unless all numbers are in their ranges."""
        numbers = self.spacing, self.snippet_samples, self.max_templates
        limits = spline.SPACING_MAX, SNIPPET_SAMPLES_MAX, TEMPLATES_MAX
        if not all(1 <= number <= most for number, most in zip(numbers, limits, strict=True)):
            raise CodecError("waveform stream has parameters of spikes out of range")

    @property
    def before(self) -> int:
        """Samples of a spike before its trough."""
        return self.snippet_samples // BEFORE

    def events_of(self, spikes: GroupSpikes) -> Events:
        """Return where snippets are; their masks may yet change."""
        return Events(spikes.steps, spikes.channels, spikes.masks, self.before, self.snippet_samples)

    def store_background(self, coefficients: NDArray[np.int64], out: NDArray[np.int32]) -> None:
        """Store the background, shape (steps, channels): the spline's values, or where it is flat channels' centres."""
        if self.content == "full":
            spline.store_values(coefficients, self.spacing, out)
        else:
            out[:] = coefficients


@dataclass(frozen=True)
class Quality:
    """What only the encoder needs to know.

    Attributes
    ----------
    quantize_bits : int
        Of the background.
    snippet_snr_db : float
        Of the spikes.
    sampling_hz : float
        Samples a second.
    """

    quantize_bits: int
    snippet_snr_db: float
    sampling_hz: float


def encode_spikes(
    samples: NDArray[np.int32],
    detection: Detection,
    spikes: GroupSpikes,
    form: SpikeFormat,
    quality: Quality,
    sample_range: tuple[int, int],
) -> tuple[bytes, NDArray[np.int32] | None, Parts]:
    """Return the payload of a group.

    Parameters
    ----------
    samples : NDArray of int32, shape (steps, channels)
        Not empty; what they are decoded to takes their place.
    detection : Detection
        What they are made of.
    spikes : GroupSpikes
        What to code.
    form : SpikeFormat
        What to keep.
    quality : Quality
        And how well.
    sample_range : (int, int)
        Least and greatest value of a decoded sample.

    Returns
    -------
    payload : bytes
        What `GroupPayload` reads.
    decoded : NDArray of int32, shape (steps, channels), or None
        What it is decoded to, where anything is: the memory of `samples`.
    parts : Parts
        What its bytes are.
    """
    events = form.events_of(spikes)
    if form.content == "spike":
        spikes = spikes.spikes_only()
    times = _encoded_times(spikes, samples.shape)
    n_spikes = int(np.count_nonzero(~spikes.echoes))
    if form.content == "spike":
        return _joined(times), None, Parts(len(times), n_spikes=n_spikes)
    background, coefficients = _take_off_background(samples, detection.slow, form, quality)
    snippets = encode_snippets(
        events,
        samples,
        form.max_templates,
        quality.snippet_snr_db,
        float(np.median(detection.noise)),
        smoothing_taps(quality.sampling_hz),
    )
    of_snippets = snippets.payload(events)
    n_templates = min(snippets.learnt, form.max_templates)
    form.store_background(coefficients, samples)
    snippets.add_to(samples, events, form.max_templates)
    parts = Parts(len(times), len(of_snippets), len(background), n_spikes, n_templates)
    return _joined(times, background, of_snippets), samples.clip(*sample_range, out=samples), parts


def _take_off_background(
    samples: NDArray[np.int32], slow: NDArray[np.float32], form: SpikeFormat, quality: Quality
) -> tuple[bytes, NDArray[np.int64]]:
    """Leave of samples what snippets are to code; return the background's payload, and what it is decoded to."""
    if form.content == "full":
        payload, coefficients = encode_background(slow, quality.quantize_bits)
        background = np.empty_like(samples)
        form.store_background(coefficients, background)
        samples -= background
        return payload, coefficients
    centres = np.rint(np.median(samples, axis=0)).astype(np.int64)
    fast = samples.astype(np.float32)
    spline.take_off(fast, slow, form.spacing)
    samples[:] = np.rint(fast, out=fast)
    return encoded_list(centres), centres


def _encoded_times(spikes: GroupSpikes, shape: tuple[int, int]) -> bytes:
    raster = np.zeros(shape, dtype=np.int8)
    raster[spikes.steps, spikes.channels] = 1
    return _joined(SpikeCodec().compress(raster)[0], encoded_list(spikes.echoes))


def _joined(*parts: bytes) -> bytes:
    """Return parts, each but the last behind its length."""
    return b"".join(write_leb128(len(part)) + part for part in parts[:-1]) + parts[-1]


class GroupPayload:
    """A group's payload, of which as little is decoded as is asked for.

    Parameters
    ----------
    payload : NDArray of uint8
        What `encode_spikes` made.
    form : SpikeFormat
        As it was encoded.
    shape : (int, int)
        Steps and channels.
    sample_range : (int, int)
        Least and greatest value of a sample.

    Raises
    ------
    CodecError
        The payload has no such parts; so do the methods where a part is not one of such a group.
    """

    def __init__(
        self, payload: NDArray[np.uint8], form: SpikeFormat, shape: tuple[int, int], sample_range: tuple[int, int]
    ) -> None:
        self._form, self._shape, self._sample_range = form, shape, sample_range
        parts = _parts(payload, 1 if form.content == "spike" else 3)
        self._raster, self._echoes = _parts(parts[0], 2)
        self._rest = parts[1:]

    def spikes(self) -> GroupSpikes:
        """Return spikes and echoes, seen on one channel each."""
        raster = SpikeCodec().decompress(self._raster.tobytes(), *self._shape, max_bins=self._shape[0] * self._shape[1])
        steps, channels = np.nonzero(raster)
        echoes = NumberLists(self._echoes).take("echoes", steps.size, 0, 1).astype(np.bool_)
        return GroupSpikes(steps.astype(np.int64), channels.astype(np.int64), np.zeros_like(steps), echoes)

    def spike_waveform(self, spikes: GroupSpikes) -> NDArray[np.int32]:
        """Return the waveform of spikes alone, shape (steps, channels)."""
        waveform = np.zeros(self._shape, dtype=np.int32)
        self._add_snippets(spikes, waveform)
        return waveform

    def samples(self) -> NDArray[np.int32]:
        """Return all samples, shape (steps, channels)."""
        waveform = np.empty(self._shape, dtype=np.int32)
        self._form.store_background(self._coefficients(), waveform)
        self._add_snippets(self.spikes(), waveform)
        return waveform.clip(*self._sample_range, out=waveform)

    def _add_snippets(self, spikes: GroupSpikes, waveform: NDArray[np.int32]) -> None:
        decode_snippets(self._rest[1], self._form.events_of(spikes), self._form.max_templates, waveform)

    def _coefficients(self) -> NDArray[np.int64]:
        steps, channels = self._shape
        if self._form.content == "waveform":
            return NumberLists(self._rest[0]).take("centres", channels, -SAMPLE_MAX, SAMPLE_MAX)
        return decode_background(self._rest[0], (spline.size_of(steps, self._form.spacing), channels))


def _parts(payload: NDArray[np.uint8], count: int) -> list[NDArray[np.uint8]]:
    reader = Reader(payload.tobytes())
    parts = [np.frombuffer(reader.bytes(reader.leb128()), dtype=np.uint8) for _ in range(count - 1)]
    return [*parts, np.frombuffer(reader.bytes(reader.remaining), dtype=np.uint8)]
