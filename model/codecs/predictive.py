"""PredictiveSpikeCodec: codes what a predictor gets wrong, and never more than no predictor would need."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar, Literal, Protocol, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from model.codecs import intervals, packets
from model.codecs.base import ChunkDecoder, Codec, Common, OpenRaster, RasterCodec
from model.codecs.checks import check_choice
from model.codecs.context import ContextPredictor
from model.codecs.ema import EmaPredictor
from model.codecs.results import PredictiveResult
from model.codecs.spikes import Spikes
from model.codecs.stream import Header, Reader, steps_of_chunk
from model.errors import CodecError
from model.golden.container import MAGIC
from model.golden.settings import CHANNELS_MAX, SHARPNESS_MAX, CoderName, Settings
from model.kernels import predictor as predictor_kernel
from model.kernels.prediction_survey import count_errors

PredictorName = Literal["ema", "lfsr", "context", "auto"]

PLAIN, PREDICTED = 0, 1
"""First byte of a chunk's payload: whether intervals follow, or what the predictor made of the chunk."""


class ChunkPredictor(Protocol):
    """Codes chunks by prediction."""

    number: ClassVar[int]
    """The first byte of the stream's parameters."""
    chunk_bins: ClassVar[int]
    """Bins of a chunk, about."""

    @classmethod
    def read(cls, reader: Reader) -> ChunkPredictor:
        """Return the predictor that `write` wrote; `CodecError` for parameters that there cannot be."""

    def write(self) -> bytes:
        """Return the parameters as bytes."""

    def encode(self, rows: NDArray[np.int8]) -> tuple[bytes, float]:
        """Return the payload of a chunk, and how many bins were predicted wrongly; NaN if it does not guess."""

    def decode(self, payload: NDArray[np.uint8], rows: NDArray[np.int8]) -> None:
        """Decode the payload of a chunk into its rows, all zeros so far."""


CHUNK_PREDICTORS: tuple[type[ChunkPredictor], ...] = (EmaPredictor, ContextPredictor)
BY_NUMBER = {predictor.number: predictor for predictor in CHUNK_PREDICTORS}


class PredictiveSpikeCodec(Codec[PredictiveResult]):
    """Coding by prediction from the past of each channel.

    Prediction never costs more than none: what is smaller without it is coded without it.

    Parameters
    ----------
    predictor : {"ema", "lfsr", "context", "auto"}
        "ema" expects a spike where a channel's moving average is above `threshold`. "lfsr" makes the packets of the
        hardware, bit for bit, for 1 to 4096 channels; `alpha_q8` becomes 0 where that is no larger. "context"
        learns how likely each bin is from its channel's last spikes and those of coupled channels, and is the smallest
        on real recordings. "auto" makes all and returns the smallest.
    alpha : float
        Adaptation rate of "ema", 2**-16..1; it is rounded to a multiple of 2**-16.
    threshold : float
        Of "ema", 0..1; it is rounded likewise.
    alpha_q8, sharpness, seed, coder, epoch_steps, keyframe_interval
        Of "lfsr": as for `Settings`.
    context_bits : int
        Of "context": bits of the address of a channel's table of histories, 5..9. Short rasters use fewer.

    Raises
    ------
    ValueError
        An argument is of the wrong type or out of range.

    Examples
    --------
    >>> import numpy as np
    >>> spikes = np.zeros((1000, 64), dtype=np.int8)
    >>> spikes[500, 3] = 1
    >>> data, result = PredictiveSpikeCodec(predictor="lfsr").compress(spikes)
    >>> np.array_equal(PredictiveSpikeCodec().decompress(data), spikes)
    True
    """

    name: ClassVar[str] = "predictive"

    def __init__(
        self,
        *,
        predictor: PredictorName = "ema",
        alpha: float = 0.005,
        threshold: float = 0.5,
        alpha_q8: int = 1,
        sharpness: int = SHARPNESS_MAX,
        seed: int = 0xACE1,
        coder: CoderName = "rice",
        epoch_steps: int = 200,
        keyframe_interval: int = 10,
        context_bits: int = 8,
    ) -> None:
        check_choice("predictor", predictor, get_args(PredictorName))
        self.predictor = predictor
        self.settings = Settings(alpha_q8, sharpness, seed, coder, epoch_steps, keyframe_interval)
        self._chunked = {
            "ema": _ChunkedCodec(EmaPredictor.of(alpha, threshold), "ema"),
            "context": _ChunkedCodec(ContextPredictor.of(context_bits), "context"),
        }

    def compress(self, spikes: ArrayLike) -> tuple[bytes, PredictiveResult]:  # noqa: D102 - inherited
        if self.predictor == "lfsr":
            return self._compress_to_packets(spikes)
        if self.predictor != "auto":
            return self._chunked[self.predictor].compress(spikes)
        # "ema" takes the most memory, so it comes before there is another stream to keep.
        smallest = self._chunked["ema"].compress(spikes)
        others = [self._chunked["context"].compress]
        if smallest[1].n_channels <= CHANNELS_MAX:
            others.append(self._compress_to_packets)
        for compress in others:
            smallest = min(smallest, compress(spikes), key=lambda candidate: len(candidate[0]))
        return smallest

    def _compress_to_packets(self, spikes: ArrayLike) -> tuple[bytes, PredictiveResult]:
        checked = Spikes(spikes)
        rows = checked.all_rows()
        plain = packets.encode(self.name, rows, replace(self.settings, alpha_q8=0))
        data, n_errors = plain, checked.n_spikes
        n_found, n_expected = self._survey(rows)
        if n_expected:
            predicted = packets.encode(self.name, rows, self.settings)
            if len(predicted) < len(plain):
                data, n_errors = predicted, n_found
        return data, PredictiveResult(
            codec="predictive (lfsr)" if data is not plain else "predictive (lfsr, without prediction)",
            n_steps=checked.steps,
            n_channels=checked.channels,
            n_spikes=checked.n_spikes,
            compressed_bytes=len(data),
            error_density=n_errors / max(1, rows.size),
            prediction_gain=len(plain) / len(data),
        )

    def _survey(self, rows: NDArray[np.int8]) -> tuple[int, int]:
        """Return how many bins the hardware would predict wrongly, and in how many it would expect a spike."""
        settings = self.settings
        if not settings.alpha_q8 or not rows.size:
            return 0, 0
        keyframe_steps = settings.epoch_steps * settings.keyframe_interval
        memory = predictor_kernel.new(rows.shape[1]), np.empty(rows.shape[1], dtype=np.int8)
        return count_errors(rows, settings.alpha_q8, settings.sharpness, settings.seed, keyframe_steps, *memory)

    def open(self, data: bytes) -> OpenRaster:  # noqa: D102 - inherited
        return packets.Packets(data) if data.startswith(MAGIC) else self._chunked["ema"].open(data)


