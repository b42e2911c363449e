"""The predictor `ema`: a spike is expected where the channel's moving average is above a threshold."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from model.codecs import intervals
from model.codecs.checks import check_number
from model.codecs.stream import Reader, write_leb128
from model.errors import CodecError
from model.kernels import ema_predictor
from model.kernels.ema_predictor import ALPHA_BITS


@dataclass(frozen=True)
class EmaPredictor:
    """Codes where the prediction is wrong, by the intervals between.

    Attributes
    ----------
    alpha : int
        Adaptation rate in units of 2**-16, 1..2**16.
    threshold : int
        Rate, in units of 2**-16, 0..2**16, above which a spike is expected.
    """

    number: ClassVar[int] = 1
    chunk_bins: ClassVar[int] = 1 << 22

    alpha: int
    threshold: int

    @classmethod
    def of(cls, alpha: float, threshold: float) -> EmaPredictor:
        """Return the predictor of an adaptation rate and a threshold, both 0..1; `ValueError` for others."""
        alpha = check_number("alpha", alpha, 2.0**-ALPHA_BITS, 1)
        threshold = check_number("threshold", threshold, 0, 1)
        return cls(round(alpha * 2**ALPHA_BITS), round(threshold * 2**ALPHA_BITS))

    @classmethod
    def read(cls, reader: Reader) -> EmaPredictor:
        """Return the predictor that `write` wrote."""
        predictor = cls(reader.leb128(), reader.leb128())
        if not (1 <= predictor.alpha <= 1 << ALPHA_BITS and predictor.threshold <= 1 << ALPHA_BITS):
            raise CodecError(f"stream has the parameters {predictor.alpha}, {predictor.threshold}, out of their ranges")
        return predictor

    def write(self) -> bytes:
        """Return the parameters as bytes."""
        return write_leb128(self.alpha) + write_leb128(self.threshold)

    def encode(self, rows: NDArray[np.int8]) -> tuple[bytes, int]:
        """Return the payload of a chunk, and how many bins were predicted wrongly."""
        errors = np.empty_like(rows)
        ema_predictor.find_errors(rows, self.alpha, self.threshold, _new_rates(rows), errors)
        return intervals.encode(errors), int(np.count_nonzero(errors))

    def decode(self, payload: NDArray[np.uint8], rows: NDArray[np.int8]) -> None:
        """Decode the payload of a chunk into its rows, all zeros so far."""
        intervals.decode(payload, rows)
        ema_predictor.correct(rows, self.alpha, self.threshold, _new_rates(rows))


def _new_rates(rows: NDArray[np.int8]) -> NDArray[np.int64]:
    return np.zeros(rows.shape[1], dtype=np.int64)
