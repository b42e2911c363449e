"""The predictor `context`: a probability for every bin from what its channel and those coupled to it did lately.

What a raster repeats of itself is taken out first. `ContextModel` (model/golden/context_model.py) gives the
probabilities, a range coder turns them into bits.
docs/context-predictor.md specifies the payload.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from model.codecs import coupling, echoes, intervals
from model.codecs.coupling import Coupling
from model.codecs.stream import CHUNK_BINS_MAX, Reader
from model.errors import CodecError
from model.golden.context_model import CONTEXT_BITS_MAX, CONTEXT_BITS_MIN
from model.golden.intensity import LOG_BITS
from model.golden.settings import check_int
from model.kernels import context_coder, context_model
from model.kernels.context_model import ContextModel

KIND_BITS = 2
"""Low bits of a payload's first byte: the kind of coupling. The context bits are above them..."""
ECHOES_SHIFT = 6
"""...and above these the number of echoes."""
INTERVALS = 3
"""In place of a kind of coupling: the payload holds intervals."""
RATE_LOG_BITS = 3
"""The byte behind the echoes is the logarithm of the mean intensity, to base 2, in units of -1/8."""
RATE_BYTE_MAX = 255

SAMPLE_SPIKES = 1 << 15
SAMPLE_SPIKES_A_CHANNEL = 64
"""A chunk of many more spikes is coded in context only if that pays on so many of its first: dense noise takes long."""
STEPS_A_CELL = 8
"""Least steps of a chunk for each of a channel's cells: fewer are not enough to learn from."""


@dataclass(frozen=True)
class ContextPredictor:
    """Codes every bin with its probability.

    Attributes
    ----------
    context_bits : int
        Bits of the address of a channel's table of histories, 5..9: five say how long ago its last spike was, the
        others how long the interval before it was.
    """

    number: ClassVar[int] = 2
    chunk_bins: ClassVar[int] = CHUNK_BINS_MAX

    context_bits: int

    @classmethod
    def of(cls, context_bits: int) -> ContextPredictor:
        """Return the predictor with this parameter; `ValueError` if it is out of range."""
        check_int("context_bits", context_bits, CONTEXT_BITS_MIN, CONTEXT_BITS_MAX)
        return cls(context_bits)

    @classmethod
    def read(cls, reader: Reader) -> ContextPredictor:
        """Return the predictor that `write` wrote."""
        context_bits = reader.byte()
        if not CONTEXT_BITS_MIN <= context_bits <= CONTEXT_BITS_MAX:
            raise CodecError(f"stream has {context_bits} context bits, not {CONTEXT_BITS_MIN}..{CONTEXT_BITS_MAX}")
        return cls(context_bits)

    def write(self) -> bytes:
        """Return the parameters as bytes."""
        return bytes([self.context_bits])

    def encode(self, rows: NDArray[np.int8]) -> tuple[bytes, float]:
        """Return the payload of a chunk, and NaN: there are no wrong guesses where there are only probabilities."""
        found, rest = echoes.split(rows)
        payloads = self._encode_in_context(rest)
        if found or not payloads:
            payloads.append((INTERVALS, intervals.encode(rest)))
        head, body = min(payloads, key=lambda payload: len(payload[1]))
        return bytes([len(found) << ECHOES_SHIFT | head]) + echoes.write(found) + body, math.nan

    def _encode_in_context(self, rows: NDArray[np.int8]) -> list[tuple[int, bytes]]:
        """Return low bits of the first byte and what follows the echoes, for every coupling that may be the best."""
        n_spikes = int(np.count_nonzero(rows))
        context_bits = self.context_bits
        while context_bits > CONTEXT_BITS_MIN and not _fits(context_bits, rows.shape):
            context_bits -= 1
        if not n_spikes or not _fits(context_bits, rows.shape):
            return []
        rate_byte = _rate_byte(n_spikes / rows.size)
        couplings = coupling.candidates(rows, n_spikes)
        sample = rows[: rows.shape[0] * _sample_spikes(rows.shape[1]) // n_spikes]
        if 2 * sample.size < rows.size and not _pays(sample, _model(context_bits, rate_byte, couplings[-1])):
            return []
        return [
            (context_bits << KIND_BITS | coupled.kind, bytes([rate_byte]) + coupled.write() + coded)
            for coupled in couplings
            if (coded := context_coder.encode(rows, _model(context_bits, rate_byte, coupled))) is not None
        ]

    def decode(self, payload: NDArray[np.uint8], rows: NDArray[np.int8]) -> None:
        """Decode the payload of a chunk into its rows, all zeros so far."""
        reader = Reader(payload.data)
        head = reader.byte()
        found = echoes.read(reader, head >> ECHOES_SHIFT, rows.shape)
        self._decode_without_echoes(head & (1 << ECHOES_SHIFT) - 1, payload[reader.at :], rows)
        echoes.restore(rows, found)

    def _decode_without_echoes(self, head: int, body: NDArray[np.uint8], rows: NDArray[np.int8]) -> None:
        if head == INTERVALS:
            intervals.decode(body, rows)
            return
        kind, context_bits = head & (1 << KIND_BITS) - 1, head >> KIND_BITS
        if kind == INTERVALS or not CONTEXT_BITS_MIN <= context_bits <= self.context_bits:
            raise CodecError(f"payload has coupling {kind} and {context_bits} context bits; there is no such model")
        if not _fits(context_bits, rows.shape):
            raise CodecError(f"payload has {context_bits} context bits, too many for a chunk of {rows.shape[0]} steps")
        if not body.size:
            raise CodecError("payload is cut off")
        coupled, used = coupling.read(kind, rows.shape[1], body[1:].data)
        context_coder.decode(body[1 + used :], _model(context_bits, int(body[0]), coupled), rows)


def _sample_spikes(channels: int) -> int:
    return max(SAMPLE_SPIKES, SAMPLE_SPIKES_A_CHANNEL * channels)


def _pays(sample: NDArray[np.int8], model: ContextModel) -> bool:
    """Return whether a sample takes fewer bytes in context than as intervals."""
    coded = context_coder.encode(sample, model) if sample.size else None
    return coded is not None and len(coded) < len(intervals.encode(sample))


def _fits(context_bits: int, shape: tuple[int, ...]) -> bool:
    """Return whether a chunk is long enough for tables of this size."""
    return STEPS_A_CELL << context_bits <= shape[0]


def _rate_byte(density: float) -> int:
    intensity = -math.log1p(-min(density, 0.5))
    return min(max(round(-math.log2(intensity) * (1 << RATE_LOG_BITS)), 0), RATE_BYTE_MAX)


def _model(context_bits: int, rate_byte: int, coupled: Coupling) -> ContextModel:
    rate_log = -rate_byte << LOG_BITS - RATE_LOG_BITS
    return context_model.new(context_bits, rate_log, coupled.counts, coupled.sources)
