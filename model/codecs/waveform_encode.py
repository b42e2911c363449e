"""Waveforms to chunks: each group of channels of each chunk of time, in threads."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from model.codecs.fidelity import Fidelity, compare
from model.codecs.spike_detection import Detection, detect
from model.codecs.spike_groups import GroupSpikes, spikes_of_groups
from model.codecs.stream import Header
from model.codecs.waveform_group import RowMemory, encode_group
from model.codecs.waveform_input import Waveform, from_integers, sample_range
from model.codecs.waveform_result import Parts
from model.codecs.waveform_spikes import Quality, encode_spikes
from model.codecs.waveform_stream import Parameters, joined_groups
from model.kernels.linear_prediction import ORDER_MAX
from model.parallel import in_order

Place = tuple[int, int, int, int]
"""First step and the one after the last, first channel and the one after the last."""


@dataclass(frozen=True)
class Chunk:
    """An encoded chunk.

    Attributes
    ----------
    payload : list of bytes
        What goes into the stream, in parts.
    fidelity : Fidelity
        What the decoder gives back.
    parts : Parts
        What its bytes are.
    """

    payload: list[bytes]
    fidelity: Fidelity
    parts: Parts


def encode_sample_chunks(
    waveform: Waveform,
    header: Header,
    parameters: Parameters,
    max_error: int,
    sampling_hz: float,
    workers: int,
    *,
    measured: bool,
) -> Iterator[Chunk]:
    """Yield all chunks, every sample in them.

    Parameters
    ----------
    waveform : Waveform
        Not empty.
    header, parameters : Header, Parameters
        Of the stream.
    max_error : int
        Most that a sample may change by, in units of what is coded.
    sampling_hz : float
        Samples a second.
    workers : int
        Threads.
    measured : bool
        Whether the fidelity is wanted.
    """
    limits, groups = sample_range(waveform.dtype), parameters.groups(waveform.channels)
    memory = RowMemory()

    def encode(place: Place) -> tuple[bytes, Fidelity]:
        start, stop, first, end = place
        rows = memory.rows(end - first, stop - start)
        waveform.store_integers(place, rows[:, ORDER_MAX:])
        compared = measured and not parameters.lossless
        payload, decoded = encode_group(rows, parameters.preset, max_error, limits, with_decoded=compared)
        if decoded is None:
            return payload, Fidelity(samples=(end - first) * (stop - start))
        restored = from_integers(decoded, waveform.dtype, waveform.quantum)
        del decoded
        return payload, compare(waveform.piece(*place).T, restored.T, sampling_hz)

    places = ((*header.chunk_range(chunk), *group) for chunk in range(header.n_chunks) for group in groups)
    payloads, fidelity = list[bytes](), Fidelity()
    for payload, of_group in in_order(encode, places, workers):
        payloads.append(payload)
        fidelity.add(of_group)
        if len(payloads) == len(groups):
            yield Chunk(joined_groups(payloads), fidelity, Parts())
            payloads, fidelity = [], Fidelity()


class SpikeChunks:
    """Encodes chunks of which spikes are kept.

    Parameters
    ----------
    waveform : Waveform
        Not empty.
    parameters : Parameters
        Of the stream; `spikes` is set.
    quality : Quality
        How well.
    threshold_sigma : float
        A spike is so many times the noise.
    workers : int
        Threads.
    """

    def __init__(
        self, waveform: Waveform, parameters: Parameters, quality: Quality, threshold_sigma: float, workers: int
    ) -> None:
        if parameters.spikes is None:
            raise ValueError("parameters must be those of a stream of spikes")
        self._waveform, self._parameters, self._form = waveform, parameters, parameters.spikes
        self._quality, self._threshold_sigma, self._workers = quality, threshold_sigma, workers
        self._groups = parameters.groups(waveform.channels)

    def encode(self, start: int, stop: int) -> Chunk:
        """Return the chunk of steps `start` to `stop`, exclusive."""
        # A spike near a border of groups is one: which of them has it is known once all have looked.
        places = [(start, stop, *group) for group in self._groups]
        found = list(in_order(self._detect, places, self._workers))
        troughs = [detection.troughs for detection in found]
        work = zip(places, found, spikes_of_groups(troughs, self._groups, self._quality.sampling_hz), strict=True)
        payloads, fidelity, parts = [], Fidelity(), Parts()
        for payload, of_group, parts_of_group in in_order(self._encode, work, self._workers):
            payloads.append(payload)
            fidelity.add(of_group)
            parts.add(parts_of_group)
        return Chunk(joined_groups(payloads), fidelity, parts)

    def _integers(self, place: Place) -> NDArray[np.int32]:
        return self._waveform.integers(self._waveform.piece(*place).T)

    def _detect(self, place: Place) -> Detection:
        return detect(
            self._waveform.floats(self._waveform.piece(*place).T), self._threshold_sigma, self._quality.sampling_hz
        )

    def _encode(self, work: tuple[Place, Detection, GroupSpikes]) -> tuple[bytes, Fidelity, Parts]:
        place, detection, spikes = work
        waveform, quality = self._waveform, self._quality
        payload, decoded, parts = encode_spikes(
            self._integers(place), detection, spikes, self._form, quality, sample_range(waveform.dtype)
        )
        if decoded is None:
            return (
                payload,
                Fidelity(detected=parts.n_spikes, detected_again=parts.n_spikes, matched=parts.n_spikes),
                parts,
            )
        restored = from_integers(decoded, waveform.dtype, waveform.quantum)
        del decoded
        # What was detected is in quanta.
        known = None if waveform.quantum else detection
        original = waveform.piece(*place).T
        return payload, compare(original, restored, quality.sampling_hz, self._threshold_sigma, known), parts
