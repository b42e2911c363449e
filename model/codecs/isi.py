"""SpikeCodec: the intervals between spikes, at the entropy bound of a raster whose bins know nothing of each other."""

from __future__ import annotations

from typing import ClassVar, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from model.codecs import intervals
from model.codecs.base import ChunkDecoder, Common, RasterCodec
from model.codecs.checks import check_choice
from model.codecs.intervals import EntropyName, OrderName
from model.codecs.results import IsiResult
from model.codecs.stream import CHUNK_BINS_MAX, Header, Reader, steps_of_chunk, write_leb128
from model.errors import CodecError
from model.golden.settings import check_int

ModeName = Literal["lossless", "lossy"]
PRECISION_MAX = 1 << 20
"""Most steps that lossy mode makes one."""


class SpikeCodec(RasterCodec[IsiResult]):
    """Interval coding of spike rasters.

    Parameters
    ----------
    entropy : {"auto", "arithmetic", "rice", "huffman", "varint"}
        Coder of the intervals. "auto" takes the smallest, chunk by chunk.
    order : {"scan", "neuron", "auto"}
        Intervals from spike to spike of the whole raster, step by step, or of each channel in turn. The latter suits
        channels whose rates differ or that fire regularly, and takes longer. "auto" takes the smaller, chunk by chunk.
    mode : {"lossless", "lossy"}
        "lossy" moves spikes in time by up to half of `timing_precision`.
    timing_precision : int
        Steps, 1..2**20, that are told apart no more in "lossy" mode. The raster keeps its steps and its last spikes;
        spikes of one channel that become one are counted in the result.

    Raises
    ------
    ValueError
        An argument is not one of these, or `timing_precision` is not 1 though the mode is lossless.

    Examples
    --------
    >>> import numpy as np
    >>> spikes = np.zeros((1000, 64), dtype=np.int8)
    >>> spikes[500, 3] = 1
    >>> data, result = SpikeCodec().compress(spikes)
    >>> np.array_equal(SpikeCodec().decompress(data), spikes)
    True
    """

    name: ClassVar[str] = "isi"
    chunk_bins: ClassVar[int] = 1 << 23

    def __init__(
        self,
        entropy: EntropyName = "auto",
        order: OrderName = "scan",
        mode: ModeName = "lossless",
        timing_precision: int = 1,
    ) -> None:
        check_choice("entropy", entropy, get_args(EntropyName))
        check_choice("order", order, get_args(OrderName))
        check_choice("mode", mode, get_args(ModeName))
        self.timing_precision = check_int("timing_precision", timing_precision, 1, PRECISION_MAX)
        if mode == "lossless" and timing_precision != 1:
            raise ValueError(f"timing_precision must be 1 in lossless mode, not {timing_precision!r}")
        self.entropy = entropy
        self.order = order
        self.mode = mode

    def _encoder(self, channels: int) -> _Encoder:
        return _Encoder(self.entropy, self.order, self.timing_precision)

    def _chunk_steps(self, channels: int) -> int:
        steps = super()._chunk_steps(channels)
        whole_cells = max(1, steps // self.timing_precision) * self.timing_precision
        return min(whole_cells, steps_of_chunk(channels, CHUNK_BINS_MAX))

    @classmethod
    def _decoder(cls, header: Header) -> ChunkDecoder:
        if not header.parameters:
            return intervals.decode
        reader = Reader(header.parameters)
        precision = reader.leb128()
        reader.finish()
        if not 2 <= precision <= PRECISION_MAX:
            raise CodecError(f"stream has a timing precision of {precision} steps, not 2..{PRECISION_MAX}")

        def decode(payload: NDArray[np.uint8], rows: NDArray[np.int8]) -> None:
            cells = np.zeros((-(-rows.shape[0] // precision), rows.shape[1]), dtype=np.int8)
            intervals.decode(payload, cells)
            rows[_middles(rows.shape[0], precision)] = cells

        return decode


class _Encoder:
    def __init__(self, entropy: EntropyName, order: OrderName, precision: int) -> None:
        self._entropy = entropy
        self._order = order
        self._precision = precision
        self._merged = 0

    def encode(self, rows: NDArray[np.int8]) -> bytes:
        if self._precision > 1:
            spikes = np.count_nonzero(rows)
            rows = np.maximum.reduceat(rows, range(0, rows.shape[0], self._precision), axis=0)
            self._merged += int(spikes - np.count_nonzero(rows))
        return intervals.encode(rows, self._entropy, self._order)

    def parameters(self) -> bytes:
        return write_leb128(self._precision) if self._precision > 1 else b""

    def result(self, common: Common) -> IsiResult:
        common["n_spikes"] -= self._merged
        return IsiResult(codec="isi", **common, max_shift_steps=self._precision // 2, n_merged=self._merged)


def _middles(steps: int, precision: int) -> NDArray[np.int64]:
    """Return the middle step of each `precision` steps, the last of which may be fewer."""
    starts = np.arange(0, steps, precision)
    middles: NDArray[np.int64] = starts + (np.minimum(precision, steps - starts) - 1) // 2
    return middles