class _ChunkedCodec(RasterCodec[PredictiveResult]):
    """The codec with one of the predictors that code chunks."""

    name: ClassVar[str] = PredictiveSpikeCodec.name

    def __init__(self, predictor: ChunkPredictor, title: str) -> None:
        self._predictor = predictor
        self._title = title

    def _encoder(self, channels: int) -> _Encoder:
        return _Encoder(self._predictor, self._title)

    def _chunk_steps(self, channels: int) -> int:
        return steps_of_chunk(channels, self._predictor.chunk_bins)

    @classmethod
    def _decoder(cls, header: Header) -> ChunkDecoder:
        predictor = _read_predictor(header.parameters) if header.parameters else None

        def decode(payload: NDArray[np.uint8], rows: NDArray[np.int8]) -> None:
            kind = payload[0] if payload.size else None
            if kind == PLAIN:
                intervals.decode(payload[1:], rows)
            elif kind == PREDICTED and predictor:
                predictor.decode(payload[1:], rows)
            else:
                raise CodecError(f"payload is of the unknown kind {kind}")

        return decode


def _read_predictor(parameters: bytes) -> ChunkPredictor:
    reader = Reader(parameters)
    number = reader.byte()
    if number not in BY_NUMBER:
        raise CodecError(f"stream is of the unknown predictor {number}")
    predictor = BY_NUMBER[number].read(reader)
    reader.finish()
    return predictor


class _Encoder:
    """Encodes each chunk with and without its predictor, and keeps the smaller."""

    def __init__(self, predictor: ChunkPredictor, title: str) -> None:
        self._predictor = predictor
        self._title = title
        self._used = False
        self._errors = 0.0
        self._plain_bytes = 0
        self._kept_bytes = 0

    def encode(self, rows: NDArray[np.int8]) -> bytes:
        plain = intervals.encode(rows)
        predicted, errors = self._predictor.encode(rows)
        # The first chunk that is predicted pays for the parameters in the header.
        use = len(predicted) + (0 if self._used else len(self._header())) < len(plain)
        self._used |= use
        self._errors += errors if use else np.count_nonzero(rows)
        self._plain_bytes += len(plain)
        self._kept_bytes += len(predicted if use else plain)
        return bytes([PREDICTED]) + predicted if use else bytes([PLAIN]) + plain

    def parameters(self) -> bytes:
        return self._header() if self._used else b""

    def _header(self) -> bytes:
        return bytes([self._predictor.number]) + self._predictor.write()

    def result(self, common: Common) -> PredictiveResult:
        return PredictiveResult(
            codec=f"predictive ({self._title}{'' if self._used else ', without prediction'})",
            **common,
            error_density=self._errors / max(1, common["n_steps"] * common["n_channels"]),
            prediction_gain=self._plain_bytes / self._kept_bytes if self._kept_bytes else 1.0,
        )
