"""Waveform streams to samples and to spikes: no more chunks and groups than hold what is asked for."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from model.codecs.stream import Stream
from model.codecs.waveform_group import decode_group
from model.codecs.waveform_input import from_integers, sample_range
from model.codecs.waveform_spikes import GroupPayload, SpikeFormat
from model.codecs.waveform_stream import Parameters, Task, tasks_of
from model.errors import CodecError
from model.parallel import in_order


@dataclass(frozen=True)
class Recovered:
    """What is left of a damaged stream.

    Attributes
    ----------
    waveform : NDArray, shape (steps, channels)
        Zeros where nothing is left.
    lost : list of (int, int)
        First and last step, exclusive, of each chunk that is lost.
    """

    waveform: NDArray[np.generic]
    lost: list[tuple[int, int]]


@dataclass(frozen=True)
class DecodedSpikes:
    """The spikes of a stream, in order of time, then of channel.

    Attributes
    ----------
    steps, channels : NDArray of int64, shape (n_spikes,)
        When each was, and the channel on which it is deepest.
    snippets : NDArray of float64, shape (n_spikes, snippet_samples), or None
        That channel without its background around each, the trough at a third; zeros beyond the ends of its chunk. None
        where the stream keeps only times.
    lost : list of (int, int)
        First and last step, exclusive, of each damaged chunk that was left out.
    """

    steps: NDArray[np.int64]
    channels: NDArray[np.int64]
    snippets: NDArray[np.float64] | None
    lost: list[tuple[int, int]]


def decode_samples(
    stream: Stream,
    parameters: Parameters,
    chunks: Iterable[int],
    kept_steps: tuple[int, int],
    kept_channels: tuple[int, int],
    workers: int,
    out: NDArray[np.generic] | None = None,
) -> NDArray[np.generic]:
    """Return the samples of chunks that are in ranges of steps and of channels, zeros where no chunk is.

    Parameters
    ----------
    stream, parameters : Stream, Parameters
        What to decode.
    chunks : iterable of int
        Which chunks.
    kept_steps, kept_channels : (int, int)
        First and last step, and channel, exclusive.
    workers : int
        Threads.
    out : NDArray, shape (steps, channels), optional
        Memory for the samples, of their type, where all chunks are there.

    Raises
    ------
    CodecError
        The stream makes no sense, keeps only the times of spikes, or has more samples than there is memory for.
    """
    (start, stop), (first, end) = kept_steps, kept_channels
    if parameters.spikes is not None and parameters.spikes.content == "spike":
        raise CodecError("stream keeps only the times of spikes; decode_spikes returns them")
    try:
        # Memory that is not written to is not taken: a forged stream fails before it is.
        waveform = np.zeros((stop - start, end - first), dtype=parameters.dtype) if out is None else out
    except MemoryError:
        raise CodecError(f"stream holds {stop - start} x {end - first} samples, too many for this memory") from None
    limits = sample_range(parameters.dtype)

    def decode(task: Task) -> None:
        samples = _samples_of(task, parameters, limits)
        rows = slice(max(start, task.start), min(stop, task.stop))
        columns = slice(max(first, task.first), min(end, task.end))
        kept = samples[
            rows.start - task.start : rows.stop - task.start, columns.start - task.first : columns.stop - task.first
        ]
        waveform[rows.start - start : rows.stop - start, columns.start - first : columns.stop - first] = from_integers(
            kept, parameters.dtype, parameters.quantum
        )

    tasks = (task for chunk in chunks for task in tasks_of(stream, parameters, chunk, first, end))
    deque(in_order(decode, tasks, workers), maxlen=0)
    return waveform


def decode_spikes(
    stream: Stream,
    parameters: Parameters,
    chunks: Iterable[int],
    kept_steps: tuple[int, int],
    kept_channels: tuple[int, int],
    workers: int,
    *,
    snippets: bool,
) -> DecodedSpikes:
    """Return the spikes of chunks that are in ranges of steps and of channels, with their snippets or without."""
    if parameters.spikes is None:
        raise CodecError("stream keeps samples and no spikes; decompress returns them")
    form, limits = parameters.spikes, sample_range(parameters.dtype)
    with_snippets = snippets and form.content != "spike"

    def decode(task: Task) -> DecodedSpikes:
        return _spikes_of(task, form, limits, parameters.quantum or 1.0, with_snippets)

    tasks = (task for chunk in chunks for task in tasks_of(stream, parameters, chunk, *kept_channels))
    parts = list(in_order(decode, tasks, workers))
    return _joined(parts, kept_steps, kept_channels, form.snippet_samples if with_snippets else None)


def _samples_of(task: Task, parameters: Parameters, limits: tuple[int, int]) -> NDArray[np.int32]:
    """Return the samples of a group, shape (steps, channels)."""
    steps, channels = task.stop - task.start, task.end - task.first
    if parameters.spikes is not None:
        return GroupPayload(task.payload, parameters.spikes, (steps, channels), limits).samples()
    return decode_group(task.payload, parameters.preset, parameters.lossless, limits, (channels, steps)).T


def _spikes_of(
    task: Task, form: SpikeFormat, limits: tuple[int, int], unit: float, with_snippets: bool
) -> DecodedSpikes:
    """Return the spikes of a group, echoes left out."""
    group = GroupPayload(task.payload, form, (task.stop - task.start, task.end - task.first), limits)
    everything = group.spikes()
    spikes = everything.spikes_only()
    snippets = None
    if with_snippets:
        snippets = unit * _cut(group.spike_waveform(everything), spikes.steps, spikes.channels, form)
    return DecodedSpikes(spikes.steps + task.start, spikes.channels + task.first, snippets, [])


def _cut(
    waveform: NDArray[np.int32], steps: NDArray[np.int64], channels: NDArray[np.int64], form: SpikeFormat
) -> NDArray[np.float64]:
    places = steps[:, np.newaxis] - form.before + np.arange(form.snippet_samples)
    inside = (places >= 0) & (places < len(waveform))
    return np.where(inside, waveform[places.clip(0, len(waveform) - 1), channels[:, np.newaxis]], 0).astype(np.float64)


def _joined(
    parts: list[DecodedSpikes],
    kept_steps: tuple[int, int],
    kept_channels: tuple[int, int],
    snippet_samples: int | None,
) -> DecodedSpikes:
    """Return the spikes of all groups that are in the ranges, in order."""
    none = np.empty(0, dtype=np.int64)
    steps = np.concatenate([none, *(part.steps for part in parts)])
    channels = np.concatenate([none, *(part.channels for part in parts)])
    order = np.lexsort((channels, steps))
    inside = (steps >= kept_steps[0]) & (steps < kept_steps[1])
    inside &= (channels >= kept_channels[0]) & (channels < kept_channels[1])
    order = order[inside[order]]
    snippets = None
    if snippet_samples is not None:
        empty = np.empty((0, snippet_samples))
        snippets = np.concatenate([empty, *(part.snippets for part in parts if part.snippets is not None)])[order]
    return DecodedSpikes(steps[order], channels[order], snippets, [])


def chunks_of(stream: Stream, steps: tuple[int, int], channels: tuple[int, int]) -> range:
    """Return the chunks that hold some steps of some channels."""
    header = stream.header
    if header.steps * header.channels == 0 and stream.payload(0).size:
        raise CodecError("waveform stream has a payload without samples")
    if steps[0] == steps[1] or channels[0] == channels[1]:
        return range(0)
    return range(steps[0] // header.chunk_steps, -(-steps[1] // header.chunk_steps))


def undamaged(stream: Stream) -> list[int]:
    """Return the chunks whose checksums match; `CodecError` if there are none."""
    good = [chunk for chunk in range(stream.header.n_chunks) if _is_whole(stream, chunk)]
    if not good:
        raise CodecError("stream has no chunk that is undamaged")
    return good


def _is_whole(stream: Stream, chunk: int) -> bool:
    try:
        stream.verify(chunk, chunk + 1)
    except CodecError:
        return False
    return True
